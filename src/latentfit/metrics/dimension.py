"""Estimates of the intrinsic dimension of points, through scikit-dimension."""

from __future__ import annotations

import math
import statistics
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from latentfit.checks import UserError, one_of, within
from latentfit.metrics.matrix import Features, matrix
from latentfit.metrics.scales import without_near_copies

Array = NDArray[np.float64]


class UndefinedError(UserError):
    """The points say nothing of a dimension: too few differ, or their distances tie."""


@dataclass(frozen=True)
class Dimension:
    """An estimate of an intrinsic dimension.

    Attributes:
        value: On all points that were used.
        low: Lower end of a 95 % interval of its sampling error; a bias is not in it.
        high: Upper end.
    """

    value: float
    low: float
    high: float


def _two_nn(x: Array) -> float:
    from skdim.id import TwoNN

    return float(TwoNN().fit(x).dimension_)


def _mle(x: Array) -> float:
    from skdim.id import MLE

    return float(MLE(K=20).fit(x).dimension_)


def _method_of_moments(x: Array) -> float:
    from skdim.id import MOM

    each = np.abs(MOM().fit_transform_pw(x, n_neighbors=20))
    # A point whose neighbours are all equally far has no estimate; rounding makes a huge one of it.
    return float(np.mean(each)) if each.max() < 1e6 else math.inf


def _local_pca(x: Array) -> float:
    from skdim.id import lPCA
    from sklearn.neighbors import NearestNeighbors

    near = NearestNeighbors(n_neighbors=100).fit(x).kneighbors(x[:200], return_distance=False)
    return statistics.fmean(float(lPCA().fit(x[places]).dimension_) for places in near)


ESTIMATORS: dict[str, Callable[[Array], float]] = {
    "two-nn": _two_nn,
    "mle": _mle,
    "moments": _method_of_moments,
    "local-pca": _local_pca,
}
"""Nearest-neighbour estimators, a little low from 15 dimensions on, and local PCA, which counts the
curvature of the data as well and so is high."""

LEAST = 200  # distinct points; local PCA looks at 100 neighbours in a half of them


def intrinsic_dimension(
    points: Features,
    *,
    estimator: str = "two-nn",
    count: int = 5_000,
    repeats: int = 10,
    calibrate: bool = True,
    seed: int = 0,
) -> Dimension:
    """Estimate how many dimensions the points fill.

    At finite counts the neighbour estimators are low, by 1 or 2 at 16 dimensions and 5,000 points.
    With `calibrate` the answer is the dimension in which as many Gaussian points give the same
    estimate, found by trying dimensions upwards.

    Arguments:
        points: With shape (N, k), at least 200 that are no near copies; flattened
            data or codes.
        estimator: One of `ESTIMATORS`.
        count: Distinct points to use, drawn without replacement; at least 200.
        repeats: Random halves, whose standard deviation stands for that of the whole (delete-half
            jackknife; a bootstrap would repeat points, and a repeated point is its own neighbour).
        calibrate: Undo the bias at this count.
        seed: Of the draws.

    Returns:
        The dimension, at least 1 where calibrated, and the ends of its interval.

    Raises:
        UndefinedError: Fewer than 200 rows are distinct, or no finite estimate comes out, as where
            the distances to neighbours tie.
        UserError: The estimator is unknown, `count` is below 200, `repeats` is below 2, or points
            are no matrix of 200 rows or hold NaN or infinity.

    References:
        | Estimating the intrinsic dimension by a minimal neighborhood information (Facco et al.,
          2017); Maximum likelihood estimation of intrinsic dimension (Levina & Bickel, 2004)

    Example:
        >>> plane = torch.randn(1000, 2) @ torch.randn(2, 10)
        >>> round(intrinsic_dimension(plane, repeats=2).value)
        2
    """
    fit = ESTIMATORS[one_of("estimator", estimator, ESTIMATORS)]
    held = matrix(points, least=LEAST, what="points")
    within("count", count, LEAST, remedy="neighbours in fewer points say little")
    within("repeats", repeats, 2)
    generator = torch.Generator().manual_seed(seed)
    rows, held = len(held), held.unique(dim=0)
    used = held[torch.randperm(len(held), generator=generator)[:count].to(held.device)].cpu()
    # Copies are their own neighbours, at a distance that is 0 or says nothing.
    used = used[without_near_copies(used)]
    if len(used) < LEAST:
        raise UndefinedError(
            f"points must have at least {LEAST} distinct rows, got {len(used)} among {rows}; give "
            "more points, or points that differ."
        )
    if used.shape[1] == 1:
        used = torch.nn.functional.pad(used, (0, 1))  # scikit-dimension takes two columns or more
    halves = [
        _quiet(fit, used[torch.randperm(len(used), generator=generator)[: len(used) // 2]].numpy())
        for _ in range(repeats)
    ]
    value = _quiet(fit, used.numpy())
    if not all(0 < found < math.inf for found in (value, *halves)):
        raise UndefinedError(
            f"'{estimator}' finds no finite dimension of the points: distances to neighbours tie, "
            "as where values are rounded; use another estimator, or finer values."
        )
    reach = 1.96 * float(np.std(halves, ddof=1))
    found = Dimension(value, value - reach, value + reach)
    return _calibrated(fit, found, len(used), generator) if calibrate else found


def _calibrated(
    fit: Callable[[Array], float], found: Dimension, count: int, generator: torch.Generator
) -> Dimension:
    """The same estimate in true dimensions of a Gaussian, by linear interpolation."""
    tried: list[tuple[int, float]] = [(1, 1.0)]
    trial = min(512, max(2, int(0.8 * found.low)))
    while tried[-1][1] < found.high and trial <= 512:
        points = torch.randn(count, trial, generator=generator, dtype=torch.float64)
        tried.append((trial, max(tried[-1][1], _quiet(fit, points.numpy()))))
        trial += max(1, trial // 8)
    dimensions, values = zip(*tried, strict=True)
    back = [float(np.interp(v, values, dimensions)) for v in (found.value, found.low, found.high)]
    return Dimension(*back)


def spectral_dimension(points: Features, *, share: float = 0.95) -> int:
    """Principal components that hold a share of the variance: an upper bound for curved data.

    Points that are all equal have no variance, and 0 components hold it.

    Arguments:
        points: With shape (N, k), N at least 2.
        share: In [0, 1].

    Raises:
        UserError: `share` lies outside, or points are no matrix of 2 rows or hold NaN or infinity.

    Example:
        >>> spectral_dimension(torch.randn(500, 3) @ torch.randn(3, 9))
        3
    """
    within("share", share, 0.0, 1.0)
    held = matrix(points, least=2, what="points")
    if not bool((held != held[0]).any()):
        return 0
    values = torch.linalg.eigvalsh(torch.cov(held.T).reshape(held.shape[1], -1)).clamp_min(0)
    shares = values.flip(0).cumsum(0) / values.sum()
    return int((shares < share - 1e-12).sum()) + 1


def effective_dimension(points: Features) -> float:
    r"""The participation ratio of the covariance: as many equal components would have it.

    .. math:: \frac{(\sum_i \lambda_i)^2}{\sum_i \lambda_i^2}

    with the variances along the principal components; between 1 and d. 0 for points that are all
    the same.

    Arguments:
        points: With shape (N, d), N at least 2.

    Raises:
        UserError: Points are no matrix of 2 rows, or hold NaN or infinity.

    Example:
        >>> effective_dimension(torch.tensor([[1.0, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0]]))
        2.0
    """
    covariance = matrix(points, least=2, what="points").T.cov().reshape(-1)
    size = math.isqrt(len(covariance))
    trace, squares = covariance[:: size + 1].sum(), covariance.square().sum()
    return float(trace.square() / squares) if squares > 0 else 0.0


def outstanding_components(points: Features) -> int:
    r"""Principal components that stand out of noise: an upper bound for the dimension.

    Noise alone, of one variance in all d entries of N samples, has variances along its components
    between :math:`(1 \pm \sqrt{d / N})^2` times its own, distributed by the law of Marchenko and
    Pastur, whose median tells the variance of the noise. A component counts above 1.1 times the
    upper end. Of data without noise half of the components count, or nearly so.

    Arguments:
        points: With shape (N, d), N at least 3.

    Raises:
        UserError: Points are no matrix of 3 rows, or hold NaN or infinity.

    References:
        | The optimal hard threshold for singular values is 4 / sqrt(3) (Gavish & Donoho, 2014),
          Section III D, whose estimate of the noise this is

    Example:
        >>> clean = 3 * torch.randn(2000, 4) @ torch.randn(4, 100)
        >>> outstanding_components(clean + torch.randn(2000, 100))
        4
    """
    held = matrix(points, least=3, what="points")
    held = held - held.mean(0)
    count, entries = held.shape
    table = held.T @ held if entries <= count else held @ held.T
    values = torch.linalg.eigvalsh(table).clamp_min(0)[-min(count - 1, entries) :]
    low, high = ((1 + sign * math.sqrt(min(count, entries) / max(count, entries))) ** 2
                 for sign in (-1, 1))  # fmt: skip
    places = torch.linspace(low, high, 10_001, dtype=values.dtype)[1:-1]
    density = ((high - places) * (places - low)).sqrt() / places
    shares = density.cumsum(0) / density.sum()
    middle = float(places[int((shares < 0.5).sum())])
    return int((values > 1.1 * high / middle * values.median()).sum())


def knee(latents: Sequence[int], errors: Sequence[float]) -> int:
    """The latent size from which the reconstruction error falls no more by much.

    The smallest m whose error is within a tenth of the way from the best to the worst error.

    Arguments:
        latents: Latent sizes, ascending.
        errors: Reconstruction error at each, finite.

    Raises:
        UserError: There are none, the lengths differ, or an error is NaN or infinite.

    Example:
        >>> knee([2, 4, 8, 16], [0.8, 0.4, 0.05, 0.045])
        8
    """
    if not len(latents) == len(errors) > 0:
        raise UserError(
            f"'latents' and 'errors' must be equally many, at least one, got {len(latents)} and "
            f"{len(errors)}; give one error for each size."
        )
    if bad := [m for m, e in zip(latents, errors, strict=True) if not math.isfinite(e)]:
        raise UserError(f"'errors' must be finite, got NaN or infinity at {bad}; leave those out.")
    best, worst = min(errors), max(errors)
    return next(
        int(m) for m, e in zip(latents, errors, strict=True) if e <= best + 0.1 * (worst - best)
    )


def _quiet(fit: Callable[[Array], float], x: Array) -> float:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # numba and scikit-learn warn of their own insides
        try:
            return fit(x)
        except ValueError:  # how scikit-dimension and scikit-learn refuse what is not finite
            return math.nan
