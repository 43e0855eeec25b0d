"""Recipes of the variational family with richer priors and posteriors."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from torch import nn

from latentfit.checks import Count, Rate, Share, Whole
from latentfit.divergences import kl, sampled_kl
from latentfit.expost.stage import house_pace
from latentfit.models import AutoEncoder, ImplicitPrior
from latentfit.networks.layers import scaled
from latentfit.posteriors import AutoregressiveStep, Flow, PlanarStep
from latentfit.priors import Normal, Ratio, Tilted, Vamp
from latentfit.recipes.base import Paper, Preset, system
from latentfit.recipes.parts import Parts
from latentfit.recipes.variational import Law, likelihood_of
from latentfit.schedules import ramp

_IAF = Paper(
    "Improving Variational Inference with Inverse Autoregressive Flow (Kingma et al.)",
    2016,
    "arxiv:1606.04934",
)
_TOMCZAK = Paper("VAE with a VampPrior (Tomczak & Welling)", 2018, "arxiv:1705.07120")
_TAKAHASHI = Paper(
    "Variational Autoencoder with Implicit Optimal Priors (Takahashi et al.)",
    2019,
    "arxiv:1809.05284",
)


@system(
    "vae-flow",
    _IAF,
    "the posterior goes through a flow, so that it need not be Gaussian",
)
def vae_flow(
    parts: Parts,
    *,
    flow: Literal["autoregressive", "planar"] = "autoregressive",
    steps: Count | None = None,
    likelihood: Law = "learned",
    rate: Rate = 2e-4,
) -> AutoEncoder:
    """The posterior goes through a flow, of 4 autoregressive steps or 10 planar ones.

    Deviations:
        House networks and pace; the paper has Adamax, free bits, deep residual networks and a
        discretised logistic decoder; here the deviation of a Gaussian is learned, and moves by
        about the rate in a round. The encoder gives the steps no context; a step is gated and
        starts near the identity.
    """
    planar = flow == "planar"
    steps = (10 if planar else 4) if steps is None else steps
    hidden = (scaled(512, parts.width),) * 2
    posterior = parts.posterior()
    body = parts.body(likelihood_of(parts, likelihood), encoder=posterior)
    through = (
        PlanarStep(parts.latent) if planar else AutoregressiveStep(parts.latent, hidden=hidden)
        for _ in range(steps)
    )
    return AutoEncoder(
        replace(body, encoder=Flow(posterior, *through)),
        prior=Normal(parts.latent),
        divergences={"divergence": sampled_kl},
        **house_pace(rate),
    )


@system(
    "vampprior",
    _TOMCZAK,
    "the prior is a mixture of the posteriors at learned pseudo-inputs",
    latent=Preset(40, {"colour": 64}),
)
def vampprior(
    parts: Parts,
    *,
    components: Count = 500,
    warmup: Whole = 13_000,
    likelihood: Law = "auto",
    rate: Rate = 2e-4,
) -> AutoEncoder:
    """The prior is the mean of the posteriors at `components` learned pseudo-inputs.

    Deviations:
        Those of `priors.Vamp`. House networks and pace; the public code has gated dense layers,
        gradients divided by their norm, 5e-4 at batch 100, early stopping, and binary data. The
        warm-up is a tenth of 130,000 rounds.
    """
    posterior = parts.posterior()
    body = parts.body(likelihood_of(parts, likelihood), encoder=posterior)
    return AutoEncoder(
        body,
        prior=Vamp(posterior, parts.shape, components, bounded=parts.image),
        divergences={"divergence": sampled_kl},
        weights={"divergence": ramp(warmup) if warmup else 1.0},
        learns_prior=True,
        **house_pace(rate),
    )


@system(
    "vae-iop",
    _TAKAHASHI,
    "the prior is the aggregated posterior, through a learned density ratio",
    latent=Preset(40, {"colour": 64}),
)
def vae_iop(
    parts: Parts,
    *,
    steps: Count = 10,
    dropout: Share = 0.5,
    proposals: Count = 1_000,
    ratio_rate: Rate = 1e-3,
    warmup: Whole = 13_000,
    likelihood: Law = "auto",
    rate: Rate = 2e-4,
) -> ImplicitPrior:
    """The prior is the aggregated posterior, through a density ratio; see `ImplicitPrior`.

    Arguments:
        parts: Networks.
        steps: Moves of the ratio in a round.
        dropout: Of the ratio's last hidden layer.
        proposals: Normal draws for each draw of the prior.
        ratio_rate: Learning rate of the ratio.
        warmup: Rounds in which the divergence's weight grows to 1.
        likelihood: `auto` is a cross-entropy on grey images, else a Gaussian of deviation 1.
        rate: Learning rate.

    Deviations:
        Those of `models.ImplicitPrior`. House networks and pace; the public code has dense layers
        of 500 tanh units and 1e-4 at batch 100. T has the public code's three layers of 500 tanh
        units for images, three of 128 for vectors.
    """
    units = scaled(500 if parts.image else 128, parts.width)
    top = nn.Sequential(parts.on_codes(units, units=500, layers=2, bend=nn.Tanh), nn.Tanh())
    ratio = Ratio(top, nn.Linear(units, 1), dropout=dropout)
    weight = ramp(warmup) if warmup else 1.0
    return ImplicitPrior(
        parts.variational(likelihood_of(parts, likelihood)),
        prior=Tilted(ratio, parts.latent, proposals=proposals),
        divergences={"divergence": kl},
        weights={"divergence": weight, "ratio": weight},
        ratio=ratio,
        steps=steps,
        ratio_rate=ratio_rate,
        **house_pace(rate),
    )
