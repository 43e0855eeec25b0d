"""What all schemas have: a way from the file to the network and back."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor

from latentfit.shapes import Shape

Frame = Any
"""A pandas `DataFrame`, whose own annotations say less than its documentation."""
Cells = Any
"""A pandas `Series`."""


@dataclass(frozen=True)
class Block:
    """Entries of a sample that are one measurement, and the law that a decoder gives them.

    Attributes:
        law: `gaussian` for a number, `bernoulli` for yes or no, `categorical` for one of several.
        start: First entry.
        stop: After the last entry.
        present: The entry that says whether a number is there; None where it always is.
    """

    law: Literal["gaussian", "bernoulli", "categorical"]
    start: int
    stop: int
    present: int | None = None


Layout = tuple[Block, ...]
"""All entries of a sample, in order; empty where each is a number of one kind, or a pixel."""


@dataclass(frozen=True)
class Dialect:
    """How a text file of a table is written.

    Attributes:
        separator: Between cells.
        decimal: Mark before the decimals.
        header: Whether the first row holds names.
    """

    separator: str = ","
    decimal: str = "."
    header: bool = True


class Schema(ABC):
    """What a sample is in its file, and what a network sees of it.

    Attributes:
        kind: What `model.json` calls it.
    """

    kind: ClassVar[str]

    held: Shape
    """Shape of a sample as its file holds it; (columns,) for a table."""
    seen: Shape
    """Shape of a sample as a network sees it: (C, H, W), (C, T) or (d,)."""

    @property
    def layout(self) -> Layout:
        """The measurements among the entries that a network sees; empty as a rule."""
        return ()

    @property
    def columns_of_entries(self) -> list[str | int]:
        """Name of the column of each entry that a network sees; empty where there are no names."""
        return []

    @abstractmethod
    def apply(self, held: Any) -> Tensor:
        """From samples as the file holds them to the network's, float32 with shape (N, *seen).

        Raises:
            UserError: They are of another kind or shape, or a value is not understood.
        """

    def parted(self, held: Any, parts: Sequence[Tensor]) -> list[Tensor]:
        """Parts of samples as `apply` gives them; what the samples are held in may be used up.

        Arguments:
            held: Samples as the file holds them.
            parts: Places of those of each part.
        """
        seen = self.apply(held)
        return [seen[places] for places in parts]

    @abstractmethod
    def restore(self, seen: Tensor) -> Any:
        """From samples as a network sees them (N, *seen) to those of the file."""

    def drift(self, seen: Tensor) -> list[str]:
        """Where samples lie far from those of the training, each a few words; none as a rule.

        Arguments:
            seen: Samples as a network sees them, with shape (N, *seen).
        """
        return []

    @abstractmethod
    def to_json(self) -> dict[str, Any]:
        """Plain values that `read_schema` reads."""


def far(names: Iterable[str], seen: Tensor, units: Iterable[Callable[[float], float]]) -> list[str]:
    """Standardised columns whose mean or deviation is far from the training's 0 and 1.

    A mean counts as far from 2 deviations on, or 4 for fewer than 10 samples; a deviation from a
    factor of 4 on.

    Arguments:
        names: Of the columns.
        seen: With shape (N, columns); NaN where nothing is known.
        units: Of each, from what the network sees to the units of the file.
    """
    found, limit = [], 2.0 if len(seen) >= 10 else 4.0
    seen = seen.double()
    means = seen.nanmean(0)
    spreads = (seen - means).square().nanmean(0).sqrt()
    for name, mean, spread, unit in zip(
        names, means.tolist(), spreads.tolist(), units, strict=True
    ):
        wide = len(seen) >= 10 and spread > 4
        if abs(mean) > limit or wide:
            now, then = (
                f"{unit(middle - reach):.4g} to {unit(middle + reach):.4g}"
                for middle, reach in ((mean, spread), (0.0, 1.0))
            )
            found.append(f"{name} lies at {now}, at the training at {then}")
    return found


def cpu64(seen: Tensor) -> Tensor:
    """A tensor in double precision on the CPU, without its graph."""
    return seen.detach().to("cpu", torch.float64)
