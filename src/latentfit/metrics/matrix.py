"""Feature matrices: one row a sample, from PyTorch or NumPy."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor

from latentfit.checks import UserError
from latentfit.shapes import as_array, as_tensor

Features = Tensor | ArrayLike
"""Features (N, k), one row a sample: a tensor, or what NumPy takes as an array, such as a view of
any strides and byte order, a table or nested lists; numbers of any type, computed on in float64."""


Found = TypeVar("Found")


class Known:
    """Rows that several sets are compared with: what scores find of them alone is found once.

    Arguments:
        rows: Features, with shape (N, k).

    Raises:
        UserError: Not a matrix, no rows, or NaN or infinity among the entries.

    Example:
        >>> from latentfit import metrics
        >>> test = Known(torch.randn(50, 2))
        >>> metrics.frechet(test.rows, test) == metrics.frechet(test.rows, test.rows)
        True
    """

    def __init__(self, rows: Features) -> None:
        self.rows = matrix(rows, narrow=True)
        self._found: dict[Hashable, Any] = {}

    def once(self, key: Hashable, find: Callable[[Tensor], Found]) -> Found:
        """What `find` finds of the rows, found when it is first asked for by that key."""
        if key not in self._found:
            self._found[key] = find(self.rows)
        return self._found[key]


def known(rows: Features | Known) -> Known:
    """The rows with what is known of them."""
    return rows if isinstance(rows, Known) else Known(rows)


@contextmanager
def whole_float32() -> Iterator[None]:
    """Products of float32 matrices to its last digit inside, whatever a training has chosen."""
    matmul, convolution = torch.get_float32_matmul_precision(), torch.backends.cudnn.allow_tf32
    torch.set_float32_matmul_precision("highest")
    torch.backends.cudnn.allow_tf32 = False
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(matmul)
        torch.backends.cudnn.allow_tf32 = convolution


def numbers(x: Tensor | ArrayLike, what: str, *, narrow: bool = False) -> Tensor:
    """Numbers of any shape as a float64 tensor without gradient; a copy where one is needed.

    Arguments:
        x: The numbers.
        what: What they are, for the error.
        narrow: Leave float32 tensors as they are, for who makes float64 of a part at a time.

    Raises:
        UserError: They are no real numbers, or no array of one shape.

    Example:
        >>> numbers(np.arange(3, dtype=">i2")[::-1], "x")
        tensor([2., 1., 0.], dtype=torch.float64)
    """
    if isinstance(x, Tensor):
        if x.is_complex() or x.layout != torch.strided:
            raise UserError(f"{what} are a tensor of {x.dtype}, {x.layout}; give dense real ones.")
        held = x.detach() if narrow and x.dtype == torch.float32 else x.detach().double()
        return held.contiguous()
    held = as_array(x, what)
    if held.dtype.kind not in "uifb":
        raise UserError(f"{what} hold {held.dtype} values; numbers are needed.")
    return as_tensor(held.astype(np.float64, copy=False))


def matrix(
    rows: Features, *, least: int = 1, what: str = "features", narrow: bool = False
) -> Tensor:
    """Rows as a float64 tensor without gradient.

    Arguments:
        rows: With shape (N, k).
        least: Smallest N.
        what: What the rows are, for the error.
        narrow: Leave float32 tensors as they are.

    Raises:
        UserError: Not a matrix of numbers, too few rows, or NaN or infinity among the entries.

    Example:
        >>> matrix(np.ones((2, 3), np.float32)).dtype
        torch.float64
    """
    held = numbers(rows, what, narrow=narrow)
    if held.dim() != 2:
        raise UserError(f"{what} must be (N, k), got {tuple(held.shape)}; flatten them.")
    if len(held) < least:
        raise UserError(f"{what} must have at least {least} rows, got {len(held)}.")
    # One entry that is not finite makes the sum so, and so can finite ones near float64's largest.
    if not bool(held.sum().isfinite()) and not bool(held.isfinite().all()):
        raise UserError(f"{what} hold NaN or infinity; look at the samples that made them.")
    return held


def pair(
    a: Features | Known, b: Features | Known, *, least: int = 1, narrow: bool = False
) -> tuple[Tensor, Tensor]:
    """Two float64 matrices of one width, on the first one's device, without gradient.

    Arguments:
        a: With shape (N, k).
        b: With shape (M, k).
        least: Smallest N and M.
        narrow: Leave float32 tensors as they are.

    Raises:
        UserError: One is not a matrix, has too few rows, or holds NaN or infinity; or their widths
            differ.
    """
    x, y = (
        matrix(rows.rows if isinstance(rows, Known) else rows, least=least, narrow=narrow)
        for rows in (a, b)
    )
    if x.shape[1] != y.shape[1]:
        raise UserError(f"feature widths differ: {x.shape[1]} and {y.shape[1]}; use one extractor.")
    return x, y.to(x.device)
