"""Recipes of VAEs whose encoder is the critic."""

from __future__ import annotations

from latentfit.checks import UserError
from latentfit.divergences.margin import Margin
from latentfit.experiments.recipes.parts import Average, Parts
from latentfit.models import IntroVAE, SoftIntroVAE
from latentfit.posteriors import DiagonalGaussian


def introvae(
    parts: Parts,
    *,
    margin: float | None = None,
    factor: float | None = None,
    reconstruction: float = 1.0,
    negative: float = 0.5,
    warmup: int = 4_700,
    rate: float = 2e-4,
    batch: int = 128,
    average: Average = 0.999,
) -> IntroVAE:
    """Divergence above a margin for what is made; see `models.IntroVAE`.

    Arguments:
        parts: Networks.
        margin: M in nats; None is `factor` times the divergence of data after the warm-up.
        factor: See `margin`; 1.5 where not given.
        reconstruction: Weight of the squared error.
        negative: Weight of the margin terms.
        warmup: Rounds of plain VAE, ten epochs of MNIST.
        rate: Learning rate.
        batch: Batch size.
        average: Decay of the averaged weights.

    Deviations:
        Those of `models.IntroVAE`.
    """
    if margin is not None and factor is not None:
        raise UserError("a 'margin' that is given has no 'factor'; leave one of them out.")
    factor = 1.5 if factor is None else factor
    return IntroVAE(
        margin=Margin(warmup=warmup, factor=factor, fixed=margin),
        reconstruction=reconstruction,
        negative=negative,
        shape=parts.shape,
        latent=parts.latent,
        posterior=DiagonalGaussian(parts.encoder(2 * parts.latent)),
        decoder=parts.decoder(),
        likelihood=parts.squared_error(),
        rate=rate,
        batch=batch,
        average=average,
    )


def soft_introvae(
    parts: Parts,
    *,
    beta: float = 1.0,
    negative: float = 256.0,
    reconstruction: float = 1.0,
    rate: float = 2e-4,
    batch: int = 128,
    average: Average = 0.999,
) -> SoftIntroVAE:
    """The bound of what is made is lowered softly; see `models.SoftIntroVAE`.

    Deviations:
        Those of `models.SoftIntroVAE`. Weights are those of MNIST and CIFAR-10 also for faces.
    """
    return SoftIntroVAE(
        beta=beta,
        negative=negative,
        reconstruction=reconstruction,
        shape=parts.shape,
        latent=parts.latent,
        posterior=DiagonalGaussian(parts.encoder(2 * parts.latent)),
        decoder=parts.decoder(),
        likelihood=parts.squared_error(),
        rate=rate,
        batch=batch,
        average=average,
    )
