"""Frechet distance between feature sets."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from latentfit.checks import UserError
from latentfit.metrics.matrix import Features, Known, known, matrix, pair

PART = 1024  # rows that are held in float64 at a time
ROUNDING = 1e-9  # share of the distance that the fast path may lose to rounding


@dataclass
class Moments:
    """Mean and covariance of rows that come in batches, in float64.

    Batches are merged through their deviations from the mean, so a large offset costs no digits.

    Attributes:
        count: Rows so far.
        mean: With shape (k,); 0 before the first row.
        scatter: Sum of the outer products of deviations, with shape (k, k); 0 before the first row.

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

    def update(self, rows: Features) -> None:
        """Take rows (B, k) in; an empty batch changes nothing.

        Raises:
            UserError: Not a matrix, of another width than before, or NaN or infinity among the
                entries.
        """
        held = matrix(rows, least=0)
        if isinstance(self.mean, Tensor) and len(self.mean) != held.shape[1]:
            raise UserError(f"feature widths differ: {len(self.mean)} and {held.shape[1]}.")
        if len(held) == 0:
            return
        mean, both = held.mean(0), self.count + len(held)
        gap = mean - self.mean
        scatter = _gram(held - mean)
        if self.count:
            scatter += self.scatter
            scatter.addr_(gap, gap, alpha=self.count * len(held) / both)
        self.scatter = scatter
        self.mean = self.mean + gap * (len(held) / both)
        self.count = both

    @property
    def covariance(self) -> Tensor:
        """Unbiased covariance, with shape (k, k).

        Raises:
            UserError: There were fewer than 2 rows.
        """
        if self.count < 2 or not isinstance(self.scatter, Tensor):
            raise UserError(f"a covariance needs at least two samples, got {self.count}.")
        return self.scatter / (self.count - 1)


def moments(rows: Features) -> Moments:
    """Mean and covariance of rows (N, k).

    Raises:
        UserError: Not a matrix, or NaN or infinity among the entries.
    """
    held = Moments()
    for part in matrix(rows, least=0, narrow=True).split(PART):
        held.update(part)
    return held


def frechet(a: Features, b: Features | Known) -> float:
    r"""Frechet distance of two feature sets, each taken as a Gaussian.

    .. math:: \|m_a - m_b\|^2 + \mathrm{tr}(S_a + S_b) - 2 \, \mathrm{tr} (S_a S_b)^{1/2}

    Unbiased covariances, float64 throughout, no complex matrix root (see `frechet_moments`).

    Arguments:
        a: Features, with shape (N, k), N at least 2.
        b: Features, with shape (M, k), M at least 2.

    Returns:
        The distance in squared units of the features, at least 0 up to rounding. Biased upwards
        where N or M is small beside k: compare at equal counts.

    Raises:
        UserError: Not matrices of one width, fewer than 2 rows, or NaN or infinity among the
            entries.

    References:
        | GANs Trained by a Two Time-Scale Update Rule (Heusel et al., 2017), Eq. 6

    Example:
        >>> x = torch.randn(100, 3)
        >>> round(frechet(x, x + 2.0), 6)
        12.0
    """
    b = known(b)
    x, y = pair(a, b, least=2, narrow=True)
    if max(len(x), len(y)) < x.shape[1]:
        x, y = x.double(), y.double()
        # Raw pixels have thousands of columns and few rows: the rows are a root themselves.
        gap = x.mean(0) - y.mean(0)
        roots = [(rows - rows.mean(0)).T / (len(rows) - 1) ** 0.5 for rows in (x, y)]
        traces = sum(root.square().sum() for root in roots)
        return float(gap @ gap + traces - 2 * _from_roots(*roots))
    return frechet_moments(moments(x), b.once("moments", moments))


def frechet_moments(a: Moments, b: Moments) -> float:
    r"""`frechet` from means and covariances.

    With :math:`S_a = L L^T`, the last trace is the sum of the square roots of the eigenvalues of
    the symmetric :math:`L^T S_b L`. An eigenvalue near 0 counts with the root of its rounding error
    there; where that could be seen in the result (sets of low rank, or nearly equal sets), the
    trace is found as the sum of the singular values of :math:`A^T B` with roots
    :math:`A A^T = S_a, B B^T = S_b`, which squares nothing.

    Arguments:
        a: Of rows of k numbers.
        b: Of rows of as many.

    Returns:
        The distance in squared units of the features.

    Raises:
        UserError: Widths differ, or one is of fewer than 2 rows.

    Example:
        >>> one = Moments(2, torch.zeros(1).double(), torch.ones(1, 1).double())
        >>> other = Moments(2, torch.ones(1).double(), 4 * torch.ones(1, 1).double())
        >>> frechet_moments(one, other)
        2.0
    """
    one, other = a.covariance, b.covariance
    if len(one) != len(other):
        raise UserError(f"feature widths differ: {len(one)} and {len(other)}; use one extractor.")
    gap = torch.as_tensor(a.mean) - torch.as_tensor(b.mean)
    known = gap @ gap + one.trace() + other.trace()
    factor, failed = torch.linalg.cholesky_ex(one)
    if not int(failed):
        values = torch.linalg.eigvalsh(factor.T @ other @ factor).clamp_min(0)
        noise = torch.finfo(values.dtype).eps * values[-1]
        lost = (noise / (2 * values.sqrt() + noise.sqrt())).sum()
        distance = known - 2 * values.sqrt().sum()
        if lost <= ROUNDING * distance:
            return float(distance)
    return float(known - 2 * _from_roots(_root(one), _root(other)))


def _from_roots(a: Tensor, b: Tensor) -> Tensor:
    return torch.linalg.svdvals(a.T @ b).sum()


def _root(covariance: Tensor) -> Tensor:
    # (k, r) with A A^T = S: one column for each eigenvalue that is more than rounding.
    values, vectors = torch.linalg.eigh(covariance)
    least = values[-1].clamp_min(0) * len(values) * torch.finfo(values.dtype).eps
    held = values > least
    return vectors[:, held] * values[held].sqrt()


def _gram(rows: Tensor) -> Tensor:
    # NumPy sees that both factors are one matrix and computes half of the product.
    if rows.device.type != "cpu":
        return rows.T @ rows
    held = rows.numpy()
    return torch.from_numpy(held.T @ held)
