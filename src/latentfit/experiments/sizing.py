"""How many latent dimensions do the data need? One number, an interval, and the evidence."""

from __future__ import annotations

import math
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch

from latentfit import metrics
from latentfit.checks import UserError, within
from latentfit.data.base import Data
from latentfit.experiments.cells import Cell, Row, play_cells, value
from latentfit.experiments.recipes import recipe
from latentfit.metrics import Dimension
from latentfit.training import Settings
from latentfit.training import train as train_model

MASK_ROUNDS = 9_000  # warm-up, pruning, and the rounds in which the mask decides
CHECK_ROUNDS = 2_000
OPEN, SHUT = 0.9, 0.1  # between them a dimension is neither


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


def verdict(row: Row) -> Verdict:
    """Read a run of MaskAAE, and recognise one that failed.

    Arguments:
        row: Of `cells.play`, with `mask` and scores of the group `fd`.
    """
    if "error" in row:
        return Verdict(0, 0, row["error"])
    mask = row["mask"]
    active = sum(mu >= SHUT for mu in mask)
    half_open = sum(SHUT <= mu <= OPEN for mu in mask)
    name = next(key for key in row["scores"] if key == "fid" or key.startswith("fd_"))
    made, rebuilt = value(row, name), value(row, f"{name}_reconstruction")
    failed = ""
    if active == 0:
        failed = "every dimension closed"
    elif half_open:
        failed = f"{half_open} dimensions stayed between {SHUT} and {OPEN}"
    elif made is None or rebuilt is None or made > 10 * rebuilt:
        failed = "the Frechet distance of samples exploded"
    return Verdict(active, half_open, failed)


@dataclass(frozen=True)
class Size:
    """A recommendation.

    Attributes:
        latent: Recommended number of latent dimensions.
        interval: Lowest and highest number that the evidence allows.
        sure: `high`, `medium` or `low`.
        why: Sentences that say what the answer rests on.
        evidence: `estimators`, `masks`, `check` and `seconds`, as plain numbers.
    """

    latent: int
    interval: tuple[int, int]
    sure: str
    why: list[str]
    evidence: dict[str, Any] = field(repr=False)

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        return asdict(self) | {"interval": list(self.interval)}


def size(
    data: Data,
    *,
    max_latent: int | None = None,
    budget: float = 5.0,
    seed: int = 0,
    workers: int = 2,
    folder: Path | None = None,
    progress: bool = False,
) -> Size:
    """Find the number of latent dimensions that the data need.

    Three kinds of evidence: nearest-neighbour estimates on the data, their bias at finite counts
    undone; the dimensions that MaskAAE leaves open, from several latent sizes and seeds; and short
    trainings with a fixed prior at half, one and two times the answer. The answer is the median of
    the masks, the interval spans masks and estimates.

    Arguments:
        data: Images or vectors; at least 200 training samples.
        max_latent: Largest latent size to try; a quarter of a sample's entries where not given.
        budget: Minutes that the whole may take, about; fewer runs of the mask where it is short.
        seed: First of the seeds.
        workers: Processes at a time.
        folder: Where runs are kept; the same call goes on where it stopped. None keeps nothing.
        progress: Print what is done.

    Example:
        >>> from latentfit.data.synthetic import gaussian
        >>> size(gaussian(n=3, d=16, count=3000), budget=0).interval  # only the estimators
        (3, 4)
    """
    within("budget", budget, 0.0)
    if len(data.train) < 200:
        raise UserError(f"sizing needs at least 200 training samples, got {len(data.train)}.")
    began = time.monotonic()
    entries = math.prod(data.shape)
    most = max_latent or max(2, min(512, entries // 4))
    within("max_latent", most, 2, entries, remedy="a code is no longer than a sample")
    estimates = _estimates(data, seed)
    spectral = metrics.spectral_dimension(data.train.first(min(5_000, len(data.train))).flatten(1))
    guess = statistics.median(
        found.value for name, found in estimates.items() if name != "local-pca"
    )
    cells = _mask_cells(data, guess, most, seed)
    left = 60 * budget - (time.monotonic() - began)
    # Whole waves of as many runs as there are workers; a sixth is kept for the check.
    waves = int(left * 5 / 6 / _seconds(data, cells[0])) if left > 0 else 0
    count = waves * workers
    with tempfile.TemporaryDirectory() as temporary:
        where = folder or Path(temporary)
        rows = play_cells(cells[: min(count, len(cells))], where, data=data,
                          workers=workers, progress=progress) if count else []  # fmt: skip
        masks = [
            {"latent": row["latent"], "seed": row["seed"], **asdict(verdict(row))} for row in rows
        ]
        counts = [mask["active"] for mask in masks if not mask["failed"]]
        answer = max(1, round(statistics.median(counts) if counts else guess))
        check = (
            play_cells(_check_cells(data, answer, most, seed), where, data=data, workers=workers,
                       progress=progress) if counts else []
        )  # fmt: skip
    evidence = {
        "estimators": {name: asdict(found) for name, found in estimates.items()},
        "spectral_95": spectral,
        "masks": masks,
        "check": [_checked(row) for row in check],
        "seconds": time.monotonic() - began,
    }
    return _conclude(answer, counts, estimates, masks, evidence["check"], evidence)


def _estimates(data: Data, seed: int) -> dict[str, Dimension]:
    points = data.train.first(min(5_000, len(data.train))).flatten(1)
    return {
        name: metrics.intrinsic_dimension(
            points, estimator=name, repeats=5, seed=seed, calibrate=name != "local-pca"
        )
        for name in metrics.ESTIMATORS
    }


def _mask_cells(data: Data, guess: float, most: int, seed: int) -> list[Cell]:
    """Runs of the mask: two latent sizes with a seed each, then with the seeds changed over."""
    sizes = sorted({min(most, max(4, factor * math.ceil(guess))) for factor in (2, 3)})
    settings: dict[str, Any] = {}
    if len(data.shape) == 3:  # R is to be compared with the variance, which a cross-entropy is not
        settings = {"loss": "squared", "width": 0.25}
    return [
        Cell(
            "maskaae",
            data.name,
            m,
            seed + (place + turn) % 2,
            MASK_ROUNDS,
            settings,
            ("fd",),
            "pixels",
        )
        for turn in range(2)
        for place, m in enumerate(sizes)
    ]


def _check_cells(data: Data, answer: int, most: int, seed: int) -> list[Cell]:
    sizes = sorted({max(1, answer // 2), answer, min(most, 2 * answer)})
    settings = {"width": 0.25} if len(data.shape) == 3 else {"batch": 64}
    return [
        Cell("wae-gan", data.name, m, seed, CHECK_ROUNDS, settings, ("fd",), "pixels")
        for m in sizes
    ]


def _checked(row: Row) -> dict[str, Any]:
    return {
        "latent": row["latent"],
        "mse": value(row, "mse"),
        "fd": value(row, "fd_pixels"),
        "fd_reconstruction": value(row, "fd_pixels_reconstruction"),
    }


def _seconds(data: Data, cell: Cell) -> float:
    """Seconds that a run of the mask takes here, from its first rounds."""
    model = recipe(cell.recipe, data, latent=cell.latent, seed=cell.seed, **cell.settings)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        train_model(model, data, Settings(rounds=5, seed=cell.seed, progress=False))
        began = time.monotonic()
        train_model(model, data, Settings(rounds=30, seed=cell.seed, progress=False))
        return (time.monotonic() - began) / 30 * cell.rounds
    finally:
        torch.set_num_threads(threads)


def _conclude(
    answer: int,
    counts: Sequence[int],
    estimates: dict[str, Dimension],
    masks: Sequence[dict[str, Any]],
    check: Sequence[dict[str, Any]],
    evidence: dict[str, Any],
) -> Size:
    neighbours = [found for name, found in estimates.items() if name != "local-pca"]
    low = math.floor(min(found.low for found in neighbours))
    high = math.ceil(max(found.high for found in neighbours))
    why = [f"nearest neighbours say {low} to {high}"]
    failed = sum(bool(mask["failed"]) for mask in masks)
    if counts:
        why.insert(0, f"the mask left {', '.join(map(str, counts))} dimensions open")
        interval = (min(low, *counts), max(high, *counts))
    else:
        interval = (low, high)
        why.append("no run of the mask came through; give a larger --budget"
                   if masks else "the budget allowed no run of the mask")  # fmt: skip
    if failed:
        why.append(f"{failed} of {len(masks)} runs of the mask failed and are left out")
    agree = _check_agrees(answer, check)
    if check:
        why.append(
            "at half the size reconstruction is clearly worse, at twice the size hardly better"
            if agree
            else "the short trainings at half and twice the size do not confirm it"
        )
    width = interval[1] - interval[0]
    narrow = width <= max(2, 0.25 * answer)
    sure = "low"
    if counts and not failed and narrow and agree:
        sure = "high"
    elif counts and width <= max(4, 0.5 * answer):
        sure = "medium"
    return Size(answer, interval, sure, why, evidence)


def _check_agrees(answer: int, check: Sequence[dict[str, Any]]) -> bool:
    """Half the size loses much, twice the size gains little."""
    errors = {row["latent"]: row["mse"] for row in check if row["mse"] is not None}
    if answer not in errors or len(errors) < 2:
        return False
    below = [e for m, e in errors.items() if m < answer]
    above = [e for m, e in errors.items() if m > answer]
    loses = not below or min(below) > 1.5 * errors[answer]
    return loses and (not above or min(above) > 0.5 * errors[answer])
