"""The columns of a table: how each is brought to entries of a network, and back."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from latentfit.checks import UserError
from latentfit.schema.base import Block, Cells

Name = str | int
GAP = "is missing, and none was at the training; fill or drop it"


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
    def apply(self, cells: Cells) -> np.ndarray:
        """From cells (N,) to entries, float32 with shape (N, width).

        Raises:
            UserError: A cell is not understood; its row and column are named.
        """

    @abstractmethod
    def restore(self, entries: np.ndarray) -> Cells:
        """From entries (N, width) to cells (N,)."""

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

    def refuse(self, cells: Cells, wrong: np.ndarray, what: str) -> UserError:
        """An error that names the first of the wrong cells."""
        place = int(np.flatnonzero(wrong)[0])
        row, value = cells.index[place], cells.iloc[place]
        more = f", and {int(wrong.sum()) - 1:,} more" if wrong.sum() > 1 else ""
        return UserError(f"row {row}, column '{self.name}': {str(value)[:40]!r} {what}{more}.")


@dataclass(frozen=True, kw_only=True)
class Number(Column):
    r"""Numbers, standardised in double precision; whole ones and decimals come back rounded.

    .. math:: \text{seen} = (g(\text{held}) - \text{shift}) / \text{scale}

    with g the identity, or log(1 + held - low) where numbers from `low` on have a long tail. Where
    cells may be missing, a second entry is 1 where there is a number and 0 where there is none, and
    the first is 0 there.

    Attributes:
        shift: Mean of the training split, of g.
        scale: Its deviation, positive.
        low: Lowest value; nothing below it is restored.
        high: Highest value.
        decimals: Decimals that the file has, 0 for whole numbers; None for any.
        log: Whether g is the logarithm.
    """

    kind = "number"
    shift: float
    scale: float
    low: float
    high: float
    decimals: int | None = None
    log: bool = False

    @property
    def width(self) -> int:
        """1, and 1 more where cells may be missing."""
        return 1 + self.missing

    def blocks(self, start: int) -> Iterator[Block]:
        """A number, and whether it is there."""
        yield Block("gaussian", start, start + 1, start + 1 if self.missing else None)
        if self.missing:
            yield Block("bernoulli", start + 1, start + 2)

    def apply(self, cells: Cells) -> np.ndarray:
        """From numbers to entries (N, width)."""
        values = self.values(cells)
        gone = np.isnan(values)
        if gone.any() and not self.missing:
            raise self.refuse(cells, gone, GAP)
        if not np.isfinite(values[~gone]).all():
            raise self.refuse(cells, np.isinf(values), "is no finite number; mend or drop it")
        seen = (self.bent(values) - self.shift) / self.scale
        entries = np.where(gone, 0.0, seen)[:, None]
        return np.hstack([entries, ~gone[:, None]] if self.missing else [entries]).astype(
            np.float32
        )

    def values(self, cells: Cells) -> np.ndarray:
        """Cells as double precision, NaN where missing."""
        import pandas as pd

        numbers: Cells = pd.to_numeric(cells, errors="coerce")
        found = numbers.to_numpy(np.float64, na_value=np.nan)
        wrong = np.isnan(found) & cells.notna().to_numpy()
        if wrong.any():
            raise self.refuse(cells, wrong, "is no number; mend it, or leave the column out")
        return found

    def bent(self, values: np.ndarray) -> np.ndarray:
        """The values, or their logarithms."""
        return np.log1p((values - self.low).clip(0)) if self.log else values

    def unbent(self, entries: np.ndarray) -> np.ndarray:
        """From entries (N, width) to values within the range, NaN where missing."""
        values = entries[:, 0].astype(np.float64) * self.scale + self.shift
        values = np.expm1(values.clip(max=700)) + self.low if self.log else values
        values = values.clip(self.low, self.high)
        values = values if self.decimals is None else values.round(self.decimals)
        return np.where(entries[:, 1] < 0.5, np.nan, values) if self.missing else values

    def restore(self, entries: np.ndarray) -> Cells:
        """From entries to numbers of the type of the file."""
        import pandas as pd

        found = pd.Series(self.unbent(entries), name=self.name)
        whole = self.decimals == 0 and self.dtype.lower().startswith(("int", "uint"))
        if whole and self.missing and self.dtype[0] in "iu":
            return found.astype("Int64")  # NumPy's whole numbers have no missing value
        return found.astype(self.dtype)


@dataclass(frozen=True, kw_only=True)
class Date(Number):
    """Dates and times: numbers of seconds since 1970.

    Attributes:
        form: Of a date that is text, as `strftime` has it; '' for one that is none.
        step: Seconds of the finest unit that the file has: a day, a minute, a second, less.
    """

    kind = "date"
    form: str = ""
    step: float = 1.0

    def values(self, cells: Cells) -> np.ndarray:
        """Seconds since 1970, NaN where missing."""
        import pandas as pd

        found = cells
        if not pd.api.types.is_datetime64_any_dtype(cells.dtype):
            found = pd.to_datetime(cells, format=self.form or None, errors="coerce", utc=False)
            wrong = (found.isna() & cells.notna()).to_numpy()
            if wrong.any():
                raise self.refuse(cells, wrong, f"is no date such as {self.form or 'the others'}")
        return seconds(found)

    def restore(self, entries: np.ndarray) -> Cells:
        """From entries to dates of the form of the file."""
        import pandas as pd

        values = self.unbent(entries)
        values = np.round(values / self.step) * self.step
        whole = np.where(np.isnan(values), 0, np.round(values * 1e6)).astype("int64")
        dates = pd.Series(whole.astype("datetime64[us]"), name=self.name)
        dates = dates.mask(np.isnan(values))
        if self.form:
            return dates.dt.strftime(self.form).astype(self.dtype)
        zone = self.dtype.partition(", ")[2].rstrip("]")
        dates = dates.dt.tz_localize("UTC").dt.tz_convert(zone) if zone else dates
        return dates.astype(self.dtype)


@dataclass(frozen=True, kw_only=True)
class Choice(Column):
    """One of some values; that a cell is missing is a value too.

    Two values are one entry, 0 or 1; others an entry each, of which one is 1.

    Attributes:
        levels: The values, sorted.
    """

    kind = "choice"
    levels: tuple[Any, ...]

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

    def apply(self, cells: Cells) -> np.ndarray:
        """From values to entries (N, width)."""
        import pandas as pd

        gone = cells.isna().to_numpy()
        place = pd.Index(self.levels).get_indexer(pd.Index(cells.astype(object)))
        if gone.any() and not self.missing:
            raise self.refuse(cells, gone, GAP)
        wrong = (place < 0) & ~gone
        if wrong.any():
            known = ", ".join(map(str, self.levels[:6])) + (", ..." if len(self.levels) > 6 else "")
            raise self.refuse(cells, wrong, f"is none of the values of the training ({known})")
        place = np.where(gone, len(self.levels), place)
        if self.width == 1:
            return place[:, None].astype(np.float32)
        return np.eye(self.width, dtype=np.float32)[place]

    def restore(self, entries: np.ndarray) -> Cells:
        """From entries to the likeliest values, of the type of the file."""
        import pandas as pd

        place = entries.argmax(1) if self.width > 1 else (entries[:, 0] >= 0.5).astype(int)
        levels = np.array([*self.levels, None], dtype=object)
        found = pd.Series(levels[place], name=self.name, dtype=object)
        if self.dtype == "category":
            return pd.Series(pd.Categorical(found, categories=list(self.levels)), name=self.name)
        if self.missing and self.dtype[0] in "iub":  # NumPy has no missing value for these
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

    def apply(self, cells: Cells) -> np.ndarray:
        """Nothing, with shape (N, 0)."""
        gone = cells.isna()
        wrong = ~gone if self.value is None else gone | (cells.astype(object) != self.value)
        if wrong.any():
            raise self.refuse(
                cells, wrong.to_numpy(), f"is not {self.value!r}, as all rows of the training were"
            )
        return np.zeros((len(cells), 0), np.float32)

    def restore(self, entries: np.ndarray) -> Cells:
        """The value, as often as there are entries."""
        import pandas as pd

        held = pd.Series([self.value] * len(entries), name=self.name, dtype=object)
        return held.astype(self.dtype)


def seconds(dates: Cells) -> np.ndarray:
    """Dates as seconds since 1970 in double precision, NaN where missing."""
    if dates.dt.tz is not None:
        dates = dates.dt.tz_convert("UTC").dt.tz_localize(None)
    micro = dates.to_numpy("datetime64[us]")
    return np.where(np.isnat(micro), np.nan, micro.astype("int64") / 1e6)


COLUMNS: dict[str, type[Column]] = {kind.kind: kind for kind in (Number, Date, Choice, Constant)}
