"""The few scores that a reader looks at first, each drawn against its floor."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from latentfit.scoring.verdict import COPIES, EVIDENCE, FACTOR

FEWEST, MOST = 0.5, 1_000.0  # ends of the axis of distances, in floors, logarithmic


@dataclass(frozen=True)
class Key:
    """A row of the chart.

    Attributes:
        label: What it says.
        names: Patterns of scores. Of distances the first that the run has is drawn, of shares the
            one that lacks most of its floor, by the margins of the verdict.
        scale: `floors` for a distance on a logarithmic axis in multiples of its floor; `share` for
            an axis from 0 to 1.
        end: Of the axis of a share.
    """

    label: str
    names: tuple[str, ...]
    scale: Literal["floors", "share"]
    end: float = 1.0


KEYS = (
    Key(
        "distance to new data",
        ("columns", "spectrum", "fid", "fd_.+", "sliced_wasserstein"),
        "floors",
    ),
    Key("distance of pairs of columns", ("pairs",), "floors"),
    Key("samples look like data", ("precision", "density", "prd_precision"), "share", end=1.25),
    Key("all of the data is covered", ("coverage", "prd_recall"), "share"),
    Key("samples are new, not copies", ("novelty",), "share", end=1.5),
    Key("reconstructions hold the data", ("explained",), "share"),
    Key("prior's distance to the codes", ("prior_sliced_wasserstein",), "floors"),
)
"""The rows, in order; one whose score a run lacks is left out."""


@dataclass(frozen=True)
class Bar:
    """A row as the page draws it; places are per cent of the axis.

    Attributes:
        label: What it says.
        name: Of the score.
        text: Value, spread and floor.
        direction: Which way is better.
        value: Where the value lies.
        low: Where its spread begins.
        high: Where its spread ends.
        floor: Where the floor lies; None for a score without one.
        band: Start and length of what counts as good; None for a score without a floor.
        good: Whether the value is in there; None for a score without a floor.
        ticks: Places and labels of the axis.
        outside: Whether the value lies beyond the end of the axis.
    """

    label: str
    name: str
    text: str
    direction: str
    value: float
    low: float
    high: float
    floor: float | None
    band: tuple[float, float] | None
    good: bool | None
    ticks: tuple[tuple[float, str], ...]
    outside: bool


def bars(scores: Mapping[str, Any]) -> list[Bar]:
    """The rows of a run's scores.

    Example:
        >>> held = {"precision": 0.75, "precision_floor": 0.9, "precision_sd": 0.05}
        >>> [(bar.label, bar.value, bar.floor, bar.good) for bar in bars(held)]
        [('samples look like data', 60.0, 72.0, False)]
    """
    found = (_bar(key, name, scores) for key in KEYS if (name := _present(key, scores)))
    return [bar for bar in found if bar is not None]


def _present(key: Key, scores: Mapping[str, Any]) -> str | None:
    found = [
        name for pattern in key.names for name, value in scores.items()
        if re.fullmatch(pattern, name) and isinstance(value, int | float)
        and not re.search("_(floor|sd|se|reconstruction)$", name)
    ]  # fmt: skip
    if key.scale == "floors":
        return next(iter(found), None)

    def lacks(name: str) -> float:
        floor = scores.get(f"{name}_floor") or 0
        return (floor - scores[name]) / (_margin(name) * floor or 1)

    return max(found, key=lacks, default=None)


def _bar(key: Key, name: str, scores: Mapping[str, Any]) -> Bar | None:
    value, floor = scores[name], scores.get(f"{name}_floor")
    spread = scores.get(f"{name}_sd", scores.get(f"{name}_se")) or 0.0
    said = f"{value:.3g}" + (f" ± {spread:.2g}" if spread else "")
    if key.scale == "floors":
        if floor is None or floor <= 0:
            return None
        start, stop, unit = 0.0, FACTOR * floor, floor
        ticks = tuple((n * floor, f"{n:,}×") for n in (1, 10, 100, 1_000))
        direction, end = "lower is better", MOST * floor
        said += f", floor {floor:.3g}: {value / floor:.2g} times"
    else:
        start, stop, unit = (floor or 0) * (1 - _margin(name)), math.inf, None
        ticks = tuple((at, f"{at:g}") for at in (0, 0.5, 1))
        direction, end = "higher is better", key.end
        said += f", floor {floor:.3g}" if floor is not None else ""
    if name == "novelty":
        start, direction = COPIES, "1 is new, 0 is copied"

    def place(at: float) -> float:
        part = at / key.end
        if unit is not None:
            part = math.log(max(at / unit, FEWEST) / FEWEST) / math.log(MOST / FEWEST)
        return round(100 * min(max(part, 0.0), 1.0), 2)

    known = floor is not None
    return Bar(
        label=key.label,
        name=name,
        text=said,
        direction=direction,
        value=place(value),
        low=place(value - spread),
        high=place(value + spread),
        floor=place(floor) if known else None,
        band=(place(start), round(place(stop) - place(start), 2)) if known else None,
        good=start <= value <= stop if known else None,
        ticks=tuple((place(at), label) for at, label in ticks),
        outside=value > end,
    )


def _margin(name: str) -> float:
    """What a share may lack of its floor, as in the verdict."""
    margins = (row.margin for row in EVIDENCE if re.fullmatch(row.name, name))
    return next(margins, None) or 0.1
