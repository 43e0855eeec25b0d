"""Maximum mean discrepancy and its kernels."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from latentfit.divergences.base import Divergence
from latentfit.posteriors import Code
from latentfit.priors import Prior

Kernel = Callable[[Tensor, Tensor], Tensor]

WAE_SCALES = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)


def inverse_multiquadratic(
    *, scales: tuple[float, ...] = WAE_SCALES, deviation: float = 1.0
) -> Kernel:
    r"""The kernel of WAE, summed over scales.

    .. math:: k(a, b) = \sum_s \frac{C_s}{C_s + \|a - b\|^2}, \quad C_s = 2 s m \sigma^2

    Arguments:
        scales: The factors s; (1,) is the paper's form, seven scales are the repository's.
        deviation: Deviation sigma of the prior.

    Returns:
        A function of (N, m) and (M, m) that gives (N, M).
    """

    def kernel(a: Tensor, b: Tensor) -> Tensor:
        # Explicit differences: the expanded square loses digits for near neighbours.
        distance = (a[:, None] - b[None]).square().sum(2)
        base = 2 * a.shape[1] * deviation**2
        return torch.stack([s * base / (s * base + distance) for s in scales]).sum(0)

    return kernel


def gaussian_mixture(
    *, deviations: tuple[float, ...] = (2.0, 5.0, 10.0, 20.0, 40.0, 80.0)
) -> Kernel:
    r"""A sum of Gaussian kernels.

    .. math:: k(a, b) = \sum_s \exp(-\|a - b\|^2 / (2 s^2))

    Arguments:
        deviations: The widths s.

    Returns:
        A function of (N, m) and (M, m) that gives (N, M).
    """

    def kernel(a: Tensor, b: Tensor) -> Tensor:
        distance = (a[:, None] - b[None]).square().sum(2)
        return torch.stack([(-distance / (2 * s**2)).exp() for s in deviations]).sum(0)

    return kernel


def mmd(x: Tensor, y: Tensor, kernel: Kernel) -> Tensor:
    r"""Squared maximum mean discrepancy, with unbiased terms within each sample.

    .. math:: \overline{k(x_i, x_j)}_{i \neq j} + \overline{k(y_i, y_j)}_{i \neq j}
              - 2 \, \overline{k(x_i, y_j)}

    Arguments:
        x: Samples, with shape (N, m), N at least 2.
        y: Samples, with shape (M, m), M at least 2.
        kernel: Positive-definite kernel of two sample matrices.

    Returns:
        A scalar; it may be negative, since the estimate is unbiased.

    References:
        | A Kernel Two-Sample Test (Gretton et al., 2012), Lemma 6

    Example:
        >>> points = torch.randn(8, 2)
        >>> bool(mmd(points, points + 9, inverse_multiquadratic()) > 1)
        True
    """
    return _off_diagonal(kernel(x, x)) + _off_diagonal(kernel(y, y)) - 2 * kernel(x, y).mean()


def _off_diagonal(gram: Tensor) -> Tensor:
    n = len(gram)
    return (gram.sum() - gram.diagonal().sum()) / (n * (n - 1))


def kernel_distance(kernel: Kernel) -> Divergence:
    """The squared maximum mean discrepancy of a batch of codes to equally many prior draws.

    Arguments:
        kernel: As in `mmd`, which needs at least 2 codes.
    """

    def distance(code: Code, z: Tensor, prior: Prior) -> Tensor:
        return mmd(z, prior.sample(len(z)), kernel)

    return distance
