"""Trainings on the four image sets of the papers, all systems alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from latentfit.models.pruning import pruning
from latentfit.recipes import RECIPES
from latentfit.runs.cells import Cell
from latentfit.sizing import IMAGE_MASK
from latentfit.studies.base import pick

SLOW = 5.0  # factor on rates where no validation chose one
RATES = ("rate", "discriminator_rate", "ratio_rate", "encoder_rate", "latent_rate")
# Where the default depends on another setting: WGAN-GP, and the discriminator of grey images.
PRESET_RATES = {("gan", "rate"): 1e-4, ("factor-vae", "discriminator_rate"): 1e-4}


@dataclass(frozen=True)
class ImageSet:
    """An image set of the papers.

    Attributes:
        title: What tables call it.
        latent: Latent dimensions of FlexAE's tables, m_b of Table 3.
        width: Of the networks at short scale.
        features: What distances are taken on.
        published: Open dimensions of the published mask, and the latent size that it began with.
    """

    title: str
    latent: int
    width: float
    features: str
    published: tuple[int, int]


SETS = {
    "mnist": ImageSet("MNIST", 32, 0.25, "lenet", (13, 64)),
    "fashion-mnist": ImageSet("Fashion-MNIST", 32, 0.25, "lenet", (40, 128)),
    "cifar10": ImageSet("CIFAR-10 (JPEG)", 64, 0.25, "lenet", (120, 256)),
    "celeba": ImageSet("faces", 64, 0.125, "faces", (77, 256)),
}


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
    for rate in RATES:
        if rate in known:
            settings[rate] = factor * (known[rate].default or PRESET_RATES[name, rate])
    if "warmup" in known:
        settings["warmup"] = max(1, rounds // 10)
    if "longer" in known:
        settings["longer"] = 2.0  # a quarter of so few rounds teaches a prior nothing
    if "over" in known:
        settings["over"] = rounds * 3 // 4
    return settings
