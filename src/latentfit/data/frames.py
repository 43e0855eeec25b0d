"""From tables, in memory or in files, to a data set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from latentfit.checks import UserError
from latentfit.data.assemble import Found, assemble
from latentfit.data.base import Data
from latentfit.data.options import Options
from latentfit.data.tables import marks_of_rows, read_table, taken, tidy
from latentfit.schema import Dialect, Numbers, Schema, Table
from latentfit.schema.base import Frame
from latentfit.schema.infer import no_part, table_of
from latentfit.schema.objects import named

ALLOWED = ("scale", "label", "drop", "columns", "key")


def from_file(path: Path, name: str, options: Options, schema: Schema | None) -> Data:
    """A data set of a file of rows.

    Arguments:
        path: A text, parquet or Feather file.
        name: What reports call it.
        options: How to read it.
        schema: That of a model, where one is there.

    Raises:
        UserError: It cannot be read, or holds what is no table.
    """
    known = schema.dialect.decimal if isinstance(schema, Table | Numbers) else None
    texts = schema.texts if isinstance(schema, Table) else ()
    held: list[Any] = [*read_table(path, known, texts)]
    notes, dialect = held.pop(), held.pop()
    # Handed over, so that nothing here holds a large table while it is used up.
    return table(
        held.pop(), name=name, options=options, schema=schema, dialect=dialect, notes=notes
    )


def table(
    frame: Frame,
    *,
    name: str = "table",
    options: Options | None = None,
    schema: Schema | None = None,
    dialect: Dialect | None = None,
    notes: Sequence[str] = (),
    counts: dict[str, int] | None = None,
) -> Data:
    """A data set of a table in memory.

    Arguments:
        frame: A row for each sample.
        name: What reports call it.
        options: Which columns are what, and the scale of the numbers.
        schema: That of a model: its columns are looked for by their names.
        dialect: Of the file that it was read from.
        notes: What a person should know already.
        counts: Rows of each split, one split after the other, where they are split already.

    Raises:
        UserError: There are too few rows or columns, or a cell is not understood.

    Example:
        >>> import pandas as pd
        >>> frame = pd.DataFrame({"height": np.arange(40.0), "sex": ["f", "m"] * 20})
        >>> data = table(frame)
        >>> data.shape, data.seen, len(data.train) + len(data.validation) + len(data.test)
        ((2,), (2,), 40)
    """
    options, dialect = options or Options(), dialect or Dialect()
    if options.kind == "images":
        raise UserError(f"'{name}' is a table and holds no images; leave --kind out.")
    options.must_be_among(ALLOWED, "tables")
    frame, forms, more = _tidy(frame, dialect, schema)
    notes = [*notes, *more]
    if len(frame) == 0:
        raise UserError(f"'{name}' has no rows; it needs one for each sample.")
    if schema is not None:
        return _under(schema, frame, name, options, list(notes), counts)
    kept, apart = taken(frame, options)
    said = list(notes)
    if options.kind not in ("signals", "vectors"):
        useless = no_part(frame[kept], forms)
        said += [f"column '{column}' is {why} and left out." for column, why in useless.items()]
        kept, apart = [column for column in kept if column not in useless], apart | useless
    if not kept:
        told = "; ".join(f"'{column}' is {why}" for column, why in list(apart.items())[:5])
        raise UserError(f"no column of '{name}' is left ({told}); give others.")
    whole = _found(frame, kept, options)
    if options.kind in ("signals", "vectors"):
        return _numbers(whole, name, options, dialect, said, tuple(map(str, apart)), counts)
    found = _cut(whole, counts)

    def fit(found: Found, train: Tensor) -> Schema:
        chosen, more = table_of(
            found.x,
            train.numpy(),
            apart={str(n) if not isinstance(n, int) else n: why for n, why in apart.items()},
            forms=forms,
            dialect=dialect,
            scale=options.scale or "each",
        )
        said.extend(more)
        return chosen

    del frame, whole  # a large one shall not lie beside what is made of it
    data = assemble(found, name=name, fit=fit, also=options.scale or "",
                    together=options.key is not None)  # fmt: skip
    return replace(data, notes=tuple(said))


def rows(frame: Frame, schema: Table) -> Tensor:
    """The rows of a table, in their order, as the network of a model sees them, (N, entries).

    Arguments:
        frame: A row for each sample.
        schema: Of the model.

    Raises:
        UserError: A column is absent, or a cell is not understood.

    Example:
        >>> import pandas as pd
        >>> frame = pd.DataFrame({"height": np.arange(40.0), "tall": ["false", "true"] * 20})
        >>> rows(frame[:3], table(frame).schema)[:, 1]
        tensor([0., 1., 0.])
    """
    return schema.apply(_tidy(frame, schema.dialect, schema)[0])


def _tidy(
    frame: Frame, dialect: Dialect, schema: Schema | None
) -> tuple[Frame, dict[Any, str], list[str]]:
    known = schema.texts if isinstance(schema, Table) else set[str]()
    numbers = set[str]()
    if isinstance(schema, Table) and schema.lenient:  # a cell speaks for itself, not for its column
        numbers = schema.numbers
        known = set(map(str, frame.columns)) - numbers
    return tidy(named(frame).reset_index(drop=True), dialect, known, numbers)


def _found(frame: Frame, kept: list[Any], options: Options) -> Found:
    """The samples of a table, their labels and keys."""
    by_name = {str(name): name for name in frame.columns}
    label = None if options.label is None else frame[by_name[options.label]]
    if label is not None and label.dtype.kind in "iu" and label.nunique() > max(2, len(label) // 2):
        raise UserError(
            f"column '{label.name}' has {label.nunique():,} different labels for {len(label):,} "
            "rows; a label is a class, so name another column, or none."
        )
    if options.key is None:
        # By name: a file with its columns in another order has the same samples.
        marks = marks_of_rows(frame, sorted(kept, key=str))
        return Found(x=_only(frame, kept), y=label, marks=marks)
    key = by_name[options.key]
    if (gone := frame[key].isna()).any():
        row = int(np.flatnonzero(gone.to_numpy())[0])
        raise UserError(f"the key of row {row} is missing; give each row one.")
    return Found(
        x=_only(frame, kept),
        y=label,
        ids=frame[key].astype(object).to_numpy(),
        marks=marks_of_rows(frame, [key]),
    )


def _only(frame: Frame, kept: list[Any]) -> Frame:
    """Some columns of a table, without a copy of what is in them."""
    found = frame.copy(deep=False)
    for name in set(frame.columns) - set(kept):
        del found[name]
    return found


def _cut(whole: Found, counts: dict[str, int] | None) -> dict[str, Found]:
    """The samples by their splits, where they have some; their ids stay those of the whole."""
    if counts is None:
        return {"train": whole}
    found, start = {}, 0
    ids = np.arange(len(whole)) if whole.ids is None else whole.ids
    for part, count in counts.items():
        rows = slice(start, start + count)
        x = whole.x.iloc[rows] if hasattr(whole.x, "iloc") else whole.x[rows]
        y, marks = (None if held is None else held[rows] for held in (whole.y, whole.marks))
        found[part] = Found(x=x, y=y, ids=ids[rows], marks=marks)
        start += count
    return found


def _under(
    schema: Schema,
    frame: Frame,
    name: str,
    options: Options,
    notes: list[str],
    counts: dict[str, int] | None,
) -> Data:
    """A table read as that of a model."""
    if not isinstance(schema, Table | Numbers) or not schema.names:
        raise UserError(f"'{name}' is a table, the model takes none; give data of its kind.")
    roles: dict[str, str | None] = {"label": options.label, "key": options.key}
    apart = dict(schema.apart) if isinstance(schema, Table) else {}
    for role in roles:
        told = next((n for n, why in apart.items() if why == f"the {role}"), None)
        if roles[role] is None and told in frame.columns:
            roles[role] = str(told)
    names = schema.names if isinstance(schema, Table) else list(schema.names)
    columns = {str(column): column for column in frame.columns}
    absent = [str(n) for n in names if str(n) not in columns]
    if absent:
        raise UserError(
            f"'{name}' has no column '{absent[0]}'; the model was trained on "
            f"{', '.join(map(str, names[:8]))}{', ...' if len(names) > 8 else ''}, the file has "
            f"{', '.join(columns)}."
        )
    if isinstance(schema, Table):
        frame = frame.rename(columns={columns[str(n)]: n for n in names})
        if more := [
            str(n) for n in schema.unknown(list(frame.columns)) if str(n) not in roles.values()
        ]:
            notes.append(f"columns that the training did not have are not used: {', '.join(more)}.")
    kept = names if isinstance(schema, Table) else [columns[str(n)] for n in names]
    whole = _found(frame, list(kept), replace(options, **roles))
    if isinstance(schema, Numbers):
        whole = replace(whole, x=_plain(whole.x))
    return assemble(_cut(whole, counts), name=name, fit=_never, schema=schema, notes=notes,
                    together=roles["key"] is not None)  # fmt: skip


def _never(whole: Found, train: Tensor) -> Schema:
    raise AssertionError("a schema was given")


def _numbers(
    whole: Found,
    name: str,
    options: Options,
    dialect: Dialect,
    notes: list[str],
    apart: tuple[str, ...],
    counts: dict[str, int] | None,
) -> Data:
    """A table of numbers of one kind: vectors, or signals whose columns are positions."""
    signal = options.kind == "signals"
    scale = options.scale or ("common" if signal else "each")
    names = tuple(map(str, whole.x.columns))
    whole = replace(whole, x=_plain(whole.x))

    def fit(found: Found, train: Tensor) -> Schema:
        return Numbers.fit(found.x[train.numpy()], scale=scale, signal=signal, names=names,
                           dialect=dialect, apart=apart)  # fmt: skip

    also = f"{options.kind} {scale}"
    return assemble(_cut(whole, counts), name=name, fit=fit, notes=notes, also=also,
                    together=options.key is not None)  # fmt: skip


def _plain(frame: Frame) -> np.ndarray:
    """The cells of a table of numbers.

    Raises:
        UserError: A column holds other values, or a cell is missing.
    """
    import pandas as pd

    for name in frame.columns:
        cells = frame[name]
        if not pd.api.types.is_numeric_dtype(cells.dtype):
            raise UserError(
                f"column '{name}' holds {str(cells.iloc[0])[:30]!r}; signals and vectors are "
                "numbers: name it by --label or --drop, or leave --kind out."
            )
        if cells.isna().any():
            row = cells.index[int(np.flatnonzero(cells.isna().to_numpy())[0])]
            raise UserError(
                f"row {row}, column '{name}' is missing; signals and vectors have no missing "
                "cells: fill it, or leave --kind out."
            )
    return frame.to_numpy()
