"""What a run of MaskAAE says about the number of dimensions, and whether it says anything."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from latentfit.data.base import Data
from latentfit.models.pruning import pruning
from latentfit.networks.mask import OPEN
from latentfit.runs.cells import Cell, Row, run_of, value
from latentfit.shapes import is_image

# R is to be compared with the variance, which a cross-entropy is not; a width that fits a CPU.
IMAGE_MASK: dict[str, str | float] = {"loss": "squared", "width": 0.25}
WIDE = 0.9  # below it, and above `OPEN`, a dimension has not decided


@dataclass(frozen=True)
class Verdict:
    """What a run of MaskAAE says.

    Attributes:
        active: Dimensions where the mask is at least 0.1.
        half_open: Those of them where it is below 0.9.
        failed: Why the run is no answer; empty where it is one.
    """

    active: int
    half_open: int
    failed: str


def mask_cell(data: Data, latent: int, most: int, seed: int) -> Cell:
    """A run of MaskAAE from `latent` dimensions, at least 4 and at most `most`."""
    image, m = is_image(data.seen), min(most, max(4, latent))
    rounds = pruning("recovering", m, image=image).rounds
    return Cell("maskaae", data.name, m, seed, rounds, IMAGE_MASK if image else {}, ("fd",),
                "pixels", fingerprint=data.fingerprint)  # fmt: skip


def trace(row: Row, folder: Path) -> list[tuple[int, int]]:
    """Rounds, and how many dimensions were open then.

    Arguments:
        row: Of `cells.play`.
        folder: Where the cells were played.
    """
    lines = run_of(row["key"], folder).lines
    return [(line["round"], line["mask/active"]) for line in lines if "mask/active" in line]


def verdict(row: Row) -> Verdict:
    """Read a run of MaskAAE, and recognise one that failed.

    Arguments:
        row: Of `cells.play`, with `mask` and scores of the group `fd`.
    """
    if "error" in row:
        return Verdict(0, 0, row["error"])
    mask = row["mask"]
    active = sum(mu >= OPEN for mu in mask)
    half_open = sum(OPEN <= mu <= WIDE for mu in mask)
    name = next(key for key in row["scores"] if key == "fid" or key.startswith("fd_"))
    made = value(row, name)
    rebuilt, floor = value(row, f"{name}_reconstruction"), value(row, f"{name}_floor")
    failed = ""
    if active == 0:
        failed = "every dimension closed"
    elif half_open:
        failed = f"{half_open} dimensions stayed between {OPEN} and {WIDE}"
    elif made is None or rebuilt is None or made > 10 * max(rebuilt, floor or 0.0):
        failed = "the Fréchet distance of samples exploded"
    return Verdict(active, half_open, failed)
