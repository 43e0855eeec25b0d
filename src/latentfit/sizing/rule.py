"""From estimates to a dimension and its interval: what the choosing half of the known sets says."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TypedDict

from latentfit.sizing.neighbourhood import SCALE, Neighbours

LEVEL = 1.96  # deviations of a 95 % interval
APART = 3.0  # deviations between two estimates that contradict each other
# Chosen on the first half of `latentfit reproduce size-cases`.
FROM, RISE = 12.0, 0.31
WIDTH, RISING, NOISE, ALONE = 0.055, 0.12, 0.06, 0.25
MASK, MASK_STEP = 0.04, 0.5


class Ends(TypedDict):
    """A number of dimensions and the ends of its 95 % interval, as `metrics.Dimension`."""

    value: float
    low: float
    high: float


def of_neighbours(found: Neighbours) -> Ends | None:
    r"""The dimension by neighbours, and its interval; None where nothing finite came out.

    With b the estimate from reconstructions by 20 neighbours,
    :math:`\ln n = \ln b + 0.31 \max(0, \ln (b / 12))`: on curved data the estimate is low in many
    dimensions. Its deviation grows there, and with what the samples have above their
    reconstructions, which is noise. Where no auto-encoder was played, the samples alone count, with
    an interval that is wide downwards: they cannot tell noise from dimensions.
    """
    raw, smooth = found["curve"].get(SCALE), found["rebuilt"].get(SCALE)
    if smooth is None:
        if raw is None:
            return None
        value, reach = _raised(raw), math.exp(LEVEL * ALONE)
        return {"value": value, "low": value / reach**2, "high": value * reach}
    noise = max(0.0, math.log(raw / smooth)) if raw is not None else 1.0
    deviation = WIDTH + RISING * max(0.0, math.log(smooth / FROM)) + NOISE * min(noise, 1.0)
    return _ends(_raised(smooth), deviation)


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
    """Estimates that agree as one, each weighed by its precision; at least one."""
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
