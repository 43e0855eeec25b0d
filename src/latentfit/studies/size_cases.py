"""Questions with known answers: what `size` says of clean and of unclean data."""

from __future__ import annotations

import math
import statistics
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from latentfit.checks import UserError
from latentfit.runs.cells import Row
from latentfit.sizing import METHODS, Size, Table, conclude, gather, largest, read, rule
from latentfit.studies.base import Shown, Study, grouped, table
from latentfit.studies.known_sets import (
    CHOOSING,
    OTHERS,
    REPORTING,
    UNSEEN,
    KnownSet,
    known_sets,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure


LEVELS = (0.5, 0.68, 0.8, 0.9, 0.95, 0.99)


@dataclass(frozen=True)
class Question:
    """How many dimensions has a known set?

    Attributes:
        case: The set.
        method: Who answers: `neighbours`, `joint` with masks beside them, or a published method.
    """

    case: KnownSet
    method: str = "neighbours"

    @property
    def seed(self) -> int:
        """That of the set; the evidence is gathered with the same."""
        return self.case.seed

    @property
    def key(self) -> str:
        """The set's name, and the method where it is not ours alone."""
        other = "" if self.method == "neighbours" else f"-{self.method}"
        return f"size-{self.case.name}{other}"

    def placed(self, root: str | None, *, compile: bool) -> Question:
        """The same: nothing of it depends on where data sets lie."""
        return self

    def play(self, folder: Path, data: Any) -> Row:
        """The evidence, however long it takes; runs are not kept."""
        from latentfit.runs.run import commit

        known = self.case.data()
        row: Row = {
            "key": self.key,
            "recipe": "size",
            "data": self.case.name,
            **asdict(self.case),
            "method": self.method,
        }
        with tempfile.TemporaryDirectory() as temporary:
            table = Table(known, Path(temporary), math.inf, workers=1, progress=False)
            row |= self._answer(table, largest(known))
        return row | {"seconds": table.passed(), "commit": commit()}

    def _answer(self, table: Table, most: int) -> Row:
        if self.method in METHODS:
            try:
                found = read(self.method, table, most=most, seed=self.seed)
            except UserError as error:  # a method without an answer is a row, too
                return {"latent": None, "error": str(error)}
            return {"latent": found.latent, "curve": found.curve}
        joint = self.method == "joint"
        evidence = gather(table, most=most, seed=self.seed, masks=joint, check=False)
        return {"latent": conclude(evidence).latent, "evidence": evidence}


def _cells(scale: str) -> list[Question]:
    sets = [held for seed in (*CHOOSING, *REPORTING) for held in known_sets((seed,))]
    sets += known_sets(OTHERS, UNSEEN)
    return [Question(held) for held in (sets[8::100] if scale == "smoke" else sets)]


def fitted(rows: Sequence[Row]) -> tuple[float, float]:
    """What `sizing.rule` takes from the choosing half, as it was on that.

    Arguments:
        rows: Of questions; only those of the choosing seeds count.

    Returns:
        How estimates from reconstructions rise beyond 12 dimensions, by least squares of
        logarithms, and the deviation of a logarithm that holds 95 % of the truths.
    """
    pairs = [
        (math.log(rule.nearest_scales(near)), math.log(row["n"]))
        for row in rows
        if row["seed"] in CHOOSING and (near := row["evidence"]["neighbours"]["rebuilt"])
    ]
    above = [(max(0.0, b - math.log(rule.FROM)), n - b) for b, n in pairs]
    squares = sum(x * x for x, _ in above)
    rise = sum(x * y for x, y in above) / squares if squares else 0.0
    errors = sorted(abs(y - rise * x) for x, y in above)
    return rise, errors[min(len(errors) - 1, round(0.95 * len(errors)))] / rule.LEVEL


def calibration(rows: Sequence[Row]) -> list[tuple[float, float]]:
    """Levels of intervals, and the share of rows whose truth they hold, before rounding."""
    found = [rule.of_neighbours(row["evidence"]["neighbours"]) for row in rows]
    normal = statistics.NormalDist()
    levels = []
    for ends, row in zip(found, rows, strict=True):
        if ends is None:
            levels.append(1.0)
            continue
        end = ends["high"] if row["n"] > ends["value"] else ends["low"]
        deviations = math.log(row["n"] / ends["value"]) / math.log(end / ends["value"])
        levels.append(2 * normal.cdf(abs(deviations) * rule.LEVEL) - 1)
    return [(level, sum(held <= level for held in levels) / len(rows)) for level in LEVELS]


def answered(row: Row) -> Size:
    """What today's rule says of the evidence of a row."""
    return conclude(row["evidence"])


def _line(name: str, rows: Sequence[Row]) -> list[object]:
    said = [(row, answered(row)) for row in rows]
    held = [a for a in said if a[1].sure != "none"]
    inside = sum(found.interval[0] <= row["n"] <= found.interval[1] for row, found in held)
    error = [abs(found.latent / row["n"] - 1) for row, found in held]
    width = [(found.interval[1] - found.interval[0]) / row["n"] for row, found in held]
    return [
        name, len(rows), f"{inside} of {len(held)}", len(rows) - len(held),
        f"{statistics.median(error):.0%}" if held else "-",
        f"{statistics.median(width):.0%}" if held else "-",
        f"{statistics.median(row['seconds'] for row in rows):.0f}",
    ]  # fmt: skip


def _missed(rows: Sequence[Row]) -> str:
    lines = []
    for row in rows:
        found = answered(row)
        if not found.interval[0] <= row["n"] <= found.interval[1]:
            low, high = found.interval
            lines.append([row["data"], row["n"], found.latent, f"{low} to {high}", found.sure])
    return table(["set", "n", "answer", "interval", "sure"], lines) if lines else "None.\n"


def _show(rows: Sequence[Row], folder: Path, root: str | None) -> Shown:
    columns = ["stratum", "sets", "interval holds n", "cannot say", "median error",
               "median width of the interval", "median seconds"]  # fmt: skip
    text, shown = "", {}
    halves = (
        ("Reported", REPORTING),
        ("Reported, other sizes, counts and levels", OTHERS),
        ("Chosen on", CHOOSING),
    )
    for title, seeds in halves:
        half = [row for row in rows if row["seed"] in seeds]
        if not half:
            continue
        shown[title] = half
        lines = [_line(name, held) for (name,), held in grouped(half, "stratum").items()]
        text += f"## {title}: seeds {', '.join(map(str, seeds))}\n\n"
        text += table(columns, [*lines, _line("all", half)])
        text += f"\nIntervals that do not hold n:\n\n{_missed(half)}\n"
        shares = [f"{share:.0%}" for _, share in calibration(half)]
        text += "Before rounding to whole dimensions intervals of other levels hold:\n\n"
        text += table(["level", *(f"{level:.0%}" for level in LEVELS)], [["holds n", *shares]])
        text += "\n"
        if seeds == CHOOSING:
            rise, deviation = fitted(half)
            text += f"The rule, fitted to these: rise {rise:.3f}, deviation {deviation:.3f}.\n"
    reported = [row for row in rows if row["seed"] not in CHOOSING]
    if not reported:
        return text, {}
    from latentfit.pictures.sizes import calibrated

    curves = {title.lower(): calibration(half) for title, half in shown.items()}
    return text, {"size-cases": _figure(reported), "calibration": calibrated(curves)}


def _figure(rows: Sequence[Row]) -> Figure:
    from latentfit.pictures.sizes import intervals

    panels: dict[str, list[tuple[int, int, int, int]]] = {}
    for row in rows:
        found = answered(row)
        panels.setdefault(row["stratum"], []).append((row["n"], found.latent, *found.interval))
    return intervals(panels)


SIZE_CASES = Study(
    "size-cases",
    "ours",
    "what `size` says of sets whose dimension is known: clean, few, noisy, copied, "
    "rounded, heavy-tailed, unequal, linear, curved, mixed, counted",
    _cells,
    _show,
)
