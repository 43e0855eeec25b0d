"""Columns of a table that hold what is neither number, text nor time."""

from __future__ import annotations

import numpy as np

from latentfit.checks import UserError
from latentfit.schema.base import Cells, Frame

NEITHER = list | dict | tuple | set | np.ndarray | bytes


def plain(cells: Cells) -> tuple[Cells, str]:
    """A column of numbers, texts, truths, dates or choices, and what a person should know.

    Decimals become floats, categories that are times become times, and where texts stand beside
    other values all are taken as texts.

    Raises:
        UserError: It holds other things, such as lists or spans of time; the first is named.

    Example:
        >>> import pandas as pd
        >>> plain(pd.Series([1, "x"], name="a"))[0].tolist()
        ['1', 'x']
    """
    import pandas as pd

    kind, name = cells.dtype, cells.name
    if pd.api.types.is_complex_dtype(kind):
        raise UserError(f"column '{name}' holds complex numbers; give real ones.")
    if isinstance(kind, pd.CategoricalDtype):
        of = kind.categories.dtype
        if pd.api.types.is_datetime64_any_dtype(of):
            return cells.astype(of), ""
        if isinstance(of, pd.IntervalDtype | pd.PeriodDtype) or of.kind in "mc":
            raise _refused(cells)
        return cells, ""
    if isinstance(kind, pd.IntervalDtype | pd.PeriodDtype) or kind.kind == "m":
        raise _refused(cells)
    if not pd.api.types.is_object_dtype(kind):
        return cells, ""
    found = cells.dropna()
    if (odd := found.map(lambda cell: isinstance(cell, NEITHER))).any():
        raise _refused(found[odd])
    texts = found.map(lambda cell: isinstance(cell, str))
    if texts.all():
        return cells, ""
    if texts.any():
        first = found[~texts].iloc[0]
        held = cells.astype("string").astype(object).where(cells.notna(), None)
        note = f"column '{name}' holds texts and other values, such as {str(first)[:20]!r}"
        return held, f"{note}; all are taken as texts."
    of = pd.api.types.infer_dtype(cells, skipna=True)
    if of == "decimal":
        return cells.astype("float64"), f"decimals of column '{name}' are taken as floats."
    if of in ("timedelta", "timedelta64", "period", "interval", "complex", "time"):
        raise _refused(found)
    return cells.infer_objects(), ""


def named(frame: Frame) -> Frame:
    """The table with texts and whole numbers as names of its columns.

    Raises:
        UserError: Two have the same name.
    """
    held = list(frame.columns)
    doubles = [name for name in map(str, held) if list(map(str, held)).count(name) > 1]
    if doubles:
        raise UserError(f"two columns are called '{doubles[0]}'; rename one of them.")
    told = [name if type(name) is int else str(name) for name in held]
    return frame if told == held else frame.set_axis(told, axis=1)


def _refused(cells: Cells) -> UserError:
    cell = cells.dropna().iloc[0]
    return UserError(
        f"row {cells.dropna().index[0]}, column '{cells.name}' holds a {type(cell).__name__}, "
        f"{str(cell)[:40]!r}; cells are numbers, texts or dates: leave the column out with --drop."
    )
