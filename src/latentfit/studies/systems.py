"""Every system on one data set at one scale."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from latentfit.models.pruning import pruning
from latentfit.recipes import RECIPES
from latentfit.runs.cells import Cell, Row, value
from latentfit.sizing import IMAGE_MASK
from latentfit.studies.base import Shown, Study, first, grouped, pick, samples, table, told
from latentfit.studies.published import agreement, generated
from latentfit.studies.sets import paced, rates

LATENT = 32
GROUPS = ("fd", "manifold")
SCORES = {
    "fd_lenet": "FD generated (lenet)",
    "fd_lenet_reconstruction": "FD reconstructed",
    "mse": "MSE",
    "precision": "precision",
    "recall": "recall",
    "active": "active",
}
PAPERS = ("FlexAE", "MaskAAE")
SLOW = 5.0  # factor on the learning rates where a hundredth of the published rounds are played


def _cells(scale: str) -> list[Cell]:
    rounds = pick(scale, smoke=3, short=1_500, paper=130_000)
    width = pick(scale, smoke=1 / 32, short=0.25, paper=1.0)
    seeds = range(pick(scale, smoke=1, short=1, paper=3))
    untrained = Cell("ae", "mnist", LATENT, 0, 1, {"width": width}, GROUPS)
    return [untrained] + [
        Cell(name, "mnist", LATENT, seed, *_played(name, scale, rounds, width), GROUPS)
        for seed in seeds
        for name in RECIPES
    ]


def _played(name: str, scale: str, rounds: int, width: float) -> tuple[int, dict[str, Any]]:
    """Rounds and settings: equal width, rounds, batch and average; what counts rounds shrinks.

    But for the masks, whose game is only over when its clock is, and for the same game without a
    mask; their dense networks take no longer for it than the others do.
    """
    if scale == "paper":
        game = {"maskaae": "authors", "lmgae": "paper"}.get(name)
        return rounds, {} if game is None else {"game": game}
    known = RECIPES[name].settings()
    if "dense" in known:
        whole = pruning("recovering", LATENT, image=True).rounds
        return (whole if scale == "short" else rounds), {**IMAGE_MASK, "width": width}
    settings = paced(name, rounds, width, 1.0)
    for rate, usual in rates(name).items():
        settings[rate] = max(usual, min(1e-3, SLOW * usual))
    return rounds, settings


def _cost(held: Sequence[Row]) -> tuple[str, str]:
    played = [row for row in held if "error" not in row]
    if not played:
        return "-", "-"
    each = sum(row["train_seconds"] / row["rounds"] for row in played) / len(played)
    return f"{1000 * each:.0f}", f"{played[0]['parameters'] / 1e6:.2f}"


def _order(rows: Sequence[Row]) -> str:
    """How far the order is the published one."""
    ours = {
        name: statistics.fmean(found)
        for (name,), held in grouped(rows, "recipe").items()
        if (found := [v for row in held if (v := value(row, "fd_lenet")) is not None])
    }
    orders = []
    for paper in PAPERS:
        if found := agreement(ours, generated(f"{paper}, Table 1", "mnist")):
            orders.append(f"with {paper}'s Table 1 {found}")
    if not orders:
        return ""
    seeds = len({row["seed"] for row in rows})
    return (
        f"Rank correlation ({seeds} seed{'s' * (seeds > 1)}; another width, length and network of "
        f"features): {'; '.join(orders)}.\n\n"
    )


def _show(rows: Sequence[Row], folder: Path, root: str | None) -> Shown:
    lines, firsts = [], {}
    for (name, rounds), held in grouped(rows, "recipe", "rounds").items():
        shown = "(untrained)" if rounds == 1 else name
        scores = (told(held, name, digits=4 if name == "active" else 3) for name in SCORES)
        theirs = (generated(f"{paper}, Table 1", "mnist").get(name, "-") for paper in PAPERS)
        lines.append([shown, rounds, *scores, *theirs, *_cost(held)])
        row = first(held, folder)
        if row is not None and rounds > 1:
            firsts[name] = row
    columns = ["recipe", "rounds", *SCORES.values(), "FID (FlexAE)", "FID (MaskAAE)",
               "ms a round", "million parameters"]  # fmt: skip
    text = _order(rows) + table(columns, lines)
    if not firsts:
        return text, {}
    caption = "Uncurated samples of each system, one seed each."
    return text, {"systems": samples(firsts, folder, caption)}


SYSTEMS = (
    Study(
        "systems",
        "FlexAE, Table 1; MaskAAE, Table 1",
        "every system on MNIST: the same width and latent size; at short scale, batch and rounds",
        _cells,
        _show,
    ),
)
