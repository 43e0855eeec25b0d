"""Precision and recall for distributions (Sajjadi et al.)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from latentfit.checks import UserError, within
from latentfit.metrics.matrix import Features, numbers, pair

Array = NDArray[np.float64]


@dataclass(frozen=True)
class PRD:
    """A curve of precision against recall.

    Attributes:
        precision: With shape (angles,), in [0, 1].
        recall: With shape (angles,), in [0, 1].
    """

    precision: Array
    recall: Array

    def f(self, beta: float) -> float:
        r"""The largest :math:`F_\beta = (1 + \beta^2) P R / (\beta^2 P + R)` on the curve."""
        p, r, weight = self.precision, self.recall, beta**2
        return float(((1 + weight) * p * r / (weight * p + r + 1e-10)).max())

    @property
    def f8(self) -> float:
        """Largest F_8: recall counts, so it falls when the samples miss a part of the data."""
        return self.f(8)

    @property
    def f1_8(self) -> float:
        """Largest F_1/8: precision counts, so it falls when samples lie beside the data."""
        return self.f(1 / 8)


def prd_curve(generated: Features, real: Features, *, angles: int = 1001) -> PRD:
    r"""The curve of two histograms over the same bins.

    .. math:: P(\lambda) = \sum_k \min(\lambda \, r_k, g_k), \quad R(\lambda) = P(\lambda)/\lambda,
              \quad \lambda = \tan \theta

    Arguments:
        generated: Shares of the samples in each bin, with shape (bins,), summing to 1.
        real: Shares of the data in each bin, with shape (bins,), summing to 1.
        angles: Number of equally spaced theta in (0, pi / 2).

    Example:
        >>> curve = prd_curve(np.array([0.5, 0.3, 0.2, 0.0]), np.full(4, 0.25))
        >>> round(curve.f8, 7), round(curve.f1_8, 7)
        (0.7471009, 0.9848289)
    """
    r, g = (numbers(shares, "shares").cpu().numpy() for shares in (real, generated))
    slope = np.tan(np.linspace(1e-10, math.pi / 2 - 1e-10, angles))
    precision = np.minimum(slope[:, None] * r, g).sum(1)
    return PRD(precision.clip(0, 1), (precision / slope).clip(0, 1))


def prd(
    generated: Features, real: Features, *, clusters: int = 20, repeats: int = 10, seed: int = 0
) -> PRD:
    """Precision and recall over clusters of the two sets' union.

    Minibatch k-means (scikit-learn, 10 starts) of the union; histograms of both sets over the
    clusters; their curve. Repeated, and the curves averaged point by point.

    Arguments:
        generated: Features of samples, with shape (N, k).
        real: Features of as many data, with shape (N, k).
        clusters: Number of clusters.
        repeats: Number of clusterings.
        seed: Of the clusterings.

    Returns:
        The mean curve, at 1,001 angles.

    Raises:
        UserError: `clusters` is not in 1 to 2 N, `repeats` is below 1, counts differ, or the sets
            are not matrices of one width, have no rows, or hold NaN or infinity.

    References:
        | Assessing Generative Models via Precision and Recall (Sajjadi et al., 2018), Algorithm 1

    Example:
        >>> import torch
        >>> x = torch.randn(200, 2)
        >>> round(prd(x, x, repeats=1).f8, 6)
        1.0
    """
    from sklearn.cluster import MiniBatchKMeans

    x, y = pair(generated, real, narrow=True)
    if len(x) != len(y):
        raise UserError(f"PRD compares equal counts, got {len(x)} samples and {len(y)} data.")
    within("clusters", clusters, 1, len(x) + len(y))
    within("repeats", repeats, 1)
    union = np.empty((len(x) + len(y), x.shape[1]))  # filled in place: the largest thing held
    union[: len(x)], union[len(x) :] = x.cpu().numpy(), y.cpu().numpy()
    curves = []
    for number in range(repeats):
        # scikit-learn's own annotation of n_init only knows its string.
        starts: Any = 10
        k_means = MiniBatchKMeans(clusters, n_init=starts, random_state=(seed + number) % 2**32)
        labels = np.asarray(k_means.fit_predict(union))
        shares = [
            np.bincount(part, minlength=clusters) / len(x)
            for part in (labels[: len(x)], labels[len(x) :])
        ]
        curves.append(prd_curve(*shares))
    return PRD(
        np.mean([curve.precision for curve in curves], axis=0),
        np.mean([curve.recall for curve in curves], axis=0),
    )
