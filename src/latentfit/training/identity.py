"""What decides the numbers of a run: a recipe and its arguments, or what a model is made of."""

from __future__ import annotations

from typing import Any

from latentfit.data.base import Data
from latentfit.game import Game
from latentfit.models import Learner
from latentfit.models.learner import describe
from latentfit.schedules import Schedule
from latentfit.training import distributed
from latentfit.training.settings import Settings

MOMENTS = (0, 1_000, 10_000, 100_000, 1_000_000)  # rounds at which schedules are looked at


def identity(model: Learner, data: Data, settings: Settings) -> dict[str, Any]:
    """What decides the numbers of a run, apart from the number of rounds, as plain values.

    A model that a recipe built is told by name and arguments. Where it was built from parts, or
    where a part was handed over or exchanged, there is a `structure` beside them.
    """
    recipe, arguments = model.recipe or (type(model).__name__, {})
    held = {
        "recipe": recipe,
        "arguments": arguments,
        "data": {
            "name": data.name,
            "fingerprint": data.fingerprint,
            "shape": list(data.shape),
        },
        "seed": settings.seed,
        "batch": model.batch,
        "average": model.average,
        "precision": settings.precision,
        "compile": settings.compile,
        "processes": distributed.world(),
    }
    return held if model.as_built() else held | {"structure": structure(model)}


def structure(model: Learner) -> dict[str, Any]:
    """What a model is made of and who plays in it, as plain values by name.

    Classes, shapes and plain attributes of all modules; of each player what it owns, its
    optimiser's numbers, and its weights and rates at a few rounds.
    """
    game = Game(model)
    names = {id(part): name or "model" for name, part in model.named_modules()}
    players = {
        name: {
            "owns": [names.get(id(part), type(part).__name__) for part in player.owns],
            "repeats": turn.repeats,
            "fresh": turn.fresh,
            "batches": player.batches,
            "optimizer": type(game.optimizers[name]).__name__,
            **_numbers(game.optimizers[name].param_groups[0]),
            "weights": {term: _course(weight) for term, weight in player.weights.items()},
            "rate": _course(player.rate),
            "plays": [player.plays(moment) for moment in MOMENTS],
        }
        for turn in game.turns
        for name, player in turn.players.items()
    }
    return {"parts": describe(model), "players": players}


def _course(value: float | Schedule) -> float | list[float]:
    return [float(value(moment)) for moment in MOMENTS] if callable(value) else float(value)


def _numbers(group: dict[str, Any]) -> dict[str, Any]:
    kinds = int | float | bool | tuple
    return {k: list(v) if isinstance(v, tuple) else v for k, v in group.items()
            if isinstance(v, kinds)}  # fmt: skip
