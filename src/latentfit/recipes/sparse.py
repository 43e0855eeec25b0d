"""Recipes whose codes fill no more dimensions than they need, whatever the latent size."""

from __future__ import annotations

from torch import nn

from latentfit.checks import Count, Rate, Weight
from latentfit.divergences import relevance_kl
from latentfit.models import AutoEncoder
from latentfit.optimizers import adam, adamw
from latentfit.posteriors import Dirac
from latentfit.priors import GaussianMixture, Relevance
from latentfit.recipes.base import Paper, Preset, system
from latentfit.recipes.parts import Parts

_ZENG = Paper(
    "Autoencoders for Discovering Manifold Dimension and Coordinates (Zeng et al.)",
    2024,
    "arxiv:2305.01090",
)
_SAHA = Paper(
    "ARD-VAE: Finding the Relevant Latent Dimensions of VAEs (Saha et al.)",
    2025,
    "arxiv:2501.10901",
)


@system(
    "irmae-wd",
    _ZENG,
    "linear layers after the encoder and weight decay lower the rank of the codes",
)
def irmae_wd(
    parts: Parts, *, layers: Count = 4, decay: Weight = 1e-6, rate: Rate = 1e-3
) -> AutoEncoder:
    """Squared error through `layers` square linear layers: descent alone prefers a low rank.

    Their product learns its large singular values first and the small ones never (Jing et al.,
    2020, where there is no decay); `decay` breaks ties. The codes' covariance then has as many
    singular values before a sharp drop as the data have dimensions. Samples are of a Gaussian
    fitted to the codes.

    Deviations:
        House networks. AdamW at 1e-3, batch 128 and the layers without bias are the authors' public
        code; its numbers are in double precision.
    """
    m = parts.latent
    linear = [nn.Linear(m, m, bias=False) for _ in range(layers)]
    encoder = Dirac(nn.Sequential(parts.encoder(), *linear))
    return AutoEncoder(
        parts.body(encoder=encoder),
        prior=GaussianMixture(m, components=1),
        optimizer=adamw(rate, decay=decay),
    )


@system(
    "ard-vae",
    _SAHA,
    "the prior takes the deviation of the codes, so that dimensions can close at no cost",
    batch=100,
    presets={"weight": Preset(0.5, {"colour": 0.05, "celeba": 3.0})},
)
def ard_vae(
    parts: Parts, *, weight: Weight, memory: Count = 10_000, rate: Rate = 5e-4
) -> AutoEncoder:
    """Squared error plus `weight` times the KL to a Gaussian with the variances of the codes.

    Arguments:
        parts: Networks.
        weight: Of the KL; 0.5, or 0.05 for colour images, 3 for CelebA.
        memory: Codes that the variances are of.
        rate: Learning rate.

    Deviations:
        House networks; the rate is constant (halved by the authors where the validation error
        stalls). The variances are a running mean over the batches (`priors.Relevance`).
    """
    return AutoEncoder(
        parts.variational(parts.squared_error()),
        prior=Relevance(parts.latent, memory=memory),
        divergences={"divergence": relevance_kl},
        weights={"divergence": weight},
        optimizer=adam(rate),
    )
