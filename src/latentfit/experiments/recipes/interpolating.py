"""Recipes of ACAI and of the multidimensional interpolations."""

from __future__ import annotations

from functools import partial

from latentfit.experiments.recipes.base import Recipe
from latentfit.experiments.recipes.parts import Average, Parts
from latentfit.models import ACAI
from latentfit.priors import GaussianMixture, Normal


def acai(
    parts: Parts,
    *,
    vector: bool = False,
    kernel: float = 0.0,
    noisy: float = 0.0,
    drawn: float = 0.0,
    weight: float = 0.5,
    near: float = 0.2,
    rate: float = 1e-4,
    batch: int = 64,
    average: Average = 0.999,
) -> ACAI:
    """Interpolations that a critic cannot tell from data; see `models.ACAI`.

    Arguments:
        parts: Networks; the critic is an encoder with m outputs.
        vector: One coefficient for each entry of the code.
        kernel: Weight of the kernel distance to N(0, I), which is then the prior; 0 for none.
        noisy: Weight of decoded mixtures with noise.
        drawn: Weight of decoded noise.
        weight: Weight of decoded mixtures.
        near: Share of the data in what the critic takes for data.
        rate: Learning rate.
        batch: Batch size.
        average: Decay of the averaged weights.

    Deviations:
        Those of `models.ACAI`. Networks are the shared ones and the code is a vector; the sources'
        are deep, on a grid of codes, and their critic has the encoder's form. Both have no batch
        norm; here the encoder has the shared one. MIDR-AE's weights are published for SVHN only.
    """
    normal = kernel > 0
    return ACAI(
        shape=parts.shape,
        latent=parts.latent,
        encoder=parts.encoder(),
        decoder=parts.decoder(),
        likelihood=parts.squared_error(),
        prior=Normal(parts.latent) if normal else GaussianMixture(parts.latent, components=10),
        critic=parts.image_critic(parts.latent),
        vector=vector,
        kernel=kernel,
        dual=(noisy, drawn) if noisy or drawn else None,
        weight=weight,
        near=near,
        rate=rate,
        batch=batch,
        average=average,
    )


_MIXING = (
    "Improving representation learning in autoencoders via multidimensional interpolation and dual "
    "regularizations (Qian et al.)"
)

INTERPOLATING = (
    Recipe(
        name="acai",
        build=partial(acai, vector=False, kernel=0.0, noisy=0.0, drawn=0.0),
        paper="Understanding and Improving Interpolation in Autoencoders (Berthelot et al.)",
        year=2019,
        idea="a critic guesses how decoded interpolations were mixed, and is fooled",
    ),
    Recipe(
        name="mi-ae",
        build=partial(acai, vector=True, kernel=0.0, noisy=0.0, drawn=0.0),
        paper=_MIXING,
        year=2019,
        idea="ACAI with a coefficient of its own for each entry of the code",
    ),
    Recipe(
        name="lr-ae",
        build=partial(acai, vector=False, kernel=1.0, noisy=0.0, drawn=0.0),
        paper=_MIXING,
        year=2019,
        idea="ACAI with a kernel distance that pulls the codes to a fixed prior",
    ),
    Recipe(
        name="midr-ae",
        build=partial(acai, vector=True, kernel=1.0, noisy=0.1, drawn=0.005),
        paper=_MIXING,
        year=2019,
        idea="MI-AE whose mixtures with noise and whose draws must look like data too",
    ),
)
