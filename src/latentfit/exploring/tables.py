"""Places of entries, told by as few numbers as they need."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

GONE = -(2**30)
"""Stands in a table where there is no entry: whatever is added, the sum is below zero."""


def tables(index: Tensor) -> list[np.ndarray]:
    """A table for each axis whose sums are the places; one of all places where there are none.

    Slices, transpositions, repetitions, paddings and the patches of a convolution are such sums.

    Arguments:
        index: Places, int64 of any shape; -1 where there is none.

    Returns:
        int32, the last axis fastest; where a sum is below zero there is no entry.

    Example:
        >>> [table.tolist() for table in tables(torch.arange(6).reshape(2, 3).T)]
        [[0, 1, 2], [0, 3]]
        >>> [table.tolist() for table in tables(torch.tensor([[3, 1], [1, 1]]))]
        [[3, 1, 1, 1]]
    """
    whole = [index.flatten().numpy().astype(np.int32)]
    if index.dim() < 2 or not bool((index >= 0).any()):
        return whole
    first = tuple((index >= 0).nonzero()[0].tolist())
    found = []
    for axis in range(index.dim()):
        line = index[(*first[:axis], slice(None), *first[axis + 1 :])]
        found.append(torch.where(line < 0, GONE, line - (int(index[first]) if axis else 0)))
    total = torch.zeros((), dtype=torch.int64)
    for axis, line in enumerate(found):
        total = total + line.reshape(-1, *(1,) * (index.dim() - 1 - axis))
    if not torch.equal(total.clamp_min(-1), index):
        return whole
    kept = [line for axis, line in enumerate(found) if axis == 0 or len(line) > 1]
    return [line.numpy().astype(np.int32) for line in kept]
