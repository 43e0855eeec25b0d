"""Columns of a table that hold numbers, dates and times."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from latentfit.schema.base import Block, Cells
from latentfit.schema.columns import GAP, Column
from latentfit.schema.texts import Texts

DAY = "day"
"""The form of a date that is no text, but a `datetime.date`."""


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
            self.refuse(cells, gone, GAP)
        if not np.isfinite(values[~gone]).all():
            self.refuse(cells, np.isinf(values), "is no finite number; mend or drop it")
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
            self.refuse(cells, wrong, "is no number; mend it, or leave the column out")
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
        if self.decimals == 0 and self.dtype.lower().startswith(("int", "uint")):
            kind = np.iinfo(re.sub(r"\[.*", "", self.dtype).lower())
            most = float(kind.max)  # of 64 bits, one more than the type holds
            found = found.clip(kind.min, most if int(most) == kind.max else np.nextafter(most, 0))
        if self.missing and self.whole:
            return found.astype("Int64")  # NumPy's whole numbers have no missing value
        return found.astype(self.dtype)


@dataclass(frozen=True, kw_only=True)
class Date(Number):
    """Dates and times: numbers of seconds since 1970.

    Attributes:
        form: Of a date that is text, as `strftime` has it; `DAY` for a day of Python, '' for times.
        step: Seconds of the finest unit that the file has: a day, a minute, a second, less.
    """

    kind = "date"
    form: str = ""
    step: float = 1.0

    def values(self, cells: Cells) -> np.ndarray:
        """Seconds since 1970, NaN where missing."""
        import pandas as pd

        if pd.api.types.is_datetime64_any_dtype(cells.dtype):
            return seconds(cells)
        form = None if self.form == DAY else self.form or None
        held = Texts.of(cells)
        found = seconds(pd.to_datetime(held.each, format=form, errors="coerce", utc=False))
        every = np.append(found, np.nan)[held.places]  # the last is that of missing cells
        wrong = np.isnan(every) & (held.places >= 0)
        if wrong.any():
            self.refuse(cells, wrong, f"is no date such as {self.form or 'the others'}")
        return every

    def times(self, entries: np.ndarray) -> Cells:
        """From entries to times, of no zone, whatever the form of the file."""
        import pandas as pd

        values = self.unbent(entries)
        values = np.round(values / self.step) * self.step
        whole = np.where(np.isnan(values), 0, np.round(values * 1e6)).astype("int64")
        dates = pd.Series(whole.astype("datetime64[us]"), name=self.name)
        return dates.mask(np.isnan(values))

    def restore(self, entries: np.ndarray) -> Cells:
        """From entries to dates of the form of the file."""
        dates = self.times(entries)
        if self.form == DAY:
            return dates.dt.date.astype(object).where(dates.notna(), None)
        if self.form:
            return dates.dt.strftime(self.form).astype(self.dtype)
        zone = self.dtype.partition(", ")[2].rstrip("]")
        dates = dates.dt.tz_localize("UTC").dt.tz_convert(zone) if zone else dates
        return dates.astype(self.dtype)


def seconds(dates: Cells) -> np.ndarray:
    """Dates as seconds since 1970 in double precision, NaN where missing."""
    if dates.dt.tz is not None:
        dates = dates.dt.tz_convert("UTC").dt.tz_localize(None)
    micro = dates.to_numpy("datetime64[us]")
    return np.where(np.isnat(micro), np.nan, micro.astype("int64") / 1e6)
