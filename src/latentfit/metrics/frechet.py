"""Frechet distance between feature sets."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from latentfit.checks import UserError


@dataclass
class Moments:
    """Mean and covariance of rows that come in batches, in float64.

    Batches are merged through their deviations from the mean, so a large offset costs no digits.

    Example:
        >>> x = torch.randn(100, 3)
        >>> parts = Moments()
        >>> for part in x.split(30):
        ...     parts.update(part)
        >>> torch.allclose(parts.covariance, torch.cov(x.double().T))
        True
    """

    count: int = 0
    mean: Tensor | float = 0.0
    scatter: Tensor | float = 0.0

    def update(self, rows: Tensor) -> None:
        """Take rows (B, k) in."""
        held = rows.detach().double()
        if held.dim() != 2:
            raise UserError(f"features must be (N, k), got {tuple(rows.shape)}; flatten them.")
        if not bool(held.isfinite().all()):
            raise UserError("features hold NaN or infinity; look at the samples that made them.")
        mean, both = held.mean(0), self.count + len(held)
        centred, gap = held - mean, mean - self.mean
        weight = self.count * len(held) / both
        self.scatter = self.scatter + centred.T @ centred + weight * torch.outer(gap, gap)
        self.mean = self.mean + gap * (len(held) / both)
        self.count = both

    @property
    def covariance(self) -> Tensor:
        """Unbiased covariance, with shape (k, k)."""
        if self.count < 2 or not isinstance(self.scatter, Tensor):
            raise UserError(f"a covariance needs at least two samples, got {self.count}.")
        return self.scatter / (self.count - 1)


def moments(rows: Tensor) -> Moments:
    """Mean and covariance of rows (N, k)."""
    held = Moments()
    held.update(rows)
    return held


def frechet(a: Tensor, b: Tensor) -> float:
    r"""Frechet distance of two feature sets, each taken as a Gaussian.

    .. math:: \|m_a - m_b\|^2 + \mathrm{tr}(S_a + S_b) - 2 \, \mathrm{tr} (S_a S_b)^{1/2}

    Unbiased covariances, float64 throughout. The last trace is the sum of the square roots of the
    eigenvalues of :math:`S_a^{1/2} S_b S_a^{1/2}`, which is symmetric: no complex root is taken.

    Arguments:
        a: Features, with shape (N, k), N at least 2.
        b: Features, with shape (M, k), M at least 2.

    Returns:
        The distance, at least 0 up to rounding.

    References:
        | GANs Trained by a Two Time-Scale Update Rule (Heusel et al., 2017), Eq. 6

    Example:
        >>> x = torch.randn(100, 3)
        >>> round(frechet(x, x + 2.0), 6)
        12.0
    """
    if a.dim() == b.dim() == 2 and a.shape[1] != b.shape[1]:
        raise UserError(f"feature widths differ: {a.shape[1]} and {b.shape[1]}; use one extractor.")
    return frechet_moments(moments(a), moments(b))


def frechet_moments(a: Moments, b: Moments) -> float:
    """`frechet` from means and covariances."""
    gap = torch.as_tensor(a.mean) - torch.as_tensor(b.mean)
    values, vectors = torch.linalg.eigh(a.covariance)
    root = (vectors * values.clamp_min(0).sqrt()) @ vectors.T
    product = root @ b.covariance @ root
    mixed = torch.linalg.eigvalsh((product + product.T) / 2).clamp_min(0).sqrt().sum()
    traces = a.covariance.trace() + b.covariance.trace()
    return float(gap @ gap + traces - 2 * mixed)
