"""Kernel distance between feature sets (KID)."""

from __future__ import annotations

import torch
from torch import Tensor

from latentfit.checks import within
from latentfit.metrics.matrix import Features, Known, known, pair
from latentfit.metrics.spread import Estimate


def kid(
    a: Features, b: Features | Known, *, subsets: int = 100, size: int = 1000, seed: int = 0
) -> Estimate:
    r"""Squared maximum mean discrepancy with the kernel :math:`(x \cdot y / k + 1)^3`.

    The unbiased estimator

    .. math:: \frac{\sum_{i \neq j} k(a_i, a_j) + \sum_{i \neq j} k(b_i, b_j)}{n (n - 1)}
              - 2 \, \overline{k(a_i, b_j)}

    averaged over random subsets of each set. Unlike the Frechet distance it has no bias at small
    counts, and it may be negative.

    Arguments:
        a: Features, with shape (N, k), N at least 2.
        b: Features, with shape (M, k), M at least 2.
        subsets: Number of subsets; 1 where `size` takes in both sets whole.
        size: Rows of a subset, at most N and M.
        seed: Of the subsets.

    Returns:
        Mean and standard deviation over the subsets, and their number. Usually shown times 1000.

    Raises:
        UserError: `subsets` is below 1 or `size` below 2, a set has fewer than 2 rows or holds NaN
            or infinity, or they are not matrices of one width.

    References:
        | Demystifying MMD GANs (Binkowski et al., 2018)

    Example:
        >>> x = torch.eye(4)
        >>> round(kid(x, x + 1.0).value, 4)
        12.0078
    """
    b = known(b)
    x, y = pair(a, b, least=2, narrow=True)
    within("subsets", subsets, 1)
    within("size", size, 2, remedy="a subset needs two rows")
    size = min(size, len(x), len(y))
    if size == len(x) == len(y):
        subsets = 1  # every subset is the whole set
    generator = torch.Generator().manual_seed(seed)
    drawn = [
        [torch.randperm(len(rows), generator=generator)[:size].to(x.device) for rows in (x, y)]
        for _ in range(subsets)
    ]
    # The subsets of `b` hang on the counts and the seed alone, not on the other set.
    key = ("kernel", seed, subsets, size, len(x))
    theirs = b.once(key, lambda rows: [_within(rows[places].double()) for _, places in drawn])
    return Estimate.of(
        [
            _unbiased(x[i].double(), y[j].double(), other)
            for (i, j), other in zip(drawn, theirs, strict=True)
        ]
    )


PART = 100  # rows at a time, whose products stay in a core's cache


def _unbiased(x: Tensor, y: Tensor, within_y: float) -> float:
    n = len(x)
    return ((_within(x) + within_y) / (n - 1) - 2 * _sum(x, y) / n) / n


def _within(rows: Tensor) -> float:
    """Sum of the kernel over all pairs of two different rows."""
    total = 0.0
    for start in range(0, len(rows), PART):
        part = rows[start : start + PART]
        # Each pair once and twice its value, but for those of the part itself.
        own = _cube(part @ part.T, rows) - _cube(part.square().sum(1), rows)
        total += own + 2 * _cube(part @ rows[start + PART :].T, rows)
    return total


def _sum(p: Tensor, q: Tensor) -> float:
    """Sum of the kernel over all pairs."""
    return sum(_cube(part @ q.T, q) for part in p.split(PART))


def _cube(products: Tensor, rows: Tensor) -> float:
    base = products / rows.shape[1] + 1
    return float((base * base * base).sum())  # a general power takes ten times as long
