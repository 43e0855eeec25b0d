"""The dimension of points at several scales, and what blurs it: near copies, parts that differ."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from latentfit.checks import UserError, within
from latentfit.metrics.matrix import Features, matrix
from latentfit.metrics.neighbours import nearest

SCALES = (5, 20, 80)
"""Numbers of neighbours: noise shows among few, the form of the whole among many."""
CENTRAL = 0.25  # share of the samples that have no edge near
AROUND = 80  # neighbours by which a sample is central
FIRST = 20  # neighbours that are looked at for near copies
CHANCE = 1e-6  # that a sample's neighbour is nearer than what counts as a near copy
TRIED = (1, 2, 3, 4, 6, 8, 11, 16, 22, 32, 45, 64, 90, 128, 181, 256, 362, 512)
LOCAL = 40  # neighbours from which a sample's own dimension is told, to about a sixth of it
APART = 1.5  # factor between the dimensions of two parts that count as two
FEWEST = 0.1  # share of the samples that a part must have, and 10 LOCAL of them


def scale_curve(
    points: Features,
    *,
    scales: Sequence[int] = SCALES,
    calibrate: bool = True,
    central: float = CENTRAL,
    seed: int = 0,
) -> dict[int, float]:
    r"""The dimension of points by their k nearest neighbours, for several k.

    .. math:: \hat n_k = \Big( \frac{1}{N (k - 1)} \sum_i \sum_{j < k}
              \ln \frac{r_{ik}}{r_{ij}} \Big)^{-1}

    with :math:`r_{ij}` the distance of sample i from its j-th neighbour, and i over the `central`
    samples: near an edge of the law, as of a uniform one, all neighbours are on one side, and the
    estimate is low, by a tenth in eight dimensions. Central are those whose 80 neighbours have
    their middle nearest, as a share of their mean distance. In many dimensions it is low again,
    since so few samples have no near neighbours: with `calibrate` the answer is the dimension in
    which as many Gaussian samples have the same curve at that k. Noise raises it, the more the
    smaller k is; a flat curve says that there is little.

    Arguments:
        points: With shape (N, d), at least k + 1 of them; no copies of each other.
        scales: Numbers of neighbours k, each at least 2; those that N does not allow are left out.
        calibrate: Undo the bias at this count.
        central: Share of the samples that count; at least 300 do, or half of them.
        seed: Of the Gaussian samples.

    Returns:
        By k the dimension; infinite where distances tie, or where it is above 512.

    Raises:
        UserError: A scale is below 2, or points are no matrix, or hold NaN or infinity.

    References:
        | Maximum likelihood estimation of intrinsic dimension (Levina & Bickel, 2004), Eq. 8, with
          the mean of inverses as in Comments on it (MacKay & Ghahramani, 2005)

    Example:
        >>> plane = torch.randn(1000, 2) @ torch.randn(2, 10)
        >>> {k: round(n) for k, n in scale_curve(plane).items()}
        {5: 2, 20: 2, 80: 2}
    """
    held = matrix(points, what="points")
    within("central", central, 0.0, 1.0)
    for k in scales:
        within("scales", k, 2, remedy="a ratio of distances takes two neighbours")
    chosen = tuple(k for k in scales if k < len(held))
    if not chosen:
        return {}
    values = _curve(held, chosen, central)
    if calibrate:
        like = (len(held), chosen, central, seed)
        values = [_back(value, place, *like) for place, value in enumerate(values)]
    return dict(zip(chosen, values, strict=True))


def _curve(held: Tensor, scales: tuple[int, ...], central: float) -> list[float]:
    around = max(*scales, min(AROUND, len(held) // 10)) if central < 1 else max(scales)
    distances, places = nearest(held, held, around, apart=True)
    if central < 1:
        kept = max(round(central * len(held)), min(300, len(held) // 2))
        distances = distances[_off_centre(held, distances, places).argsort()[:kept]]
    logs = distances.clamp_min(1e-300).log()
    means = [float((logs[:, k - 1 : k] - logs[:, : k - 1]).mean()) for k in scales]
    return [1 / mean if mean > 0 else math.inf for mean in means]


def _off_centre(held: Tensor, distances: Tensor, places: Tensor) -> Tensor:
    """How far each sample is from the middle of its neighbours, (N,), squared: 0 in their midst."""
    middles = torch.stack([held[near].mean(0) for near in places])
    return (middles - held).square().sum(1) / distances.square().mean(1).clamp_min(1e-300)


@lru_cache(maxsize=512)
def _gaussian(
    count: int, n: int, scales: tuple[int, ...], central: float, seed: int
) -> list[float]:
    generator = torch.Generator().manual_seed(seed)
    z = torch.randn(count, n, generator=generator, dtype=torch.float64)
    return _curve(z if n > 1 else torch.nn.functional.pad(z, (0, 1)), scales, central)


def _back(
    found: float, place: int, count: int, scales: tuple[int, ...], central: float, seed: int
) -> float:
    """The dimension of Gaussian samples with that estimate, interpolated between logarithms."""
    if not math.isfinite(found):
        return math.inf
    sought = math.log(found)
    # An estimate is hardly above the dimension, so no search starts below.
    start = max(0, next((i for i, n in enumerate(TRIED) if n > found), len(TRIED)) - 2)
    below: tuple[float, float] | None = None
    for n in TRIED[start:]:
        here = math.log(n), math.log(_gaussian(count, n, scales, central, seed)[place])
        if here[1] >= sought:
            if below is None or here[1] <= below[1]:
                return float(n)
            along = (sought - below[1]) / (here[1] - below[1])
            return math.exp(below[0] + along * (here[0] - below[0]))
        below = here
    return math.inf


def without_near_copies(points: Features) -> Tensor:
    """Which samples stay where those that are nearly another one again are left out.

    Samples of one law hardly ever lie so near: with n their dimension by 20 to 80 neighbours, one
    of the 20 nearest is as near as a share c of the 20th with a chance of c^n. Where c^n is below
    1e-6, the later of the two is left out; so are copies up to rounding, 1e-5 of the usual distance
    from the middle, which may lie in heaps of any size.

    Arguments:
        points: With shape (N, d).

    Returns:
        Rows, ascending integers (M,), M at most N.

    Raises:
        UserError: Points are no matrix, or hold NaN or infinity.

    Example:
        >>> x = torch.randn(500, 5)
        >>> len(without_near_copies(torch.cat([x, x[:100] + 1e-3])))
        500
    """
    held = matrix(points, what="points")
    _, first = np.unique(held.cpu().numpy(), axis=0, return_index=True)
    rows = torch.from_numpy(np.sort(first))
    while len(rows) > 1:
        near, place = nearest(held[rows], held[rows], min(max(SCALES), len(rows) - 1), apart=True)
        middle = held[rows].median(0).values  # a few rows far off say nothing of it
        rounding = 1e-5 * torch.linalg.vector_norm(held[rows] - middle, dim=1).median()
        limit = _limit(near).clamp_min(float(rounding))
        close = near[:, :FIRST] <= torch.minimum(limit[:, None], limit[place[:, :FIRST]])
        copies = (close & (place[:, :FIRST] < torch.arange(len(rows))[:, None])).any(1)
        if not bool(copies.any()):
            break
        rows = rows[~copies]
    return rows


def _limit(near: Tensor) -> Tensor:
    """Up to which distance a neighbour counts as a near copy, for each sample (N,)."""
    count = near.shape[1]
    reach = near[:, min(FIRST, count) - 1]
    if count <= 2 * FIRST:  # too few samples to tell their dimension from the farther ones
        return torch.zeros_like(reach)
    logs = near[:, FIRST - 1 :].clamp_min(1e-300).log()
    ranks = torch.arange(float(FIRST), count, dtype=logs.dtype)
    # What the logarithms of a sample's ratios of distances should be, times the dimension.
    fall = (torch.digamma(ranks[-1] + 1) - torch.digamma(ranks)).mean()
    n = float(fall / (logs[:, -1:] - logs[:, :-1]).mean().clamp_min(1e-3))
    return reach * CHANCE ** (1 / max(n, 1.0))


@dataclass(frozen=True)
class Part:
    """Samples of about one dimension.

    Attributes:
        dimension: By their 40 nearest neighbours, not calibrated.
        rows: Which samples they are, integers (M,).
    """

    dimension: float
    rows: Tensor


def parts(points: Features) -> list[Part]:
    r"""Samples that go together by their own dimension: one part, or two whose dimensions differ.

    The sum :math:`T_i = \sum_{j < k} \ln (r_{ik} / r_{ij})` over k = 40 neighbours of a sample is
    Gamma distributed with shape k - 1 and rate n, its dimension. Two such laws are fitted by
    expectation and maximisation; they count where their dimensions differ by a factor of 1.5 and
    each has a tenth of the samples, and 400.

    Arguments:
        points: With shape (N, d), N above 80; no copies of each other.

    Returns:
        Parts by dimension, ascending; one of all samples where two do not count.

    Raises:
        UserError: There are too few, or points are no matrix, or hold NaN or infinity.

    References:
        | Maximum likelihood estimation of intrinsic dimension (Levina & Bickel, 2004); mixtures of
          it as in Haro, Randall & Sapiro (2008), whose points have Poisson counts

    Example:
        >>> line = torch.nn.functional.pad(torch.randn(500, 1), (0, 4))
        >>> found = parts(torch.cat([line, 50 + torch.randn(500, 5)]))
        >>> [round(part.dimension) for part in found]
        [1, 5]
    """
    held = matrix(points, what="points")
    if len(held) <= 2 * LOCAL:
        raise UserError(f"parts need more than {2 * LOCAL} points, got {len(held)}; give more.")
    logs = nearest(held, held, LOCAL, apart=True)[0].clamp_min(1e-300).log()
    sums, shape = (logs[:, -1:] - logs[:, :-1]).sum(1).clamp_min(1e-9), LOCAL - 1
    low, high = (shape / sums.quantile(q) for q in (0.9, 0.1))
    share, higher = sums.new_tensor(0.5), torch.empty_like(sums)
    for _ in range(200):
        rates, shares = torch.stack([low, high]), torch.stack([1 - share, share])
        weight = shares.log() + shape * rates.log() - rates * sums[:, None]
        higher = weight.softmax(1)[:, 1]
        share = higher.mean().clamp(1e-6, 1 - 1e-6)
        low = shape * (1 - higher).sum() / ((1 - higher) * sums).sum()
        high = shape * higher.sum() / (higher * sums).sum()
    of, rows = higher > 0.5, torch.arange(len(held))
    least = max(FEWEST * len(held), 10 * LOCAL)
    if float(high / low) < APART or not least <= int(of.sum()) <= len(held) - least:
        return [Part(float(shape * len(sums) / sums.sum()), rows)]
    return [Part(float(low), rows[~of]), Part(float(high), rows[of])]
