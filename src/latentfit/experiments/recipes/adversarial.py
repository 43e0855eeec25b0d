"""Recipes of games on images: GAN, AGE, Pioneer, ALAE; and the table of all such games."""

from __future__ import annotations

from typing import Literal

from latentfit.checks import UserError, one_of
from latentfit.experiments.recipes.base import Recipe
from latentfit.experiments.recipes.introspective import introvae, soft_introvae
from latentfit.experiments.recipes.parts import Average, Parts
from latentfit.models import AGE, ALAE, GAN
from latentfit.models.gan import FORMS
from latentfit.networks import (
    MLP,
    GrowingDecoder,
    GrowingEncoder,
    Growth,
    Mapping,
    spectrally_normal_everywhere,
)
from latentfit.priors import Pushforward

# Learning rate, beta_1, moves and batch norm of the critic: the public code of Lucic et al.
_GAN: dict[str, tuple[float, float, int, bool]] = {
    "ns": (5e-5, 0.0, 1, True),
    "mm": (5e-5, 0.0, 1, True),
    "ls": (2e-4, 0.5, 1, True),
    "wgan-gp": (1e-4, 0.5, 5, False),
}

_ALAE_SPEED = 0.1  # of F and C beside E and D [public code]


def gan(
    parts: Parts,
    *,
    form: Literal["ns", "mm", "ls", "wgan-gp"] = "wgan-gp",
    critic_steps: int | None = None,
    penalty: float | None = None,
    rate: float | None = None,
    batch: int = 64,
    average: Average = 0.999,
) -> GAN:
    """Generator and critic; see `models.GAN`.

    Arguments:
        parts: Networks.
        form: Which pair of losses.
        critic_steps: Moves of the critic in a round; None is 5 for `wgan-gp`, else 1.
        penalty: Weight of the slope of `wgan-gp`, 10 where not given; the others have none.
        rate: Learning rate; None is 1e-4 for `wgan-gp`, 2e-4 for `ls`, else 5e-5.
        batch: Batch size.
        average: Decay of the averaged weights.

    Deviations:
        Those of `models.GAN`. Networks are the shared ones; the public code's decoder has leaky
        ReLUs, and its slope a small number under the root. Settings are its defaults, not the best
        of a hundred as in the paper's table.
    """
    usual, beta1, steps, norm = _GAN[one_of("form", form, FORMS)]
    if penalty is not None and form != "wgan-gp":
        raise UserError(f"form '{form}' has no slope to weigh; leave 'penalty' out.")
    return GAN(
        shape=parts.shape,
        latent=parts.latent,
        decoder=parts.decoder(),
        critic=parts.encoder(1) if norm else parts.image_critic(),
        likelihood=parts.squared_error(),
        form=form,
        critic_steps=steps if critic_steps is None else critic_steps,
        penalty=10.0 if penalty is None else penalty,
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
    """Encoder against generator on the sphere; see `models.AGE`.

    Deviations:
        Those of `models.AGE`. Networks are the shared ones, without batch norm in the encoder. The
        rate is not halved every 40 epochs, and the generator moves twice for faces too.
    """
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

    Deviations:
        Those of `models.AGE`. The form that does not grow has the shared networks, the decoder with
        batch norm, and 2e-4. Weights are the public code's, a tenth of the paper's.
    """
    growth = None
    encoder = spectrally_normal_everywhere(parts.image_critic(parts.latent))
    decoder = parts.decoder()
    if phase:
        if not parts.image:
            raise UserError("networks that grow need images, got vectors; use --set phase=0.")
        parts.must_be_shared("the growing form")
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

    Deviations:
        Those of `models.ALAE`. The average's horizon does not follow the batch.
    """
    units = max(32, parts.latent)  # fewer map noise to a curve
    return ALAE(
        shape=parts.shape,
        latent=parts.latent,
        encoder=parts.image_critic(parts.latent),
        decoder=parts.decoder(),
        likelihood=parts.squared_error(),
        prior=Pushforward(Mapping(units, parts.latent, speed=_ALAE_SPEED), units),
        critic=MLP(parts.latent, 1, hidden=(units,) * 2, slope=0.2, speed=_ALAE_SPEED),
        penalty=parts.preset(penalty, 2.5, 0.25),
        rate=rate,
        batch=batch,
        average=average,
    )


ADVERSARIAL = (
    Recipe(
        name="gan",
        build=gan,
        paper="Are GANs Created Equal? A Large-Scale Study (Lucic et al.)",
        year=2018,
        idea="generator against critic, without an encoder: WGAN-GP, or ns, mm, ls",
        latent=64,
    ),
    Recipe(
        name="age",
        build=age,
        paper="It Takes (Only) Two: Adversarial Generator-Encoder Networks (Ulyanov et al.)",
        year=2018,
        idea="encoder against generator: who spreads the codes over a sphere",
        latent=64,
        latents={"cifar10": 128},
    ),
    Recipe(
        name="pioneer",
        build=pioneer,
        paper="Pioneer Networks: Progressively Growing Generative Autoencoder (Heljakka et al.)",
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
        paper="IntroVAE: Introspective VAEs for Photographic Image Synthesis (Huang et al.)",
        year=2018,
        idea="the encoder tells data from samples by a divergence above a margin",
        latent=128,
        latents={},
    ),
    Recipe(
        name="soft-introvae",
        build=soft_introvae,
        paper="Soft-IntroVAE: Analyzing and Improving the Introspective VAE (Daniel & Tamar)",
        year=2021,
        idea="IntroVAE with an exponential of the bound in place of the margin",
        latents={"colour": 128},
    ),
)
