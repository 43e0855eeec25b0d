"""What the columns of a table are, found from their cells."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from latentfit.checks import UserError
from latentfit.schema.base import Cells, Dialect, Frame
from latentfit.schema.choices import Choice, Constant
from latentfit.schema.columns import Column, Name, told
from latentfit.schema.curves import bent
from latentfit.schema.numbers import Scale
from latentfit.schema.quantities import Date, Number
from latentfit.schema.table import Table
from latentfit.schema.texts import type_of

LEVELS = 256
"""A column with more different texts than this is text, not a choice."""
UNFITTED: dict[str, Any] = {"seen": (0.0, 1.0), "held": (0.0, 1.0), "unit": 1.0}
"""The curve of a column of numbers before it is fitted."""
IDENTIFIER = re.compile(
    r"(^|[^a-z])(id|uuid|guid|key|index|nr|no|number|row)s?$|^unnamed: 0$", re.I
)
MOST = float(np.finfo(np.float32).max)
STEPS = (86_400.0, 3_600.0, 60.0, 1.0, 1e-3, 1e-6)


def table_of(
    frame: Frame,
    train: np.ndarray,
    *,
    apart: Mapping[Name, str] | None = None,
    forms: Mapping[Name, str] | None = None,
    dialect: Dialect | None = None,
    scale: Scale = "each",
) -> tuple[Table, list[str]]:
    """The schema of a table, and what a person should know of it.

    Values, ranges and kinds are those of all rows, curves those of the training.

    Arguments:
        frame: All rows, of the columns that are part of a sample.
        train: Places of the rows of the training split.
        apart: Columns of the file that are left out, each with why.
        forms: Of columns whose texts are dates, as `strftime` has them.
        dialect: Of the file.
        scale: Of the numbers: a curve for `each` column that makes it normal, one deviation for all
            (`common`), or `none`.

    Raises:
        UserError: No column is left that varies, or one holds what is no plain value.
    """
    forms, left = forms or {}, dict(apart or {})
    columns = [_column(frame[name], train, forms.get(name, ""), scale) for name in frame.columns]
    if not any(column.width for column in columns):
        said = "; ".join(f"'{name}' is {why}" for name, why in left.items())
        why = f" ({said})" if said else ""
        raise UserError(f"no column of the table varies{why}; give others.")
    columns = _common(columns) if scale == "common" else columns
    return Table(tuple(columns), left, dialect or Dialect()), _notes(columns, frame)


def no_part(frame: Frame, forms: Mapping[Name, str]) -> dict[Name, str]:
    """The columns that can be no part of a sample, each with why: identifiers, and texts."""
    found = {name: _why_apart(frame[name], forms) for name in frame.columns}
    return {name: why for name, why in found.items() if why}


def _why_apart(cells: Cells, forms: Mapping[Name, str]) -> str:
    """Why a column can be no part of a sample; '' where it can."""
    import pandas as pd

    unique = False if len(cells) < 2 or cells.isna().any() else cells.is_unique
    kind, name = cells.dtype, str(cells.name)
    if pd.api.types.is_float_dtype(kind) or pd.api.types.is_datetime64_any_dtype(kind):
        return ""
    if pd.api.types.is_integer_dtype(kind):
        if not unique:
            return ""
        steps = np.diff(cells.to_numpy())
        counted = bool((steps == 1).all())
        return "an identifier" if counted or (IDENTIFIER.search(name) and len(cells) > 2) else ""
    if pd.api.types.is_bool_dtype(kind) or cells.name in forms:
        return ""
    if unique:
        return "an identifier"
    several = cells.nunique()
    return f"text of {several:,} different values" if several > LEVELS else ""


def _column(cells: Cells, train: np.ndarray, form: str, scale: Scale) -> Column:
    import pandas as pd

    name, dtype = _plain_name(cells.name), type_of(cells)
    gone = cells.isna()
    missing = bool(gone.any())
    facts: dict[str, Any] = {"name": name, "dtype": dtype, "missing": missing}
    number = pd.api.types.is_numeric_dtype(cells.dtype) and not pd.api.types.is_bool_dtype(
        cells.dtype
    )
    if number and (~gone & (cells != cells.min()) & (cells != cells.max())).any():
        return _number(cells, train, facts, scale)
    values = cells.dropna().unique()
    if len(values) == 0 or (len(values) == 1 and not missing):
        value = _plain(values[0], name) if len(values) else None
        return Constant(name=name, dtype=dtype, value=value, missing=missing)
    if form or pd.api.types.is_datetime64_any_dtype(cells.dtype):
        return _date(cells, train, form, facts, scale)
    if dtype == "category":
        every = tuple(_plain(value, name) for value in cells.cat.categories)
        facts |= {"order": every, "ordered": bool(cells.cat.ordered)}
    levels = list(cells.cat.categories) if dtype == "category" else _sorted(values)
    found = set(values)
    return Choice(**facts, levels=tuple(_plain(v, name) for v in levels if v in found))


def _number(cells: Cells, train: np.ndarray, facts: dict[str, Any], scale: Scale) -> Number:
    values = cells.to_numpy(np.float64, na_value=np.nan)
    known = values[~np.isnan(values)] if facts["missing"] else values
    column = Number(**facts, **UNFITTED)
    if np.isinf(known).any():
        column.refuse(cells, np.isinf(values), "is no finite number; mend or drop it")
    low, high = float(known.min()), float(known.max())
    if max(-low, high) > MOST:
        column.refuse(cells, np.abs(values) > MOST, "is beyond 3.4e38; rescale or drop it")
    decimals = next((d for d in range(5) if np.array_equal(known.round(d), known)), None)
    if decimals == 0 and facts["dtype"].startswith("float") and not facts["missing"]:
        decimals = None if high > 2**53 else 0
    return _fitted(replace(column, decimals=decimals), known, values[train], scale)


def _date(cells: Cells, train: np.ndarray, form: str, facts: dict[str, Any], scale: Scale) -> Date:
    column = Date(**facts, **UNFITTED, form=form)
    values = column.values(cells)
    column.must_be_read(cells, column.complaints(values, cells.isna().to_numpy()))
    known = values[~np.isnan(values)]
    step = next((s for s in STEPS if np.array_equal(np.round(known / s) * s, known)), STEPS[-1])
    return _fitted(replace(column, step=step), known, values[train], scale)


def _fitted(column: Any, known: np.ndarray, train: np.ndarray, scale: Scale) -> Any:
    """A column of numbers with the curve of the training split, from end to end of all cells."""
    cells, ends = train[~np.isnan(train)], np.array([known.min(), known.max()])
    middle = cells.mean().item() if len(cells) else 0.0
    spread = cells.std(ddof=1).item() if len(cells) > 1 else 0.0
    unit = spread if spread > 0 else 1.0
    if ends[0] == ends[1]:  # one date, where it is known
        seen, held = np.array([-1.0, 1.0]), ends
    elif scale == "each":
        seen, held = bent(np.concatenate([cells, [end for end in ends if end not in cells]]))
    elif scale == "none":
        seen, held, unit = ends, ends, 1.0
    else:
        seen, held = (ends - middle) / unit, ends
    return replace(column, seen=tuple(seen.tolist()), held=tuple(held.tolist()), unit=unit)


def _common(columns: list[Column]) -> list[Column]:
    """The columns with one deviation for all numbers in the place of their own."""
    units = [column.unit for column in columns if isinstance(column, Number)]
    unit = float(np.sqrt(np.mean(np.square(units)))) if units else 1.0

    def rescaled(column: Number) -> Number:
        seen = tuple(z * column.unit / unit for z in column.seen)
        return replace(column, seen=seen, unit=unit)

    return [rescaled(column) if isinstance(column, Number) else column for column in columns]


def _notes(columns: list[Column], frame: Frame) -> list[str]:
    """What was decided, a line each."""
    found = []
    if fixed := [f"'{column.name}'" for column in columns if column.width == 0]:
        found.append(f"constant, so kept aside: {', '.join(fixed)}.")
    gaps = {c.name: int(frame[c.name].isna().sum()) for c in columns if c.missing and c.width}
    if gaps:
        many = [f"{count:,} of '{name}'" for name, count in gaps.items()]
        more = f" and {len(many) - 6} more columns" if len(many) > 6 else ""
        found.append(f"missing cells, which are modelled as such: {', '.join(many[:6])}{more}.")
    if long := [f"'{c.name}'" for c in columns if isinstance(c, Number) and _is_long(c)]:
        found.append(f"whole numbers beyond 2^53, of which 16 digits are kept: {', '.join(long)}.")
    return found


def _is_long(column: Number) -> bool:
    return column.decimals == 0 and max(-column.held[0], column.held[-1]) > 2**53


def _sorted(values: Any) -> list[Any]:
    try:
        return sorted(values)
    except TypeError:
        return sorted(values, key=str)


def _plain_name(name: Any) -> Name:
    return (
        int(name) if isinstance(name, np.integer) else name if isinstance(name, int) else str(name)
    )


def _plain(value: Any, name: Name) -> Any:
    """A value of a cell as JSON has it."""
    value = value.item() if isinstance(value, np.generic) else value
    if isinstance(value, str | int | float | bool):
        return value
    if hasattr(value, "isoformat"):
        return told(value)
    raise UserError(
        f"column '{name}' holds a {type(value).__name__}, {str(value)[:40]!r}; cells are numbers, "
        "texts or dates: leave it out with --drop."
    )
