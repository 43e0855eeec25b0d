"""Large text files of tables, read a piece at a time."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, TextIO

import numpy as np

from latentfit.schema.base import Cells, Frame

ROWS = 1 << 16
"""Of a piece."""


def in_pieces(
    opened: Callable[[], AbstractContextManager[TextIO]], options: dict[str, Any], rows: int
) -> Frame:
    """A table that lies in memory little more than once while it is read.

    Numbers go straight to where they stay; texts are kept once each, with numbers for the rows.

    Arguments:
        opened: Opens the file.
        options: Of `pandas.read_csv`; `names` are those of the columns.
        rows: How many there are.
    """
    import pandas as pd

    columns: dict[Any, Any] = dict.fromkeys(options["names"], ())
    with opened() as file:
        for number, piece in enumerate(pd.read_csv(file, chunksize=ROWS, **options)):
            for name, held in columns.items():
                if held is not None:
                    columns[name] = _grown(held, piece[name], number * ROWS, rows)
    for name, held in columns.items():
        if held is None:  # numbers in some pieces, texts in others
            with opened() as file:
                columns[name] = pd.read_csv(file, usecols=[name], **options)[name]
        elif isinstance(held, list):
            from pandas.api.types import union_categoricals

            columns[name] = pd.Series(union_categoricals(held)).astype("str")
    return pd.DataFrame(columns, copy=False)


def _grown(held: Any, cells: Cells, start: int, rows: int) -> Any:
    """A column with one more piece; None where its types do not say what the whole one's is."""
    import pandas as pd

    if not pd.api.types.is_numeric_dtype(cells.dtype):
        more = cells.astype("category")
        return [*held, more] if isinstance(held, list) or start == 0 else None
    if isinstance(held, list):
        return None
    values = cells.to_numpy()
    if start == 0:
        held = np.empty(rows, values.dtype)
    if (held.dtype == bool) != (values.dtype == bool):
        return None
    if np.result_type(held, values) != held.dtype:
        held = held.astype(np.result_type(held, values))
    held[start : start + len(values)] = values
    return held
