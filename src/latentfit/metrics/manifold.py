"""Scores of two sets' manifolds, each a union of balls around its points."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from latentfit.checks import within
from latentfit.metrics.matrix import Features, Known, known, pair
from latentfit.metrics.neighbours import Distances, chunks, nearest, places


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


def precision_recall(
    generated: Features, real: Features | Known, *, k: int = 3
) -> tuple[float, float]:
    r"""Improved precision and recall: balls reach to the k-th neighbour, border included.

    .. math:: P = \overline{[\exists i: \|g - r_i\| \leq \rho_i]}, \quad
              R = \overline{[\exists j: \|r - g_j\| \leq \rho_j]}

    Arguments:
        generated: Features of samples, with shape (M, d).
        real: Features of data, with shape (N, d); equal counts keep the two comparable.
        k: The neighbour, itself excluded; 3 in the paper.

    Returns:
        Precision and recall, each in [0, 1].

    Raises:
        UserError: `k` is not in 1 to the smaller count less 1, the sets are not matrices of one
            width, or they hold NaN or infinity.

    References:
        | Improved Precision and Recall Metric (Kynkaanniemi et al., 2019), Eq. 1-2

    Example:
        >>> x = torch.randn(50, 2)
        >>> precision_recall(x, x)
        (1.0, 1.0)
    """
    (found,) = _cover(generated, real, Balls(k, border=True))
    return found.precision, found.recall


def density_coverage(generated: Features, real: Features | Known, *, k: int = 5) -> Manifold:
    r"""Density and coverage, with precision and recall by the same balls, border excluded.

    .. math:: D = \frac{1}{k M} \sum_{ij} [\|g_j - r_i\| < \rho_i], \quad
              C = \overline{[\min_j \|g_j - r_i\| < \rho_i]}

    Arguments:
        generated: Features of samples, with shape (M, d).
        real: Features of data, with shape (N, d).
        k: The neighbour, itself excluded; 5 in the paper.

    Raises:
        UserError: As `precision_recall`.

    References:
        | Reliable Fidelity and Diversity Metrics (Naeem et al., 2020), Eq. 3-4

    Example:
        >>> x = torch.randn(50, 2)
        >>> density_coverage(x, x).coverage
        1.0
    """
    return _cover(generated, real, Balls(k, border=False))[0]


def manifold(
    generated: Features, real: Features | Known, *, near: int = 3, far: int = 5
) -> Manifold:
    """`precision_recall` with k = `near` and `density_coverage` with k = `far`, in one pass.

    Arguments:
        generated: Features of samples, with shape (M, d).
        real: Features of data, with shape (N, d).
        near: The neighbour of the balls with border, at least 1 and below both counts.
        far: The neighbour of those without, at least 1 and below both counts.

    Raises:
        UserError: As `precision_recall`, for each of `near` and `far`.

    Example:
        >>> x = torch.randn(50, 2)
        >>> manifold(x, x).precision
        1.0
    """
    near_balls = Balls(near, border=True, name="near")
    far_balls = Balls(far, border=False, name="far", recall=False)
    one, other = _cover(generated, real, near_balls, far_balls)
    return replace(other, precision=one.precision, recall=one.recall)


@dataclass(frozen=True)
class Balls:
    """Around each point, as far as its k-th neighbour; with or without their border.

    Attributes:
        k: The neighbour, itself excluded.
        border: Whether a point at just that distance is inside.
        name: What errors call `k`.
        recall: Whether balls of the samples are looked at too.
    """

    k: int
    border: bool
    name: str = "k"
    recall: bool = True


def _cover(generated: Features, real: Features | Known, *kinds: Balls) -> list[Manifold]:
    """One answer for each kind of ball; neighbours and distances are found once."""
    real = known(real)
    rows = min(map(len, pair(real, generated, narrow=True)))
    for balls in kinds:
        within(balls.name, balls.k, 1, rows - 1, remedy="give more rows, or a nearer neighbour")
    most = max(balls.k for balls in kinds)
    reach = real.once(("reach", most), lambda points: _reach(points, most))
    reach_generated = _reach(generated, most)
    held = Distances(real, generated)
    around = [torch.zeros(len(held.b), dtype=torch.int32, device=held.b.device) for _ in kinds]
    covered = [torch.zeros(len(held.a), dtype=torch.uint8, device=held.a.device) for _ in kinds]
    recalled = [torch.zeros_like(found) for found in covered]
    for rows in chunks(len(held.a)):
        table = held.block(rows)
        for number, balls in enumerate(kinds):
            of_real, of_generated = reach[rows, balls.k - 1, None], reach_generated[:, balls.k - 1]
            inside = _inside(held, rows, table, of_real, balls.border)
            around[number] += inside.sum(0, dtype=torch.int32)
            covered[number][rows] = inside.amax(1)
            if balls.recall:
                inside = _inside(held, rows, table, of_generated[None], balls.border)
                recalled[number][rows] = inside.amax(1)
    return [
        Manifold(
            precision=float((around[number] > 0).double().mean()),
            recall=float(recalled[number].double().mean()),
            density=float(around[number].double().mean() / balls.k),
            coverage=float(covered[number].double().mean()),
        )
        for number, balls in enumerate(kinds)
    ]


def _reach(points: Features, most: int) -> Tensor:
    """Squared distances (N, most) of each point to its nearest others."""
    return nearest(points, points, most, apart=True)[0].square()


def _inside(held: Distances, rows: slice, table: Tensor, reach: Tensor, border: bool) -> Tensor:
    """Which squared distances lie within reach, 0 or 1 (rows, M); close calls in float64."""
    slack = held.slack[rows].max()  # of all rows, so that the limits stay a row or a column
    found, near = table < reach.float() - slack, table <= reach.float() + slack
    for place in places(near ^ found):
        i, j = place // table.shape[1], place % table.shape[1]
        squared = held.exact(i + rows.start, j)
        limit = reach.expand_as(table)[i, j]
        found[i, j] = squared <= limit if border else squared < limit
    return found.view(torch.uint8)  # sums and maxima of booleans take ten times as long
