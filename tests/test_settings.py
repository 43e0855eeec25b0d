"""Settings: each is read as what it is, changes what is played, and refuses what makes no sense."""

from __future__ import annotations

import pytest
import torch

from contract import IMAGE, points
from latentfit import schedules
from latentfit.checks import UserError
from latentfit.game import Game
from latentfit.recipes import RECIPES, Preset, recipe
from latentfit.settings import read

# Rounds at which schedules stand differently: warm-ups, phases, clocks.
MOMENTS = (0, 3, 8_000, 20_000)


def others(setting):
    """Values of a setting's type that are not its default."""
    default = setting.default
    if setting.choices:
        return [option for option in setting.choices if option != default]
    if setting.kind is bool:
        return [not default]
    if setting.kind is int:
        return [2 * default + 1 if default else 3]
    low, high = (setting.range.low, setting.range.high) if setting.range else (-1e3, 1e3)
    values = (default * 0.75 if default else 0.6, 0.0, 10.0)  # some only show far from the default
    return [value for value in values if low <= value <= high and value != default]


def built(name, settings):
    torch.manual_seed(0)
    if "mask_high" in settings:  # it must not be below the other end
        settings = {"mask_low": 0.0, **settings}
    return recipe(name, IMAGE, latent=4, **{"width": 1 / 64, "batch": 8, **settings})


def shown(model):
    """What can be seen of a game without playing it, and what it starts from."""
    x, found = next(points(IMAGE, count=8)), [model.batch, model.average]
    for turn in model.turns():
        found.append((turn.repeats, turn.fresh))
        for name, player in turn.players.items():
            torch.manual_seed(0)
            terms = turn.terms(name, *[x] * turn.seen)
            groups = player.optimizer(player.parameters()).param_groups
            numbers = [{k: v for k, v in group.items() if k != "params"} for group in groups]
            assert player.weights.keys() <= terms.keys()
            at = [
                (
                    float(player.loss(terms, s).detach()),
                    schedules.at(player.rate, s),
                    player.plays(s),
                )
                for s in MOMENTS
            ]
            found.append((name, numbers, at))
    parts = [model.prior, getattr(model.prior, "model", None)]
    numbers = [
        (k, v) for part in parts if part for k, v in vars(part).items()
        if isinstance(v, int | float | None)
    ]  # fmt: skip
    return [*found, numbers, [tuple(v.shape) for v in model.state_dict().values()]]


def played(model):
    """What a model and its prior hold after a few rounds, and all terms."""
    game, batches, terms = Game(model), points(IMAGE, count=8), []
    for step in MOMENTS:
        torch.manual_seed(0)
        terms += game.round(batches, step).values()
    inner = getattr(model.prior, "model", None)
    held = [*terms, *model.state_dict().values(), *(inner.state_dict().values() if inner else ())]
    return [tuple(v.flatten().tolist()) for v in held]


@pytest.mark.parametrize("name", RECIPES)
def test_every_setting_changes_something(name):
    usual, ended = shown(built(name, {})), None
    assert shown(built(name, {})) == usual
    for setting, held in RECIPES[name].settings().items():
        if setting in ("width", "family", "momentum"):
            continue  # of networks; tests/quick/test_families.py
        values = others(held)
        assert values, setting
        if all(shown(built(name, {setting: value})) == usual for value in values):
            ended = ended or played(built(name, {}))
            changed = [played(built(name, {setting: value})) != ended for value in values]
            assert any(changed), f"{setting} of {name} does nothing"


@pytest.mark.parametrize("name", RECIPES)
def test_settings_are_read_as_their_type(name):
    known = RECIPES[name].settings()
    for setting, held in known.items():
        for value in others(held):
            text = str(value).lower() if isinstance(value, bool) else str(value)
            found = read([f"{setting}={text}"], name, known)[setting]
            assert (found, type(found)) == (value, type(value)), setting


@pytest.mark.parametrize(
    ("name", "settings", "says"),
    [
        ("flexae", {"noise": 0}, "'noise' must be at least 1, got 0"),
        ("flexae", {"rate": -1e-3}, "'rate' must be"),
        ("flexae", {"penalty": float("nan")}, "'penalty' must be"),
        ("flexae", {"width": 0.0}, "'width' must be between"),
        ("mapae", {"embedding": -3}, "'embedding' must be at least 0"),
        ("maskaae", {"period": 0}, "'period' must be at least 1"),
        ("maskaae", {"noise": -1.0}, "'noise' must be"),
        ("introvae", {"margin": -5.0}, "'margin' must be"),
        ("introvae", {"margin": 5.0, "factor": 2.0}, "has no 'factor'"),
        ("vampprior", {"warmup": -3}, "'warmup' must be at least 0"),
        ("gan", {"critic_steps": 0}, "'critic_steps' must be at least 1"),
        ("gan", {"form": "ns", "penalty": 7.0}, "form 'ns' has no slope to weigh"),
        ("beta-vae", {"likelihood": "lerned"}, "did you mean learned"),
        ("vae-flow", {"likelihood": "lerned"}, "did you mean learned"),
        ("flexae", {"rate": "fast"}, "'rate' must be a number, got 'fast'"),
        ("flexae", {"noise": 2.5}, "'noise' must be a whole number or None, got 2.5"),
        ("flexae", {"noise": True}, "'noise' must be a whole number"),
        ("mapae", {"normalise": 1}, "'normalise' must be true or false, got 1"),
        ("maskaae", {"game": "author"}, "did you mean authors"),
        ("wae-gan", {"encoder_rate": 1.0}, "unknown setting of wae-gan"),
        ("ae", {"code_weight": 1.0}, "unknown setting of ae"),
        ("rae", {"kernel_weight": 1.0}, "unknown setting of rae"),
    ],
)
def test_what_makes_no_sense_is_refused(name, settings, says):
    with pytest.raises(UserError, match=says):
        recipe(name, IMAGE, latent=4, **settings)


def test_presets_are_those_of_the_data():
    preset = Preset(1.0, {"colour": 2.0, "celeba": 3.0})
    assert preset.on((1, 8, 8), "mnist") == 1.0
    assert preset.on((3, 8, 8), "cifar10") == 2.0
    assert preset.on((3, 8, 8), "celeba") == 3.0
    assert preset.on((12,)) == 1.0
    given = RECIPES["rae-l2"].model((3, 8, 8), latent=2, width=1 / 64, code_weight=7.0)
    assert given.weights == {"code_norm": 7.0, "kernel_norm": 3.1e-3}
    for data, beta in (("mnist", 4.0), ("celeba", 10.0)):
        model = RECIPES["beta-vae"].model((3, 8, 8), latent=2, data=data, width=1 / 64)
        (turn,) = model.turns()
        (player,) = turn.players.values()
        assert player.weights["divergence"] == beta
