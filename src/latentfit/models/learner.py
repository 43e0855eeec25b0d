"""What the training loop plays: turns, and how they are played."""

from __future__ import annotations

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any, ClassVar, Self

from torch import nn

from latentfit.game import Turn

PLAIN = bool | int | float | str | None
# What is said of a model elsewhere, or changes while it is used.
ASIDE = {"training", "batch", "average", "recipe", "own", "built", "refitted"}


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


def describe(model: nn.Module) -> dict[str, Any]:
    """Class, shapes and plain attributes of a model and of all its modules, by their names."""
    return {
        name or "model": {
            "kind": type(part).__name__,
            **{key: _plain(value) for key, value in vars(part).items() if _told(key, value)},
            **{key: list(value.shape) for key, value in part.named_parameters(recurse=False)},
        }
        for name, part in model.named_modules()
    }


def mark(model: nn.Module) -> str:
    """Sixteen hexadecimal digits that stand for what `describe` says."""
    held = json.dumps(describe(model), sort_keys=True).encode()
    return hashlib.blake2b(held, digest_size=8).hexdigest()


def _told(key: str, value: Any) -> bool:
    if key.startswith("_") or key in ASIDE:
        return False
    return all(isinstance(v, PLAIN) for v in value) if _many(value) else isinstance(value, PLAIN)


def _plain(value: Any) -> Any:
    return list(value) if _many(value) else value


def _many(value: Any) -> bool:
    return isinstance(value, tuple | list)
