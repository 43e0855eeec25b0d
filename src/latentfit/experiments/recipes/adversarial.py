"""Recipes of games on images: GAN, AGE, Pioneer, ALAE, IntroVAE, Soft-IntroVAE."""

from __future__ import annotations

from typing import Literal

from latentfit.checks import UserError, one_of
from latentfit.experiments.recipes.base import Recipe
from latentfit.experiments.recipes.parts import Average, Parts
from latentfit.models import AGE, ALAE, GAN, IntroVAE, SoftIntroVAE
from latentfit.models.gan import FORMS
from latentfit.networks import (
    MLP,
    GrowingDecoder,
    GrowingEncoder,
    Growth,
    Mapping,
    spectrally_normal_everywhere,
)
from latentfit.posteriors import DiagonalGaussian
from latentfit.priors import Pushforward

# Learning rate, beta_1, moves of the critic, batch norm in the critic (baselines 28.4).
_GAN: dict[str, tuple[float, float, int, bool]] = {
    "ns": (5e-5, 0.0, 1, True),
    "mm": (5e-5, 0.0, 1, True),
    "ls": (2e-4, 0.5, 1, True),
    "wgan-gp": (1e-4, 0.5, 5, False),
}

_ALAE_SPEED = 0.1  # of F and C beside E and D (baselines 25.4)


def gan(
    parts: Parts,
    *,
    form: Literal["ns", "mm", "ls", "wgan-gp"] = "wgan-gp",
    critic_steps: int | None = None,
    penalty: float = 10.0,
    rate: float | None = None,
    batch: int = 64,
    average: Average = 0.999,
) -> GAN:
    """Generator and critic; see `models.GAN`.

    Arguments:
        parts: Networks.
        form: Which pair of losses.
        critic_steps: Moves of the critic in a round; None is 5 for `wgan-gp`, else 1.
        penalty: Weight of the slope of `wgan-gp`.
        rate: Learning rate; None is 1e-4 for `wgan-gp`, 2e-4 for `ls`, else 5e-5.
        batch: Batch size.
        average: Decay of the averaged weights.
    """
    usual, beta1, steps, norm = _GAN[one_of("form", form, FORMS)]
    return GAN(
        shape=parts.shape,
        latent=parts.latent,
        decoder=parts.decoder(),
        critic=parts.encoder(1) if norm else parts.image_critic(),
        likelihood=parts.squared_error(),
        form=form,
        critic_steps=steps if critic_steps is None else critic_steps,
        penalty=penalty,
        rate=usual if rate is None else rate,
        beta1=beta1,
        batch=batch,
        average=average,
    )


def age(
    parts: Parts,
    *,
    steps: int = 2,
    pixels: float = 20.0,
    codes: float = 1000.0,
    rate: float = 2e-4,
    batch: int = 64,
    average: Average = 0.999,
) -> AGE:
    """Encoder against generator on the sphere; see `models.AGE`."""
    return AGE(
        shape=parts.shape,
        latent=parts.latent,
        encoder=parts.image_critic(parts.latent),
        decoder=parts.decoder(),
        likelihood=parts.squared_error(),
        pixels=pixels,
        codes=codes,
        steps=steps,
        rate=rate,
        batch=batch,
        average=average,
    )


def pioneer(
    parts: Parts,
    *,
    phase: int = 0,
    steps: int = 2,
    divergence: float = 0.1,
    pixels: float = 3.0,
    codes: float = 100.0,
    rate: float = 2e-4,
    batch: int = 128,
    average: Average = 0.999,
) -> AGE:
    """AGE's game with the proper divergence and spectral norm in E; see `models.AGE`.

    Arguments:
        parts: Networks; those of the growing form are Pioneer's own.
        phase: Rounds of a phase of the growing form; 0 is the form that does not grow.
        steps: Moves of the generator in a round.
        divergence: Weight of the divergences.
        pixels: Weight of the pixels' error.
        codes: Weight of the codes' distance.
        rate: Learning rate; 1e-3 in the growing form's public code.
        batch: Batch size.
        average: Decay of the averaged weights.
    """
    growth = None
    encoder = spectrally_normal_everywhere(parts.image_critic(parts.latent))
    decoder = parts.decoder()
    if phase:
        if not parts.image:
            raise UserError("networks that grow need images, got vectors; use --set phase=0.")
        growth = Growth(parts.shape, every=phase)
        encoder = GrowingEncoder(parts.shape, parts.latent, growth, width=parts.width)
        decoder = GrowingDecoder(parts.shape, parts.latent, growth, width=parts.width)
    return AGE(
        shape=parts.shape,
        latent=parts.latent,
        encoder=encoder,
        decoder=decoder,
        growth=growth,
        likelihood=parts.squared_error(),
        spread="gaussian",
        divergence=divergence,
        pixels=pixels,
        codes=codes,
        steps=steps,
        rate=rate,
        betas=(0.0, 0.99),
        batch=batch,
        average=average,
    )


def alae(
    parts: Parts,
    *,
    penalty: float | None = None,
    rate: float = 2e-3,
    batch: int = 128,
    average: Average = 0.999,
) -> ALAE:
    """Two halves of a GAN that meet in a learned space; see `models.ALAE`.

    Arguments:
        parts: Networks.
        penalty: Weight of the critic's slope; None is 2.5, 0.25 for colour.
        rate: Learning rate of all players.
        batch: Batch size.
        average: Decay of the averaged weights.
    """
    usual = 0.25 if parts.colour else 2.5
    units = max(32, parts.latent)  # fewer map noise to a curve
    return ALAE(
        shape=parts.shape,
        latent=parts.latent,
        encoder=parts.image_critic(parts.latent),
        decoder=parts.decoder(),
        likelihood=parts.squared_error(),
        prior=Pushforward(Mapping(units, parts.latent, speed=_ALAE_SPEED), units),
        critic=MLP(parts.latent, 1, hidden=(units,) * 2, slope=0.2, speed=_ALAE_SPEED),
        penalty=usual if penalty is None else penalty,
        rate=rate,
        batch=batch,
        average=average,
    )


def introvae(
    parts: Parts,
    *,
    margin: float = 60.0,
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
        margin: M; 1.5 times the mean divergence at the end of the warm-up is advised (baselines
            23.4): look at `encoder/divergence` in `metrics.jsonl`.
        reconstruction: Weight of the squared error.
        negative: Weight of the margin terms.
        warmup: Rounds of plain VAE, ten epochs of MNIST.
        rate: Learning rate.
        batch: Batch size.
        average: Decay of the averaged weights.
    """
    return IntroVAE(
        margin=margin,
        reconstruction=reconstruction,
        negative=negative,
        warmup=warmup,
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
    """The bound of what is made is lowered softly; see `models.SoftIntroVAE`."""
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


ADVERSARIAL = (
    Recipe(
        name="gan",
        build=gan,
        paper="Are GANs Created Equal? (Lucic et al.)",
        year=2018,
        idea="generator against critic, without an encoder: WGAN-GP, or ns, mm, ls",
        latent=64,
    ),
    Recipe(
        name="age",
        build=age,
        paper="Adversarial Generator-Encoder Networks (Ulyanov et al.)",
        year=2018,
        idea="encoder against generator: who spreads the codes over a sphere",
        latent=64,
    ),
    Recipe(
        name="pioneer",
        build=pioneer,
        paper="Pioneer Networks (Heljakka et al.)",
        year=2018,
        idea="AGE's game with spectral norm and cosine codes; networks that grow, where asked",
        latent=64,
    ),
    Recipe(
        name="alae",
        build=alae,
        paper="Adversarial Latent Autoencoders (Pidhorskyi et al.)",
        year=2020,
        idea="generator and critic are split, and agree in a learned latent space",
    ),
    Recipe(
        name="introvae",
        build=introvae,
        paper="IntroVAE: Introspective Variational Autoencoders (Huang et al.)",
        year=2018,
        idea="the encoder tells data from samples by a divergence above a margin",
        latent=128,
    ),
    Recipe(
        name="soft-introvae",
        build=soft_introvae,
        paper="Soft-IntroVAE (Daniel & Tamar)",
        year=2021,
        idea="IntroVAE with an exponential of the bound in place of the margin",
    ),
)
