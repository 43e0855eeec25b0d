"""Recipes of VAEs whose encoder is the critic."""

from __future__ import annotations

from typing import Any

from latentfit.checks import UserError, Weight, Whole
from latentfit.models import IntroVAE, SoftIntroVAE
from latentfit.models.margin import Margin
from latentfit.recipes.base import Paper, Preset, system
from latentfit.recipes.parts import Parts

_HUANG = Paper(
    "IntroVAE: Introspective VAEs for Photographic Image Synthesis (Huang et al.)",
    2018,
    "arxiv:1807.06358",
)
_DANIEL = Paper(
    "Soft-IntroVAE: Analyzing and Improving the Introspective VAE (Daniel & Tamar)",
    2021,
    "arxiv:2012.13253",
)


@system(
    "introvae",
    _HUANG,
    "the encoder tells data from samples by a divergence above a margin",
    latent=Preset(128),
    average=0.999,
)
def introvae(
    parts: Parts,
    *,
    margin: Weight | None = None,
    factor: Weight | None = None,
    warmup: Whole = 4_700,
    **numbers: Any,
) -> IntroVAE:
    """Divergence above a margin for what is made; see `models.IntroVAE`.

    Arguments:
        parts: Networks.
        margin: M in nats; None is `factor` times the divergence of data after the warm-up.
        factor: See `margin`; 1.5 where not given.
        warmup: Rounds of plain VAE, ten epochs of MNIST.
        numbers: Those of `models.IntroVAE`.

    Raises:
        UserError: `margin` and `factor` are both given, or there is no warm-up to find one in.

    Deviations:
        Those of `models.IntroVAE`.
    """
    if margin is not None and factor is not None:
        raise UserError("a 'margin' that is given has no 'factor'; leave one of them out.")
    factor = 1.5 if factor is None else factor
    found = Margin(warmup=warmup, factor=factor, fixed=margin)
    return IntroVAE(parts.variational(), margin=found, **numbers)


@system(
    "soft-introvae",
    _DANIEL,
    "IntroVAE with an exponential of the bound in place of the margin",
    latent=Preset(32, {"colour": 128}),
    average=0.999,
)
def soft_introvae(parts: Parts, **numbers: Any) -> SoftIntroVAE:
    """The bound of what is made is lowered softly; see `models.SoftIntroVAE`.

    Deviations:
        Those of `models.SoftIntroVAE`. Weights are those of MNIST and CIFAR-10 also for faces.
    """
    return SoftIntroVAE(parts.variational(), **numbers)
