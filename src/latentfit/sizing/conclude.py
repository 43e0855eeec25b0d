"""From the evidence to a number, an interval and how sure it is."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple, TypedDict

from latentfit.metrics import ESTIMATORS, Dimension, knee


class Ends(TypedDict):
    """A number of dimensions and the ends of its 95 % interval, as `metrics.Dimension`."""

    value: float
    low: float
    high: float


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

    `mse` is the mean squared error of test samples per entry, `fd` and `fd_reconstruction` Fréchet
    distances on pixels, all in the network's units; `codes` is what the test codes fill.
    """

    latent: int
    mse: float | None
    fd: float | None
    fd_reconstruction: float | None
    codes: Ends | None


class Evidence(TypedDict):
    """All that an answer rests on, as plain values.

    `estimators` are dimensions by the estimator's name, without those that are not finite;
    `samples` is how many they looked at, `copies` how many of these were left out as equal to
    others up to rounding. `spectral_95` the principal components that
    hold 95 % of the variance, `check` is sorted by size. In seconds: `mask_seconds`, what the first
    run of the mask was expected to take; `seconds` of this call; `core_seconds` of all.
    """

    estimators: dict[str, Ends]
    samples: int
    copies: int
    spectral_95: int
    masks: list[MaskRun]
    mask_seconds: float
    check: list[Check]
    seconds: float
    core_seconds: float


class Trained(NamedTuple):
    """A `Check` that came through."""

    latent: int
    fd: float
    mse: float
    codes: Ends | None


@dataclass(frozen=True)
class Size:
    """A recommendation.

    Attributes:
        latent: Recommended number of latent dimensions.
        interval: Lowest and highest number that the evidence allows.
        sure: `high`, `medium` or `low`.
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


def neighbours(estimates: dict[str, Dimension]) -> list[Dimension]:
    """The estimates that count: local PCA counts curvature too."""
    return [found for name, found in estimates.items() if name != "local-pca"]


def span(estimates: dict[str, Dimension]) -> tuple[int, int]:
    """The lowest and the highest whole number that the neighbour estimates allow."""
    held = neighbours(estimates)
    return math.floor(min(e.low for e in held)), math.ceil(max(e.high for e in held))


def guess(estimates: dict[str, Dimension]) -> float:
    """The middle one of the neighbour estimates."""
    return statistics.median(found.value for found in neighbours(estimates))


def counts(masks: Sequence[MaskRun]) -> list[int]:
    """Open dimensions of the runs that did not fail."""
    return [mask["active"] for mask in masks if not mask["failed"]]


def bounds(masks: Sequence[MaskRun], estimates: dict[str, Dimension]) -> tuple[int, int]:
    """The interval: all that masks and neighbours say."""
    found = counts(masks)
    ends = [*span(estimates), *found]
    if len(found) == 1:  # it may be off by one, and no other run says so
        ends += [found[0] - 1, found[0] + 1]
    return max(1, min(ends)), max(ends)


def narrow(interval: tuple[int, int], answer: float) -> bool:
    """Whether an interval spans at most 3 or 0.3 of the answer: what a person would call one."""
    return interval[1] - interval[0] <= max(3, 0.3 * answer)


def settled(masks: Sequence[MaskRun], estimates: dict[str, Dimension]) -> bool:
    """Whether masks agree with the neighbours and with each other, so that more add nothing.

    None failed, they are within 1 of each other, and their median within 1 of `span`. A mask that
    is alone does only where its interval is `narrow`.
    """
    found, (low, high) = counts(masks), span(estimates)
    if not found or len(found) < len(masks) or max(found) - min(found) > 1:
        return False
    middle = statistics.median(found)
    enough = len(found) > 1 or narrow(bounds(masks, estimates), middle)
    return enough and low - 1 <= middle <= high + 1


def recommended(masks: Sequence[MaskRun], estimates: dict[str, Dimension]) -> int:
    """The median of the masks, of the neighbour estimates where there is none; at least 1."""
    found = counts(masks)
    return max(1, round(statistics.median(found) if found else guess(estimates)))


def filled(answer: int, check: Sequence[Check]) -> int:
    """What the samples fill of the answer.

    Half of it, as often as a fixed prior both generates and reconstructs test samples better there:
    so few samples do not show a network more dimensions, whatever their true number is.
    """
    held = {row.latent: row for row in _complete(check)}
    while (half := answer // 2) in held and answer in held:
        if held[half].fd >= held[answer].fd or held[half].mse >= held[answer].mse:
            break
        answer = half
    return answer


def conclude(evidence: Evidence, estimates: dict[str, Dimension]) -> Size:
    """The recommendation, and sentences that say what it rests on.

    `sure` is `high` where the masks are `settled`, the short trainings point at the answer and
    the interval is `narrow`; `medium` where it spans at most 4 or half of the answer; `low` else,
    and where no mask came through or one closed nothing.

    Arguments:
        evidence: Its `estimators`, `spectral_95` and seconds are handed on.
        estimates: The same estimates of the data's dimension, by the estimator's name.
    """
    masks, check = evidence["masks"], evidence["check"]
    found, (low, high) = counts(masks), span(estimates)
    dimension = recommended(masks, estimates)
    answer = filled(dimension, check)
    why = [f"nearest neighbours say {low} to {high}"]
    if copies := evidence["copies"]:
        why.append(f"{copies:,} of {evidence['samples']:,} samples are left out of that: copies of "
                   "others, up to rounding")  # fmt: skip
    if missing := [name for name in ESTIMATORS if name not in estimates]:
        why.append(f"{', '.join(missing)} found no finite dimension: distances between samples tie")
    failed = len(masks) - len(found)
    if found:
        why.insert(0, f"the mask left {', '.join(map(str, found))} dimensions open")
    elif masks:
        why.append("no run of the mask came through, so the neighbours decide")
    else:
        # The check keeps a sixth of the budget; a minute is for what comes before the masks.
        minutes = math.ceil(evidence["mask_seconds"] / 60 * 1.2 + 1)
        why.append(f"the budget allowed no run of the mask; give --budget {minutes} for the first")
    if failed:
        why.append(f"{failed} of {len(masks)} runs of the mask failed and are left out")
    full = [m["latent"] for m in masks if not m["failed"] and m["active"] == m["latent"]]
    if full:
        why.append(f"at m = {max(full)} no dimension closed: the data may need more, allow it "
                   "by --max-latent")  # fmt: skip
    if answer < dimension:
        why.append(f"m = {answer} generates and reconstructs test samples better than {dimension}: "
                   "the samples do not fill more")  # fmt: skip
    confirmed, sentences = _checked(answer, check)
    lowest, highest = bounds(masks, estimates)
    interval = min(lowest, answer), highest
    sure = "low"
    if found and not full:
        if settled(masks, estimates) and confirmed and narrow(interval, answer):
            sure = "high"
        elif interval[1] - interval[0] <= max(4, 0.5 * answer):
            sure = "medium"
    return Size(answer, interval, sure, [*why, *sentences], evidence)


def _complete(check: Sequence[Check]) -> list[Trained]:
    """The short trainings that came through, by size."""
    held = [
        Trained(row["latent"], fd, mse, row["codes"])
        for row in check
        if (fd := row["fd"]) is not None and (mse := row["mse"]) is not None
    ]
    return sorted(held, key=lambda row: row.latent)


def _checked(answer: int, check: Sequence[Check]) -> tuple[bool, list[str]]:
    """Whether the short trainings point at the answer, and what they say.

    Either sign will do. In so few rounds the blur of reconstructions, which more dimensions lower,
    can hide where samples are best.
    """
    held = _complete(check)
    if len(held) < 2 or answer not in [row.latent for row in held]:
        return False, ["the short trainings around it did not come through"] if check else []
    best = min(held, key=lambda row: row.fd)
    sizes = ", ".join(str(row.latent) for row in held)
    distances = ", ".join(f"{row.fd:.3g}" for row in held)
    errors = [row.mse for row in held]
    overfits = errors[-1] > errors[0]
    bend = None if overfits else knee([row.latent for row in held], errors)
    sentences = [
        f"of m = {sizes} a fixed prior generates best at {best.latent} (Fréchet distance "
        f"{distances})",
        "its error on test samples rises with m"
        if overfits
        else f"its reconstruction error falls little beyond {bend}",
    ]
    if codes := held[-1].codes:
        sentences.append(f"its codes at m = {held[-1].latent} fill {codes['value']:.1f} dimensions "
                         f"({codes['low']:.1f} to {codes['high']:.1f})")  # fmt: skip
    return answer in (best.latent, bend), sentences
