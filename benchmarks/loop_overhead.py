"""Time per round of `train` over the bare moves of the players, interleaved in one process.

Bare: the same players by hand, with gradient and step and nothing else. `train` adds seeding, data
order, the average of the weights, checks, log lines, TensorBoard events and a checkpoint.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path

import torch

import latentfit as lf
from latentfit.game import Game, only
from latentfit.models import Model
from latentfit.storage import RunFolder
from latentfit.training import Settings
from latentfit.training import train as play

ROUNDS, PAIRS = 400, 5


def bare(model: Model, batches: list[torch.Tensor]) -> float:
    """Seconds per round of the moves alone, on batches that lie ready."""
    game = Game(model)
    model.train()
    began = time.perf_counter()
    for step in range(ROUNDS):
        number = step * game.draws
        for turn in game.turns:
            for _ in range(turn.repeats):
                batch = batches[number % len(batches)]
                number += turn.fresh
                with torch.no_grad():
                    given = {} if turn.given is None else turn.given(batch)
                for name, player in turn.players.items():
                    with only(game.owned[name], game.everyone):
                        terms = player.terms(batch, *(given[what] for what in player.given))
                        player.loss(terms, step).backward()
                    game.optimizers[name].step()
                    game.optimizers[name].zero_grad(set_to_none=True)
                    player.after()
    return (time.perf_counter() - began) / ROUNDS


def looped(model: Model, data: lf.data.Data) -> float:
    """Seconds per round of the whole loop, logging and saving included."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(rounds=ROUNDS, progress=False, device="cpu")
        began = time.perf_counter()
        play(model, data, settings, folder=RunFolder(Path(folder)))
        return (time.perf_counter() - began) / ROUNDS


def main() -> None:
    """Print the median ratio for two games on the small dense networks."""
    torch.set_num_threads(1)
    data = lf.data.load("synthetic:n=8,d=128,count=12000")
    for name in sys.argv[1:] or ("maskaae", "flexae"):
        batches = [data.train.take(torch.randint(len(data.train), (64,))) for _ in range(64)]
        ratios, times = [], []
        for number in range(PAIRS + 1):
            model = lf.recipe(name, data, latent=16, batch=64, width=0.125)
            twin = lf.recipe(name, data, latent=16, batch=64, width=0.125)
            pair = looped(model, data), bare(twin, batches)
            if number:  # the first pair warms up
                ratios.append(pair[0] / pair[1])
                times.append(pair[0])
        print(
            f"{name}: loop over bare {statistics.median(ratios):.3f} "
            f"({min(ratios):.3f} to {max(ratios):.3f}), "
            f"{1000 * statistics.median(times):.2f} ms a round"
        )


if __name__ == "__main__":
    main()
