"""Short runs on vectors whose splits can be told apart, and the same runs played by hand."""

from __future__ import annotations

import torch

from latentfit.data import arrays, order
from latentfit.data.splits import by_position
from latentfit.game import Game
from latentfit.seeds import mix, reseed

QUIET = {"progress": False, "device": "cpu", "validate": False}


def apart(count=400, d=6):
    """Vectors whose splits differ: a sample's first entry says in which split it is."""
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(count, d, generator=generator)
    for place, indices in enumerate(by_position(count, test=True)):
        x[indices, 0] = 10.0 * place + 0.01 * x[indices, 0]
    return arrays(x.numpy(), fixed=True)


def split_of(data, x):
    """Which split each row is of, by its first entry in the data's own units."""
    return (torch.from_numpy(data.schema.restore(x))[:, 0] / 10).round().long().unique().tolist()


def by_hand(model, data, rounds, decay, seed=0):
    """The raw weights and their average after some rounds, played without the loop."""
    game = Game(model.train())
    batches = data.train.batches(order(len(data.train), size=model.batch, seed=seed))
    average = {name: value.clone() for name, value in model.state_dict().items()}
    for step in range(rounds):
        reseed(mix(seed, 0, step), torch.device("cpu"))
        game.round(batches, step)
        d = min(decay, (1 + step) / (10 + step))
        for name, value in model.state_dict().items():
            if value.is_floating_point():
                average[name] = d * average[name] + (1 - d) * value
    return {name: value.clone() for name, value in model.state_dict().items()}, average
