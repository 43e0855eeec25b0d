"""Nearest neighbours: screened in float32, decided in float64, in memory that stays bounded."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from latentfit.checks import UserError, within
from latentfit.metrics.matrix import Features, Known, pair, whole_float32

ROWS = 512  # queries at a time: 20 MB of float32 against 10,000 points
CACHED = 2**17  # float64 entries at a time that stay in a core's cache


class Distances:
    r"""Squared Euclidean distances between two sets.

    :math:`\|a\|^2 + \|b\|^2 - 2 a \cdot b` in float32 is fast and off by up to `slack`; whatever
    that leaves open is computed again as :math:`\|a - b\|^2` in float64.

    Arguments:
        a: With shape (N, k).
        b: With shape (M, k).

    Raises:
        UserError: Not matrices of one width, no rows, or NaN or infinity among the entries.
    """

    def __init__(self, a: Features | Known, b: Features | Known) -> None:
        # What comes as float32 stays so: a part of it at a time is made float64.
        self.a, self.b = pair(a, b, narrow=True)
        centre = torch.stack([part.double().sum(0) for part in self.b.split(ROWS)]).sum(0)
        centre /= len(self.b)
        # Distances do not change, and a common offset costs no digits.
        self._centre, self._same = centre, a is b
        self._b = torch.cat([self._centred(self.b, rows) for rows in chunks(len(self.b))])
        self._b_norm = self._b.square().sum(1, keepdim=True)
        self._a_norm = torch.cat(
            [self._queries(rows).square().sum(1, keepdim=True) for rows in chunks(len(self.a))]
        )
        rounding = torch.finfo(torch.float32).eps * self.a.shape[1] ** 0.5
        # Eight deviations of a sum of k roundings.
        self.slack = 8 * rounding * (self._a_norm + self._b_norm.max())

    def block(self, rows: slice, columns: slice = slice(None)) -> Tensor:
        """A part of the table of squared distances, float32 with shape (rows, columns)."""
        with whole_float32():
            table = torch.addmm(
                self._b_norm[columns].T, self._queries(rows), self._b[columns].T, alpha=-2
            )
        return table.add_(self._a_norm[rows])

    def exact(self, i: Tensor, j: Tensor) -> Tensor:
        """Squared distances of rows i (P,) of `a` from rows j (P,) of `b`, float64 (P,)."""
        size = max(1, CACHED // self.a.shape[1])
        parts = zip(i.split(size), j.split(size), strict=True)
        found = [
            torch.linalg.vector_norm(self.a[p].double() - self.b[q].double(), dim=1).square()
            for p, q in parts
        ]
        return torch.cat(found) if len(i) else self.slack.new_zeros(0, dtype=torch.float64)

    def all_from(self, row: int) -> Tensor:
        """Squared distances of all rows of `b` from one row of `a`, float64 (M,)."""
        one, size = self.a[row].double(), max(1, CACHED // self.a.shape[1])
        return torch.cat([(one - part).square_().sum(1) for part in self.b.split(size)])

    def _centred(self, side: Tensor, rows: slice) -> Tensor:
        """Rows less the centre, subtracted in float64."""
        return (side[rows].double() - self._centre).float()

    def _queries(self, rows: slice) -> Tensor:
        """Rows of `a` less the centre, made when they are needed: as large as the features."""
        return self._b[rows] if self._same else self._centred(self.a, rows)


def nearest(
    queries: Features, points: Features, k: int = 1, *, apart: bool = False
) -> tuple[Tensor, Tensor]:
    """The k nearest points of each query, by Euclidean distance.

    Memory does not grow with N times M. Answers are exact in float64.

    Arguments:
        queries: With shape (N, d).
        points: With shape (M, d).
        k: How many.
        apart: Both are the same set, and a row is not its own neighbour.

    Returns:
        Distances with shape (N, k), ascending, and indices into `points` with shape (N, k).

    Raises:
        UserError: `k` is not in 1 to M (M - 1 where `apart`), `apart` has sets of two sizes, or the
            sets are not matrices of one width, have no rows, or hold NaN or infinity.

    Example:
        >>> distance, index = nearest(torch.tensor([[0.9]]), torch.tensor([[0.0], [1.0], [3.0]]))
        >>> round(distance.item(), 6), index.item()
        (0.1, 1)
    """
    held = Distances(queries, points)
    if apart and len(held.a) != len(held.b):
        raise UserError("'apart' needs one set as queries and points.")
    most = len(held.b) - int(apart)
    within("k", k, 1, most, remedy="there are no more points")
    # A few more than k, so that the k nearest in float64 are among those of float32.
    wide = min(k + 3, most)
    screened, chosen = _within_set(held, wide) if apart else _across(held, wide)
    number = torch.arange(len(held.a), device=held.a.device)
    squared = held.exact(number.repeat_interleave(wide), chosen.flatten()).view_as(chosen)
    squared, place = squared.sort(1)
    squared, chosen = squared[:, :k], chosen.gather(1, place)[:, :k]
    # All that was left out is at least as far as the last screened one, up to the slack.
    doubtful = squared[:, -1:] > screened[:, -1:] - held.slack
    if wide < most:
        for row in doubtful.squeeze(1).nonzero().flatten().tolist():
            exact = held.all_from(row)
            if apart:
                exact[row] = torch.inf
            squared[row], chosen[row] = exact.topk(k, largest=False)
    return squared.sqrt(), chosen


def places(found: Tensor) -> tuple[Tensor, ...]:
    """Where a table of booleans is true, counted along its rows, a few (P,) at a time."""
    if found.device.type == "cpu":  # PyTorch takes twenty times as long where little is true
        flat = torch.from_numpy(np.flatnonzero(found.numpy()))
    else:
        flat = found.flatten().nonzero().squeeze(1)
    return flat.split(CACHED)


def chunks(count: int) -> list[slice]:
    """Rows, so many at a time that a block of the table stays small."""
    return [slice(start, min(start + ROWS, count)) for start in range(0, count, ROWS)]


def _across(held: Distances, wide: int) -> tuple[Tensor, Tensor]:
    """The `wide` nearest in float32: squared distances and indices, each (N, wide)."""
    found = [held.block(rows).topk(wide, largest=False) for rows in chunks(len(held.a))]
    return torch.cat([part.values for part in found]), torch.cat([part.indices for part in found])


def _within_set(held: Distances, wide: int) -> tuple[Tensor, Tensor]:
    """As `_across`, for one set: each block serves its rows and its columns."""
    count = len(held.a)
    best = held.slack.new_full((count, wide), torch.inf)
    index = torch.zeros(count, wide, dtype=torch.long, device=best.device)

    def merge(rows: slice, columns: slice, table: Tensor) -> None:
        near = table.topk(min(wide, table.shape[1]), largest=False)
        values = torch.cat([best[rows], near.values], 1)
        places = torch.cat([index[rows], near.indices + columns.start], 1)
        best[rows], kept = values.topk(wide, largest=False)
        index[rows] = places.gather(1, kept)

    parts = chunks(count)
    for number, rows in enumerate(parts):
        for columns in parts[number:]:
            table = held.block(rows, columns)
            if rows == columns:
                merge(rows, rows, table.fill_diagonal_(torch.inf))
            else:
                merge(rows, columns, table)
                merge(columns, rows, table.T.contiguous())
    return best, index
