"""Tables: files and frames to columns of numbers, choices and dates."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np

from latentfit.checks import UserError, one_of
from latentfit.data.options import Options
from latentfit.data.text import MISSING, look_at, opened
from latentfit.schema import Dialect
from latentfit.schema.base import Cells, Frame
from latentfit.schema.quantities import seconds

TEXT = (".csv", ".tsv", ".csv.gz", ".tsv.gz")
BINARY = (".parquet", ".feather", ".arrow")
GAPS = sorted({form for word in MISSING for form in (word, word.upper(), word.capitalize())}
              | {"NaN", "N/A"})  # fmt: skip
TRUTH = {"true": True, "false": False}
FORMS = (
    "%Y-%m-%d", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%SZ",
    "%Y/%m/%d", "%d.%m.%Y", "%d.%m.%Y %H:%M", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%H:%M:%S",
    "%Y-%m-%d %H:%M:%S.%f", "%Y-%m-%dT%H:%M:%S.%f", "%Y-%m", "%b %d, %Y", "%d %b %Y",
)  # fmt: skip
MOST_WRONG = 0.05
"""Share of cells up to which texts among numbers are slips, and not values of their own."""


def read_table(path: Path, decimal: str | None = None) -> tuple[Frame, Dialect, list[str]]:
    """The rows of a file, how it is written, and what a person should know.

    Arguments:
        path: A text, parquet or Feather file.
        decimal: Mark before the decimals, where it is known; else it is found.

    Raises:
        UserError: It cannot be read, or a package for it is missing.
    """
    import pandas as pd

    if path.name.lower().endswith(TEXT):
        return _text(path, decimal)
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


def _text(path: Path, decimal: str | None) -> tuple[Frame, Dialect, list[str]]:
    import pandas as pd

    found = look_at(path)
    dialect = found.dialect if decimal is None else Dialect(
        found.dialect.separator, decimal, found.dialect.header
    )  # fmt: skip
    # One column has nothing that separates cells.
    separator = found.dialect.separator if len(found.names) > 1 else "\x1f"
    try:
        with opened(path, found.encoding) as file:
            frame = pd.read_csv(
                file,
                sep=separator,
                decimal=dialect.decimal,
                header=0 if dialect.header else None,
                names=list(range(len(found.names))),
                index_col=False,
                dtype=dict.fromkeys(found.zeros, str),
                na_values=GAPS,
                skipinitialspace=True,
                low_memory=len(found.names) * found.rows > 1 << 22,
            )
    except (ValueError, OSError) as error:  # pandas' own errors are among these
        raise UserError(f"{path} cannot be read as a table ({error}); save it again.") from error
    frame.columns = found.names if dialect.header else list(range(len(found.names)))
    if found.index:
        frame = frame.iloc[:, 1:] if _names_rows(frame.iloc[:, 0]) else frame
    return frame, dialect, [found.note] if found.note else []


def _names_rows(cells: Cells) -> bool:
    return bool(cells.is_unique)


def _without_index(frame: Frame) -> Frame:
    """Row names that hold something become columns."""
    import pandas as pd

    return frame if isinstance(frame.index, pd.RangeIndex) else frame.reset_index()


def tidy(frame: Frame, dialect: Dialect) -> tuple[Frame, dict[Any, str]]:
    """Columns of texts that are numbers, truths or dates as such, and the forms of the dates.

    Raises:
        UserError: A few texts stand among numbers; the first is named by row and column.
    """
    import pandas as pd

    forms: dict[Any, str] = {}
    new: dict[Any, Cells] = {}
    for name in frame.columns:
        cells = frame[name]
        if pd.api.types.is_complex_dtype(cells.dtype):
            raise UserError(f"column '{name}' holds complex numbers; give real ones.")
        if not (
            pd.api.types.is_object_dtype(cells.dtype) or pd.api.types.is_string_dtype(cells.dtype)
        ):
            continue
        texts = cells.dropna()
        if texts.empty:
            continue
        if pd.api.types.is_object_dtype(cells.dtype):
            _must_be_plain(cells)
            mixed = cells.map(lambda cell: not isinstance(cell, str), na_action="ignore")
            if mixed.dropna().all():
                new[name] = cells.infer_objects()
                continue
        number = _numbers(cells, dialect)
        if number is not None:
            new[name] = number
        elif form := _form(texts):
            forms[name] = form
        elif set(texts.astype(str).str.strip().str.lower().unique()) <= TRUTH.keys():
            truth = cells.astype(object).map(
                lambda c: TRUTH[str(c).strip().lower()], na_action="ignore"
            )
            new[name] = truth.astype("boolean" if cells.hasnans else "bool")
    return (_with(frame, new) if new else frame), forms


def _with(frame: Frame, new: dict[Any, Cells]) -> Frame:
    import pandas as pd

    return pd.concat({name: new.get(name, frame[name]) for name in frame.columns}, axis=1)


def _must_be_plain(cells: Cells) -> None:
    for row, cell in cells.dropna().items():
        if isinstance(cell, list | dict | tuple | set | np.ndarray | bytes):
            raise UserError(
                f"row {row}, column '{cells.name}' holds a {type(cell).__name__}; cells are "
                "numbers, texts or dates: leave the column out with --drop."
            )


def _numbers(cells: Cells, dialect: Dialect) -> Cells | None:
    """A column of texts as numbers; None where it is none."""
    import pandas as pd

    texts = cells.astype("string").str.strip()
    texts = texts.mask(texts.str.lower().isin(MISSING))
    if texts.str.fullmatch(r"0\d+").any():
        return None
    thousands = "," if dialect.decimal == "." else r"\."
    grouped = rf"[+-]?\d{{1,3}}({thousands}\d{{3}})+({re.escape(dialect.decimal)}\d+)?"
    plain = texts.where(
        ~texts.str.fullmatch(grouped).fillna(False), texts.str.replace(thousands, "", regex=True)
    )
    if dialect.decimal == ",":
        plain = plain.str.replace(",", ".")
    numbers: Cells = pd.to_numeric(plain.astype(object), errors="coerce")
    found = numbers.astype("float64")
    wrong = (found.isna() & texts.notna()).to_numpy()
    if not wrong.any():
        whole = found.dropna()
        if not found.isna().any() and (whole == whole.round()).all() and whole.abs().max() < 2**53:
            return found.astype("int64")
        return found
    share = wrong.sum() / max(1, int(texts.notna().sum()))
    if share <= MOST_WRONG and texts[wrong].nunique() <= 5 and len(cells) >= 20:
        place = int(np.flatnonzero(wrong)[0])
        raise UserError(
            f"row {cells.index[place]}, column '{cells.name}': {str(cells.iloc[place])[:40]!r} is "
            f"no number, as {int((~wrong).sum()):,} others are; mend it, or leave the column out "
            "with --drop."
        )
    return None


def _form(texts: Cells) -> str:
    """The form of dates that all texts have; '' where they are no dates."""
    import pandas as pd

    first = str(texts.iloc[0]).strip()
    if not re.search(r"\d", first) or len(first) < 7:
        return ""
    for form in FORMS:
        if pd.isna(pd.to_datetime(first, format=form, errors="coerce")):
            continue
        found = pd.to_datetime(texts, format=form, errors="coerce")
        if not found.isna().any():
            return form
    return ""


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


def marks_of_rows(frame: Frame) -> np.ndarray:
    """A number for each row that depends on its content alone, uint64 with shape (N,).

    Numbers count as double precision and everything else as text, so that a row keeps its number
    whatever other rows make of the type of a column.
    """
    import pandas as pd
    from pandas.util import hash_pandas_object

    hash_rows: Any = hash_pandas_object

    def canonical(cells: Cells) -> Cells:
        kind = cells.dtype
        if pd.api.types.is_datetime64_any_dtype(kind):
            return pd.Series(seconds(cells))
        if pd.api.types.is_bool_dtype(kind) or not pd.api.types.is_numeric_dtype(kind):
            return cells.astype("string").fillna("").astype(object)
        return cells.astype("float64") + 0.0  # no negative zero

    total = np.zeros(len(frame), np.uint64)
    for place, name in enumerate(frame.columns):
        held = hash_rows(canonical(frame[name]), index=False).to_numpy()
        total = (total * np.uint64(0x9E3779B97F4A7C15) + held) ^ (total >> np.uint64(29))
        total += np.uint64(place)
    return total
