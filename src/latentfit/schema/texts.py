"""Columns of texts, looked at a text at a time instead of a cell at a time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from latentfit.schema.base import Cells

KEPT_ONCE = "texts, each kept once"
"""Name of the categories of a column of a file whose texts are kept once, to spare memory: it is
one of texts, not one of a type of its own."""


TRUTH = {"true": True, "false": False}
"""What texts of a column of truths mean, in small letters."""


@dataclass(frozen=True)
class Texts:
    """The different texts of a column.

    Attributes:
        each: The texts in the order in which they come, under the row in which each comes first.
        counts: In how many cells each stands.
        places: Of each cell's text among them, int (N,); -1 where a cell is missing.
    """

    each: Cells
    counts: np.ndarray
    places: np.ndarray

    @classmethod
    def of(cls, cells: Cells) -> Texts:
        """Those of a column.

        Example:
            >>> import pandas as pd
            >>> held = Texts.of(pd.Series(["b", None, "a", "b"]))
            >>> held.each.to_dict(), held.counts.tolist(), held.places.tolist()
            ({0: 'b', 2: 'a'}, [2, 1], [0, -1, 1, 0])
        """
        import pandas as pd

        places, found = pd.factorize(cells)
        highest = np.maximum.accumulate(places)
        first = np.flatnonzero(np.r_[highest[:1] >= 0, highest[1:] > highest[:-1]])
        each = pd.Series(np.asarray(found, object), cells.index[first], dtype=object)
        return cls(each, np.bincount(places[places >= 0], minlength=len(each)), places)

    def cells(self, values: np.ndarray) -> np.ndarray:
        """A value of each text where the text stands; those of missing cells are any."""
        return values[self.places]


def is_kept_once(cells: Cells) -> bool:
    """Whether a column is one of texts that are kept once each."""
    held = getattr(cells.dtype, "categories", None)
    return held is not None and held.name == KEPT_ONCE


def type_of(cells: Cells) -> str:
    """The type of a column as the file has it."""
    return "str" if is_kept_once(cells) else str(cells.dtype)
