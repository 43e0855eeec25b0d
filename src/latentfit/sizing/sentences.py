"""What an answer rests on, in sentences."""

from __future__ import annotations

import math

from latentfit.sizing import rule
from latentfit.sizing.evidence import Evidence, closed_nothing, complete, counts
from latentfit.sizing.neighbourhood import SCALE, Neighbours


def told(answer: int, evidence: Evidence) -> list[str]:
    """What the evidence says, before what the answer costs."""
    return [*_seen(evidence["neighbours"]), *_masked(evidence), *_limits(answer, evidence)]


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
    if (held := found["samples"] - found["copies"]) < rule.SAMPLES:
        why.append(f"{held} samples are few, and the interval is wider: of so few an auto-encoder "
                   "keeps the noise, too")  # fmt: skip
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
    elif evidence["mask_seconds"] is None:
        why.append("no mask was played; --method joint plays one, for a second opinion")
    elif not masks:
        # The check keeps a sixth of the budget; a minute is for what comes before the masks.
        minutes = math.ceil(evidence["mask_seconds"] / 60 * 1.2 + 1)
        why.append(f"the budget allowed no run of the mask; give --budget {minutes} for the first")
    if failed := len(masks) - len(found):
        why.append(f"{failed} of {len(masks)} runs of the mask failed and are left out")
    if least := closed_nothing(masks):
        why.append(f"at m = {max(least)} no dimension closed: the data may need more, allow it "
                   "by --max-latent")  # fmt: skip
    return why


def _limits(answer: int, evidence: Evidence) -> list[str]:
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


def costs(answer: int, evidence: Evidence) -> list[str]:
    """What PCA takes, and what the next fewer dimensions lose and the next more buy."""
    why = [f"PCA takes {evidence['spectral_95']} components for 95 % of the variance"]
    held = {row.latent: row for row in complete(evidence["check"])}
    if len(held) < 2 or answer not in held:
        return why
    fewer, more = ([m for m in held if m < answer], [m for m in held if m > answer])
    for what, sizes in (("fewer dimensions", fewer[-1:]), ("more dimensions", more[:1])):
        for row in (held[m] for m in sizes):
            why.append(f"{what}, m = {row.latent}: reconstructions lose {row.lost:.1%} of the "
                       f"variance (m = {answer}: {held[answer].lost:.1%}), samples of a fixed "
                       f"prior are at a Fréchet distance of {row.fd:.3g} "
                       f"({held[answer].fd:.3g})")  # fmt: skip
    return why
