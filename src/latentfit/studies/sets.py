"""Trainings on the four image sets of the papers, all systems alike."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from latentfit.models.pruning import pruning
from latentfit.recipes import RECIPES
from latentfit.runs.cells import Cell, Row
from latentfit.sizing import IMAGE_MASK
from latentfit.studies.base import pick
from latentfit.studies.features import FACES, of_attributes
from latentfit.studies.known import PRUNED

RATES = ("rate", "discriminator_rate", "ratio_rate", "encoder_rate", "latent_rate")
# Where the default depends on another setting: WGAN-GP, and the discriminator of grey images.
PRESET_RATES = {("gan", "rate"): 1e-4, ("factor-vae", "discriminator_rate"): 1e-4}
# A mask that learns a quarter as fast as `recovering` has it, after a shorter warm-up: else narrow
# networks match codes again slower than dimensions close. Chosen on Fashion-MNIST, m = 32, seed
# 101: 10 dimensions open and a distance of samples, on pixels, of 7.5, against 5 and 9.3.
MASK_RATE, WARMUP, PACE = 7.5e-4, 3_000, 1.1
SIDE = 32  # pixels of the faces at short scale, 64 in the papers


@dataclass(frozen=True)
class ImageSet:
    """An image set of the papers.

    Attributes:
        title: What tables call it.
        latent: Latent dimensions of FlexAE's tables, m_b of its Table 3.
        kind: `grey` or `colour`; rates are chosen on one set of each.
        features: What distances are taken on.
        options: How it is read at short scale.
    """

    title: str
    latent: int
    kind: str
    features: str = "lenet"
    options: dict[str, Any] = field(default_factory=dict)


SETS = {
    "mnist": ImageSet("MNIST", 32, "grey"),
    "fashion-mnist": ImageSet("Fashion-MNIST", 32, "grey"),
    "cifar10": ImageSet("CIFAR-10 (JPEG)", 64, "colour"),
    "celeba": ImageSet("faces", 64, "colour", FACES, {"size": SIDE}),
}


def prepare(scale: str, folder: Path, root: str | None) -> None:
    """The classifier of the faces' attributes, which no package may hold."""
    epochs = pick(scale, smoke=1, short=30, paper=30)
    of_attributes(folder, root, epochs=epochs, size=None if scale == "paper" else SIDE)


def on_images(
    recipe: str,
    data: str,
    seed: int,
    scale: str,
    *,
    latent: int | None = None,
    factor: float = 1.0,
    groups: tuple[str, ...] = ("fd",),
    **more: Any,
) -> Cell:
    """A training, at `paper` scale as published, else small: width 1/8, batch 64, an average.

    Arguments:
        recipe: Name of a system.
        data: One of `SETS`.
        seed: Of the training.
        scale: `smoke`, `short` or `paper`.
        latent: Latent dimensions; those of the set where not given.
        factor: On every learning rate, but that of the masked game and of the same without a mask,
            whose clocks are tied to it.
        groups: Of scores.
        more: Other fields of the cell.
    """
    chosen = SETS[data]
    m = latent or chosen.latent
    rounds = pick(scale, smoke=4, short=1_500, paper=130_000)
    width = pick(scale, smoke=1 / 32, short=0.125, paper=1.0)
    game = pick(scale, smoke="recovering", short="recovering", paper="authors")
    settings: dict[str, Any]
    if recipe in PRUNED:
        larger = max(1.0, m / 32)
        slow = 1.0 if scale == "paper" else PACE * larger
        settings = {} if scale == "paper" else {**IMAGE_MASK, "width": width}
        if recipe != "wae-wgan":
            calm = {"mask_rate": MASK_RATE / larger, "warmup": WARMUP, "pace": slow}
            settings |= {"game": game} if scale == "paper" else calm
        rounds = 4 if scale == "smoke" else pruning(game, m, image=True).paced(slow).rounds
    else:
        settings = {} if scale == "paper" else paced(recipe, rounds, width, factor)
    return Cell(
        recipe,
        data,
        m,
        seed,
        rounds,
        settings,
        groups,
        chosen.features,
        draws=pick(scale, smoke=1, short=1, paper=3),
        options={} if scale == "paper" else dict(chosen.options),
        **more,
    )


def paced(name: str, rounds: int, width: float, factor: float) -> dict[str, Any]:
    """Settings of a short training: equal batch and average, all rates times a factor.

    What counts rounds shrinks with them.

    Arguments:
        name: Of a recipe without a mask.
        rounds: Of the training.
        width: Of the networks.
        factor: On every learning rate.
    """
    known = RECIPES[name].settings()
    settings: dict[str, Any] = {"width": width, "batch": 64, "average": 0.999}
    settings |= {rate: factor * usual for rate, usual in rates(name).items()}
    if "warmup" in known:
        settings["warmup"] = max(1, rounds // 10)
    if "longer" in known:
        # A quarter of so few rounds teaches a prior nothing; a transformer's cost ten times more.
        settings["longer"] = 0.5 if name == "vq-vae" else 2.0
    if "over" in known:
        settings["over"] = rounds * 3 // 4
    return settings


def rates(name: str) -> dict[str, float]:
    """A recipe's own learning rates."""
    known = RECIPES[name].settings()
    held = (rate for rate in RATES if rate in known)
    return {rate: known[rate].default or PRESET_RATES[name, rate] for rate in held}


def distance(row: Row) -> str:
    """The name of the Frechet distance in a row."""
    return "fd_" + Path(row["features"]).stem
