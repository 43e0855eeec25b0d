"""Recipes of the variational family with richer priors and posteriors."""

from __future__ import annotations

from typing import Literal

from torch import Tensor, nn

from latentfit.checks import one_of, within
from latentfit.experiments.recipes.ground import kl_to_prior
from latentfit.experiments.recipes.parts import Average, Parts
from latentfit.experiments.recipes.variational import Decoder, likelihood_of, networks_of, pace
from latentfit.models import AutoEncoder, ImplicitPrior
from latentfit.networks.layers import scaled
from latentfit.posteriors import AutoregressiveStep, Code, Flow, PlanarStep
from latentfit.priors import Dense, Prior, Ratio, Tilted, Vamp
from latentfit.schedules import ramp


def vampprior(
    parts: Parts,
    *,
    components: int = 500,
    warmup: int = 13_000,
    decoder: Decoder = "auto",
    rate: float = 2e-4,
    batch: int = 128,
    average: Average = None,
) -> AutoEncoder:
    """The prior is the mean of the posteriors at `components` learned pseudo-inputs.

    Deviations:
        Those of `priors.Vamp`. House networks and pace; the public code has gated dense layers,
        gradients divided by their norm, 5e-4 at batch 100, early stopping, and binary data. The
        warm-up is a tenth of 130,000 rounds.
    """
    within("components", components, 1)
    networks = networks_of(parts, likelihood_of(parts, decoder))
    networks["prior"] = Vamp(networks["posterior"], parts.shape, components, bounded=parts.image)
    return AutoEncoder(
        **networks,
        divergences={"divergence": sampled_kl},
        weights={"divergence": ramp(warmup) if warmup else 1.0},
        learns_prior=True,
        **pace(rate, batch, average),
    )


def vae_iop(
    parts: Parts,
    *,
    steps: int = 10,
    dropout: float = 0.5,
    proposals: int = 1_000,
    ratio_rate: float = 1e-3,
    warmup: int = 13_000,
    decoder: Decoder = "auto",
    rate: float = 2e-4,
    batch: int = 128,
    average: Average = None,
) -> ImplicitPrior:
    """The prior is the aggregated posterior, through a density ratio; see `ImplicitPrior`.

    Arguments:
        parts: Networks.
        steps: Moves of the ratio in a round.
        dropout: Of the ratio's last hidden layer.
        proposals: Normal draws for each draw of the prior.
        ratio_rate: Learning rate of the ratio.
        warmup: Rounds in which the divergence's weight grows to 1.
        decoder: `auto` is a cross-entropy on grey images, else a Gaussian of deviation 1.
        rate: Learning rate.
        batch: Batch size.
        average: Decay of the averaged weights.

    Deviations:
        Those of `models.ImplicitPrior`. House networks and pace; the public code has dense layers
        of 500 tanh units and 1e-4 at batch 100. T has the public code's three layers of 500 tanh
        units for images, three of 128 for vectors.
    """
    units = scaled(500 if parts.image else 128, parts.width)
    body = nn.Sequential(parts.on_codes(units, units=500, layers=2, bend=nn.Tanh), nn.Tanh())
    ratio = Ratio(body, nn.Linear(units, 1), dropout=dropout)
    networks = networks_of(parts, likelihood_of(parts, decoder))
    networks["prior"] = Tilted(ratio, parts.latent, proposals=proposals)
    weight = ramp(warmup) if warmup else 1.0
    return ImplicitPrior(
        **networks,
        divergences={"divergence": kl_to_prior},
        weights={"divergence": weight, "ratio": weight},
        ratio=ratio,
        steps=steps,
        ratio_rate=ratio_rate,
        **pace(rate, batch, average),
    )


def vae_flow(
    parts: Parts,
    *,
    flow: Literal["autoregressive", "planar"] = "autoregressive",
    steps: int | None = None,
    decoder: Decoder = "learned",
    rate: float = 2e-4,
    batch: int = 128,
    average: Average = None,
) -> AutoEncoder:
    """The posterior goes through a flow, of 4 autoregressive steps or 10 planar ones.

    Deviations:
        House networks and pace; the paper has Adamax, free bits, deep residual networks and a
        discretised logistic decoder; here the deviation of a Gaussian is learned, and moves by
        about the rate in a round. The encoder gives the steps no context; a step is gated and
        starts near the identity.
    """
    planar = one_of("flow", flow, ("autoregressive", "planar")) == "planar"
    steps = (10 if planar else 4) if steps is None else steps
    within("steps", steps, 1)
    widths = (scaled(512, parts.width),) * 2
    networks = networks_of(parts, likelihood_of(parts, decoder))
    networks["posterior"] = Flow(
        networks["posterior"],
        *(
            PlanarStep(parts.latent) if planar else AutoregressiveStep(parts.latent, hidden=widths)
            for _ in range(steps)
        ),
    )
    return AutoEncoder(
        **networks, divergences={"divergence": sampled_kl}, **pace(rate, batch, average)
    )


def sampled_kl(code: Code, z: Tensor, prior: Prior) -> Tensor:
    """KL from the posterior to a prior with a density, by the draw z, mean over the batch."""
    if not isinstance(prior, Dense):
        raise TypeError("the KL needs a prior with a density")
    return (code.log_density(z) - prior.log_density(z)).mean()
