"""Scores of two sets' manifolds, each a union of balls around its points."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from latentfit.metrics.matrix import Features
from latentfit.metrics.neighbours import Distances, chunks, nearest


@dataclass(frozen=True)
class Manifold:
    """How two sets cover each other.

    Attributes:
        precision: Share of the samples in at least one ball of the data, in [0, 1].
        recall: Share of the data in at least one ball of the samples, in [0, 1].
        density: Balls of the data around a sample, over k: about 1 for equal laws, may exceed it.
        coverage: Share of the data whose own ball holds a sample, in [0, 1].
    """

    precision: float
    recall: float
    density: float
    coverage: float


def precision_recall(generated: Features, real: Features, *, k: int = 3) -> tuple[float, float]:
    r"""Improved precision and recall: balls reach to the k-th neighbour, border included.

    .. math:: P = \overline{[\exists i: \|g - r_i\| \leq \rho_i]}, \quad
              R = \overline{[\exists j: \|r - g_j\| \leq \rho_j]}

    Arguments:
        generated: Features of samples, with shape (M, k).
        real: Features of data, with shape (N, k); equal counts keep the two comparable.
        k: The neighbour, itself excluded; 3 in the paper.

    Returns:
        Precision and recall, each in [0, 1].

    References:
        | Improved Precision and Recall Metric (Kynkaanniemi et al., 2019), Eq. 1-2

    Example:
        >>> x = torch.randn(50, 2)
        >>> precision_recall(x, x)
        (1.0, 1.0)
    """
    found = _cover(generated, real, k, inclusive=True)
    return found.precision, found.recall


def density_coverage(generated: Features, real: Features, *, k: int = 5) -> Manifold:
    r"""Density and coverage, with precision and recall by the same balls, border excluded.

    .. math:: D = \frac{1}{k M} \sum_{ij} [\|g_j - r_i\| < \rho_i], \quad
              C = \overline{[\min_j \|g_j - r_i\| < \rho_i]}

    Arguments:
        generated: Features of samples, with shape (M, k).
        real: Features of data, with shape (N, k).
        k: The neighbour, itself excluded; 5 in the paper.

    References:
        | Reliable Fidelity and Diversity Metrics (Naeem et al., 2020), Eq. 3-4

    Example:
        >>> x = torch.randn(50, 2)
        >>> density_coverage(x, x).coverage
        1.0
    """
    return _cover(generated, real, k, inclusive=False)


def _cover(generated: Features, real: Features, k: int, *, inclusive: bool) -> Manifold:
    held = Distances(real, generated)
    reach = nearest(held.a, held.a, k, apart=True)[0][:, -1:].square()
    reach_generated = nearest(held.b, held.b, k, apart=True)[0][:, -1].square()
    around = torch.zeros(len(held.b), dtype=torch.long, device=held.b.device)
    covered = torch.zeros(len(held.a), dtype=torch.bool, device=held.a.device)
    recalled = covered.clone()
    for rows in chunks(len(held.a)):
        table = held.block(rows)
        by_real = _inside(held, rows, table, reach[rows], inclusive)
        around += by_real.sum(0)
        covered[rows] = by_real.any(1)
        recalled[rows] = _inside(held, rows, table, reach_generated[None], inclusive).any(1)
    return Manifold(
        precision=float((around > 0).double().mean()),
        recall=float(recalled.double().mean()),
        density=float(around.double().mean() / k),
        coverage=float(covered.double().mean()),
    )


def _inside(held: Distances, rows: slice, table: Tensor, reach: Tensor, inclusive: bool) -> Tensor:
    """Which squared distances lie within reach, booleans (rows, M); close calls in float64."""
    gap = table - reach.float()
    found = gap < 0
    i, j = (gap.abs() <= held.slack[rows]).nonzero(as_tuple=True)
    squared = held.exact(i + rows.start, j)
    limit = reach.expand(len(table), table.shape[1])[i, j]
    found[i, j] = squared <= limit if inclusive else squared < limit
    return found
