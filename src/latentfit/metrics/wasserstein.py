"""Wasserstein distances between sets of vectors."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from latentfit.checks import UserError, one_of, within
from latentfit.metrics.matrix import Features, Known, known, pair

EXACT = 5_000  # rows from which the assignment takes minutes


def sliced_wasserstein(
    a: Features, b: Features | Known, *, directions: int = 512, p: int = 2, seed: int = 0
) -> float:
    r"""Wasserstein distance of random one-dimensional projections.

    .. math:: \left( \mathbb{E}_\theta \, W_p^p(\theta \cdot a, \theta \cdot b) \right)^{1/p}

    Arguments:
        a: With shape (N, k).
        b: With shape (N, k), as many rows.
        directions: Number of directions, uniform on the sphere.
        p: 1 or 2.
        seed: Of the directions.

    Returns:
        At least 0, in units of the features; at most the exact distance.

    Raises:
        UserError: `p` is neither 1 nor 2, `directions` is below 1, or the sets are not matrices of
            one shape, have no rows, or hold NaN or infinity.

    References:
        | Sliced and Radon Wasserstein Barycenters of Measures (Bonneel et al., 2015)

    Example:
        >>> x = torch.randn(100, 1)
        >>> round(sliced_wasserstein(x, x + 3.0), 6)
        3.0
    """
    b = known(b)
    x, _ = _equal(a, b, p)
    within("directions", directions, 1)
    generator = torch.Generator().manual_seed(seed)
    theta = torch.randn(directions, x.shape[1], generator=generator, dtype=torch.float64)
    theta = (theta / theta.norm(dim=1, keepdim=True)).to(x.device)
    total = torch.zeros((), dtype=torch.float64, device=x.device)
    for number, part in enumerate(theta.split(64)):
        key = ("projections", seed, directions, number)
        gap = _projected(x, part) - b.once(
            key, lambda rows, part=part: _projected(rows.double(), part)
        )
        total += gap.abs().pow(p).mean(1).sum()
    return float((total / directions) ** (1 / p))


def _projected(rows: Tensor, directions: Tensor) -> Tensor:
    """Rows (N, k) along each direction (D, k), ascending, with shape (D, N)."""
    held = directions @ rows.T
    if held.device.type != "cpu":
        return held.sort(1).values
    return torch.from_numpy(np.sort(held.numpy(), axis=1))  # PyTorch sorts their numbers as well


def wasserstein(a: Features, b: Features, *, p: int = 2) -> float:
    r"""Exact Wasserstein distance, by an optimal assignment of the rows.

    .. math:: \min_\pi \left( \overline{\|a_i - b_{\pi(i)}\|^p} \right)^{1/p}

    Arguments:
        a: With shape (N, k), N at most 5,000.
        b: With shape (N, k).
        p: 1 or 2.

    Returns:
        At least 0, in units of the features.

    Raises:
        UserError: `p` is neither 1 nor 2, there are more than 5,000 rows or none, or the sets are
            not matrices of one shape or hold NaN or infinity.

    Example:
        >>> wasserstein(torch.tensor([[0.0], [1.0]]), torch.tensor([[1.0], [2.0]]))
        1.0
    """
    from scipy.optimize import linear_sum_assignment

    x, y = _equal(a, b, p)
    within("rows", len(x), 1, EXACT, remedy="use sliced_wasserstein, or fewer rows")
    cost = torch.cdist(x, y, compute_mode="donot_use_mm_for_euclid_dist").pow(p).cpu().numpy()
    return float(cost[linear_sum_assignment(cost)].mean() ** (1 / p))


def _equal(a: Features, b: Features | Known, p: int) -> tuple[Tensor, Tensor]:
    one_of("p", str(p), ("1", "2"))
    x, y = pair(a, b)
    if len(x) != len(y):
        raise UserError(f"both sets need as many rows, got {len(x)} and {len(y)}.")
    return x, y
