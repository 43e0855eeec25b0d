"""What the training loop plays: turns, and how they are played."""

from __future__ import annotations

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, ClassVar, Self

import torch
from torch import nn

from latentfit.players import Player, Turn
from latentfit.schedules import Schedule, at

MOMENTS = (0, *(2**power for power in range(21)))  # rounds at which schedules are looked at
# What is said of a model elsewhere, or changes while it is used.
ASIDE = {"training", "batch", "average", "recipe", "own", "built", "refitted", "schema", "classes"}


class Learner(nn.Module, ABC):
    """What the training loop plays.

    Attributes:
        batch: Batch size; a recipe sets its paper's.
        average: Decay of the exponential average of the weights that sample; None keeps none.
        current: Names of the networks whose last weights count: those that only judge, and a mask,
            which is decided and not averaged.
        recipe: Name and arguments of the recipe that built it; None if built from parts.
        own: Names of the parts that were handed over to the recipe.
        built: Mark of what the recipe built, by which one sees that a part was exchanged since.
    """

    batch: int = 128
    average: float | None = None
    current: ClassVar[tuple[str, ...]] = ()
    recipe: tuple[str, dict[str, Any]] | None = None
    own: tuple[str, ...] = ()
    built: str | None = None

    @abstractmethod
    def turns(self) -> Iterator[Turn]:
        """The turns of one round, in the order of the paper."""

    def watched(self) -> dict[str, Any]:
        """What a line of the log says beside the terms; nothing as a rule."""
        return {}

    def train(self, mode: bool = True) -> Self:
        """Set the mode; networks that are frozen as a whole stay in evaluation mode.

        A pretrained network, `network.requires_grad_(False)`, so keeps the statistics of its batch
        norm too.
        """
        super().train(mode)
        for part in frozen(self) if mode else ():
            part.eval()
        return self

    def as_built(self) -> bool:
        """Whether recipe and arguments say all of it."""
        return self.recipe is not None and not self.own and self.built in (None, mark(self))


def frozen(module: nn.Module) -> Iterator[nn.Module]:
    """The largest parts with parameters of which none may move."""
    for part in module.children():
        held = [p.requires_grad for p in part.parameters()]
        if held and not any(held):
            yield part
        else:
            yield from frozen(part)


def describe(model: Learner) -> dict[str, Any]:
    """What a model is made of and who plays in it, as plain values by name.

    Class, shapes and plain attributes of every module, and the functions that it was given, by
    their names and the plain values that they keep; of each player what it owns, its optimiser, and
    its weights and rates at a few rounds.
    """
    return {
        "parts": {name or "model": _part(part) for name, part in model.named_modules()},
        "players": {
            name: _player(turn, player, model)
            for turn in model.turns()
            for name, player in turn.players.items()
        },
    }


def still(model: nn.Module) -> dict[str, str]:
    """A mark of what each frozen network holds, by its name."""
    names = {id(part): name for name, part in model.named_modules()}
    return {names[id(part)]: _digest(_held(part)) for part in frozen(model)}


def _held(part: nn.Module) -> bytes:
    rows = (value.detach().cpu().reshape(-1) for value in part.state_dict().values())
    return b"".join(row.view(torch.uint8).numpy().tobytes() for row in rows if len(row))


def mark(model: Learner) -> str:
    """Sixteen hexadecimal digits that stand for what `describe` says."""
    return _digest(json.dumps(describe(model), sort_keys=True).encode())


def _digest(held: bytes) -> str:
    return hashlib.blake2b(held, digest_size=8).hexdigest()


def _part(part: nn.Module) -> dict[str, Any]:
    told = {key: value for key, value in vars(part).items() if key[0] != "_" and key not in ASIDE}
    shapes = {key: list(value.shape) for key, value in part.named_parameters(recurse=False)}
    return {"kind": type(part).__name__, **shapes, **_plain(told)}


def _player(turn: Turn, player: Player, model: nn.Module) -> dict[str, Any]:
    names = {id(part): name or "model" for name, part in model.named_modules()}
    return {
        "owns": [names.get(id(part), type(part).__name__) for part in player.owns],
        "repeats": turn.repeats,
        "fresh": turn.fresh,
        "batches": player.batches,
        **({"given": list(player.given)} if player.given else {}),
        "optimizer": _plain(player.optimizer),
        "weights": {term: _course(weight) for term, weight in player.weights.items()},
        "rate": [float(at(player.rate, moment)) for moment in MOMENTS],
        "plays": [player.plays(moment) for moment in MOMENTS],
    }


def _course(value: float | Schedule) -> float | list[float]:
    return [float(value(moment)) for moment in MOMENTS] if callable(value) else float(value)


def _plain(value: Any, depth: int = 4) -> Any:
    """A value as JSON has it; `...` for what cannot be told, or lies too deep."""
    if isinstance(value, bool | int | float | str | None):
        return value
    if depth == 0:
        return ...
    if isinstance(value, tuple | list):
        held = [_plain(inner, depth - 1) for inner in value]
        return ... if ... in held else held
    if isinstance(value, dict):
        each = {str(key): _plain(inner, depth - 1) for key, inner in value.items()}
        return {key: inner for key, inner in each.items() if inner is not ...}
    if isinstance(value, nn.Module):
        return type(value).__name__
    name = getattr(value, "__qualname__", None)
    if name is None:
        return ...
    told = f"{value.__module__}.{name}"
    kept = _plain(_closure(value), depth - 1) if depth > 1 else {}
    return {"function": told, **kept} if kept else told


def _closure(function: Any) -> dict[str, Any]:
    """What a function keeps of where it was made, by name."""
    names = getattr(getattr(function, "__code__", None), "co_freevars", ())
    cells = zip(names, getattr(function, "__closure__", None) or (), strict=True)
    found = {}
    for name, cell in cells:
        with suppress(ValueError):  # empty as yet
            found[name] = cell.cell_contents
    return found
