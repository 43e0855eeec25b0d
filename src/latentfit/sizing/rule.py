"""From estimates to a dimension and its interval: what the choosing half of the known sets says."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TypedDict

from latentfit.sizing.neighbourhood import Neighbours

LEVEL = 1.96  # deviations of a 95 % interval
APART = 3.0  # deviations between two estimates that contradict each other
FROM = 12.0  # dimensions from which estimates on curved data are low
# Fitted to the choosing half of `latentfit reproduce size-cases`, whose table says so again.
RISE = 0.25
# Deviations of logarithms: of an estimate from reconstructions; more of it for each factor e above
# FROM; of one from samples alone. A little above what the choosing half shows.
WIDTH, RISING, ALONE = 0.055, 0.05, 0.25
# With fewer samples the deviation is larger: an auto-encoder keeps their noise, too.
SAMPLES, FEW_WIDTH = 200, 0.15
# Variance that an auto-encoder keeps in a dimension, as a multiple of what it loses in one. Noise
# alone has 1; on the known sets it is 33 at least, but 11 where there are fewer than 200 samples.
NOTHING, CLEAR = 5.0, 20.0
SAME = 1.02  # factor within which two short trainings are as good
# Of a mask's count: what 28 masks on synthetic sets show, off by one at most up to 24 dimensions.
MASK, MASK_STEP = 0.04, 0.5


class Ends(TypedDict):
    """A number of dimensions and the ends of its 95 % interval, as `metrics.Dimension`."""

    value: float
    low: float
    high: float


def of_neighbours(found: Neighbours) -> Ends | None:
    r"""The dimension by neighbours, and its interval; None where nothing finite came out.

    With b the smaller of the estimates from reconstructions by 5 and by 20 neighbours, since noise
    raises the first and curvature the second, :math:`\ln n = \ln b + 0.25 \max(0, \ln (b / 12))`:
    on curved data the estimate is low in many dimensions. Where no auto-encoder was played, or what
    it keeps does not stand out of what it loses, the samples alone count, with an interval that is
    wide downwards: they cannot tell noise from dimensions. Where it stands out, but not clearly,
    the interval ends where the samples' does.
    """
    if not found["curve"]:
        return None
    value, reach = _raised(nearest_scales(found["curve"])), math.exp(LEVEL * ALONE)
    ends: Ends = {"value": value, "low": value / reach**2, "high": value * reach}
    if found["rebuilt"] and (clear := standing(found)) >= NOTHING:
        smooth = nearest_scales(found["rebuilt"])
        least = WIDTH if found["samples"] - found["copies"] >= SAMPLES else FEW_WIDTH
        ends = _ends(_raised(smooth), least + RISING * max(0.0, math.log(smooth / FROM)))
        ends["high"] = max(ends["high"], value if clear < CLEAR else 0.0)
    return ends


def standing(found: Neighbours) -> float:
    r"""How far what an auto-encoder keeps stands out of what it loses.

    .. math:: \frac{(1 - e) / m}{e / (d - m)}

    with e the share of the variance that it loses, of d entries. Infinite where it loses nothing.
    """
    m, lost, entries = found["latent"], found["error"], found["entries"]
    if not m or not lost or lost <= 0 or entries <= m:
        return math.inf
    return max(0.0, 1 - lost) / m / (lost / (entries - m))


def nearest_scales(curve: Mapping[str, float]) -> float:
    """The smaller one of the estimates at the two smallest scales."""
    return min(list(curve.values())[:2])


def _raised(estimate: float) -> float:
    return estimate * max(1.0, estimate / FROM) ** RISE


def of_masks(counts: Sequence[int]) -> Ends | None:
    """The mean of what masks left open, and its interval; None where there is none."""
    if not counts or not (mean := sum(counts) / len(counts)):
        return None
    deviation = math.hypot(MASK, MASK_STEP / mean)
    return _ends(mean, deviation)


def _ends(value: float, deviation: float) -> Ends:
    reach = math.exp(LEVEL * deviation)
    return {"value": value, "low": value / reach, "high": value * reach}


def contradict(a: Ends, b: Ends) -> bool:
    """Whether two estimates are more than three deviations of their difference apart."""
    far = abs(math.log(a["value"] / b["value"]))
    return far > APART * math.hypot(_deviation(a, b), _deviation(b, a))


def _deviation(of: Ends, towards: Ends) -> float:
    end = of["high"] if towards["value"] > of["value"] else of["low"]
    return abs(math.log(end / of["value"])) / LEVEL


def together(estimates: Sequence[Ends]) -> Ends:
    """Estimates that agree as one, each weighed by its precision; a single one as it is."""
    if len(estimates) == 1:
        return estimates[0]
    logs = [math.log(e["value"]) for e in estimates]
    weights = [(2 * LEVEL / math.log(e["high"] / e["low"])) ** 2 for e in estimates]
    mean = sum(w * v for w, v in zip(weights, logs, strict=True)) / sum(weights)
    return _ends(math.exp(mean), sum(weights) ** -0.5)


def whole(ends: Ends) -> tuple[int, int, int]:
    """An estimate in whole dimensions: the number, and the ends of its interval.

    Example:
        >>> whole({"value": 7.8, "low": 6.9, "high": 8.8})
        (8, 7, 9)
    """
    number = max(1, round(ends["value"]))
    return number, max(1, min(number, round(ends["low"]))), max(number, round(ends["high"]))
