"""Tables: files and frames to columns of numbers, choices and dates."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from latentfit.checks import UserError, one_of
from latentfit.data.options import Options
from latentfit.data.pieces import ROWS, in_pieces
from latentfit.data.text import MISSING, look_at, opened
from latentfit.schema import Dialect
from latentfit.schema.base import Cells, Frame
from latentfit.schema.dates import form_of, is_slip
from latentfit.schema.objects import plain
from latentfit.schema.quantities import DAY, seconds
from latentfit.schema.texts import TRUTH, Texts, is_kept_once

TEXT = (".csv", ".tsv", ".csv.gz", ".tsv.gz")
BINARY = (".parquet", ".feather", ".arrow")
GAPS = sorted({form for word in MISSING for form in (word, word.upper(), word.capitalize())}
              | {"NaN", "N/A"})  # fmt: skip
AMOUNT = r"[+-]?\d(?:[\d.,]*\d)?"
UNIT = re.compile(rf"([$€£¥]|[A-Z]{{3}} ) ?{AMOUNT}|{AMOUNT} ?(%|[$€£¥]|[A-Za-zµ°/²³]{{1,6}})")
"""A number with a currency or a unit."""
LARGE = 1 << 21
"""Cells above which a text file is read a piece at a time."""


def read_table(
    path: Path, decimal: str | None = None, texts: Collection[str] = ()
) -> tuple[Frame, Dialect, list[str]]:
    """The rows of a file, how it is written, and what a person should know.

    Arguments:
        path: A text, parquet or Feather file.
        decimal: Mark before the decimals, where it is known; else it is found.
        texts: Names of columns of a text file whose cells are texts, also where all look like
            numbers.

    Raises:
        UserError: It cannot be read, or a package for it is missing.
    """
    import pandas as pd

    if path.name.lower().endswith(TEXT):
        return _text(path, decimal, texts)
    reader = pd.read_parquet if path.suffix.lower() == ".parquet" else pd.read_feather
    try:
        frame = reader(path)
    except ImportError as error:
        raise UserError(
            f"reading {path.suffix} needs pyarrow; pip install 'latentfit[parquet]'."
        ) from error
    except Exception as error:  # pyarrow has errors of its own
        said = str(error).splitlines()[0][:120] if str(error) else type(error).__name__
        raise UserError(f"{path} is not a readable table ({said}); save it again.") from error
    return _without_index(frame), Dialect(), []


def _text(
    path: Path, decimal: str | None, texts: Collection[str]
) -> tuple[Frame, Dialect, list[str]]:
    import pandas as pd

    found = look_at(path)
    dialect = found.dialect if decimal is None else Dialect(
        found.dialect.separator, decimal, found.dialect.header
    )  # fmt: skip
    # One column has nothing that separates cells.
    separator = found.dialect.separator if len(found.names) > 1 else "\x1f"
    places = list(range(len(found.names)))
    known = [*found.zeros, *(place for place in places if found.names[place] in texts)]
    options = {
        "sep": separator,
        "decimal": dialect.decimal,
        "header": 0 if dialect.header else None,
        "names": places,
        "index_col": False,
        "dtype": dict.fromkeys(known, str),
        "na_values": GAPS,
        "skipinitialspace": True,
        "low_memory": False,
    }
    try:
        if len(places) * found.rows > LARGE:
            frame = in_pieces(lambda: opened(path, found.encoding), options, found.rows)
        else:
            with opened(path, found.encoding) as file:
                frame = pd.read_csv(file, **options)
    except (ValueError, OSError) as error:  # pandas' own errors are among these
        raise UserError(f"{path} cannot be read as a table ({error}); save it again.") from error
    if len(frame) != found.rows:
        raise UserError(
            f"{path} has {found.rows:,} rows by one count and {len(frame):,} by another; look for "
            "quotes that do not end, and save it again."
        )
    frame.columns = found.names if dialect.header else list(range(len(found.names)))
    notes = list(found.notes)
    if found.index and frame.iloc[:, 0].is_unique:
        frame = frame.iloc[:, 1:]
        notes.append("the first column has no name and holds row names; it is left out.")
    return frame, dialect, notes


def _without_index(frame: Frame) -> Frame:
    """Row names that hold something become columns."""
    import pandas as pd

    return frame if isinstance(frame.index, pd.RangeIndex) else frame.reset_index()


def tidy(
    frame: Frame,
    dialect: Dialect,
    known: Collection[str] = (),
    numbers: Collection[str] = (),
) -> tuple[Frame, dict[Any, str], list[str]]:
    """Columns of texts that are numbers, truths or dates as such, the forms of dates, and notes.

    Arguments:
        frame: As it was read.
        dialect: Of its file.
        known: Names of columns whose cells stay as they are, whatever they look like.
        numbers: Names of columns whose cells are numbers; texts that are none stay as they are.

    Raises:
        UserError: A few texts stand among numbers or dates, the first is named by row and column;
            or a column holds other things than numbers, texts and dates.
    """
    import pandas as pd

    forms: dict[Any, str] = {}
    new: dict[Any, Cells] = {}
    notes: list[str] = []
    for name in frame.columns:
        cells, note = plain(frame[name])
        notes += [note] if note else []
        if cells is not frame[name]:
            new[name] = cells
        texts = cells.dtype == object or pd.api.types.is_string_dtype(cells.dtype)
        if str(name) in known or not (texts or is_kept_once(cells)):
            continue
        held = Texts.of(cells)
        if held.each.empty:
            continue
        if not isinstance(held.each.iloc[0], str):
            forms |= {name: DAY} if isinstance(held.each.iloc[0], date) else {}
            continue
        if str(name) in numbers:
            new[name] = pd.Series(_each_number(held, dialect), cells.index, name=name)
            continue
        number = _numbers(held, name, dialect)
        if number is not None:
            new[name] = pd.Series(number, cells.index, name=name)
            continue
        form, note = form_of(held, name)
        words = held.each.str.strip()
        if form:
            forms[name] = form
            notes += [note] if note else []
        elif set(words.str.lower()) <= TRUTH.keys():
            truths = held.cells(np.array([TRUTH[word] for word in words.str.lower()], object))
            truths = pd.Series(truths, cells.index).where(held.places >= 0, None)
            new[name] = truths.astype("boolean" if cells.hasnans else "bool")
        elif words.map(UNIT.fullmatch).notna().all():
            notes.append(
                f"column '{name}' holds numbers with a unit, such as {str(words.iloc[0])[:20]!r}, "
                "which are taken as texts; save it without, to have numbers."
            )
    return (_with(frame, new) if new else frame), forms, notes


def _with(frame: Frame, new: dict[Any, Cells]) -> Frame:
    import pandas as pd

    held = {name: new.get(name, frame[name]) for name in frame.columns}
    return pd.DataFrame(held, copy=False)  # each column by itself, to be let go of by itself


def _parsed(held: Texts, dialect: Dialect) -> tuple[Cells, np.ndarray]:
    """Texts, missing where they say so, and the numbers that they are, NaN where they are none."""
    import pandas as pd

    texts = held.each.astype("string").str.strip()
    texts = texts.mask(texts.str.lower().isin(MISSING))
    thousands = "," if dialect.decimal == "." else r"\."
    grouped = rf"[+-]?\d{{1,3}}({thousands}\d{{3}})+({re.escape(dialect.decimal)}\d+)?"
    plain = texts.where(
        ~texts.str.fullmatch(grouped).fillna(False), texts.str.replace(thousands, "", regex=True)
    )
    if dialect.decimal == ",":
        plain = plain.str.replace(",", ".")
    numbers: Cells = pd.to_numeric(plain.astype(object), errors="coerce")
    return texts, numbers.to_numpy(np.float64, na_value=np.nan)


def _each_number(held: Texts, dialect: Dialect) -> np.ndarray:
    """The cells of a column of texts, those that are numbers as such."""
    texts, found = _parsed(held, dialect)
    wrong = np.isnan(found) & texts.notna().to_numpy()
    cells = held.cells(np.where(wrong, texts.to_numpy(object), found))
    return np.where(held.places < 0, np.nan, cells)


def _numbers(held: Texts, name: object, dialect: Dialect) -> np.ndarray | None:
    """The cells of a column of texts as numbers; None where they are none."""
    texts, found = _parsed(held, dialect)
    if texts.str.fullmatch(r"0\d+").any() and texts.dropna().str.fullmatch(r"\d+").all():
        return None
    wrong = np.isnan(found) & texts.notna().to_numpy()
    if not wrong.any():
        gone = (held.places < 0).any() or np.isnan(found).any()
        if not gone and (found == found.round()).all() and np.abs(found).max() < 2**53:
            return held.cells(found.astype(np.int64))
        return np.where(held.places < 0, np.nan, held.cells(found))
    known = texts.notna().to_numpy()
    if is_slip(held.counts[known], wrong[known]):
        place = int(np.flatnonzero(wrong)[0])
        raise UserError(
            f"row {texts.index[place]}, column '{name}': {str(held.each.iloc[place])[:40]!r} is no "
            f"number, as {held.counts[known & ~wrong].sum():,} others are; mend it, or leave the "
            "column out with --drop."
        )
    return None


def taken(frame: Frame, options: Options) -> tuple[list[Any], dict[Any, str]]:
    """The columns that are looked at, and those that a person leaves out, with why.

    Raises:
        UserError: A column is named that is not there.
    """
    known = {str(name): name for name in frame.columns}

    def real(role: str, name: Any) -> Any:
        one_of(f"column in --{role}", str(name), known)
        return known[str(name)]

    apart = {real("drop", name): "dropped" for name in options.drop}
    for role in ("label", "key"):
        if (name := getattr(options, role)) is not None:
            apart[real(role, name)] = f"the {role}"
    kept = [real("columns", name) for name in options.columns] or list(frame.columns)
    apart |= {
        name: "not among --columns"
        for name in frame.columns
        if name not in kept and name not in apart
    }
    return [name for name in kept if name not in apart], apart


def marks_of_rows(frame: Frame, names: Sequence[Any]) -> np.ndarray:
    """A number for each row that depends on its content alone, uint64 with shape (N,).

    Numbers count as double precision and everything else as text, so that a row keeps its number
    whatever other rows make of the type of a column.

    Arguments:
        frame: A table.
        names: Of the columns that count, in an order that is always the same.
    """
    total = np.zeros(len(frame), np.uint64)
    for start in range(0, len(frame), ROWS):
        rows = slice(start, start + ROWS)
        for place, name in enumerate(names):
            held, so_far = _hashed(frame[name].iloc[rows]), total[rows]
            total[rows] = (so_far * np.uint64(0x9E3779B97F4A7C15) + held) ^ (
                so_far >> np.uint64(29)
            )
            total[rows] += np.uint64(place)
    return total


def _hashed(cells: Cells) -> np.ndarray:
    import pandas as pd
    from pandas import util

    hash_array: Any = util.hash_array
    kind = cells.dtype
    if pd.api.types.is_datetime64_any_dtype(kind):
        return hash_array(seconds(cells))
    if pd.api.types.is_numeric_dtype(kind) and not pd.api.types.is_bool_dtype(kind):
        values = cells.to_numpy(np.float64, na_value=np.nan)
        return hash_array(values + 0.0)  # no negative zero
    held = Texts.of(cells)
    known = np.array([*map(str, held.each), ""], dtype=object)  # the last of missing cells
    return held.cells(hash_array(known, categorize=False))
