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
from latentfit.studies.base import Shown, Study, grouped, opened, pick, spread, table

COLUMNS = 10  # samples of each system in the figure
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
# FID of generated samples on Inception features, MNIST. FlexAE does not say which "VAE" it has; its
# 56.07 is near what MaskAAE gives for a fixed variance.
FLEXAE = {
    "maskaae": 10.12, "flexae": 7.28, "flexae-sr": 6.75, "ae-gmm": 14.70, "rae-l2": 10.80,
    "vae-fixed-variance": 56.07, "two-stage-vae": 11.91, "vae-flow": 33.27, "vampprior": 55.76,
    "wae-gan": 13.60, "vae-iop": 40.16, "vq-vae": 12.07, "gan": 6.0, "pioneer": 7.30, "alae": 7.07,
}  # fmt: skip
# MaskAAE's flow is planar, ours is not, so it is left out. Its "WAE-GAN" may be its own game
# without a mask (`wae-wgan`); it stands beside the recipe of its name.
MASKAAE = {
    "vae-bernoulli": 16.6, "vae-fixed-variance": 52.0, "vae-learned-variance": 54.5,
    "wae-mmd": 115.0, "wae-gan": 12.4, "two-stage-vae": 12.6, "maskaae": 10.5,
}  # fmt: skip
SLOW = 5.0  # factor on the learning rates where a hundredth of the published rounds are played
# Where the default depends on another setting: WGAN-GP, and the discriminator of grey images.
PRESET_RATES = {("gan", "rate"): 1e-4, ("factor-vae", "discriminator_rate"): 1e-4}


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
    settings: dict[str, Any] = {"width": width, "batch": 64, "average": 0.999}
    for rate in ("rate", "discriminator_rate", "ratio_rate", "encoder_rate", "latent_rate"):
        if rate in known:
            usual = known[rate].default or PRESET_RATES[name, rate]
            settings[rate] = max(usual, min(1e-3, SLOW * usual))
    if "warmup" in known:
        settings["warmup"] = max(1, rounds // 10)
    if "longer" in known:
        settings["longer"] = 2.0  # a quarter of so few rounds teaches a prior nothing
    if "over" in known:
        settings["over"] = rounds * 3 // 4
    return rounds, settings


def _told(held: Sequence[Row], score: str) -> str:
    """A score over seeds; a dash where the system has no such thing."""
    played = [row for row in held if "error" not in row]
    if played and all(score not in row["scores"] for row in played):
        return "-"
    return spread([value(row, score) for row in held], digits=4 if score == "active" else 3)


def _cost(held: Sequence[Row]) -> tuple[str, str]:
    played = [row for row in held if "error" not in row]
    if not played:
        return "-", "-"
    each = sum(row["train_seconds"] / row["rounds"] for row in played) / len(played)
    return f"{1000 * each:.0f}", f"{played[0]['parameters'] / 1e6:.2f}"


def _order(rows: Sequence[Row]) -> str:
    """How far the order is the published one."""
    from scipy.stats import spearmanr

    ours = {
        name: statistics.fmean(found)
        for (name,), held in grouped(rows, "recipe").items()
        if (found := [v for row in held if (v := value(row, "fd_lenet")) is not None])
    }
    told = []
    for paper, published in (("FlexAE", FLEXAE), ("MaskAAE", MASKAAE)):
        both = [name for name in published if name in ours]
        if len(both) > 2:
            found, _ = spearmanr([ours[name] for name in both], [published[name] for name in both])
            told.append(f"{found:.2f} with the {len(both)} of {paper}'s Table 1")
    if not told:
        return ""
    seeds = len({row["seed"] for row in rows})
    return (
        f"Rank correlation ({seeds} seed{'s' * (seeds > 1)}; another width, length and network of "
        f"features): {', '.join(told)}.\n\n"
    )


def _show(rows: Sequence[Row], folder: Path) -> Shown:
    import torch

    from latentfit.pictures import sheets
    from latentfit.seeds import seeded

    lines, samples, names = [], [], []
    for (name, rounds), held in grouped(rows, "recipe", "rounds").items():
        shown = "(untrained)" if rounds == 1 else name
        scores = (_told(held, score) for score in SCORES)
        published = (known.get(name, "-") for known in (FLEXAE, MASKAAE))
        lines.append([shown, rounds, *scores, *published, *_cost(held)])
        first = next((row for row in held if "error" not in row), None)
        if first is not None and rounds > 1:
            with seeded(0, "shown"):
                samples.append(opened(first, folder).sample(COLUMNS))
            names.append(name)
    columns = ["recipe", "rounds", *SCORES.values(), "FID (FlexAE)", "FID (MaskAAE)",
               "ms a round", "million parameters"]  # fmt: skip
    text = _order(rows) + table(columns, lines)
    if not samples:
        return text, {}
    caption = f"Uncurated samples, {COLUMNS} of each system, seed 0."
    return text, {"systems": sheets.rows_grid(torch.stack(samples), caption, names=names)}


SYSTEMS = (
    Study(
        "systems",
        "FlexAE, Table 1; MaskAAE, Table 1",
        "every system on MNIST: the same width and latent size; at short scale, batch and rounds",
        _cells,
        _show,
    ),
)
