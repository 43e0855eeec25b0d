"""Recipes of the five papers."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any, Literal

from latentfit import networks
from latentfit.checks import Count, Range, Rate, UserError, Weight, Whole, within
from latentfit.models import Body, FlexAE, MappedPrior, MaskAAE
from latentfit.models.pruning import pruning
from latentfit.networks import MLP, Mask
from latentfit.penalties import masked_covariance, masked_variance
from latentfit.recipes.base import Paper, Preset, Recipe, system
from latentfit.recipes.parts import Parts

_MASK = Paper(
    "MaskAAE: Latent space optimization for Adversarial Auto-Encoders (Mondal et al.)",
    2020,
    "arxiv:1912.04564",
)
_LMGAE = Paper(
    "Towards Latent Space Optimality for Auto-Encoder Based Generative Models (Mondal et al.)",
    2019,
    "arxiv:1912.04564v1",
)
_FLEX = Paper(
    "FlexAE: Flexibly Learning Latent Priors for Wasserstein Auto-Encoders (Mondal et al.)",
    2021,
    "https://proceedings.mlr.press/v161/mondal21a.html",
)
_GENG = Paper("Generative Model without Prior Distribution Matching (Geng et al.)", 2020)

# 48 is the authors' script's; the sizes that a mask starts from are those of the slides, Table 2.
_MASKED = Preset(48, {"fashion-mnist": 128, "colour": 256})

Loss = Literal["auto", "bernoulli", "squared"]


def _maskaae(
    parts: Parts,
    *,
    earlier: bool = False,
    loss: Loss = "auto",
    dense: bool = True,
    game: Literal["recovering", "authors", "paper"] = "recovering",
    pace: Annotated[float, Range(1e-3, 1e3)] = 1.0,
    form: Literal["square", "one"] | None = None,
    omega: Weight | None = None,
    variance: Weight | None = None,
    mask_rate: Rate | None = None,
    mask_low: Weight | None = None,
    mask_high: Weight | None = None,
    warmup: Whole | None = None,
    period: Count | None = None,
    drop: Weight | None = None,
    noise: Weight | None = None,
) -> MaskAAE:
    """Learned mask; settings that are not given are those of the named game.

    Arguments:
        parts: Networks.
        earlier: LMGAE's order of moves and its penalty on closed dimensions.
        loss: `auto` is cross-entropy on grey images [authors' code], else squared error [paper].
        dense: Dense networks for images [authors' code], else the convolutional family.
        game: `recovering` (ours), `authors` or `paper`; see `models.pruning.pruning`.
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

    Deviations:
        Those of `models.MaskAAE`. The default game is ours. The script's dense networks are for
        MNIST; they are the default for colour images too, where the paper's are not known.
    """
    chosen = pruning(game, parts.latent, image=parts.image).paced(pace)
    low, high = chosen.start
    start = (low if mask_low is None else mask_low, high if mask_high is None else mask_high)
    within("mask_high", start[1], start[0], remedy="it is not below 'mask_low'")
    given = {"form": form, "omega": omega, "variance": variance, "mask_rate": mask_rate,
             "warmup": warmup, "period": period, "drop": drop, "noise": noise}  # fmt: skip
    given = {name: value for name, value in given.items() if value is not None}
    return MaskAAE(
        _authors_body(parts, dense, loss),
        critic=parts.latent_critic(),
        mask=Mask(parts.latent, low=start[0], high=start[1]),
        pruning=replace(chosen, start=start, **given),
        silence=masked_covariance if earlier else masked_variance,
        encoder_first=earlier,
    )


maskaae = Recipe(
    "maskaae",
    _maskaae,
    _MASK,
    "a learned mask closes the latent dimensions that the data do not need",
    latent=_MASKED,
    batch=64,
    average=0.999,
    fixed={"earlier": False},
)

lmgae = replace(
    maskaae,
    name="lmgae",
    paper=_LMGAE,
    idea="the earlier form of MaskAAE, with the covariance of closed dimensions",
    fixed={"earlier": True},
)


@system(
    "wae-wgan",
    _MASK,
    "MaskAAE's game without its mask: the fixed prior that the papers compare with",
    latent=_MASKED,
    batch=64,
    average=0.999,
)
def wae_wgan(parts: Parts, *, loss: Loss = "auto", dense: bool = True) -> MaskAAE:
    """MaskAAE's game without its mask: the WAE that the papers compare with.

    Arguments:
        parts: Networks.
        loss: `auto` is cross-entropy on grey images [authors' code], else squared error [paper].
        dense: Dense networks for images [authors' code], else the convolutional family.

    Deviations:
        Those of `models.MaskAAE` that do not concern the mask. The script's dense networks are the
        default for colour images too, where the paper's are not known.
    """
    return MaskAAE(_authors_body(parts, dense, loss), critic=parts.latent_critic())


def _authors_body(parts: Parts, dense: bool, loss: Loss) -> Body:
    if loss == "auto":
        loss = "bernoulli" if parts.image and not parts.colour else "squared"
    if loss == "bernoulli" and not parts.image:
        raise UserError("loss 'bernoulli' needs images in [0, 1]; use --set loss=squared.")
    likelihood = parts.cross_entropy() if loss == "bernoulli" else parts.squared_error()
    if not (parts.image and dense):
        return parts.body(likelihood)
    parts.must_be_shared("the dense form (see --set dense=false)")
    shape, m, hidden = parts.shape, parts.latent, networks.hidden(parts.width)
    return parts.body(
        likelihood,
        encoder=None if "encoder" in parts.own else MLP(shape, m, hidden=hidden),
        decoder=None if "decoder" in parts.own else MLP(m, shape, hidden=hidden),
    )


@system(
    "flexae",
    _FLEX,
    "the prior is a network's push-forward of noise, learned with the codes",
    average=0.999,
)
def flexae(parts: Parts, *, noise: Count | None = None, **numbers: Any) -> FlexAE:
    """Learned prior.

    Arguments:
        parts: Networks.
        noise: Noise dimensions m' of the prior; m where not given.
        numbers: Those of `models.FlexAE`.

    Deviations:
        Those of `models.FlexAE`. Networks are the authors' public ones; the paper's text names
        those of the two-stage VAE (`--set family=dai-wipf`).
    """
    return FlexAE(
        parts.body(), prior=parts.mapped_noise(noise), critic=parts.latent_critic(), **numbers
    )


@system(
    "flexae-sr",
    _FLEX,
    "FlexAE whose decoded interpolations must look like data",
    average=0.999,
)
def flexae_sr(parts: Parts, *, noise: Count | None = None, **numbers: Any) -> FlexAE:
    """FlexAE with an image critic that smooths the latent space; arguments as those of `flexae`.

    Deviations:
        Those of `models.FlexAE`, and of the recipe `flexae`.
    """
    return FlexAE(
        parts.body(),
        prior=parts.mapped_noise(noise),
        critic=parts.latent_critic(),
        image_critic=parts.image_critic(),
        **numbers,
    )


@system(
    "mapae",
    _GENG,
    "shape the embedding by interpolation, then map noise to it",
    latent=Preset(256),
    average=0.999,
)
def mapae(parts: Parts, *, noise: Count | None = None, **numbers: Any) -> MappedPrior:
    """Prior mapped to a batch-normalised code; see `models.MappedPrior` for the numbers.

    Deviations:
        Those of `models.MappedPrior`.
    """
    return MappedPrior(
        parts.body(),
        prior=parts.mapped_noise(noise),
        critic=parts.latent_critic(),
        image_critic=parts.image_critic(),
        **numbers,
    )
