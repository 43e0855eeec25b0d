"""How many latent dimensions do the data need? The evidence, within a budget of time."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from latentfit import metrics
from latentfit.checks import within
from latentfit.data.base import Data
from latentfit.runs.cells import Cell, Row, value
from latentfit.runs.playing import Engine
from latentfit.schema.numbers import Numbers
from latentfit.shapes import is_image
from latentfit.sizing.budget import Table
from latentfit.sizing.conclude import (
    Size,
    conclude,
    confidence,
    recommended,
    settled,
    suited,
)
from latentfit.sizing.evidence import Check, Evidence, MaskRun, Spread
from latentfit.sizing.neighbourhood import View
from latentfit.sizing.published import Reading, read
from latentfit.sizing.verdict import mask_cell, trace, verdict

MINUTES, IMAGE_MINUTES = 5.0, 25.0  # what the evidence takes on two cores, about
CHECK_ROUNDS = 2_000


def size(
    data: Data,
    *,
    max_latent: int | None = None,
    budget: float | None = None,
    seed: int = 0,
    workers: int | Engine = 1,
    folder: Path | None = None,
    progress: bool = False,
    masks: bool | None = None,
) -> Size:
    """Find the number of latent dimensions that the data need.

    Three kinds of evidence: nearest neighbours, of samples and of what an auto-encoder makes of
    them, which has no room for noise; where these are not sure, the dimensions that MaskAAE leaves
    open; and short trainings with a fixed prior at half, one and two times the answer. Where
    neighbours and a first mask contradict each other, two more masks are played, from another
    latent size and other seeds. Where a short training at half of the answer generates and
    reconstructs test samples as well, so few samples do not fill the answer, and its half takes its
    place; where one at twice of it does both better, so does that.

    Arguments:
        data: Images or vectors; at least 100 training samples.
        max_latent: Largest latent size to try; where not given half of a sample's entries, all of
            them up to 64, and at most 512.
        budget: Minutes that the whole may take, about; evidence that takes longer is left out.
            5 where not given, 25 for images, whose networks are larger.
        seed: First of the seeds.
        workers: Trainings at a time, a thread each, or an engine such as `lf.Cluster()`. More than
            one starts processes: a script then needs `if __name__ == "__main__":`.
        folder: Where runs are kept; the same call goes on where it stopped. None keeps nothing.
        progress: Print what is done.
        masks: Whether masks are played where there is time; None plays them where neighbours alone
            are not sure, but not of images, where what they leave open is not calibrated.

    Raises:
        UserError: A number is out of range, fewer than 100 training samples differ, all their
            distances tie, or the folder is in use or cannot be written to.

    Example:
        >>> from latentfit.data.synthetic import gaussian
        >>> size(gaussian(n=3, d=16, count=3000), budget=0).latent  # what the samples show
        3
    """
    most = largest(data, max_latent)
    with _laid(data, budget, workers, folder, progress) as table:
        return conclude(gather(table, most=most, seed=seed, masks=masks))


def published_size(
    data: Data,
    method: str,
    *,
    max_latent: int | None = None,
    budget: float | None = None,
    seed: int = 0,
    folder: Path | None = None,
    progress: bool = False,
) -> Reading:
    """What a published method says, on the networks that `size` has; arguments as there.

    Trainings are played one after the other.

    `irmae-wd` (Zeng et al., 2024), `ard-vae` (Saha et al., 2025), `fondue` (Bonheme & Grzes, 2022),
    `maskaae`, and the neighbour estimators of `metrics.intrinsic_dimension`. No method but ours has
    an interval that was checked.

    Raises:
        UserError: As `size`; also, the method is unknown, ends after the budget, or has no answer.

    Example:
        >>> from latentfit.data.synthetic import gaussian
        >>> published_size(gaussian(n=3, d=16, count=3000), "two-nn").latent
        3
    """
    most = largest(data, max_latent)
    with _laid(data, budget, 1, folder, progress) as table:
        return read(method, table, most=most, seed=seed)


def largest(data: Data, max_latent: int | None = None) -> int:
    """The largest latent size to try: half of the entries, all of them up to 64, at most 512.

    Arguments:
        data: Of any kind, with 2 entries at least.
        max_latent: Another number.

    Raises:
        UserError: It is below 2, or above the number of entries.
    """
    entries = math.prod(data.seen)
    most = min(512, max(entries // 2, min(64, entries))) if max_latent is None else max_latent
    within("max_latent", most, 2, entries, remedy="a code is no longer than a sample")
    return most


def _spread(view: View) -> Spread | None:
    """How the entries of vectors vary, in the units of their file."""
    schema = view.data.schema
    if not isinstance(schema, Numbers) or len(schema.seen) != 1 or schema.counts:
        return None
    x = view.x.double() * schema.scale
    variance = x.var(0)
    return {
        "entries": x.shape[1],
        "active": int((variance >= 0.01 * variance.max()).sum()),
        "effective": metrics.effective_dimension(x),
        "common": schema.scale.numel() == 1,
    }


@contextmanager
def _laid(
    data: Data, budget: float | None, workers: int | Engine, folder: Path | None, progress: bool
) -> Iterator[Table]:
    if budget is None:
        budget = IMAGE_MINUTES if is_image(data.seen) else MINUTES
    within("budget", budget, 0.0)
    with tempfile.TemporaryDirectory() as temporary:
        yield Table(data, folder or Path(temporary), budget, workers, progress)


def gather(
    table: Table, *, most: int, seed: int, masks: bool | None = None, check: bool = True
) -> Evidence:
    """The evidence that a table's time allows.

    Arguments:
        table: Where trainings are played, and on what data.
        most: Largest latent size to try.
        seed: First of the seeds.
        masks: Whether masks are played; None plays them where neighbours alone are not sure, but
            not of images, where what they leave open is not calibrated.
        check: Whether short trainings around the answer are played.

    Raises:
        UserError: As `size`.
    """
    view = View(table.data)
    neighbours = view.denoised(most, seed, table.affordable)
    if masks is None:
        masks = not is_image(table.data.seen) and confidence(neighbours, []) != "high"
    runs: list[MaskRun] = []
    waves = _mask_cells(table.data, recommended(neighbours, []), most, seed)
    for wave in waves if masks else []:
        if settled(neighbours, runs) or not table.affords(wave):
            break
        runs += [_mask(row, table.folder) for row in table.play(wave)]
    checks: list[Check] = []
    answer = recommended(neighbours, runs)
    while check and (
        cells := [
            cell
            for cell in _check_cells(table.data, answer, most, seed)
            if cell.latent not in [row["latent"] for row in checks]
        ]
    ):
        if not table.affords(cells, whole=True):
            break
        checks += [_checked(row) for row in table.play(cells)]
        answer = suited(answer, checks, entries=neighbours["entries"], most=most)
    return {
        "neighbours": neighbours,
        "spectral_95": metrics.spectral_dimension(view.x.flatten(1)),
        "max_latent": most,
        "spread": _spread(view),
        "masks": runs,
        "mask_seconds": table.seconds(waves[0]) if masks else None,
        "check": sorted(checks, key=lambda row: row["latent"]),
        "seconds": table.passed(),
        "core_seconds": table.core_seconds(),
    }


def _mask_cells(data: Data, expected: int, most: int, seed: int) -> list[list[Cell]]:
    """Two waves of runs of the mask: one, then two more beside it, each with its own seed."""

    def run(factor: int, turn: int) -> Cell:
        return mask_cell(data, factor * expected, most, seed + turn)

    return [[run(2, 0)], [run(3, 1), run(2, 2)]]


def _mask(row: Row, folder: Path) -> MaskRun:
    found = verdict(row)
    return {
        "latent": row["latent"],
        "seed": row["seed"],
        "active": found.active,
        "half_open": found.half_open,
        "failed": found.failed,
        "trace": trace(row, folder),
    }


def _check_cells(data: Data, answer: int, most: int, seed: int) -> list[Cell]:
    sizes = sorted({min(most, m) for m in (max(1, answer // 2), answer, 2 * answer)})
    settings: dict[str, float] = {"width": 0.25} if is_image(data.seen) else {"batch": 64}
    groups = ("fd",)
    return [
        Cell(
            "wae-gan",
            data.name,
            m,
            seed,
            CHECK_ROUNDS,
            settings,
            groups,
            "pixels",
            fingerprint=data.fingerprint,
        )
        for m in sizes
    ]


def _checked(row: Row) -> Check:
    explained = value(row, "explained")
    return {
        "latent": row["latent"],
        "lost": None if explained is None else 1 - explained,
        "fd": value(row, "fd_pixels"),
        "fd_reconstruction": value(row, "fd_pixels_reconstruction"),
        "seconds": row["seconds"],
    }
