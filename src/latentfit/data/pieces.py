"""Large text files of tables, read a piece at a time."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, TextIO

import numpy as np

from latentfit.schema.base import Cells, Frame
from latentfit.schema.texts import KEPT_ONCE

ROWS = 1 << 15
"""Of a piece."""


def in_pieces(
    opened: Callable[[], AbstractContextManager[TextIO]], options: dict[str, Any], rows: int
) -> Frame:
    """A table that lies in memory little more than once while it is read.

    Numbers go straight to where they stay; texts are kept once each, unless most differ.

    Arguments:
        opened: Opens the file.
        options: Of `pandas.read_csv`; `names` are those of the columns.
        rows: How many there are.

    Raises:
        ValueError: There are others.
    """
    import pandas as pd

    with opened() as file:
        first = pd.read_csv(file, nrows=ROWS, **options).dtypes
    texts: dict[Any, dict[str, int]] = {
        name: {} for name, kind in first.items() if not pd.api.types.is_numeric_dtype(kind)
    }
    dtypes = options["dtype"] | dict.fromkeys(texts, object)
    columns: dict[Any, Any] = {
        name: np.empty(rows, np.int8 if name in texts else kind) for name, kind in first.items()
    }
    count = 0
    with opened() as file:
        for piece in pd.read_csv(file, chunksize=ROWS, **options | {"dtype": dtypes}):
            if count + len(piece) > rows:
                raise ValueError(f"more rows than the {rows:,} of another count")
            for name, held in columns.items():
                if held is not None:
                    cells = piece[name]
                    values = _numbered(cells, texts[name]) if name in texts else cells
                    columns[name] = _grown(held, values, count)
            count += len(piece)
    if count != rows:
        raise ValueError(f"{rows:,} rows by one count, {count:,} by another")
    for name, held in columns.items():
        if held is None:  # numbers in some pieces, texts in others
            with opened() as file:
                columns[name] = pd.read_csv(file, usecols=[name], **options)[name]
        elif name in texts:
            levels = pd.Index(list(texts.pop(name)), dtype="str", name=KEPT_ONCE)
            cells = pd.Series(pd.Categorical.from_codes(held, levels, validate=False))
            columns[name] = cells if len(levels) <= rows // 8 else cells.astype("str")
    return pd.DataFrame(columns, copy=False)


def _numbered(cells: Cells, levels: dict[str, int]) -> np.ndarray:
    """The numbers of the texts of a piece, of the smallest type; new texts get the next ones."""
    import pandas as pd

    places, found = pd.factorize(cells)
    numbers = [levels.setdefault(text, len(levels)) for text in found]
    return np.array([*numbers, -1], np.min_scalar_type(-1 - len(levels)))[places]


def _grown(held: np.ndarray, values: Any, start: int) -> np.ndarray | None:
    """A column with one more piece; None where its types do not say what the whole one's is."""
    values = np.asarray(values)
    if values.dtype == object or (held.dtype == bool) != (values.dtype == bool):
        return None
    held = held.astype(np.result_type(held, values), copy=False)
    held[start : start + len(values)] = values
    return held
