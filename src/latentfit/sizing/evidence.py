"""What an answer rests on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypedDict

from latentfit.sizing.neighbourhood import Neighbours


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
    what the first run of the mask would take (0 where it was played, None where none was asked
    for); `seconds` of this call; `core_seconds` of all trainings.
    """

    neighbours: Neighbours
    spectral_95: int
    max_latent: int
    spread: Spread | None
    masks: list[MaskRun]
    mask_seconds: float | None
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


def complete(check: Sequence[Check]) -> list[Trained]:
    """The short trainings that came through, by size."""
    held = [
        Trained(row["latent"], fd, lost)
        for row in check
        if (fd := row["fd"]) is not None and (lost := row["lost"]) is not None
    ]
    return sorted(held, key=lambda row: row.latent)


def counts(masks: Sequence[MaskRun]) -> list[int]:
    """Open dimensions of the runs that did not fail."""
    return [mask["active"] for mask in masks if not mask["failed"]]


def closed_nothing(masks: Sequence[MaskRun]) -> list[int]:
    """Sizes at which a mask closed nothing: it says no more than that there are as many."""
    return [m["latent"] for m in masks if not m["failed"] and m["active"] == m["latent"]]
