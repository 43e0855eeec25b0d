"""Shapes, ranges, state and ownership, for every recipe on images and on vectors."""

from __future__ import annotations

import pytest
import torch

from contract import CASES, IDS, IMAGE, points, small, toy
from latentfit.checks import UserError
from latentfit.expost import fit_prior
from latentfit.game import Game
from latentfit.priors import ExPost
from latentfit.training import Settings

every_recipe = pytest.mark.parametrize(("name", "shape"), CASES, ids=IDS)
QUIET = {"progress": False, "device": "cpu"}


@pytest.fixture(autouse=True)
def single():
    """Models as people make them."""
    torch.set_default_dtype(torch.float32)


def bits(model: torch.nn.Module) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in model.state_dict().items()}


@every_recipe
def test_shapes_and_ranges(name, shape):
    model = small(name, shape)
    data = toy(shape)
    model.eval()
    assert model.refitted is None  # its prior is its own
    if isinstance(model.prior, ExPost):
        fit_prior(model, data, Settings(rounds=2, **QUIET))
    for count in (1, 5):
        x = next(points(shape, count=count))
        with torch.no_grad():
            assert model.decode(model.prior.sample(count)).shape == (count, *shape)
            if model.encodes:
                z = model.encode(x)
                assert z.shape == (count, model.latent)
                assert model.decode(z).shape == model.reconstruct(x).shape == (count, *shape)
            else:
                with pytest.raises(UserError, match="no encoder"):
                    model.encode(x)
        drawn = model.sample(count)
        assert drawn.shape == (count, *shape)
        assert not drawn.requires_grad
        if shape == IMAGE:
            assert 0 <= drawn.min() <= drawn.max() <= 1


@every_recipe
def test_sampling_changes_no_state(name, shape):
    model = small(name, shape)
    if isinstance(model.prior, ExPost):
        fit_prior(model, toy(shape), Settings(rounds=2, **QUIET))
    model.train()
    before = bits(model)
    torch.manual_seed(3)
    first = model.sample(4)
    torch.manual_seed(3)
    assert torch.equal(first, model.sample(4))
    after = bits(model)
    assert [name for name in before if not torch.equal(before[name], after[name])] == []
    assert model.training


@every_recipe
def test_a_move_changes_only_what_its_player_owns(name, shape):
    model = small(name, shape)
    game = Game(model)
    batches = points(shape)
    moved: set[str] = set()
    named = dict(model.named_parameters())
    for step in range(3):
        for turn in game.turns:
            seen = [next(batches), next(batches)]
            for player in turn.players:
                owned = {id(p) for p in game.owned[player]}
                before = {n: p.detach().clone() for n, p in named.items()}
                game.move(player, seen, step)
                changed = {n for n, p in named.items() if not torch.equal(before[n], p)}
                assert changed <= {n for n, p in named.items() if id(p) in owned}, player
                moved |= changed
    assert all(p.grad is None for p in named.values())
    assert all(p.requires_grad for p in named.values())
    # What a player owns must move; a shift that its loss cannot see has a zero gradient.
    owned = {id(p) for parameters in game.owned.values() for p in parameters}
    still = {n for n, p in named.items() if id(p) in owned} - moved
    assert all(n.endswith(".bias") for n in still), still
