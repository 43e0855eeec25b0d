"""Recipes of the five papers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Literal

from torch import Tensor, nn

from latentfit import networks
from latentfit.checks import UserError, one_of, within
from latentfit.experiments.recipes.parts import Average, Parts
from latentfit.likelihoods import Bernoulli
from latentfit.models import FlexAE, MappedPrior, MaskAAE
from latentfit.models.maskaae import pruning
from latentfit.networks import MLP, Mask
from latentfit.penalties import masked_variance


def flexae(
    parts: Parts,
    *,
    smooth: bool = False,
    noise: int | None = None,
    rate: float = 1e-4,
    penalty: float = 10.0,
    batch: int = 128,
    average: Average = 0.999,
) -> FlexAE:
    """Learned prior; with `smooth` an image critic smooths the latent space (FlexAE-SR).

    Arguments:
        parts: Networks.
        smooth: Add the image critic.
        noise: Noise dimensions m' of the prior; m where not given.
        rate: Base learning rate.
        penalty: Weight of the gradient penalties.
        batch: Batch size.
        average: Decay of the averaged weights.
    """
    return FlexAE(
        shape=parts.shape,
        latent=parts.latent,
        encoder=parts.encoder(),
        decoder=parts.decoder(),
        likelihood=parts.squared_error(),
        prior=parts.mapped_noise(noise),
        critic=parts.latent_critic(),
        image_critic=parts.image_critic() if smooth else None,
        rate=rate,
        penalty=penalty,
        batch=batch,
        average=average,
    )


def maskaae(
    parts: Parts,
    *,
    silence: Callable[[Tensor, Tensor], Tensor] = masked_variance,
    loss: Literal["auto", "bernoulli", "squared"] = "auto",
    dense: bool = True,
    game: Literal["recovering", "published"] = "recovering",
    pace: float = 1.0,
    form: Literal["square", "one"] | None = None,
    omega: float | None = None,
    variance: float | None = None,
    mask_rate: float | None = None,
    mask_low: float | None = None,
    mask_high: float | None = None,
    warmup: int | None = None,
    period: int | None = None,
    drop: float | None = None,
    noise: float | None = None,
    batch: int = 64,
    average: Average = 0.999,
) -> MaskAAE:
    """Learned mask; settings that are not given are those of the named game.

    Arguments:
        parts: Networks.
        silence: The penalty on closed dimensions.
        loss: `auto` is cross-entropy on grey images [authors' code], else squared error [paper].
        dense: Dense networks for images [authors' code], else the convolutional family.
        game: `recovering` (ours) or `published`; see `models.maskaae.pruning`.
        pace: Factor on everything that counts rounds; the mask's rate is divided by it.
        form: Form of the mismatch term.
        omega: Weight of the mismatch term.
        variance: Weight of the penalty on closed dimensions.
        mask_rate: Learning rate of the mask.
        mask_low: Lower end of the mask's uniform start.
        mask_high: Upper end of the mask's uniform start.
        warmup: Rounds in which the mask waits.
        period: T.
        drop: Factor on two learning rates at round 5 T.
        noise: Deviation of noise on masked codes and draws in the game.
        batch: Batch size.
        average: Decay of the averaged weights.
    """
    if form is not None:
        one_of("form", form, ("square", "one"))
    if one_of("loss", loss, ("auto", "bernoulli", "squared")) == "auto":
        loss = "bernoulli" if parts.image and not parts.colour else "squared"
    if loss == "bernoulli" and not parts.image:
        raise UserError("loss 'bernoulli' needs images in [0, 1]; use --set loss=squared.")
    within("pace", pace, 1e-3, 1e3)
    chosen = pruning(game, parts.latent, image=parts.image).paced(pace)
    low, high = chosen.start
    start = (low if mask_low is None else mask_low, high if mask_high is None else mask_high)
    given = {"form": form, "omega": omega, "variance": variance, "mask_rate": mask_rate,
             "warmup": warmup, "period": period, "drop": drop, "noise": noise}  # fmt: skip
    given = {name: value for name, value in given.items() if value is not None}
    chosen = replace(chosen, start=start, **given)
    encoder: nn.Module = parts.encoder()
    decoder: nn.Module = parts.decoder()
    if parts.image and dense:
        hidden = networks.hidden(parts.width)
        encoder = MLP(parts.shape, parts.latent, hidden=hidden)
        decoder = MLP(parts.latent, parts.shape, hidden=hidden)
    return MaskAAE(
        shape=parts.shape,
        latent=parts.latent,
        encoder=encoder,
        decoder=decoder,
        critic=parts.latent_critic(),
        likelihood=Bernoulli() if loss == "bernoulli" else parts.squared_error(),
        mask=Mask(parts.latent, low=start[0], high=start[1]),
        pruning=chosen,
        silence=silence,
        batch=batch,
        average=average,
    )


def mapae(
    parts: Parts,
    *,
    noise: int | None = None,
    lam: float = 0.1,
    gamma: float = 0.2,
    interpolation: float = 0.5,
    realism: float = 0.5,
    rate: float = 1e-4,
    batch: int = 128,
    average: Average = 0.999,
) -> MappedPrior:
    """Prior mapped to a batch-normalised code; see `models.MappedPrior` for the arguments."""
    return MappedPrior(
        shape=parts.shape,
        latent=parts.latent,
        encoder=parts.encoder(),
        decoder=parts.decoder(),
        likelihood=parts.squared_error(),
        prior=parts.mapped_noise(noise),
        critic=parts.latent_critic(),
        image_critic=parts.image_critic(),
        lam=lam,
        gamma=gamma,
        interpolation=interpolation,
        realism=realism,
        rate=rate,
        batch=batch,
        average=average,
    )
