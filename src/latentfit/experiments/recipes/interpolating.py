"""Recipes of ACAI and of the multidimensional interpolations."""

from __future__ import annotations

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
    """
    normal = kernel > 0
    return ACAI(
        shape=parts.shape,
        latent=parts.latent,
        encoder=parts.encoder(),
        decoder=parts.decoder(),
        likelihood=parts.squared_error(),
        prior=Normal(parts.latent) if normal else GaussianMixture(parts.latent, components=10),
        critic=parts.encoder(),
        vector=vector,
        kernel=kernel,
        dual=(noisy, drawn) if noisy or drawn else None,
        weight=weight,
        near=near,
        rate=rate,
        batch=batch,
        average=average,
    )
