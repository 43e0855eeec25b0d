"""Columns of a table that hold numbers, dates and times."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from latentfit.schema.base import Block, Cells
from latentfit.schema.columns import GAP, Column, Complaints
from latentfit.schema.curves import rise
from latentfit.schema.texts import Texts

MOST = 1e18
"""What a network may see, at most: squares of more are no float32."""
DAY = "day"
"""The form of a date that is no text, but a `datetime.date`."""


@dataclass(frozen=True, kw_only=True)
class Number(Column):
    """Numbers, brought along a rising curve; whole ones and decimals come back rounded.

    The curve goes straight from point to point, in double precision: `curves.bent`, or a
    straight line. Where cells may be missing, a second entry is 1 where there is a number and 0
    where there is none, and the first is 0 there.

    Attributes:
        seen: What the network sees at the points of the curve, rising.
        held: What the file holds there, not falling; nothing beyond the first and the last comes
            back.
        unit: Of the file, for 1 of the network's numbers beyond the ends; positive.
        decimals: Decimals that the file has, 0 for whole numbers; None for any.
    """

    kind = "number"
    seen: tuple[float, ...]
    held: tuple[float, ...]
    unit: float
    decimals: int | None = None

    @property
    def width(self) -> int:
        """1, and 1 more where cells may be missing."""
        return 1 + self.missing

    def blocks(self, start: int) -> Iterator[Block]:
        """A number, and whether it is there."""
        yield Block("gaussian", start, start + 1, start + 1 if self.missing else None)
        if self.missing:
            yield Block("bernoulli", start + 1, start + 2)

    def read(self, cells: Cells) -> tuple[np.ndarray, Complaints]:
        """From numbers to entries (N, width)."""
        values, gone = self.values(cells), cells.isna().to_numpy()
        seen = rise(values, np.array(self.seen), np.array(self.held), self.unit)
        far = np.abs(seen) > MOST
        entries = np.where(gone | far, 0.0, seen)[:, None]
        if self.missing:
            entries = np.hstack([entries, ~gone[:, None]])
        range_of = f"{self.held[0]:g} to {self.held[-1]:g}"
        beyond = (far & np.isfinite(values), f"is far beyond the training's {range_of}")
        return entries.astype(np.float32), [*self.complaints(values, gone), beyond]

    def complaints(self, values: np.ndarray, gone: np.ndarray) -> Complaints:
        """What is wrong with some cells, by their numbers and whether they are missing."""
        return [
            (np.isnan(values) & ~gone, f"is no {self.what}"),
            (gone & (not self.missing), GAP),
            (np.isinf(values), "is no finite number; mend or drop it"),
        ]

    @property
    def what(self) -> str:
        """What a cell should be, as an error says it."""
        return "number; mend it, or leave the column out"

    def values(self, cells: Cells) -> np.ndarray:
        """Cells as double precision, NaN where missing or no number."""
        import pandas as pd

        numbers: Cells = pd.to_numeric(cells, errors="coerce")
        return numbers.to_numpy(np.float64, na_value=np.nan)

    def fall(self, entries: np.ndarray) -> np.ndarray:
        """From entries (N, width) to values within the range, NaN where missing."""
        values = np.interp(entries[:, 0].astype(np.float64), self.seen, self.held)
        values = values if self.decimals is None else values.round(self.decimals)
        return np.where(entries[:, 1] < 0.5, np.nan, values) if self.missing else values

    def beyond(self, seen: float) -> float:
        """A number of the network in the units of the file, also beyond the ends of the curve."""
        inside = min(max(seen, self.seen[0]), self.seen[-1])
        return float(np.interp(inside, self.seen, self.held)) + (seen - inside) * self.unit

    def restore(self, entries: np.ndarray) -> Cells:
        """From entries to numbers of the type of the file."""
        import pandas as pd

        found = pd.Series(self.fall(entries), name=self.name)
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
        """Seconds since 1970, NaN where missing or no date."""
        import pandas as pd

        if pd.api.types.is_datetime64_any_dtype(cells.dtype):
            return seconds(cells)
        form = None if self.form == DAY else self.form or None
        held = Texts.of(cells)
        found = seconds(pd.to_datetime(held.each, format=form, errors="coerce", utc=False))
        return np.append(found, np.nan)[held.places]  # the last is that of missing cells

    @property
    def what(self) -> str:
        """What a cell should be, as an error says it."""
        return f"date such as {self.form or 'the others'}"

    def times(self, entries: np.ndarray) -> Cells:
        """From entries to times, of no zone, whatever the form of the file."""
        import pandas as pd

        values = self.fall(entries)
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
