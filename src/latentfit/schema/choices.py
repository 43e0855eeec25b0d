"""Columns of a table that hold one of several values, or one value only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from latentfit.schema.base import Block, Cells
from latentfit.schema.columns import GAP, Column, Complaints, told
from latentfit.schema.texts import TRUTH, Texts


@dataclass(frozen=True, kw_only=True)
class Choice(Column):
    """One of some values; that a cell is missing is a value too.

    Two values are one entry, 0 or 1; others an entry each, of which one is 1.

    Attributes:
        levels: The values, sorted.
        order: Of a category of the file, all its values in their order, also those that no cell
            has; empty for others.
        ordered: Whether that order has a meaning.
    """

    kind = "choice"
    levels: tuple[Any, ...]
    order: tuple[Any, ...] = ()
    ordered: bool = False

    @property
    def width(self) -> int:
        """1 for yes or no; else the number of values."""
        count = len(self.levels) + self.missing
        return 1 if count == 2 else count

    @property
    def discrete(self) -> bool:
        """It is."""
        return True

    def blocks(self, start: int) -> Iterator[Block]:
        """One measurement."""
        law = "bernoulli" if self.width == 1 else "categorical"
        yield Block(law, start, start + self.width)

    def read(self, cells: Cells) -> tuple[np.ndarray, Complaints]:
        """From values to entries (N, width)."""
        held = Texts.of(cells)
        gone = held.places < 0
        texts = all(isinstance(level, str) for level in self.levels)
        known = {level: place for place, level in enumerate(self.levels)}
        values = held.each.map(str) if texts else held.each
        if all(isinstance(level, bool) for level in self.levels):
            values = values.map(lambda value: TRUTH.get(str(value).lower(), value))
        found = [known.get(value, -1) for value in values]
        place = held.cells(np.array([*found, -1]))  # the last is that of missing cells
        some = ", ".join(map(str, self.levels[:6])) + (", ..." if len(self.levels) > 6 else "")
        complaints = [
            (gone & (not self.missing), GAP),
            ((place < 0) & ~gone, f"is none of the values of the training ({some})"),
        ]
        place = np.where(gone, len(self.levels), place)
        if self.width == 1:
            return place[:, None].astype(np.float32), complaints
        return np.eye(self.width, dtype=np.float32)[place.clip(0, self.width - 1)], complaints

    def restore(self, entries: np.ndarray) -> Cells:
        """From entries to the likeliest values, of the type of the file."""
        import pandas as pd

        place = entries.argmax(1) if self.width > 1 else (entries[:, 0] >= 0.5).astype(int)
        levels = np.array([*self.levels, None], dtype=object)
        found = pd.Series(levels[place], name=self.name, dtype=object)
        if self.dtype == "category":
            held = pd.Categorical(found, list(self.order), ordered=self.ordered)
            return pd.Series(held, name=self.name)
        if self.missing and self.whole:  # NumPy has no missing value for these
            return found.astype({"b": "boolean"}.get(self.dtype[0], "Int64"))
        return found.astype(self.dtype)


@dataclass(frozen=True, kw_only=True)
class Constant(Column):
    """A column with one value in all rows, which is not modelled and comes back.

    Attributes:
        value: That one; None where all cells are missing.
    """

    kind = "constant"
    value: Any

    @property
    def width(self) -> int:
        """None."""
        return 0

    def blocks(self, start: int) -> Iterator[Block]:
        """None."""
        return iter(())

    def read(self, cells: Cells) -> tuple[np.ndarray, Complaints]:
        """Nothing, with shape (N, 0)."""
        gone, held = cells.isna(), cells.astype(object)
        if isinstance(self.value, str):
            held = held.map(told, na_action="ignore")
        wrong = ~gone if self.value is None else gone | (held != self.value)
        what = f"is not {self.value!r}, as all rows of the training were"
        return np.zeros((len(cells), 0), np.float32), [(wrong.to_numpy(), what)]

    def restore(self, entries: np.ndarray) -> Cells:
        """The value, as often as there are entries."""
        import pandas as pd

        held = pd.Series([self.value] * len(entries), name=self.name, dtype=object)
        return held.astype(self.dtype)
