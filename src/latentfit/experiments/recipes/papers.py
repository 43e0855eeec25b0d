"""Recipes of the five papers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

from torch import nn

from latentfit import networks
from latentfit.checks import UserError, one_of, within
from latentfit.experiments.recipes.parts import Average, Parts
from latentfit.likelihoods import Bernoulli
from latentfit.models import FlexAE, MappedPrior, MaskAAE
from latentfit.models.maskaae import pruning
from latentfit.networks import MLP, Mask
from latentfit.penalties import masked_covariance, masked_variance


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

    Deviations:
        Those of `models.FlexAE`. Networks are the authors' public ones; the paper's text names
        those of the two-stage VAE (`--set family=dai-wipf`).
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


Loss = Literal["auto", "bernoulli", "squared"]


def maskaae(
    parts: Parts,
    *,
    earlier: bool = False,
    loss: Loss = "auto",
    dense: bool = True,
    game: Literal["recovering", "authors", "paper"] = "recovering",
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
        earlier: LMGAE's order of moves and its penalty on closed dimensions.
        loss: `auto` is cross-entropy on grey images [authors' code], else squared error [paper].
        dense: Dense networks for images [authors' code], else the convolutional family.
        game: `recovering` (ours), `authors` or `paper`; see `models.maskaae.pruning`.
        pace: Factor on everything that counts rounds; the mask's rate is divided by it.
        form: Form of the mismatch term.
        omega: Weight of the mismatch term.
        variance: Weight of the penalty on closed dimensions.
        mask_rate: Learning rate of the mask.
        mask_low: Lower end of the mask's uniform start.
        mask_high: Upper end of the mask's uniform start.
        warmup: Rounds in which the mask waits.
        period: T.
        drop: Factor on two losses after round 5 T.
        noise: Deviation of noise on masked codes and draws in the game.
        batch: Batch size.
        average: Decay of the averaged weights.

    Deviations:
        Those of `models.MaskAAE`. The default game is ours. The script's dense networks are for
        MNIST; they are the default for colour images too, where the paper's are not known.
    """
    if form is not None:
        one_of("form", form, ("square", "one"))
    within("pace", pace, 1e-3, 1e3)
    chosen = pruning(game, parts.latent, image=parts.image).paced(pace)
    low, high = chosen.start
    start = (low if mask_low is None else mask_low, high if mask_high is None else mask_high)
    within("mask_high", start[1], start[0], remedy="it is not below 'mask_low'")
    given = {"form": form, "omega": omega, "variance": variance, "mask_rate": mask_rate,
             "warmup": warmup, "period": period, "drop": drop, "noise": noise}  # fmt: skip
    given = {name: value for name, value in given.items() if value is not None}
    return MaskAAE(
        **_authors_networks(parts, dense, loss),
        mask=Mask(parts.latent, low=start[0], high=start[1]),
        pruning=replace(chosen, start=start, **given),
        silence=masked_covariance if earlier else masked_variance,
        encoder_first=earlier,
        batch=batch,
        average=average,
    )


def wae_wgan(
    parts: Parts,
    *,
    loss: Loss = "auto",
    dense: bool = True,
    batch: int = 64,
    average: Average = 0.999,
) -> MaskAAE:
    """MaskAAE's game without its mask: the WAE that the papers compare with.

    Arguments:
        parts: Networks.
        loss: `auto` is cross-entropy on grey images [authors' code], else squared error [paper].
        dense: Dense networks for images [authors' code], else the convolutional family.
        batch: Batch size.
        average: Decay of the averaged weights.

    Deviations:
        Those of `models.MaskAAE` that do not concern the mask. The script's dense networks are the
        default for colour images too, where the paper's are not known.
    """
    return MaskAAE(**_authors_networks(parts, dense, loss), batch=batch, average=average)


def _authors_networks(parts: Parts, dense: bool, loss: Loss) -> dict[str, Any]:
    if one_of("loss", loss, ("auto", "bernoulli", "squared")) == "auto":
        loss = "bernoulli" if parts.image and not parts.colour else "squared"
    if loss == "bernoulli" and not parts.image:
        raise UserError("loss 'bernoulli' needs images in [0, 1]; use --set loss=squared.")
    if parts.image and dense:
        parts.must_be_shared("the dense form (see --set dense=false)")
        hidden = networks.hidden(parts.width)
        encoder: nn.Module = MLP(parts.shape, parts.latent, hidden=hidden)
        decoder: nn.Module = MLP(parts.latent, parts.shape, hidden=hidden)
    else:
        encoder, decoder = parts.encoder(), parts.decoder()
    return {
        "shape": parts.shape,
        "latent": parts.latent,
        "encoder": encoder,
        "decoder": decoder,
        "critic": parts.latent_critic(),
        "likelihood": Bernoulli() if loss == "bernoulli" else parts.squared_error(),
    }


def mapae(
    parts: Parts,
    *,
    noise: int | None = None,
    lam: float = 0.1,
    gamma: float = 0.2,
    interpolation: float = 0.5,
    realism: float = 0.5,
    normalise: bool = True,
    embedding: int = 0,
    rate: float = 1e-4,
    latent_rate: float = 2e-4,
    batch: int = 128,
    average: Average = 0.999,
) -> MappedPrior:
    """Prior mapped to a batch-normalised code; see `models.MappedPrior` for the arguments.

    Deviations:
        Those of `models.MappedPrior`.
    """
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
        normalise=normalise,
        embedding=embedding,
        rate=rate,
        latent_rate=latent_rate,
        batch=batch,
        average=average,
    )
