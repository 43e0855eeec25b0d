"""Each built model plays the game of its table."""

from __future__ import annotations

import inspect

import pytest
import torch
from boxes import COLOUR, DC, GREY, VECTOR, acai, mapae, soft_introvae
from tables import TABLES

from latentfit import schedules
from latentfit.game import Game
from latentfit.models import Body
from latentfit.models.learner import ASIDE
from latentfit.recipes import RECIPES, recipe


def built(case, **more):
    table, name = TABLES[case], case.split(" ")[0]
    settings = {"latent": 4, "width": 1 / 64, **table.settings, **more}
    return recipe(name, settings.pop("shape", table.shape), **settings)


def described(optimizer):
    """Name and numbers of a built optimiser, which must be the same for all that it moves."""
    (group,) = optimizer.param_groups
    kind = type(optimizer).__name__
    if kind == "RMSprop":  # as TensorFlow 1's: decay 0.9, no momentum, slots at one
        assert (group["betas"], group["eps"]) == ((0.0, 0.9), 1e-5)
        slots = [state["exp_avg_sq"] for state in optimizer.state.values()]
        assert len(slots) == len(group["params"])
        assert all(bool((slot == 1).all()) for slot in slots)
        return f"RMSprop {group['lr']}"
    assert (group["eps"], group["amsgrad"]) == (1e-8, False)
    plain = f"{kind} {group['lr']} {group['betas'][0]} {group['betas'][1]}"
    if kind == "AdamW":
        return f"{plain} {group['weight_decay']}"
    assert group["weight_decay"] == 0
    return plain


def at(values, default):
    return values.items() if isinstance(values, dict) else [(s, values) for s in default]


ROUNDS = (0, 1, 1_000, 50_000, 10**6)


def check(turn, name, optimizer, move, model, x):
    player = turn.players[name]
    parts = {id(part): name for name, part in model.named_children()}
    assert [parts[id(part)] for part in player.owns] == move.owns.split()
    assert player.batches == move.batches
    kind, *numbers = described(optimizer).split()
    wanted, *expected = move.optimizer.split()
    assert kind == wanted
    assert [float(v) for v in numbers] == pytest.approx([float(v) for v in expected], rel=1e-12)
    torch.manual_seed(0)
    terms = turn.terms(name, *[x] * turn.seen)
    assert set(terms) == set(move.weights)
    assert all(term.dim() == 0 for term in terms.values())
    for term, values in move.weights.items():
        for step, value in at(values, ROUNDS):
            weight = float(player.loss({term: torch.ones(())}, step))
            assert weight == pytest.approx(value, rel=1e-12), (term, step)
    for step, value in at(move.rate, ROUNDS):
        assert schedules.at(player.rate, step) == value, step
    for step in ROUNDS if not move.plays else move.plays:
        assert player.plays(step) is move.plays.get(step, True), step


@pytest.mark.parametrize("case", TABLES)
def test_the_game_is_that_of_its_table(case):
    table, model = TABLES[case], built(case)
    assert (model.batch, model.average) == (table.batch, table.average)
    game = Game(model)
    x = torch.rand(8, *table.shape)
    assert len(game.turns) == len(table.turns)
    for turn, expected in zip(game.turns, table.turns, strict=True):
        assert (turn.repeats, turn.fresh) == (expected.repeats, expected.fresh)
        assert list(turn.players) == list(expected.players)
        for name, move in expected.players.items():
            check(turn, name, game.optimizers[name], move, model, x)
    names = [name for turn in game.turns for name in turn.players]
    assert len(names) == len(set(names))
    assert game.turns[0].fresh


def test_every_recipe_has_a_table():
    assert {case.split(" ")[0] for case in TABLES} == set(RECIPES)


@pytest.mark.parametrize(
    ("case", "turns"),
    [("mapae", mapae(DC)), ("acai", acai(DC)), ("soft-introvae", soft_introvae(DC))],
)
def test_units_follow_the_entries_of_a_sample(case, turns):
    found = {n: p for turn in built(case, shape=COLOUR).turns() for n, p in turn.players.items()}
    for turn in turns:
        for name, move in turn.players.items():
            for term, value in move.weights.items():
                assert float(found[name].loss({term: torch.ones(())}, 0)) == pytest.approx(value)


@pytest.mark.parametrize("case", ["maskaae", "maskaae authors", "wae-wgan"])
def test_the_papers_error_of_a_mask_is_a_mean_over_entries(case):
    model = built(case, shape=VECTOR, width=1 / 8)
    player = next(iter(model.turns())).players["autoencoder"]
    assert float(player.loss({"reconstruction": torch.ones(())}, 0)) == 1 / 12


BUILT_ALIKE = (
    "maskaae authors", "flexae-sr", "mapae", "wae-gan", "aae", "acai", "age", "alae", "gan ns",
    "introvae", "soft-introvae", "ae",
)  # fmt: skip
PLAIN = (int, float, str, bool, tuple, type(None))
OPTIONAL = {"mask", "pruning", "margin", "image_critic"}  # parts that a game may do without


def keywords(kind):
    """What a class takes by name, with what it hands on to its parents."""
    found = {}
    for part in kind.__mro__:
        own = inspect.signature(part.__init__).parameters
        found = {name: p for name, p in own.items() if p.kind is p.KEYWORD_ONLY} | found
        if all(p.kind is not p.VAR_KEYWORD for p in own.values()):
            return found
    return found


@pytest.mark.parametrize("case", BUILT_ALIKE)
def test_a_model_built_from_parts_has_the_defaults_of_its_recipe(case):
    model = built(case)
    parts = {
        name: getattr(model, name)
        for name, p in keywords(type(model)).items()
        if p.default is p.empty or name in OPTIONAL
    }
    given = {n: v for n, v in TABLES[case].settings.items() if n in keywords(type(model))}
    encoder = getattr(model, "posterior", getattr(model, "encoder", None))
    body = Body(shape=model.shape, latent=model.latent, encoder=encoder, decoder=model.decoder,
                likelihood=model.likelihood)  # fmt: skip
    bare = type(model)(body, **parts | given)
    settings = {n: v for n, v in vars(model).items() if isinstance(v, PLAIN) and n[0] != "_"}
    assert len(settings) > 3
    for name, value in settings.items():
        if name not in (*ASIDE, "training"):
            assert getattr(bare, name) == value, name


def test_second_stages_and_other_priors_that_learn_afterwards():
    second = built("two-stage-vae").prior
    assert second.longer == 2.0
    (turn,) = second.model.turns()
    player = turn.players["autoencoder"]
    assert described(player.optimizer(player.parameters())) == "Adam 0.0002 0.9 0.999"
    assert [schedules.at(player.rate, s) for s in (97_499, 97_500, 195_000)] == [1.0, 0.5, 0.25]
    assert second.model.batch == 128
    tokens = built("vq-vae").prior
    assert tokens.longer == 0.25
    (turn,) = tokens.model.turns()
    player = turn.players["prior"]
    assert described(player.optimizer(player.parameters())) == "AdamW 0.0003 0.9 0.95 0.01"
    assert [schedules.at(player.rate, s) for s in (0, 500, 1_000, 9_999)] == [0.0, 0.5, 1.0, 1.0]


@pytest.mark.parametrize(
    ("name", "grey", "colour"),
    [("flexae-sr", 32, 64), ("maskaae", 48, 256), ("mapae", 256, 256), ("introvae", 128, 128),
     ("soft-introvae", 32, 128), ("two-stage-vae", 64, 64), ("vampprior", 40, 64)],
)  # fmt: skip
def test_published_latent_sizes(name, grey, colour):
    chosen = RECIPES[name]
    assert (chosen.latent.on(GREY), chosen.latent.on(COLOUR)) == (grey, colour)
    assert chosen.latent.on((12,)) == grey


def test_a_data_set_may_have_a_latent_size_of_its_own():
    assert RECIPES["maskaae"].latent.on((1, 28, 28), "fashion-mnist") == 128
    assert RECIPES["age"].latent.on((3, 32, 32), "cifar10") == 128
    assert RECIPES["age"].latent.on((3, 64, 64), "celeba") == 64
    model = RECIPES["maskaae"].model((1, 28, 28), data="fashion-mnist", width=1 / 64)
    assert model.latent == 128
