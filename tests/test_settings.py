"""Settings: each is read as what it is, changes what is played, and refuses what makes no sense."""

from __future__ import annotations

import typing

import pytest
import torch

from contract import IMAGE, points
from latentfit.checks import UserError
from latentfit.experiments.recipes import RECIPES, Parts, recipe
from latentfit.experiments.settings import parse
from latentfit.game import Game

# Rounds at which schedules stand differently: warm-ups, phases, clocks.
MOMENTS = (0, 3, 8_000, 20_000)


def kinds(name):
    """The type of each setting of a recipe."""
    build = RECIPES[name].build
    known = typing.get_type_hints(Parts) | typing.get_type_hints(getattr(build, "func", build))
    return {setting: known[setting] for setting in RECIPES[name].settings()}


def others(kind, default):
    """Values of a type that are not the default."""
    options = [part for part in typing.get_args(kind) if part is not type(None)] or [kind]
    if typing.get_origin(options[0]) is typing.Literal:
        options = list(typing.get_args(options[0]))
    if all(isinstance(option, str) for option in options):
        return [option for option in options if option != default]
    if bool in options:
        return [not default]
    if int in options:
        return [2 * default + 1 if default else 3]
    return [default * 0.75 if default else 1.7]


def built(name, settings):
    torch.manual_seed(0)
    return recipe(name, IMAGE, latent=4, **{"width": 1 / 64, "batch": 8, **settings})


def shown(model):
    """What can be seen of a game without playing it, and what it starts from."""
    x, found = next(points(IMAGE, count=8)), [model.batch, model.average]
    for turn in model.turns():
        found.append((turn.repeats, turn.fresh))
        for name, player in turn.players.items():
            torch.manual_seed(0)
            terms = player.terms(*[x] * player.batches)
            groups = player.optimizer(player.parameters()).param_groups
            numbers = [{k: v for k, v in group.items() if k != "params"} for group in groups]
            assert player.weights.keys() <= terms.keys()
            at = [
                (float(player.loss(terms, s).detach()), player.rate(s), player.plays(s))
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
    for setting, parameter in RECIPES[name].settings().items():
        if setting in ("width", "family", "momentum"):
            continue  # of networks; tests/quick/test_families.py
        values = others(kinds(name)[setting], parameter.default)
        assert values, setting
        if all(shown(built(name, {setting: value})) == usual for value in values):
            ended = ended or played(built(name, {}))
            changed = [played(built(name, {setting: value})) != ended for value in values]
            assert any(changed), f"{setting} of {name} does nothing"


@pytest.mark.parametrize("name", RECIPES)
def test_settings_are_read_as_their_type(name):
    for setting, kind in kinds(name).items():
        if setting == "family":
            continue
        for value in others(kind, RECIPES[name].settings()[setting].default):
            text = str(value).lower() if isinstance(value, bool) else str(value)
            read = parse([f"{setting}={text}"], RECIPES[name])[setting]
            assert (read, type(read)) == (value, type(value)), setting


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
        ("beta-vae", {"decoder": "lerned"}, "did you mean learned"),
        ("vae-flow", {"decoder": "lerned"}, "did you mean learned"),
        ("ae", {"code_weight": 1.0}, "unknown setting of ae"),
        ("rae", {"kernel_weight": 1.0}, "unknown setting of rae"),
    ],
)
def test_what_makes_no_sense_is_refused(name, settings, says):
    with pytest.raises(UserError, match=says):
        recipe(name, IMAGE, latent=4, **settings)


def test_presets_are_those_of_the_data():
    def weights(data, shape):
        parts = Parts(shape, 4, data=data)
        given = (None, 1.0, 2.0, 3.0), (None, 1.0, 2.0), (7.0, 1.0, 2.0)
        return tuple(parts.preset(*numbers) for numbers in given)

    assert weights("mnist", (1, 8, 8)) == (1.0, 1.0, 7.0)
    assert weights("cifar10", (3, 8, 8)) == (2.0, 2.0, 7.0)
    assert weights("celeba", (3, 8, 8)) == (3.0, 2.0, 7.0)
    for data, beta in (("mnist", 4.0), ("celeba", 10.0)):
        model = RECIPES["beta-vae"].model((3, 8, 8), latent=2, data=data, width=1 / 64)
        (turn,) = model.turns()
        (player,) = turn.players.values()
        assert player.weights["divergence"] == beta
