"""Games that are played together are those that are played alone."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import torch

from contract import in_double
from latentfit.data import load, order
from latentfit.game import Game
from latentfit.recipes import recipe
from latentfit.seeds import mix, reseed
from latentfit.studies import STUDIES
from latentfit.training.average import Average

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

from masks_together import CPU, together

# The losses fall after round 5 T = 375 and c_t doubles after 300: both are seen from here.
START, ROUNDS = 374, 5


def alone(cell):
    """The averaged weights of one cell, played by the engine."""
    data = load(cell.data)
    model = recipe(cell.recipe, data, latent=cell.latent, seed=cell.seed, **cell.settings)
    game, average = Game(model), Average(model, 0.999)
    x = data.train.first(10**9).double()
    batches = (x[indices] for indices in order(len(x), size=64, seed=cell.seed, start=8 * START))
    for step in range(START, START + ROUNDS):
        reseed(mix(cell.seed, 0, step), CPU)
        game.round(batches, step)
        average.turn_to(step)
        average.update()
    return model.state_dict() | average.state_dict()


def test_masks_move_together_as_they_do_alone():
    cells = [
        replace(cell, data=f"{cell.data},count=700", settings={"game": "authors", "width": 1 / 8})
        for cell in STUDIES["mask-games"].cells("short")
        if cell.settings == {"game": "authors"} and cell.latent == 16
    ][1:4]
    assert len({(cell.seed, cell.data) for cell in cells}) == 3
    with in_double():
        game = together(cells)
        game.values = [x.double() for x in game.values]
        game.step = START
        batches = game.batches()
        for _ in range(3):
            game.round(batches)
        again = together(cells)  # as after a checkpoint
        again.values = game.values
        again.load_state_dict(game.state_dict())
        batches = again.batches()
        for _ in range(ROUNDS - 3):
            again.round(batches)
        for cell, model in zip(cells, again.export(), strict=True):
            torch.testing.assert_close(
                dict(model.state_dict()), dict(alone(cell)), rtol=1e-9, atol=1e-11
            )
