"""What the scores of a model mean together: a sentence, and the numbers that it rests on."""

from __future__ import annotations

import math
import re
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

KNOWN = 0.1  # what a share of the test samples must be known within, two errors, to clear a model
FACTOR = 1.5  # times its floor, up to which a distance is that of new data
COPIES = 0.8  # novelty at and below which a model remembers
NEAR_COPIES = 0.9  # the same of authenticity
HELD = 0.5  # share of the variance below which reconstructions have not begun to be right
NONE = 0.1  # share of the floor's coverage below which samples have nothing of the data
FALL = 0.05  # of the whole fall: what the last quarter of a curve must gain to be still falling


@dataclass(frozen=True)
class Evidence:
    """A score that a verdict looks at, against its floor.

    Attributes:
        name: A pattern of its name.
        of: Whether it says how samples look, or what they cover, or neither alone.
        margin: Of a share, what it may lack of its floor, as a part of it; thrice that is poor.
            None for a distance.
    """

    name: str
    of: Literal["looks", "covers", "both"]
    margin: float | None = None


EVIDENCE = (
    Evidence("precision", "looks", 0.1),
    Evidence("density", "looks", 0.2),
    Evidence("prd_precision", "looks", 0.1),
    Evidence("coverage", "covers", 0.1),
    Evidence("prd_recall", "covers", 0.05),
    Evidence("fid|fd_.+", "both"),
    Evidence("sliced_wasserstein", "both"),
    Evidence("columns|pairs", "both"),
)


@dataclass(frozen=True)
class Reason:
    """Two numbers that were compared.

    Attributes:
        score: The name of the first.
        value: The score.
        against: What it was compared with.
        text: Both, in words.
    """

    score: str
    value: float
    against: float
    text: str


@dataclass(frozen=True)
class Verdict:
    """What the scores mean together.

    Attributes:
        key: `remembers`, `undertrained`, `misses-part`, `prior-misses-codes`, `blurs`, `close`,
            `as-good-as-new` or `unclear`.
        sentence: For a reader.
        reasons: What it rests on.
    """

    key: str
    sentence: str
    reasons: tuple[Reason, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """What `evaluation.json` holds as `verdict`."""
        return asdict(self) | {"reasons": [asdict(reason) for reason in self.reasons]}


@dataclass(frozen=True)
class _Compared:
    evidence: Evidence
    name: str
    value: float
    floor: float
    error: float

    def beyond(self, times: float = 1) -> bool:
        """Whether it is worse than its floor by more than the margin, and than two errors."""
        if (margin := self.evidence.margin) is None:
            gap, allowed = self.value - self.floor, (FACTOR - 1) * self.floor
        else:
            gap, allowed = self.floor - self.value, times * margin * self.floor
        return gap > allowed and gap > 2 * self.error

    @property
    def lacks(self) -> float:
        """The gap in margins."""
        return (self.floor - self.value) / ((self.evidence.margin or math.inf) * self.floor or 1)

    @property
    def reason(self) -> Reason:
        text = f"{self.name} {self.value:.3g}, floor {self.floor:.3g}"
        return Reason(self.name, self.value, self.floor, text)


def verdict(scores: Mapping[str, Any], lines: Sequence[Mapping[str, Any]] = ()) -> Verdict:
    """What scores mean together; the first of the rules of docs/which-score.md that holds.

    Arguments:
        scores: The object of `evaluation.json`, in part or whole.
        lines: Of `metrics.jsonl`, where there are any: whether the training had levelled off.

    Example:
        >>> scores = {"coverage": 0.4, "coverage_reconstruction": 0.9, "coverage_floor": 0.95}
        >>> found = verdict(scores | {"details": {"count": 1000, "draws": 3}})
        >>> found.key, found.reasons[0].text
        ('prior-misses-codes', 'coverage 0.4, floor 0.95')
    """
    if copied := _copied(scores):
        sentence = "Remembers its training data: samples lie nearer to it than new data do."
        return Verdict("remembers", sentence, copied)
    held = _compared(scores)
    if not held:
        return Verdict("unclear", "No verdict: no score here has a floor to compare it with.")
    shares = [row for row in held if row.evidence.margin is not None]
    poor = sorted((row for row in shares if row.beyond(3)), key=lambda row: -row.lacks)
    if poor:
        return _why(scores, shares, poor[0], lines)
    worse = sorted((row for row in held if row.beyond()), key=lambda row: -row.lacks)
    if worse and shares:
        more = " It was still getting better: more rounds may help." if falling(lines) else ""
        sentence = f"Close to new data, but not as good.{more}"
        return Verdict("close", sentence, tuple(row.reason for row in worse))
    if worse:
        sentence = "Not as good as new data; score all groups to learn why."
        return Verdict("unclear", sentence, tuple(row.reason for row in worse))
    return _cleared(scores, held, looked=_number(scores, "novelty") is not None)


def falling(lines: Sequence[Mapping[str, Any]]) -> bool | None:
    """Whether a run was still getting better at its end; None where its lines do not say.

    The reconstruction term, or the validation score where there is none, has to have gained at
    least `FALL` of its whole fall in the last quarter, from the mean of the quarter before, and
    more than two standard errors. Fewer than eight values say nothing.
    """
    names = {name: None for line in lines for name in line if name.endswith("/reconstruction")}
    for name in [*names, "validation"]:
        values = [float(line[name]) for line in lines if name in line]
        values = [value for value in values if math.isfinite(value)]
        if (size := len(values) // 4) < 2:
            continue
        first, before, last = values[:size], values[-2 * size : -size], values[-size:]
        a, b = statistics.fmean(before), statistics.fmean(last)
        error = math.sqrt((statistics.variance(before) + statistics.variance(last)) / size)
        return a - b > max(FALL * (statistics.fmean(first) - b), 2 * error)
    return None


def _copied(scores: Mapping[str, Any]) -> tuple[Reason, ...]:
    """What says that samples are copies."""
    found: list[Reason] = []
    for name, most in (("novelty", COPIES), ("authenticity", NEAR_COPIES)):
        value, error = _number(scores, name), _number(scores, f"{name}_se")
        if value is not None and error is not None and value <= most and 1 - value >= 3 * error:
            text = f"{name} {value:.2g} ± {error:.1g}, 1 for new data and 0 for copies"
            found.append(Reason(name, value, 1.0, text))
    return tuple(found)


def _why(
    scores: Mapping[str, Any],
    shares: list[_Compared],
    worst: _Compared,
    lines: Sequence[Mapping[str, Any]],
) -> Verdict:
    """Why samples are poor."""
    moving = falling(lines)
    rebuilt = [row for row in _compared(scores, "_reconstruction") if row.evidence.margin]
    behind = [row.reason for row in rebuilt if row.beyond()][:1]
    reasons = (worst.reason, *behind)
    who = "reconstructions" if rebuilt else "samples"
    if moving and (behind or not rebuilt):
        sentence = f"Undertrained: {who} fall short and were still getting better; give more rounds"
        return Verdict("undertrained", f"{sentence}.", reasons)
    looks = [row for row in shares if row.evidence.of == "looks"]
    if looks and not any(row.beyond() for row in looks):
        sentence = "Leaves out part of the data: samples look right but do not cover it."
        return Verdict("misses-part", sentence, (worst.reason, looks[0].reason))
    if moving is None and (begun := _not_begun(scores, lines)):
        sentence = (
            f"Undertrained: {who} hold next to nothing of the data, and no curve shows that "
            "learning had stopped; give more rounds."
        )
        return Verdict("undertrained", sentence, (worst.reason, begun))
    for again in rebuilt:
        gain, gap = again.value - worst.value, worst.floor - worst.value
        if again.name == f"{worst.name}_reconstruction" and gain >= gap / 2:
            sentence = (
                "Good reconstructions, poor samples: the prior misses the codes; fit another "
                "(latentfit fit-prior)."
            )
            if behind:
                sentence = sentence.replace("Good reconstructions, poor samples", BETTER)
            return Verdict("prior-misses-codes", sentence, (worst.reason, again.reason))
    if not rebuilt:
        beside = [row.reason for row in looks if row.beyond() and row != worst][:1]
        return Verdict("blurs", "Samples lie beside the data.", (worst.reason, *beside))
    after = "" if moving is None else ", and training had levelled off"
    sentence = (
        f"Blurs: reconstructions already lie beside the data{after}; try a wider network, more "
        "latent dimensions or a weaker penalty."
    )
    return Verdict("blurs", sentence, reasons)


BETTER = "Reconstructions are far better than samples"


def _not_begun(scores: Mapping[str, Any], lines: Sequence[Mapping[str, Any]]) -> Reason | None:
    """The reason to say that next to nothing was learnt."""
    explained = _number(scores, "explained")
    if explained is not None:
        text = f"explained {explained:.2g}, below {HELD}"
        return Reason("explained", explained, HELD, text) if explained < HELD else None
    covered, floor = _number(scores, "coverage"), _number(scores, "coverage_floor")
    if not lines or "mse" in scores or covered is None or not covered < NONE * (floor or 0):
        return None
    text = f"coverage {covered:.2g}, below a tenth of the floor {floor:.2g}"
    return Reason("coverage", covered, NONE * (floor or 0), text)


def _cleared(scores: Mapping[str, Any], held: list[_Compared], *, looked: bool) -> Verdict:
    """Nothing speaks against the model; do enough test samples say so?"""
    shares = [row for row in held if row.evidence.margin and row.evidence.name != "density"]
    for row in shares or held:
        allowed = (KNOWN if shares else FACTOR - 1) * row.floor
        if 2 * row.error > allowed:
            text = f"{row.name} is known within {2 * row.error:.2g}, {allowed:.2g} is needed"
            reason = Reason(row.name, 2 * row.error, allowed, text)
            sentence = f"Too few test samples to tell: {_count(scores, row.name):,}"
            if row.evidence.margin and allowed > 0:  # the error of a share falls with their root
                needed = _count(scores, row.name) * (2 * row.error / allowed) ** 2
                tens = 10 ** (len(str(int(needed))) - 1)
                sentence += f", of about {tens * math.ceil(needed / tens):,} needed"
            sentence += "."
            return Verdict("unclear", sentence, (reason,))
    unknown = "" if looked else "; whether it remembers training data was not scored"
    count = min(_count(scores, row.name) for row in held)
    sentence = f"As good as new data, as far as {count:,} test samples tell{unknown}."
    return Verdict("as-good-as-new", sentence, tuple(row.reason for row in held))


def _count(scores: Mapping[str, Any], name: str = "", of: str = "count") -> int:
    """How many samples, or draws, are behind a score; some may be of an earlier call."""
    details = scores.get("details", {})
    earlier = (group for group in details.get("earlier", []) if name in group["scores"])
    return max(1, int(next(earlier, details).get(of, 1)))


def _number(scores: Mapping[str, Any], name: str) -> float | None:
    value = scores.get(name)
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None


def _compared(scores: Mapping[str, Any], suffix: str = "") -> list[_Compared]:
    """The scores that have a floor, in the order of `EVIDENCE`."""
    found = []
    for evidence in EVIDENCE:
        for base in [
            n for n in scores if re.fullmatch(evidence.name, n) and f"{n}_floor" in scores
        ]:
            value, floor = _number(scores, f"{base}{suffix}"), _number(scores, f"{base}_floor")
            if value is None or floor is None:
                continue
            # Of the mean over draws, and of the floor, which is a draw of its own.
            draws, count = _count(scores, base, "draws"), _count(scores, base)
            variance = (_number(scores, f"{base}_sd") or 0.0) ** 2 * (1 / draws + 1)
            if evidence.margin is not None:
                shares = (min(max(share, 0.0), 1.0) for share in (value, floor))
                variance += sum(share * (1 - share) for share in shares) / count
            found.append(_Compared(evidence, f"{base}{suffix}", value, floor, variance**0.5))
    return found
