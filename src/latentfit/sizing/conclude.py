"""From the evidence to a number, an interval and how sure it is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple, TypedDict

from latentfit.sizing import rule
from latentfit.sizing.neighbourhood import SCALE, Neighbours


class MaskRun(TypedDict):
    """A run of MaskAAE from `latent` dimensions, read as a `Verdict`; `trace` as of `trace`."""

    latent: int
    seed: int
    active: int
    half_open: int
    failed: str
    trace: list[tuple[int, int]]


class Check(TypedDict):
    """A short training with a fixed prior at `latent` dimensions; None is what did not come out.

    `lost` is the share of the variance of test samples that reconstructions lose, `fd` and
    `fd_reconstruction` are Fréchet distances on pixels, in the network's units; `seconds` is what
    it took, with its scores.
    """

    latent: int
    lost: float | None
    fd: float | None
    fd_reconstruction: float | None
    seconds: float


class Evidence(TypedDict):
    """All that an answer rests on, as plain values.

    `spectral_95` are the principal components that hold 95 % of the variance, `max_latent` bounds
    what was tried, `spread` is of vectors, `check` is sorted by size. In seconds: `mask_seconds`,
    what the first run of the mask was expected to take (0 where it was played before); `seconds` of
    this call; `core_seconds` of all trainings.
    """

    neighbours: Neighbours
    spectral_95: int
    max_latent: int
    spread: Spread | None
    masks: list[MaskRun]
    mask_seconds: float
    check: list[Check]
    seconds: float
    core_seconds: float


class Spread(TypedDict):
    """How the entries of vectors vary, in their own units.

    `active` entries have at least a hundredth of the variance of the one with most; `effective`
    dimensions are the participation ratio of the covariance. `common` says whether the entries
    keep their units beside each other.
    """

    entries: int
    active: int
    effective: float
    common: bool


class Trained(NamedTuple):
    """A `Check` that came through."""

    latent: int
    fd: float
    lost: float


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


def counts(masks: Sequence[MaskRun]) -> list[int]:
    """Open dimensions of the runs that did not fail."""
    return [mask["active"] for mask in masks if not mask["failed"]]


def _full(masks: Sequence[MaskRun]) -> list[int]:
    """Sizes at which a mask closed nothing: it says no more than that there are as many."""
    return [m["latent"] for m in masks if not m["failed"] and m["active"] == m["latent"]]


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


def recommended(neighbours: Neighbours, masks: Sequence[MaskRun]) -> int:
    """The dimension that all estimates say together."""
    return rule.whole(_combined(neighbours, masks))[0]


def filled(answer: int, check: Sequence[Check]) -> int:
    """What the samples fill of the answer.

    Half of it, as often as a fixed prior both generates and reconstructs test samples better there:
    so few samples do not show a network more dimensions, whatever their true number is.
    """
    held = {row.latent: row for row in _complete(check)}
    while (half := answer // 2) in held and answer in held:
        if held[half].fd >= held[answer].fd or held[half].lost >= held[answer].lost:
            break
        answer = half
    return answer


def conclude(evidence: Evidence) -> Size:
    """The recommendation, and sentences that say what it rests on.

    `sure` is `high` where reconstructions were looked at and the interval spans at most 3 or 0.3 of
    the answer, `medium` where it spans at most 5 or half of it; `low` else, and where a mask closed
    nothing, or what the auto-encoder keeps does not clearly stand out of what it loses; `none`
    where masks and neighbours contradict each other.
    """
    neighbours, masks, check = evidence["neighbours"], evidence["masks"], evidence["check"]
    found = rule.whole(_combined(neighbours, masks))
    dimension, low, high = (min(number, neighbours["entries"]) for number in found)
    answer = filled(dimension, check)
    why = [*_seen(neighbours), *_masked(evidence), *_bounded(answer, evidence)]
    if answer < dimension:
        why.append(f"m = {answer} generates and reconstructs test samples better than {dimension}: "
                   "the samples do not fill more")  # fmt: skip
    interval, sure = (min(low, answer), high), "low"
    if _apart(_estimates(neighbours, masks)):
        sure = "none"
        why.insert(0, "masks and neighbours contradict each other, and nothing says which is right")
    elif neighbours["rebuilt"] and not _full(masks) and rule.standing(neighbours) >= rule.CLEAR:
        width = interval[1] - interval[0]
        sure = "high" if width <= max(3, 0.3 * answer) else sure
        sure = "medium" if sure == "low" and width <= max(5, 0.5 * answer) else sure
    return Size(answer, interval, sure, [*why, *_costs(answer, evidence)], evidence)


def _seen(found: Neighbours) -> list[str]:
    """What neighbours say."""
    why = []
    raw = found["curve"].get(SCALE)
    if found["rebuilt"]:
        rebuilt = rule.nearest_scales(found["rebuilt"])
        why.append(f"neighbours of samples as an auto-encoder with m = {found['latent']} "
                   f"reconstructs them say {rebuilt:.1f}")  # fmt: skip
        if raw is not None and raw > 1.1 * rebuilt:
            lost = f"{found['error'] or 0:.1%} of the variance"
            why.append(f"those of the samples themselves say {raw:.1f}: noise, or detail that "
                       f"reconstructions lose ({lost})")  # fmt: skip
    elif raw is not None:
        why.append(f"neighbours of the samples say {raw:.1f}, noise included")
    if found["rebuilt"] and (clear := rule.standing(found)) < rule.CLEAR:
        why.append(f"a dimension of the auto-encoder keeps {clear:.1f} times the variance that it "
                   "loses in one: " + ("nothing stands out of noise, so the samples count" if
                   clear < rule.NOTHING else "where dimensions end is not clear"))  # fmt: skip
    if len(found["parts"]) > 1:
        told = ", ".join(f"{part['share']:.0%} of about {part['dimension']:.0f}"
                         for part in found["parts"])  # fmt: skip
        why.append(f"the samples are of several kinds, {told} dimensions; the answer is for the "
                   "latter")  # fmt: skip
    if copies := found["copies"]:
        why.append(f"{copies:,} of {found['samples']:,} samples are left out of that: near copies "
                   "of others")  # fmt: skip
    return why


def _masked(evidence: Evidence) -> list[str]:
    """What masks say."""
    masks, why = evidence["masks"], []
    found = counts(masks)
    if found:
        why.append(f"the mask left {', '.join(map(str, found))} dimensions open")
    elif not masks:
        # The check keeps a sixth of the budget; a minute is for what comes before the masks.
        minutes = math.ceil(evidence["mask_seconds"] / 60 * 1.2 + 1)
        why.append(f"the budget allowed no run of the mask; give --budget {minutes} for the first")
    if failed := len(masks) - len(found):
        why.append(f"{failed} of {len(masks)} runs of the mask failed and are left out")
    if full := _full(masks):
        why.append(f"at m = {max(full)} no dimension closed: the data may need more, allow it "
                   "by --max-latent")  # fmt: skip
    return why


def _bounded(answer: int, evidence: Evidence) -> list[str]:
    """What the entries say of themselves, and an answer beyond what was tried."""
    why = []
    spread = evidence["spread"]
    if spread and (left := spread["entries"] - spread["active"]):
        why.append(f"{spread['active']} of {spread['entries']} entries are active, {left} have "
                   "less than a hundredth of the variance of the one with most; the effective "
                   f"dimension is {spread['effective']:.1f}")  # fmt: skip
        if not spread["common"]:
            why.append("each entry is brought to one deviation, these too: give --scale common if "
                       "all entries have one unit, as codes do")  # fmt: skip
    if answer > (most := evidence["max_latent"]):
        why.append(f"that is more than m = {most}, the largest that was tried; allow more by "
                   "--max-latent")  # fmt: skip
    return why


def _complete(check: Sequence[Check]) -> list[Trained]:
    """The short trainings that came through, by size."""
    held = [
        Trained(row["latent"], fd, lost)
        for row in check
        if (fd := row["fd"]) is not None and (lost := row["lost"]) is not None
    ]
    return sorted(held, key=lambda row: row.latent)


def _costs(answer: int, evidence: Evidence) -> list[str]:
    """What fewer dimensions lose and more buy, by the short trainings, and what PCA takes."""
    why = [f"PCA takes {evidence['spectral_95']} components for 95 % of the variance"]
    held = {row.latent: row for row in _complete(evidence["check"])}
    if len(held) < 2 or answer not in held:
        return why
    for m, row in held.items():
        if m != answer:
            what = "fewer dimensions" if m < answer else "more dimensions"
            why.append(f"{what}, m = {m}: reconstructions lose {row.lost:.1%} of the variance "
                       f"(m = {answer}: {held[answer].lost:.1%}), samples of a fixed prior are at "
                       f"a Fréchet distance of {row.fd:.3g} ({held[answer].fd:.3g})")  # fmt: skip
    return why
