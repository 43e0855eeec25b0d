"""How many latent dimensions do the data need? The evidence, within a budget of time."""

from __future__ import annotations

import math
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from torch import Tensor

from latentfit import metrics
from latentfit.checks import UserError, within
from latentfit.data.base import Data
from latentfit.metrics import Dimension
from latentfit.metrics.dimension import LEAST
from latentfit.models.pruning import pruning
from latentfit.recipes import recipe
from latentfit.runs.cells import Cell, Row, one_thread, play_cells, unplayed, value
from latentfit.shapes import is_image
from latentfit.sizing.conclude import (
    Check,
    Ends,
    Evidence,
    MaskRun,
    Size,
    conclude,
    counts,
    filled,
    guess,
    neighbours,
    recommended,
    settled,
)
from latentfit.sizing.verdict import IMAGE_MASK, trace, verdict
from latentfit.training import Settings
from latentfit.training import train as train_model

MINUTES, IMAGE_MINUTES = 5.0, 25.0  # what the masks and their check take on two cores, about
CHECK_ROUNDS = 2_000


def size(
    data: Data,
    *,
    max_latent: int | None = None,
    budget: float | None = None,
    seed: int = 0,
    workers: int = 1,
    folder: Path | None = None,
    progress: bool = False,
) -> Size:
    """Find the number of latent dimensions that the data need.

    Three kinds of evidence: nearest-neighbour estimates on the data, their bias at finite counts
    undone; the dimensions that MaskAAE leaves open; and short trainings with a fixed prior at half,
    one and two times the answer. Where a first mask agrees with close estimates, it is enough; else
    two more are played, from another latent size and other seeds. The answer is the median of the
    masks, the interval spans masks and estimates. Where a short training at half of the answer both
    generates and reconstructs test samples better, so few samples do not fill the answer, and its
    half takes its place.

    Arguments:
        data: Images or vectors; at least 200 training samples.
        max_latent: Largest latent size to try; half of a sample's entries, at most 512, where not
            given.
        budget: Minutes that the whole may take, about; fewer runs of the mask where it is short.
            5 where not given, 25 for images, whose networks are larger.
        seed: First of the seeds.
        workers: Trainings at a time, a thread each. More than one starts processes: a script then
            needs `if __name__ == "__main__":`.
        folder: Where runs are kept; the same call goes on where it stopped. None keeps nothing.
        progress: Print what is done.

    Raises:
        UserError: A number is out of range, fewer than 200 training samples differ by more than
            rounding, no neighbour estimate is finite, or the folder is in use or cannot be written
            to.

    Example:
        >>> from latentfit.data.synthetic import gaussian
        >>> size(gaussian(n=3, d=16, count=3000), budget=0).interval  # only the estimators
        (3, 4)
    """
    if budget is None:
        budget = IMAGE_MINUTES if is_image(data.seen) else MINUTES
    within("budget", budget, 0.0)
    began = time.monotonic()
    entries = math.prod(data.seen)
    most = max(2, min(512, entries // 2)) if max_latent is None else max_latent
    within("max_latent", most, 2, entries, remedy="a code is no longer than a sample")
    points = data.train.some(5_000).flatten(1)
    seen, points = len(points), metrics.distinct(points)
    if len(points) < LEAST:
        raise UserError(
            f"sizing needs at least {LEAST} distinct training samples, got {len(points)} among "
            f"{seen}; give more data."
        )
    estimates = _estimates(points, seed)
    if not neighbours(estimates):
        raise UserError(
            "no neighbour estimate of the dimension is finite: distances between samples tie, as "
            "where values are rounded; give finer values, or train at sizes of your own."
        )
    waves = _mask_cells(data, guess(estimates), most, seed)
    ends = began + 60 * budget * 5 / 6  # a sixth is kept for the check
    masks: list[MaskRun] = []
    check: list[Check] = []
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as temporary:
        where = folder or Path(temporary)

        def played(cells: list[Cell]) -> list[Row]:
            found = play_cells(cells, where, data=data, workers=workers, progress=progress)
            rows.extend(found)
            return found

        first = waves[0][0]
        each = _round_seconds(data, first)
        if progress:
            print(f"A run of the mask takes about {each * first.rounds / 60:.0f} min here; "
                  f"{budget:.0f} min are allowed in all.", file=sys.stderr, flush=True)  # fmt: skip
        alone = time.monotonic() - began  # a thread each from here on
        for wave in waves:
            left = unplayed(wave, where)
            rounds = max((cell.rounds for cell in left), default=0)
            lasts = each * rounds * math.ceil(len(left) / workers)
            if time.monotonic() + lasts > ends or settled(masks, estimates):
                break
            masks += [_mask(row, where) for row in played(wave)]
        if counts(masks):
            answer = recommended(masks, estimates)
            while True:
                known = [row["latent"] for row in check]
                cells = [c for c in _check_cells(data, answer, most, seed) if c.latent not in known]
                check += [_checked(row) for row in played(cells)]
                if (fewer := filled(answer, check)) == answer:
                    break
                answer = fewer
    evidence: Evidence = {
        "estimators": {name: _ends(found) for name, found in estimates.items()},
        "samples": seen,
        "copies": seen - len(points),
        "spectral_95": metrics.spectral_dimension(points),
        "masks": masks,
        "mask_seconds": each * first.rounds,
        "check": sorted(check, key=lambda row: row["latent"]),
        "seconds": time.monotonic() - began,
        "core_seconds": alone + sum(row["seconds"] for row in rows),
    }
    return conclude(evidence, estimates)


def _estimates(points: Tensor, seed: int) -> dict[str, Dimension]:
    found: dict[str, Dimension] = {}
    for name in metrics.ESTIMATORS:
        with suppress(metrics.UndefinedError):  # it is missed in `why`
            found[name] = metrics.intrinsic_dimension(
                points, estimator=name, repeats=5, seed=seed, calibrate=name != "local-pca"
            )
    return found


def _mask_cells(data: Data, expected: float, most: int, seed: int) -> list[list[Cell]]:
    """Two waves of runs of the mask: one, then two more beside it, each with its own seed."""
    image = is_image(data.seen)
    settings = IMAGE_MASK if image else {}

    def run(factor: int, turn: int) -> Cell:
        m = min(most, max(4, factor * math.ceil(expected)))
        rounds = pruning("recovering", m, image=image).rounds
        return Cell("maskaae", data.name, m, seed + turn, rounds, settings, ("fd",), "pixels",
                    fingerprint=data.fingerprint)  # fmt: skip

    return [[run(2, 0)], [run(3, 1), run(2, 2)]]


def _ends(found: Dimension) -> Ends:
    return {"value": found.value, "low": found.low, "high": found.high}


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
    sizes = sorted({max(1, answer // 2), answer, min(most, 2 * answer)})
    settings: dict[str, float] = {"width": 0.25} if is_image(data.seen) else {"batch": 64}
    groups = ("fd", "dimension")
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
    middle = value(row, "code_dimension")
    low, high = value(row, "code_dimension_low"), value(row, "code_dimension_high")
    codes: Ends | None = None
    if middle is not None and low is not None and high is not None:
        codes = {"value": middle, "low": low, "high": high}
    return {
        "latent": row["latent"],
        "mse": value(row, "mse"),
        "fd": value(row, "fd_pixels"),
        "fd_reconstruction": value(row, "fd_pixels_reconstruction"),
        "codes": codes,
    }


def _round_seconds(data: Data, cell: Cell) -> float:
    """Seconds that a round of the mask takes here: the fastest of some of its first rounds.

    The fastest: what else the machine does just now is no measure of the minutes to come.
    """
    model = recipe(cell.recipe, data, latent=cell.latent, seed=cell.seed, **cell.settings)
    seconds = []
    with one_thread():
        for _ in range(4):
            began = time.monotonic()
            train_model(model, data, Settings(rounds=20, seed=cell.seed, progress=False))
            seconds.append((time.monotonic() - began) / 20)
    return min(seconds)
