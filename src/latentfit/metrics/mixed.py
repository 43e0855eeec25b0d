"""Mixed tables as columns of numbers or levels, in which missing cells stay missing."""

from __future__ import annotations

import statistics
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from latentfit.checks import UserError, one_of

if TYPE_CHECKING:
    import pandas as pd

Name = TypeVar("Name")


@dataclass(frozen=True)
class Breakdown(Generic[Name]):
    """A mean, and what it is the mean of.

    Attributes:
        value: Mean of the parts that are defined; None where none is.
        parts: By column or pair of columns; None where undefined.
    """

    value: float | None
    parts: dict[Name, float | None]

    @classmethod
    def of(cls, parts: dict[Name, float | None]) -> Breakdown[Name]:
        """With the mean of the parts that are defined."""
        defined = [part for part in parts.values() if part is not None]
        return cls(statistics.fmean(defined) if defined else None, parts)


@dataclass(frozen=True)
class Column:
    """One column of several tables.

    Attributes:
        name: Of the column.
        levels: How many levels a discrete column has in all tables together, of which 0 is that of
            missing cells; None for a numeric one.
        sides: For each table its cells (N,): float64 with NaN where missing, or levels as integers.
    """

    name: Any
    levels: int | None
    sides: tuple[NDArray[Any], ...]

    @property
    def known(self) -> tuple[NDArray[np.bool_], ...]:
        """For each table which cells are not missing."""
        if self.levels is None:
            return tuple(~np.isnan(side) for side in self.sides)
        return tuple(side > 0 for side in self.sides)


def aligned(discrete: Collection[Any], *tables: pd.DataFrame) -> list[Column]:
    """The columns of tables that have the same ones, in the order of the first table.

    Dates count as seconds. Levels of different tables are the same where they are equal, as 1, 1.0
    and True are; None, NaN, NaT and NA are all missing.

    Arguments:
        discrete: Names of the columns whose cells are levels; the others are numbers or dates.
        tables: At least one.

    Raises:
        UserError: The tables have different columns or one twice, `discrete` names none of them,
            or a column that should be numeric has a cell that is no finite number.

    Example:
        >>> import pandas as pd
        >>> aligned(["b"], pd.DataFrame({"b": ["x", None, "y"]}))[0].sides
        (array([1, 0, 2]),)
    """
    names = list(tables[0].columns)
    for table in tables:
        others = list(table.columns)
        odd = set(names) ^ set(others) or {name for name in others if others.count(name) > 1}
        if odd:
            told = ", ".join(sorted(map(str, odd)))
            raise UserError(f"tables must have the same columns, each once; look at {told}.")
    for name in discrete:
        if name not in names:
            one_of("discrete column", str(name), map(str, names))
    return [
        _levels(name, [table[name] for table in tables])
        if name in discrete
        else Column(name, None, tuple(_numbers(name, table[name]) for table in tables))
        for name in names
    ]


def spread(count: int, most: int) -> NDArray[np.intp]:
    """Places of at most `most` of `count` rows, evenly spread and always the same."""
    kept = min(count, most)
    return np.arange(kept) * count // max(kept, 1)


def _levels(name: Any, cells: Sequence[Any]) -> Column:
    import pandas as pd

    joined = np.concatenate([part.astype(object).to_numpy() for part in cells])
    found, levels = pd.factorize(joined)
    cuts = np.cumsum([len(part) for part in cells])[:-1]
    return Column(name, len(levels) + 1, tuple(np.split(found + 1, cuts)))


def _numbers(name: Any, cells: Any) -> NDArray[np.float64]:
    import pandas as pd

    kind = getattr(cells.dtype, "kind", "O")
    if kind == "M":
        dates = cells.dt.tz_convert(None) if getattr(cells.dtype, "tz", None) else cells
        return (dates.to_numpy() - np.datetime64(0, "s")) / np.timedelta64(1, "s")
    if kind == "m":
        return cells.to_numpy() / np.timedelta64(1, "s")
    read: Any = pd.to_numeric(cells, errors="coerce")
    held = read.to_numpy(np.float64, na_value=np.nan)
    wrong = np.isinf(held) | (np.isnan(held) & ~cells.isna().to_numpy())
    if wrong.any():
        first = str(cells.iloc[int(wrong.argmax())])
        raise UserError(f"column '{name}' holds {first!r}, no finite number; call it discrete?")
    return held
