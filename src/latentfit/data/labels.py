"""Classes of samples: names or numbers of any kind to whole numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from latentfit.checks import UserError
from latentfit.shapes import as_array

MOST = 1_000
"""More different labels than this are no classes."""


def numbered(
    parts: Sequence[Any], counts: Sequence[int], name: str, classes: tuple[str, ...] = ()
) -> tuple[list[Tensor | None], tuple[str, ...]]:
    """The labels of some splits as whole numbers, int64 (N,) each, and the names of the classes.

    Whole numbers from 0 to 999 stay as they are; others, names, truths, dates and categories are
    numbered in sorted order over all splits. Where a split has no labels, none has.

    Arguments:
        parts: Labels of each split, (N,) each; None where there are none.
        counts: Samples of each split.
        name: What errors call the data.
        classes: Names of whole numbers from 0 on.

    Raises:
        UserError: There is not one label for each sample, one is missing, or there are too many
            different ones.

    Example:
        >>> numbered([["b", "a"], ["b"]], [2, 1], "x")
        ([tensor([1, 0]), tensor([1])], ('a', 'b'))
    """
    if any(part is None for part in parts):
        return [None] * len(parts), ()
    arrays = [_array(part, count, name) for part, count in zip(parts, counts, strict=True)]
    whole = np.concatenate(arrays)
    if whole.dtype.kind == "f":
        return numbered([_whole(array, name) for array in arrays], counts, name, classes)
    if whole.dtype.kind == "b":
        return numbered([a.astype(np.int64) for a in arrays], counts, name, ("False", "True"))
    found = np.unique(whole)
    if whole.dtype.kind in "iu" and (classes or (found[0] >= 0 and found[-1] < MOST)):
        return [torch.from_numpy(array.astype(np.int64)) for array in arrays], classes
    if len(found) > min(MOST, max(2, len(whole) // 2)):
        raise UserError(
            f"'{name}' has {len(found):,} different labels for {len(whole):,} samples; a label is "
            "a class, so name another column, or none."
        )
    held = [torch.from_numpy(np.searchsorted(found, array)) for array in arrays]
    return [*held], tuple(map(str, found.tolist()))


def _array(part: Any, count: int, name: str) -> np.ndarray:
    if hasattr(part, "isna"):  # of pandas
        if part.isna().any():
            row = part.index[int(np.flatnonzero(part.isna().to_numpy())[0])]
            raise UserError(f"the label of row {row} of '{name}' is missing; give each row one.")
        part = part.to_numpy()
        part = part.astype(str) if part.dtype == object else part
    array = as_array(part, f"labels of {name}")
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.shape != (count,) or array.dtype.kind not in "uibfUS":
        raise UserError(
            f"labels of '{name}' must be {count} names or whole numbers, got {array.dtype} of "
            f"shape {array.shape}."
        )
    if array.dtype.kind == "S":
        array = np.char.decode(array, "utf-8", "replace")
    return array


def _whole(array: np.ndarray, name: str) -> np.ndarray:
    wrong = ~np.isfinite(array) | (array != np.round(array))
    if wrong.any():
        place = int(np.flatnonzero(wrong)[0])
        raise UserError(
            f"label {array[place]} of sample {place} of '{name}' is no whole number; a label is a "
            "class, so name another column, or none."
        )
    return array.astype(np.int64)
