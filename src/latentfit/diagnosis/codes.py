"""Faults that codes show, by themselves and beside draws of the prior that is sampled."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NamedTuple, cast

import numpy as np
import torch
from torch import Tensor

from latentfit import metrics
from latentfit.checks import UserError
from latentfit.diagnosis.findings import FEWER, FOLLOW, Finding, ranked
from latentfit.metrics.matrix import matrix

MOST = 4_000  # codes that are looked at, and as many draws
LEAST = 100
DEAD = 0.02  # deviation of a dimension that is given up, as a share of the largest
# What makes a severity of 1; the figures that `scripts/planted_faults.py` shows stand on them.
SCALE, UNEQUAL, SHIFT, ALONE = math.log(1.25), math.log(1.5), 0.25, 0.5
THIN = math.log(1.5)
CORRELATED, TAILS = 0.1, math.log(1.2)
REACH = 3.819  # of a Gaussian, as `_reach`
# Deviations between the centres of two neighbouring clusters: 2.7 for the halves of a Gaussian,
# 3.5 for pieces of a uniform law, so that these are no clusters.
APART, FURTHER = 3.8, 0.3
OUTSIDE = 0.2  # share of draws without codes near


def of_codes(codes: Tensor, draws: Tensor | None = None, *, seed: int = 0) -> list[Finding]:
    """Faults of codes, the most severe first; none where there are none.

    Arguments:
        codes: With shape (N, m), N at least 100.
        draws: Of the prior that is sampled, with shape (M, m); where not given, codes are only
            compared with themselves: scale, place and holes have no meaning then.
        seed: Of k-means.

    Raises:
        UserError: There are fewer than 100 codes, all are the same, or there is NaN or infinity.

    Example:
        >>> z = torch.randn(2_000, 3, generator=torch.Generator().manual_seed(0))
        >>> of_codes(z, torch.randn(2_000, 3))
        []
        >>> of_codes(3 * z, torch.randn(2_000, 3))[0].name
        'scale'
    """
    z = matrix(codes, least=LEAST, what="codes")[:MOST]
    p = None if draws is None else matrix(draws, least=LEAST, what="draws")[:MOST]
    if p is not None and p.shape[1] != z.shape[1]:
        raise UserError(f"codes have {z.shape[1]} dimensions, draws {p.shape[1]}.")
    live = z.std(0) > DEAD * z.std(0).max()
    if not bool(live.any()):
        raise UserError("all codes are the same; the encoder tells no sample from another.")
    found = list(_dead(live))
    z, p = z[:, live], None if p is None else p[:, live]
    if p is not None:
        found += _place(z, p)
    groups = _clusters(z, seed)
    found += _grouped(groups, 0.0 if p is None else _clusters(p, seed).apart)
    # Clusters alone make dimensions correlated and tails light: what is left within them counts.
    if groups.apart > APART + FURTHER:
        found += _shape(groups.within(z), None if p is None else groups.within(p))
    else:
        found += _shape(z, p)
    if p is not None:
        found += _holes(z, p)
    return ranked(found)


def _dead(live: Tensor) -> Iterator[Finding]:
    gone, m = int((~live).sum()), len(live)
    if gone:
        yield Finding(
            "dead-dimensions",
            2 + 4 * gone / m,
            f"{gone} of {m} dimensions hardly vary: less than {DEAD:.0%} of the largest deviation",
            FEWER,
        )


def _place(z: Tensor, p: Tensor) -> Iterator[Finding]:
    """Scale and place of codes beside those of draws."""
    ratio = (z.std(0) / p.std(0).clamp_min(1e-12)).log()
    middle = float(ratio.median())
    yield Finding(
        "scale",
        abs(middle) / SCALE,
        f"codes have {math.exp(middle):.3g} times the deviation of the prior",
        FOLLOW,
    )
    if len(ratio) > 1:
        spread = float(ratio.std())
        yield Finding(
            "unequal-scales",
            spread / UNEQUAL,
            f"dimensions differ in scale from the prior's by a factor of {math.exp(spread):.3g}",
            FOLLOW,
        )
    both = ((z.var(0) + p.var(0)) / 2).sqrt()
    gap = ((z.mean(0) - p.mean(0)) / both).square()
    chance = 1 / len(z) + 1 / len(p)
    rms, most = math.sqrt(max(0.0, float(gap.mean()) - chance)), float(gap.max().sqrt())
    yield Finding(
        "off-centre",
        max(rms / SHIFT, most / ALONE),
        f"the means of codes and prior lie apart, by {rms:.2g} deviations in the root mean square "
        f"and {most:.2g} in the worst dimension",
        FOLLOW,
    )
    # Lengths in deviations: those of many Gaussian dimensions differ little, but they do.
    lengths = [((r - r.mean(0)) / r.std(0)).norm(dim=1).std() for r in (z, p)]
    thin = float((lengths[1] / lengths[0].clamp_min(1e-12)).log())
    yield Finding(
        "shell",
        thin / THIN,
        f"codes lie on a shell: their lengths differ {math.exp(thin):.3g} times less than draws'",
        FOLLOW,
    )


class Clusters(NamedTuple):
    """Groups of codes: their centres (K, m), and how far apart neighbouring ones lie."""

    centres: Tensor
    apart: float

    def within(self, rows: Tensor) -> Tensor:
        """Rows (N, m) less the nearest centre."""
        return rows - self.centres[torch.cdist(rows, self.centres).argmin(1)]


def _clusters(z: Tensor, seed: int) -> Clusters:
    """The k-means clusters, of 2 to 10, whose nearest pairs are the furthest apart.

    Apart is the distance of two centres in deviations of both clusters along the line between them.
    """
    from sklearn.cluster import KMeans

    u = (z / z.std(0)).numpy()
    best = Clusters(z.mean(0, keepdim=True), 0.0)
    for k in range(2, 11):
        fit = KMeans(k, n_init=cast(Any, 5), random_state=seed)
        labels, centres = np.asarray(fit.fit_predict(u)), fit.cluster_centers_
        if np.bincount(labels, minlength=k).min() < 0.03 * len(u):
            continue  # outliers are no cluster
        nearest = []
        for a in range(k):
            far = [_apart(u, labels, centres, a, b) for b in range(k) if b != a]
            nearest.append(min(far))
        apart = float(np.median(nearest))
        if apart > best.apart:
            held = torch.from_numpy(labels).long()
            means = torch.stack([z[held == c].mean(0) for c in range(k)])
            best = Clusters(means, apart)
    return best


def _apart(u: np.ndarray, labels: np.ndarray, centres: np.ndarray, a: int, b: int) -> float:
    way = centres[b] - centres[a]
    length = float(np.linalg.norm(way))
    if length == 0:
        return 0.0
    sides = [float((u[labels == c] @ (way / length)).std()) for c in (a, b)]
    return length / max(1e-12, math.sqrt((sides[0] ** 2 + sides[1] ** 2) / 2))


def _grouped(groups: Clusters, drawn: float) -> Iterator[Finding]:
    """Clusters, where the draws have none; theirs may still be others, which makes holes."""
    yield Finding(
        "clusters",
        (groups.apart - APART) / FURTHER if drawn < APART + FURTHER else 0.0,
        f"codes fall into {len(groups.centres)} clusters, {groups.apart:.2g} deviations apart",
        FOLLOW,
    )


def _shape(z: Tensor, p: Tensor | None) -> Iterator[Finding]:
    """Correlations and tails, where there are draws, beyond theirs."""
    rows, m = z.shape
    if m > 1:
        apart = torch.corrcoef(_clipped(z).T)
        if p is not None:
            apart = apart - torch.corrcoef(_clipped(p).T)
        off = apart[~torch.eye(m, dtype=torch.bool)]
        chance = 1 / rows + (0 if p is None else 1 / len(p))
        rms = math.sqrt(max(0.0, float(off.square().mean()) - chance))
        yield Finding(
            "correlated",
            rms / CORRELATED,
            f"dimensions are correlated, by {rms:.2g} in the root mean square"
            + ("" if p is None else ", where the prior's are not"),
            FOLLOW,
        )
    further = math.log(_reach(z) / (REACH if p is None else _reach(p)))
    yield Finding(
        "heavy-tails",
        further / TAILS,
        f"tails are heavy: 99 % of the codes reach {math.exp(further):.3g} times as far as the "
        "middle half lets expect, in the median dimension",
        FOLLOW,
    )


def _reach(z: Tensor) -> float:
    """Width of what holds 99 of 100 codes over that of the middle half, in the median dimension."""
    low, first, third, high = z.quantile(torch.tensor([0.005, 0.25, 0.75, 0.995]).to(z), dim=0)
    return float(((high - low) / (third - first).clamp_min(1e-12)).median())


def _clipped(z: Tensor) -> Tensor:
    """Codes whose entries beyond three times the middle half count as lying there."""
    middle, half = z.median(0).values, (z.quantile(0.75, 0) - z.quantile(0.25, 0)).clamp_min(1e-12)
    return z.clamp(middle - 3 * half, middle + 3 * half)


def _holes(z: Tensor, p: Tensor) -> Iterator[Finding]:
    """Draws where no codes are, and codes where no draws are.

    Near is as near as 19 of 20 held-out codes, or draws, lie to the others.
    """
    scale = z.std(0)
    u, q = z / scale, p / scale
    for name, known, asked, says in (
        ("holes", u, q, "of the prior's draws lie where no codes are"),
        ("uncovered", q, u, "of the codes lie where the prior draws nothing"),
    ):
        half = len(known) // 2
        usual = metrics.nearest(known[half:], known[:half], 1)[0][:, 0]
        found = metrics.nearest(asked, known[:half], 1)[0][:, 0]
        share = float((found > usual.quantile(0.95)).double().mean())
        told = f"{share:.0%} {says}; 5 % would be chance"
        yield Finding(name, (share - 0.05) / OUTSIDE, told, FOLLOW, general=True)
