"""Recipes of the variational family: other weights, other divergences, other priors."""

from __future__ import annotations

from typing import Any, Literal

from torch import Tensor, nn

from latentfit.checks import one_of, within
from latentfit.divergences import decompose, inverse_multiquadratic, mmd
from latentfit.divergences.capacity import Capacity
from latentfit.experiments.recipes.ground import HALVINGS, kl_to_prior
from latentfit.experiments.recipes.parts import Average, Parts
from latentfit.likelihoods import Gaussian, Likelihood, OptimalGaussian
from latentfit.models import AutoEncoder, FactorVAE, ImplicitPrior
from latentfit.models.autoencoder import Divergence
from latentfit.networks import dense, hidden
from latentfit.networks.layers import scaled
from latentfit.optimizers import adam
from latentfit.posteriors import AutoregressiveStep, Code, DiagonalGaussian, Flow, PlanarStep
from latentfit.priors import Dense, Normal, Prior, Ratio, Tilted, Vamp
from latentfit.schedules import drops, ramp

Decoder = Literal["auto", "bernoulli", "fixed", "learned"]


def sigma_vae(
    parts: Parts,
    *,
    low: float = -6.0,
    rate: float = 2e-4,
    batch: int = 128,
    average: Average = None,
) -> AutoEncoder:
    """VAE whose decoder deviation is the best one for each batch, softly at least exp(low)."""
    likelihood = OptimalGaussian(bounded=parts.image, low=low)
    return AutoEncoder(
        **_networks(parts, likelihood),
        divergences={"divergence": kl_to_prior},
        **_pace(rate, batch, average),
    )


def beta_vae(
    parts: Parts,
    *,
    beta: float = 4.0,
    decoder: Decoder = "auto",
    rate: float = 2e-4,
    batch: int = 128,
    average: Average = None,
) -> AutoEncoder:
    """KL weighed by beta, beside a reconstruction summed over entries; see `_likelihood`."""
    within("beta", beta, 0.0)
    return AutoEncoder(
        **_networks(parts, _likelihood(parts, decoder)),
        divergences={"divergence": kl_to_prior},
        weights={"divergence": beta},
        **_pace(rate, batch, average),
    )


def beta_vae_capacity(
    parts: Parts,
    *,
    gamma: float = 100.0,
    capacity: float = 25.0,
    over: int = 100_000,
    decoder: Decoder = "auto",
    rate: float = 2e-4,
    batch: int = 128,
    average: Average = None,
) -> AutoEncoder:
    """KL held, with weight gamma, at a target that grows to `capacity` nats in `over` rounds."""
    within("over", over, 1)
    target = Capacity(kl_to_prior, capacity, over=over)
    return AutoEncoder(
        **_networks(parts, _likelihood(parts, decoder)),
        divergences={"capacity": target},
        weights={"capacity": gamma},
        after=target.grow,
        **_pace(rate, batch, average),
    )


def info_vae(
    parts: Parts,
    *,
    weight: float | None = None,
    rate: float = 2e-4,
    batch: int = 256,
    average: Average = None,
) -> AutoEncoder:
    """VAE plus weight - 1 times a kernel distance of the codes; None is 100, or 250 for colour."""
    weight = (250.0 if parts.colour else 100.0) if weight is None else weight
    within("weight", weight, 1.0, remedy="1 is the VAE")
    kernel = inverse_multiquadratic()
    return AutoEncoder(
        **_networks(parts, Gaussian(bounded=parts.image)),
        divergences={
            "divergence": kl_to_prior,
            "kernel": lambda code, z, prior: mmd(z, prior.sample(len(z)), kernel),
        },
        weights={"kernel": weight - 1},
        **_pace(rate, batch, average),
    )


def beta_tcvae(
    parts: Parts,
    *,
    beta: float = 6.0,
    samples: int = 60_000,
    stratified: bool = True,
    decoder: Decoder = "auto",
    rate: float = 2e-4,
    batch: int = 256,
    average: Average = None,
) -> AutoEncoder:
    """KL in three parts, the total correlation weighed by beta.

    Arguments:
        parts: Networks.
        beta: Weight of the total correlation.
        samples: Number of training samples N; taken from the data where a data set is given.
        stratified: Stratified weights of the minibatch, else equal ones.
        decoder: `auto` is a cross-entropy on grey images, else a Gaussian of deviation 1.
        rate: Learning rate.
        batch: Batch size; the estimate is noisy below 256.
        average: Decay of the averaged weights.
    """

    def part(place: int) -> Divergence:
        def term(code: Code, z: Tensor, prior: Prior) -> Tensor:
            if code.scale is None:
                raise TypeError("the decomposition needs a Gaussian posterior")
            return decompose(z, code.mean, code.scale, samples, stratified=stratified)[place]

        return term

    names = ("information", "correlation", "dimensions")
    return AutoEncoder(
        **_networks(parts, _likelihood(parts, decoder)),
        divergences={name: part(place) for place, name in enumerate(names)},
        weights={"correlation": beta},
        **_pace(rate, batch, average),
    )


def factor_vae(
    parts: Parts,
    *,
    gamma: float = 6.4,
    discriminator_rate: float | None = None,
    decoder: Decoder = "auto",
    rate: float = 2e-4,
    batch: int = 256,
    average: Average = None,
) -> FactorVAE:
    """A discriminator estimates the total correlation; its rate is 1e-4, or 1e-5 for colour."""
    slow = 1e-5 if parts.colour else 1e-4
    return FactorVAE(
        **_networks(parts, _likelihood(parts, decoder)),
        divergences={"divergence": kl_to_prior},
        discriminator=dense(parts.shape, parts.latent, 2, width=parts.width),
        correlation=gamma,
        discriminator_rate=slow if discriminator_rate is None else discriminator_rate,
        **_pace(rate, batch, average),
    )


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
    """The prior is the mean of the posteriors at `components` learned pseudo-inputs."""
    within("components", components, 1)
    networks = _networks(parts, _likelihood(parts, decoder))
    networks["prior"] = Vamp(networks["posterior"], parts.shape, components, bounded=parts.image)
    return AutoEncoder(
        **networks,
        divergences={"divergence": sampled_kl},
        weights={"divergence": ramp(warmup) if warmup else 1.0},
        learns_prior=True,
        **_pace(rate, batch, average),
    )


def vae_iop(
    parts: Parts,
    *,
    steps: int = 10,
    dropout: float = 0.5,
    proposals: int = 100,
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
    """
    units = hidden(parts.width)[0] if parts.image else scaled(128, parts.width)
    body = nn.Sequential(dense(parts.shape, parts.latent, units, width=parts.width), nn.ReLU())
    ratio = Ratio(body, nn.Linear(units, 1), dropout=dropout)
    networks = _networks(parts, _likelihood(parts, decoder))
    networks["prior"] = Tilted(ratio, parts.latent, proposals=proposals)
    weight = ramp(warmup) if warmup else 1.0
    return ImplicitPrior(
        **networks,
        divergences={"divergence": kl_to_prior},
        weights={"divergence": weight, "ratio": weight},
        ratio=ratio,
        steps=steps,
        ratio_rate=ratio_rate,
        **_pace(rate, batch, average),
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
    """The posterior goes through a flow, of 4 autoregressive steps or 10 planar ones."""
    planar = one_of("flow", flow, ("autoregressive", "planar")) == "planar"
    steps = (10 if planar else 4) if steps is None else steps
    within("steps", steps, 1)
    widths = (scaled(512, parts.width),) * 2
    networks = _networks(parts, _likelihood(parts, decoder))
    networks["posterior"] = Flow(
        networks["posterior"],
        *(
            PlanarStep(parts.latent) if planar else AutoregressiveStep(parts.latent, hidden=widths)
            for _ in range(steps)
        ),
    )
    return AutoEncoder(
        **networks, divergences={"divergence": sampled_kl}, **_pace(rate, batch, average)
    )


def sampled_kl(code: Code, z: Tensor, prior: Prior) -> Tensor:
    """KL from the posterior to a prior with a density, by the draw z, mean over the batch."""
    if not isinstance(prior, Dense):
        raise TypeError("the KL needs a prior with a density")
    return (code.log_density(z) - prior.log_density(z)).mean()


def _likelihood(parts: Parts, decoder: str) -> Likelihood:
    """`auto` is a cross-entropy on grey images and a Gaussian of fixed deviation 1 elsewhere."""
    if decoder == "auto":
        decoder = "bernoulli" if parts.image and not parts.colour else "fixed"
    if decoder == "bernoulli":
        return parts.cross_entropy()
    return Gaussian(bounded=parts.image, learned=decoder == "learned")


def _networks(parts: Parts, likelihood: Likelihood) -> dict[str, Any]:
    return {
        "shape": parts.shape,
        "latent": parts.latent,
        "posterior": DiagonalGaussian(parts.encoder(2 * parts.latent)),
        "decoder": parts.decoder(),
        "likelihood": likelihood,
        "prior": Normal(parts.latent),
    }


def _pace(rate: float, batch: int, average: Average) -> dict[str, Any]:
    return {
        "optimizer": adam(rate),
        "rate": drops(*HALVINGS, factor=0.5),
        "batch": batch,
        "average": average,
    }
