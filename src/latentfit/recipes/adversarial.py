"""Recipes of games on codes and images: AAE, WAE-GAN, GAN, AGE, Pioneer, ALAE."""

from __future__ import annotations

from typing import Any

from latentfit.checks import Count, Scale, UserError, Whole
from latentfit.models import AAE, AGE, ALAE, GAN, WAEGAN, Body
from latentfit.models.gan import FORMS, Form
from latentfit.networks import (
    MLP,
    GrowingDecoder,
    GrowingEncoder,
    Growth,
    Mapping,
    spectrally_normal_everywhere,
)
from latentfit.priors import Normal, Pushforward, Ring
from latentfit.recipes.base import Paper, Preset, system
from latentfit.recipes.parts import Parts

_TOLSTIKHIN = Paper("Wasserstein Auto-Encoders (Tolstikhin et al.)", 2018, "arxiv:1711.01558")
_MAKHZANI = Paper("Adversarial Autoencoders (Makhzani et al.)", 2016, "arxiv:1511.05644")
_LUCIC = Paper(
    "Are GANs Created Equal? A Large-Scale Study (Lucic et al.)", 2018, "arxiv:1711.10337"
)
_ULYANOV = Paper(
    "It Takes (Only) Two: Adversarial Generator-Encoder Networks (Ulyanov et al.)",
    2018,
    "arxiv:1704.02304",
)
_HELJAKKA = Paper(
    "Pioneer Networks: Progressively Growing Generative Autoencoder (Heljakka et al.)",
    2018,
    "arxiv:1807.03026",
)
_PIDHORSKYI = Paper("Adversarial Latent Autoencoders (Pidhorskyi et al.)", 2020, "arxiv:2004.04467")

_ALAE_SPEED = 0.1  # of F and C beside E and D [public code]


@system(
    "wae-gan",
    _TOLSTIKHIN,
    "a latent critic matches codes to a fixed prior",
    average=0.999,
    presets={"weight": Preset(200.0, {"colour": 50.0})},
)
def wae_gan(parts: Parts, *, modes: Count = 1, **numbers: Any) -> WAEGAN:
    """Squared error plus a critic's cross-entropy.

    Arguments:
        parts: Networks.
        modes: 1 is N(0, I); more are that many Gaussians on a ring (FlexAE, Figure 3 (d)).
        numbers: Those of `models.WAEGAN`; the weight is 200, or 50 for colour.

    Deviations:
        Those of `models.WAEGAN`. Weights are the public code's, in units of a summed error on
        [0, 1]; 50 is its earlier 10 for faces, where its last is 100 (500 here).
        Its critic knows the prior's density for faces; here it does not. No noise on the encoder's
        input, and no pre-training.
    """
    return WAEGAN(
        parts.body(),
        prior=Normal(parts.latent) if modes == 1 else Ring(parts.latent, modes=modes),
        critic=parts.latent_critic(),
        **numbers,
    )


@system(
    "aae",
    _MAKHZANI,
    "a latent critic matches codes to a fixed prior in a phase of its own",
    average=0.999,
)
def aae(parts: Parts, *, prior_deviation: Scale = 1.0, **numbers: Any) -> AAE:
    """Three players on one batch; `prior_deviation` is 5 in the original paper.

    Deviations:
        Those of `models.AAE`. The paper's networks are dense, of two layers of 1,000 units.
    """
    return AAE(
        parts.body(),
        prior=Normal(parts.latent, deviation=prior_deviation),
        critic=parts.latent_critic(),
        **numbers,
    )


@system(
    "gan",
    _LUCIC,
    "generator against critic, without an encoder: WGAN-GP, or ns, mm, ls",
    latent=Preset(64),
    batch=64,
    average=0.999,
)
def gan(parts: Parts, *, form: Form = "wgan-gp", **numbers: Any) -> GAN:
    """Generator and critic; see `models.GAN`.

    Deviations:
        Those of `models.GAN`. Networks are the shared ones; the public code's decoder has leaky
        ReLUs, and its slope a small number under the root. Settings are its defaults, not the best
        of a hundred as in the paper's table.
    """
    body = Body(
        shape=parts.shape,
        latent=parts.latent,
        decoder=parts.decoder(),
        likelihood=parts.squared_error(),
        fits=True,
    )
    critic = parts.image_critic(norm=FORMS[form].norm)
    return GAN(body, critic=critic, form=form, **numbers)


@system(
    "age",
    _ULYANOV,
    "encoder against generator: who spreads the codes over a sphere",
    latent=Preset(64, {"cifar10": 128}),
    batch=64,
    average=0.999,
)
def age(parts: Parts, **numbers: Any) -> AGE:
    """Encoder against generator on the sphere; see `models.AGE`.

    Deviations:
        Those of `models.AGE`. Networks are the shared ones, without batch norm in the encoder. The
        rate is not halved every 40 epochs, and the generator moves twice for faces too.
    """
    return AGE(parts.body(encoder=parts.encoder(norm=False)), **numbers)


@system(
    "pioneer",
    _HELJAKKA,
    "AGE's game with spectral norm and cosine codes; networks that grow, where asked",
    latent=Preset(64),
    average=0.999,
    presets={"divergence": Preset(0.1), "pixels": Preset(3.0), "codes": Preset(100.0)},
    fixed={"spread": "gaussian"},
)
def pioneer(parts: Parts, *, phase: Whole = 0, **numbers: Any) -> AGE:
    """AGE's game with the proper divergence and spectral norm in E; see `models.AGE`.

    Arguments:
        parts: Networks; those of the growing form are Pioneer's own.
        phase: Rounds of a phase of the growing form; 0 is the form that does not grow.
        numbers: Those of `models.AGE`; the rate is 1e-3 in the growing form's public code.

    Raises:
        UserError: Networks are to grow, but the data are vectors or a family is given.

    Deviations:
        Those of `models.AGE`. The form that does not grow has the shared networks, the decoder with
        batch norm, and 2e-4. Weights are the public code's, a tenth of the paper's.
    """
    betas = (0.0, 0.99)
    if not phase:
        body = parts.body(encoder=spectrally_normal_everywhere(parts.encoder(norm=False)))
        return AGE(body, betas=betas, **numbers)
    if not parts.image:
        raise UserError(f"networks that grow need images, got {parts.kind}; use --set phase=0.")
    parts.must_be_shared("the growing form")
    growth = Growth(parts.shape, every=phase)
    body = parts.body(
        encoder=GrowingEncoder(parts.shape, parts.latent, growth, width=parts.width),
        decoder=GrowingDecoder(parts.shape, parts.latent, growth, width=parts.width),
    )
    return AGE(body, growth=growth, betas=betas, **numbers)


@system(
    "alae",
    _PIDHORSKYI,
    "generator and critic are split, and agree in a learned latent space",
    average=0.999,
    presets={"penalty": Preset(2.5, {"colour": 0.25})},
)
def alae(parts: Parts, **numbers: Any) -> ALAE:
    """Two halves of a GAN that meet in a learned space; see `models.ALAE`.

    Deviations:
        Those of `models.ALAE`. The average's horizon does not follow the batch.
    """
    units = max(32, parts.latent)  # fewer map noise to a curve
    return ALAE(
        parts.body(encoder=parts.encoder(norm=False)),
        prior=Pushforward(Mapping(units, parts.latent, speed=_ALAE_SPEED), units),
        critic=MLP(parts.latent, 1, hidden=(units,) * 2, slope=0.2, speed=_ALAE_SPEED),
        **numbers,
    )
