"""Tables: columns of several kinds, a row for each sample."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from tempfile import SpooledTemporaryFile
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor

from latentfit.checks import UserError
from latentfit.schema.base import Dialect, Frame, Layout, Schema, far
from latentfit.schema.choices import Choice, Constant
from latentfit.schema.columns import Column, Name
from latentfit.schema.quantities import Date, Number
from latentfit.shapes import Shape

TUPLES = ("levels", "order", "seen", "held")  # lists in a file
COLUMNS: dict[str, type[Column]] = {kind.kind: kind for kind in (Number, Date, Choice, Constant)}
WAITING = 1 << 20
"""Bytes of entries that wait in memory while others are made; more wait in a file."""


@dataclass(frozen=True)
class Table(Schema):
    """A table whose columns are numbers, dates, choices or constants.

    Attributes:
        columns: Those that a sample has, in the order of the file.
        apart: Names of the columns that are left out, each with why.
        dialect: Of the file, where it is text.
        lenient: Whether a cell that is not understood becomes NaN, and with it the whole row where
            the training had one value in all of its column; else it is an error.

    Example:
        >>> import pandas as pd
        >>> from latentfit.schema.infer import table_of
        >>> frame = pd.DataFrame({"age": range(20, 60), "sex": ["f", "m"] * 20})
        >>> table, _ = table_of(frame, np.arange(40))
        >>> table.seen, table.restore(table.apply(frame)).equals(frame)
        ((2,), True)
    """

    kind = "table"

    columns: tuple[Column, ...]
    apart: dict[Name, str] = field(default_factory=dict)
    dialect: Dialect = field(default_factory=Dialect)
    lenient: bool = False

    @property
    def held(self) -> Shape:  # pyright: ignore
        """(columns,), those that are modelled."""
        return (sum(column.width > 0 for column in self.columns),)

    @cached_property
    def seen(self) -> Shape:  # pyright: ignore
        """(entries,)."""
        return (sum(column.width for column in self.columns),)

    @cached_property
    def layout(self) -> Layout:  # pyright: ignore
        """The measurements among the entries."""
        blocks, start = [], 0
        for column in self.columns:
            blocks += column.blocks(start)
            start += column.width
        return tuple(blocks)

    @property
    def names(self) -> list[Name]:
        """Names of the columns, in the order of the file."""
        return [column.name for column in self.columns]

    @property
    def columns_of_entries(self) -> list[Name]:
        """A name as often as its column has entries."""
        return [column.name for column in self.columns for _ in range(column.width)]

    @property
    def discrete(self) -> list[Name]:
        """Names of the columns whose values are no numbers."""
        return [column.name for column in self.columns if column.discrete]

    @property
    def texts(self) -> set[str]:
        """Names of the columns that hold texts, also where all in a file look like numbers."""
        return {
            str(column.name)
            for column in self.columns
            if isinstance(column, Choice) and all(isinstance(level, str) for level in column.levels)
        }

    @property
    def numbers(self) -> set[str]:
        """Names of the columns whose cells are numbers, be they choices or one value."""
        return {str(column.name) for column in self.columns if _holds_numbers(column)}

    @property
    def numeric(self) -> bool:
        """Whether an array of numbers holds all of a row."""
        return not any(column.dtype[0] not in "iufb" or column.missing for column in self.columns)

    def apply(self, held: Any) -> Tensor:
        """From a table, whose columns may lie in any order, to entries, float32 (N, entries).

        Raises:
            UserError: It is no table, a column is absent, or a cell is not understood.
        """
        if not (hasattr(held, "columns") and hasattr(held, "iloc")):
            raise UserError(
                f"samples are a {type(held).__name__}; give a table (a pandas DataFrame) with the "
                f"columns {_listed(self.names)}."
            )
        if set(self.names) - set(held.columns):  # names that are neither text nor whole number
            held = held.set_axis([n if type(n) is int else str(n) for n in held.columns], axis=1)
        absent = [name for name in self.names if name not in held.columns]
        if absent:
            raise UserError(
                f"the table has no column {_listed(absent)}; it has {_listed(list(held.columns))}, "
                f"the training had {_listed(self.names)}."
            )
        return self.parted(held.copy(deep=False), [torch.arange(len(held))])[0]

    def parted(self, held: Any, parts: Sequence[Tensor]) -> list[Tensor]:
        """Parts of the rows as `apply` gives them; each column is dropped when it is done."""
        places, rows, start = [part.numpy() for part in parts], len(held), 0
        lost = np.zeros(rows, bool)
        # Entries wait in a file until the table is gone: there is no room for both of a large one.
        with SpooledTemporaryFile(WAITING) as file:
            for column in self.columns:
                found, wrong = column.taken(held.pop(column.name), lenient=self.lenient)
                lost |= wrong & (column.width == 0)
                file.write(np.ascontiguousarray(found).data)
            file.seek(0)
            entries = [np.empty((len(at), *self.seen), np.float32) for at in places]
            for column in self.columns:
                seen = np.frombuffer(file.read(rows * column.width * 4), np.float32)
                for part, at in zip(entries, places, strict=True):
                    part[:, start : start + column.width] = seen.reshape(rows, column.width)[at]
                start += column.width
        for part, at in zip(entries, places, strict=True):
            part[lost[at]] = np.nan
        return [torch.from_numpy(part) for part in entries]

    def restore(self, seen: Tensor) -> Frame:
        """From entries (N, entries) to a table with the columns and types of the file."""
        return self._table(seen, dated=False)

    def dated(self, seen: Tensor) -> Frame:
        """As `restore`, with dates as times whatever the form of the file, for what measures."""
        return self._table(seen, dated=True)

    def _table(self, seen: Tensor, *, dated: bool) -> Frame:
        import pandas as pd

        entries, start, found = seen.detach().cpu().numpy(), 0, []
        for column in self.columns:
            held = entries[:, start : start + column.width]
            if dated and isinstance(column, Date):
                found.append(column.times(held))
            else:
                found.append(column.restore(held))
            start += column.width
        return pd.concat(found, axis=1)

    def drift(self, seen: Tensor) -> list[str]:
        """Numbers that lie far from those of the training."""
        numbers = [column for column in self.columns if isinstance(column, Number)]
        if not numbers:
            return []
        blocks = [block for block in self.layout if block.law == "gaussian"]
        rows = seen.double()
        parts = [
            rows[:, block.start]
            if block.present is None
            else rows[:, block.start].where(rows[:, block.present] > 0.5, torch.nan)
            for block in blocks
        ]
        names = [f"column '{column.name}'" for column in numbers]
        return far(names, torch.stack(parts, 1), [column.beyond for column in numbers])

    def unknown(self, names: list[Name]) -> list[Name]:
        """Columns of a file that the training did not have."""
        return [name for name in names if name not in self.names and name not in self.apart]

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "kind": self.kind,
            "columns": [column.to_json() for column in self.columns],
            "apart": [[name, why] for name, why in self.apart.items()],
            "dialect": vars(self.dialect),
        }

    @classmethod
    def from_json(cls, told: dict[str, Any]) -> Self:
        """What `to_json` told."""
        columns = []
        for held in told["columns"]:
            more = {key: tuple(held[key]) for key in TUPLES if key in held}
            columns.append(COLUMNS[held["kind"]].from_json(held | more))
        apart = {name: why for name, why in told["apart"]}
        return cls(tuple(columns), apart, Dialect(**told["dialect"]))


def _holds_numbers(column: Column) -> bool:
    if isinstance(column, Choice | Constant):
        held = column.levels if isinstance(column, Choice) else (column.value,)
        return all(isinstance(value, int | float) and value is not True and value is not False
                   for value in held)  # fmt: skip
    return isinstance(column, Number) and not isinstance(column, Date)


def _listed(names: list[Name], most: int = 8) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(f"'{name}'" for name in names[:most]) + more
