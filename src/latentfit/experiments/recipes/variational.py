"""Recipes of the variational family: other weights, other divergences, other priors."""

from __future__ import annotations

from typing import Any, Literal

from torch import Tensor

from latentfit.checks import one_of, within
from latentfit.divergences import decompose, inverse_multiquadratic, mmd
from latentfit.divergences.capacity import Capacity
from latentfit.experiments.recipes.ground import HALVINGS, kl_to_prior
from latentfit.experiments.recipes.parts import Average, Parts
from latentfit.likelihoods import Gaussian, Likelihood, OptimalGaussian
from latentfit.models import AutoEncoder, FactorVAE
from latentfit.models.autoencoder import Divergence
from latentfit.optimizers import adam
from latentfit.posteriors import Code, DiagonalGaussian
from latentfit.priors import Normal, Prior
from latentfit.schedules import drops

Decoder = Literal["auto", "bernoulli", "fixed", "learned"]


def sigma_vae(
    parts: Parts,
    *,
    low: float = -6.0,
    rate: float = 2e-4,
    batch: int = 128,
    average: Average = None,
) -> AutoEncoder:
    """VAE whose decoder deviation is the best one for each batch, softly at least exp(low).

    Deviations:
        House networks and pace; the public code has a small network and 1e-3. In evaluation the
        deviation is the running mean of the training's.
    """
    likelihood = OptimalGaussian(bounded=parts.image, low=low)
    return AutoEncoder(
        **networks_of(parts, likelihood),
        divergences={"divergence": kl_to_prior},
        **pace(rate, batch, average),
    )


def beta_vae(
    parts: Parts,
    *,
    beta: float | None = None,
    decoder: Decoder = "auto",
    rate: float = 2e-4,
    batch: int = 128,
    average: Average = None,
) -> AutoEncoder:
    """KL weighed by beta, beside a reconstruction summed over entries; see `likelihood_of`.

    Beta is 4 where not given, 10 for CelebA.

    Deviations:
        House networks and pace; the paper has networks for each data set, ten dimensions, and a
        beta that is normalised by the sizes of code and data. The values of beta are those of
        YannDubs/disentangling-vae.
    """
    beta = parts.preset(beta, 4.0, 4.0, 10.0)
    within("beta", beta, 0.0)
    return AutoEncoder(
        **networks_of(parts, likelihood_of(parts, decoder)),
        divergences={"divergence": kl_to_prior},
        weights={"divergence": beta},
        **pace(rate, batch, average),
    )


def beta_vae_capacity(
    parts: Parts,
    *,
    gamma: float = 100.0,
    capacity: float | None = None,
    over: int = 100_000,
    decoder: Decoder = "auto",
    rate: float = 2e-4,
    batch: int = 128,
    average: Average = None,
) -> AutoEncoder:
    """KL held, with weight gamma, at a target that grows to `capacity` nats in `over` rounds.

    The capacity is 25 where not given, 50 for CelebA.

    Deviations:
        House networks and pace. Gamma is 100, as in YannDubs/disentangling-vae; the paper has
        1,000, with ten dimensions.
    """
    within("over", over, 1)
    target = Capacity(kl_to_prior, parts.preset(capacity, 25.0, 25.0, 50.0), over=over)
    return AutoEncoder(
        **networks_of(parts, likelihood_of(parts, decoder)),
        divergences={"capacity": target},
        weights={"capacity": gamma},
        after=target.grow,
        **pace(rate, batch, average),
    )


def info_vae(
    parts: Parts,
    *,
    weight: float | None = None,
    rate: float = 2e-4,
    batch: int = 256,
    average: Average = None,
) -> AutoEncoder:
    """VAE plus weight - 1 times a kernel distance of the codes; None is 100, or 250 for colour.

    Deviations:
        House networks and pace, batch 256. The kernel is WAE's sum of inverse multiquadratics, the
        authors' a single wide Gaussian with a biased estimate. The weights are ours; the paper's is
        1,000 on a mean error.
    """
    weight = parts.preset(weight, 100.0, 250.0)
    within("weight", weight, 1.0, remedy="1 is the VAE")
    kernel = inverse_multiquadratic()
    return AutoEncoder(
        **networks_of(parts, Gaussian(bounded=parts.image)),
        divergences={
            "divergence": kl_to_prior,
            "kernel": lambda code, z, prior: mmd(z, prior.sample(len(z)), kernel),
        },
        weights={"kernel": weight - 1},
        **pace(rate, batch, average),
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

    Deviations:
        House networks and pace, batch 256; the public code has 1e-3 at batch 2,048. The stratified
        weights are the paper's, not those of the public code (`divergences.decompose`).
    """

    def part(place: int) -> Divergence:
        def term(code: Code, z: Tensor, prior: Prior) -> Tensor:
            if code.scale is None:
                raise TypeError("the decomposition needs a Gaussian posterior")
            return decompose(z, code.mean, code.scale, samples, stratified=stratified)[place]

        return term

    names = ("information", "correlation", "dimensions")
    return AutoEncoder(
        **networks_of(parts, likelihood_of(parts, decoder)),
        divergences={name: part(place) for place, name in enumerate(names)},
        weights={"correlation": beta},
        **pace(rate, batch, average),
    )


def factor_vae(
    parts: Parts,
    *,
    gamma: float = 6.4,
    discriminator_rate: float | None = None,
    decoder: Decoder = "auto",
    rate: float = 2e-4,
    batch: int = 128,
    average: Average = None,
) -> FactorVAE:
    """A discriminator estimates the total correlation; its rate is 1e-4, or 1e-5 for colour.

    Deviations:
        Those of `models.FactorVAE`. House networks and pace; the paper has 1e-4 at batch 64 and ten
        dimensions. The discriminator has the paper's five layers of 1,000 units for images, three
        of 128 for vectors.
    """
    return FactorVAE(
        **networks_of(parts, likelihood_of(parts, decoder)),
        divergences={"divergence": kl_to_prior},
        discriminator=parts.on_codes(2, units=1000, layers=5, slope=0.2),
        correlation=gamma,
        discriminator_rate=parts.preset(discriminator_rate, 1e-4, 1e-5),
        **pace(rate, batch, average),
    )


def likelihood_of(parts: Parts, decoder: str) -> Likelihood:
    """`auto` is a cross-entropy on grey images and a Gaussian of fixed deviation 1 elsewhere."""
    if one_of("decoder", decoder, ("auto", "bernoulli", "fixed", "learned")) == "auto":
        decoder = "bernoulli" if parts.image and not parts.colour else "fixed"
    if decoder == "bernoulli":
        return parts.cross_entropy()
    return Gaussian(bounded=parts.image, learned=decoder == "learned")


def networks_of(parts: Parts, likelihood: Likelihood) -> dict[str, Any]:
    """Encoder, decoder, likelihood and normal prior of a VAE, by the name of their argument."""
    return {
        "shape": parts.shape,
        "latent": parts.latent,
        "posterior": DiagonalGaussian(parts.encoder(2 * parts.latent)),
        "decoder": parts.decoder(),
        "likelihood": likelihood,
        "prior": Normal(parts.latent),
    }


def pace(rate: float, batch: int, average: Average) -> dict[str, Any]:
    """The house pace, by the name of its arguments."""
    return {
        "optimizer": adam(rate),
        "rate": drops(*HALVINGS, factor=0.5),
        "batch": batch,
        "average": average,
    }
