"""From the evidence to a number, an interval and how sure it is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from latentfit.sizing import rule, sentences
from latentfit.sizing.evidence import Check, Evidence, MaskRun, closed_nothing, complete, counts
from latentfit.sizing.neighbourhood import Neighbours


@dataclass(frozen=True)
class Size:
    """A recommendation.

    Attributes:
        latent: Recommended number of latent dimensions.
        interval: Lowest and highest number that the evidence allows, with a chance of 95 %.
        sure: `high`, `medium` or `low`; `none` where the evidence contradicts itself, and the
            interval spans all of it.
        why: Sentences that say what the answer rests on.
        evidence: What it rests on.
    """

    latent: int
    interval: tuple[int, int]
    sure: str
    why: list[str]
    evidence: Evidence = field(repr=False)

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        return asdict(self) | {"interval": list(self.interval)}

    @classmethod
    def from_json(cls, told: dict[str, Any]) -> Self:
        """What `to_json` told."""
        held: dict[str, Any] = told | {"interval": tuple(told["interval"])}
        return cls(**held)


def _estimates(neighbours: Neighbours, masks: Sequence[MaskRun]) -> list[rule.Ends]:
    both = (rule.of_neighbours(neighbours), rule.of_masks(counts(masks)))
    return [found for found in both if found is not None]


def settled(neighbours: Neighbours, masks: Sequence[MaskRun]) -> bool:
    """Whether masks and neighbours agree, so that more masks add nothing."""
    return bool(counts(masks)) and not _apart(_estimates(neighbours, masks))


def _apart(estimates: Sequence[rule.Ends]) -> bool:
    return len(estimates) == 2 and rule.contradict(*estimates)


def _combined(neighbours: Neighbours, masks: Sequence[MaskRun]) -> rule.Ends:
    """What all estimates say together; of two that contradict each other both, and their middle."""
    found = _estimates(neighbours, masks)
    if not _apart(found):
        return rule.together(found)
    low, high = (min(e["low"] for e in found), max(e["high"] for e in found))
    return {"value": math.sqrt(low * high), "low": low, "high": high}


def _bounded(neighbours: Neighbours, masks: Sequence[MaskRun]) -> tuple[int, int, int]:
    """The number and the ends of its interval, none above the number of entries."""
    number, low, high = rule.whole(_combined(neighbours, masks))
    most = neighbours["entries"]
    return min(number, most), min(low, most), min(high, most)


def recommended(neighbours: Neighbours, masks: Sequence[MaskRun]) -> int:
    """The dimension that all estimates say together."""
    return _bounded(neighbours, masks)[0]


def suited(answer: int, check: Sequence[Check], *, entries: int, most: int) -> int:
    """The number of dimensions that a fixed prior does best with, from an answer on.

    Half of it, as often as it generates and reconstructs test samples as well there, but for 2 %:
    so few samples do not show a network more dimensions, whatever their true number is. Else twice
    of it, as often as it generates better there by more than 2 %, and reconstructions lose less by
    more than noise of all that is lost would have in as many dimensions, twice: what neighbours do
    not count as a dimension, as the curvature of images, a network may still use.

    Arguments:
        answer: What neighbours and masks say.
        check: Short trainings around it.
        entries: Of a sample.
        most: Largest latent size to try.
    """
    held = {row.latent: row for row in complete(check)}
    while (half := answer // 2) in held and answer in held:
        less, more = held[half], held[answer]
        if less.fd > rule.SAME * more.fd or less.lost > rule.SAME * more.lost:
            break
        answer = half
    while answer in held and (larger := min(2 * answer, most)) in held:
        less, more = held[answer], held[larger]
        noise = 2 * (larger - answer) * less.lost / max(1, entries - answer)
        if larger == answer or rule.SAME * more.fd > less.fd or more.lost > less.lost - noise:
            break
        answer = larger
    return answer


def conclude(evidence: Evidence) -> Size:
    """The recommendation, and sentences that say what it rests on."""
    neighbours, masks, check = evidence["neighbours"], evidence["masks"], evidence["check"]
    dimension, low, high = _bounded(neighbours, masks)
    answer = suited(dimension, check, entries=neighbours["entries"], most=evidence["max_latent"])
    why = sentences.told(answer, evidence)
    if answer < dimension:
        why.append(f"m = {answer} generates and reconstructs test samples as well as {dimension}: "
                   "the samples do not fill more")  # fmt: skip
    if answer > dimension:
        why.append(f"m = {answer} generates and reconstructs test samples better than {dimension}, "
                   "by more than noise would make it: a network uses more dimensions here than "
                   "neighbours count")  # fmt: skip
    sure = confidence(neighbours, masks, answer)
    if sure == "none":
        why.insert(0, "masks and neighbours contradict each other, and nothing says which is right")
    why += sentences.costs(answer, evidence)
    return Size(answer, (min(low, answer), max(high, answer)), sure, why, evidence)


def confidence(neighbours: Neighbours, masks: Sequence[MaskRun], answer: int | None = None) -> str:
    """How sure neighbours and masks are together.

    `high` where reconstructions of 200 samples or more were looked at and the interval spans at
    most 3 or 0.3 of the answer, `medium` where it spans at most 5 or half of it; `low` else, and
    where a mask closed nothing, or what the auto-encoder keeps does not clearly stand out of what
    it loses; `none` where masks and neighbours contradict each other.

    Arguments:
        neighbours: What they say.
        masks: Runs of the mask.
        answer: The recommendation, where it is not what these say.
    """
    if _apart(_estimates(neighbours, masks)):
        return "none"
    clear = neighbours["rebuilt"] and rule.standing(neighbours) >= rule.CLEAR
    if not clear or closed_nothing(masks):
        return "low"
    number, low, high = _bounded(neighbours, masks)
    answer = number if answer is None else answer
    width = max(high, answer) - min(low, answer)
    many = neighbours["samples"] - neighbours["copies"] >= rule.SAMPLES
    if many and width <= max(3, 0.3 * answer):
        return "high"
    return "medium" if width <= max(5, 0.5 * answer) else "low"
