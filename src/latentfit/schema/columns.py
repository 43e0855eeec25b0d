"""The columns of a table: how each is brought to entries of a network, and back."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, NoReturn, Self

import numpy as np

from latentfit.checks import UserError
from latentfit.schema.base import Block, Cells

Name = str | int
Complaints = list[tuple[np.ndarray, str]]
"""Which cells, booleans (N,), and what is wrong with them, the first to be told first."""
MANY = 20
"""Cells from which on more than half of them are most."""
GAP = "is missing, and none was at the training; fill or drop it"


def told(value: Any) -> str:
    """A text or a time as text."""
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


@dataclass(frozen=True, kw_only=True)
class Column(ABC):
    """A column of a table.

    Attributes:
        kind: What `model.json` calls it.
        name: Its name in the file.
        dtype: Of the file's column, which `restore` gives again.
        missing: Whether cells are missing: then it is modelled whether one is.
    """

    kind: ClassVar[str]
    name: Name
    dtype: str
    missing: bool = False

    @property
    @abstractmethod
    def width(self) -> int:
        """Number of entries that a network sees of it."""

    @abstractmethod
    def blocks(self, start: int) -> Iterator[Block]:
        """Its measurements, the first at entry `start`."""

    @abstractmethod
    def read(self, cells: Cells) -> tuple[np.ndarray, Complaints]:
        """From cells (N,) to entries, float32 with shape (N, width), and what is wrong with some.

        The entries of cells that are wrong are of no meaning.
        """

    def apply(self, cells: Cells) -> np.ndarray:
        """From cells (N,) to entries, float32 with shape (N, width).

        Raises:
            UserError: A cell is not understood; its row and column are named.
        """
        return self.taken(cells, lenient=False)[0]

    def taken(self, cells: Cells, *, lenient: bool) -> tuple[np.ndarray, np.ndarray]:
        """As `apply`, and which cells are not understood, booleans (N,).

        Arguments:
            cells: A column.
            lenient: Give NaN for those, unless most cells are so: then it is the column that is of
                another kind.

        Raises:
            UserError: As said.
        """
        entries, complaints = self.read(cells)
        wrong = np.any([found for found, _ in complaints], axis=0)
        if not lenient or (len(cells) >= MANY and 2 * wrong.sum() > len(cells)):
            self.must_be_read(cells, complaints)
        entries[wrong] = np.nan
        return entries, wrong

    @abstractmethod
    def restore(self, entries: np.ndarray) -> Cells:
        """From entries (N, width) to cells (N,)."""

    @property
    def whole(self) -> bool:
        """Whether it is of a type of NumPy for whole numbers or truths."""
        return re.fullmatch(r"bool|u?int\d+", self.dtype) is not None

    @property
    def discrete(self) -> bool:
        """Whether it holds one of some values, not numbers."""
        return False

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {"kind": self.kind, **vars(self)}

    @classmethod
    def from_json(cls, told: dict[str, Any]) -> Self:
        """What `to_json` told."""
        return cls(**{key: value for key, value in told.items() if key != "kind"})

    def must_be_read(self, cells: Cells, complaints: Complaints) -> None:
        """Raise for the first complaint that is true of a cell.

        Raises:
            UserError: There is one.
        """
        for wrong, what in complaints:
            if wrong.any():
                self.refuse(cells, wrong, what)

    def refuse(self, cells: Cells, wrong: np.ndarray, what: str) -> NoReturn:
        """Raise for cells that are not understood.

        Arguments:
            cells: A column.
            wrong: Which of its cells, booleans (N,).
            what: What is wrong with them.

        Raises:
            UserError: Always; row and column of the first are named.
        """
        place = int(np.flatnonzero(wrong)[0])
        row, value = cells.index[place], cells.iloc[place]
        more = f", and {int(wrong.sum()) - 1:,} more" if wrong.sum() > 1 else ""
        raise UserError(f"row {row}, column '{self.name}': {str(value)[:40]!r} {what}{more}.")
