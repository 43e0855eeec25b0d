"""Feature matrices: one row a sample, from PyTorch or NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from latentfit.checks import UserError

Features = Tensor | NDArray[Any]
"""Features (N, k), one row a sample; any float type, computed on in float64."""


def matrix(rows: Features, *, least: int = 1, what: str = "features") -> Tensor:
    """Rows as a float64 tensor without gradient.

    Arguments:
        rows: With shape (N, k).
        least: Smallest N.
        what: What the rows are, for the error.

    Raises:
        UserError: Not a matrix, too few rows, or NaN or infinity among the entries.

    Example:
        >>> matrix(np.ones((2, 3), np.float32)).dtype
        torch.float64
    """
    if isinstance(rows, np.ndarray):
        rows = torch.from_numpy(np.require(rows, requirements="W"))  # torch warns of read-only ones
    held = rows.detach().double()
    if held.dim() != 2:
        raise UserError(f"{what} must be (N, k), got {tuple(rows.shape)}; flatten them.")
    if len(held) < least:
        raise UserError(f"{what} must have at least {least} rows, got {len(held)}.")
    # One entry that is not finite makes the sum so, and so can finite ones near float64's largest.
    if not bool(held.sum().isfinite()) and not bool(held.isfinite().all()):
        raise UserError(f"{what} hold NaN or infinity; look at the samples that made them.")
    return held


def pair(a: Features, b: Features, *, least: int = 1) -> tuple[Tensor, Tensor]:
    """Two float64 matrices of one width, on the first one's device, without gradient.

    Arguments:
        a: With shape (N, k).
        b: With shape (M, k).
        least: Smallest N and M.

    Raises:
        UserError: One is not a matrix, has too few rows, or holds NaN or infinity; or their widths
            differ.
    """
    x, y = matrix(a, least=least), matrix(b, least=least)
    if x.shape[1] != y.shape[1]:
        raise UserError(f"feature widths differ: {x.shape[1]} and {y.shape[1]}; use one extractor.")
    return x, y.to(x.device)
