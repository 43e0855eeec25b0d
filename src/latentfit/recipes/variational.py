"""Recipes of the variational family: other decoders, other weights, other divergences."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from latentfit.checks import Count, Rate, Scale, Weight, within
from latentfit.divergences import (
    Capacity,
    decomposition,
    inverse_multiquadratic,
    kernel_distance,
    kl,
)
from latentfit.expost.stage import house_pace, second_stage
from latentfit.likelihoods import Gaussian, Likelihood, OptimalGaussian
from latentfit.models import AutoEncoder, FactorVAE
from latentfit.priors import Normal
from latentfit.recipes.base import Paper, Preset, Recipe, system
from latentfit.recipes.parts import Parts

_KINGMA = Paper("Auto-Encoding Variational Bayes (Kingma & Welling)", 2014, "arxiv:1312.6114")
_DAI = Paper("Diagnosing and Enhancing VAE Models (Dai & Wipf)", 2019, "arxiv:1903.05789")
_RYBKIN = Paper(
    "Simple and Effective VAE Training with Calibrated Decoders (Rybkin et al.)",
    2021,
    "arxiv:2006.13202",
)
_HIGGINS = Paper(
    "beta-VAE: Learning Basic Visual Concepts (Higgins et al.)",
    2017,
    "https://openreview.net/forum?id=Sy2fzU9gl",
)
_BURGESS = Paper(
    "Understanding disentangling in beta-VAE (Burgess et al.)", 2018, "arxiv:1804.03599"
)
_ZHAO = Paper("InfoVAE: Balancing Learning and Inference (Zhao et al.)", 2019, "arxiv:1706.02262")
_KIM = Paper("Disentangling by Factorising (Kim & Mnih)", 2018, "arxiv:1802.05983")
_CHEN = Paper(
    "Isolating Sources of Disentanglement in VAEs (Chen et al.)", 2018, "arxiv:1802.04942"
)

Law = Literal["auto", "bernoulli", "fixed", "learned"]


def likelihood_of(parts: Parts, law: Law, deviation: float = 1.0) -> Likelihood:
    """`auto` is a cross-entropy on grey images and a Gaussian of fixed deviation 1 elsewhere."""
    if law == "auto":
        law = "bernoulli" if parts.image and not parts.colour else "fixed"
    if law == "bernoulli":
        return parts.cross_entropy()
    learned = law == "learned"
    return Gaussian(bounded=parts.bounded, deviation=deviation, learned=learned)


def _vae(
    parts: Parts,
    *,
    likelihood: Literal["bernoulli", "fixed", "learned"] = "learned",
    two_stage: bool = False,
    deviation: Scale = 1.0,
    rate: Rate = 2e-4,
) -> AutoEncoder:
    """Variational auto-encoder with a diagonal Gaussian posterior.

    Arguments:
        parts: Networks.
        likelihood: Cross-entropy, or a Gaussian whose deviation is fixed or learned.
        two_stage: The prior is a second VAE, trained on the codes afterwards.
        deviation: The Gaussian's deviation gamma, or its start where it is learned.
        rate: Learning rate.

    Deviations:
        House networks and pace; Dai & Wipf have networks of their own (`--set family=dai-wipf`),
        1e-4 at batch 64, halved at 150 and 300 of 400 epochs. The second stage is theirs but for
        the same rate, batch and clock (twice as long). A learned log gamma moves by about the rate
        in a round: before some 10,000 rounds at 2e-4 such a model is not at its own deviation.
    """
    body = parts.variational(likelihood_of(parts, likelihood, deviation))
    prior = (
        second_stage(parts.latent, parts.width, rate=rate) if two_stage else Normal(parts.latent)
    )
    return AutoEncoder(body, prior=prior, divergences={"divergence": kl}, **house_pace(rate))


vae_bernoulli = Recipe(
    "vae-bernoulli",
    _vae,
    _KINGMA,
    "variational auto-encoder with a cross-entropy decoder",
    fixed={"likelihood": "bernoulli", "two_stage": False, "deviation": 1.0},
)
vae_fixed_variance = replace(
    vae_bernoulli,
    name="vae-fixed-variance",
    idea="variational auto-encoder, Gaussian decoder of fixed deviation",
    fixed={"likelihood": "fixed", "two_stage": False},
)
vae_learned_variance = replace(
    vae_bernoulli,
    name="vae-learned-variance",
    paper=_DAI,
    idea="variational auto-encoder, Gaussian decoder of learned deviation",
    fixed={"likelihood": "learned", "two_stage": False},
)
two_stage_vae = replace(
    vae_learned_variance,
    name="two-stage-vae",
    idea="a second VAE learns the law of the first one's codes",
    latent=Preset(64),
    fixed={"likelihood": "learned", "two_stage": True},
)


@system(
    "sigma-vae",
    _RYBKIN,
    "the decoder's deviation is the best one for each batch, in closed form",
)
def sigma_vae(parts: Parts, *, low: float = -6.0, rate: Rate = 2e-4) -> AutoEncoder:
    """VAE whose decoder deviation is the best one for each batch, softly at least exp(low).

    Deviations:
        House networks and pace; the public code has a small network and 1e-3. In evaluation the
        deviation is the running mean of the training's.
    """
    body = parts.variational(OptimalGaussian(bounded=parts.bounded, low=low))
    return AutoEncoder(
        body, prior=Normal(parts.latent), divergences={"divergence": kl}, **house_pace(rate)
    )


@system(
    "beta-vae",
    _HIGGINS,
    "the divergence from the prior weighs beta, for independent dimensions",
    presets={"beta": Preset(4.0, {"celeba": 10.0})},
)
def beta_vae(
    parts: Parts, *, beta: Weight, likelihood: Law = "auto", rate: Rate = 2e-4
) -> AutoEncoder:
    """KL weighed by beta, beside a reconstruction summed over entries; see `likelihood_of`.

    Beta is 4 where not given, 10 for CelebA.

    Deviations:
        House networks and pace; the paper has networks for each data set, ten dimensions, and a
        beta that is normalised by the sizes of code and data. The values of beta are those of
        YannDubs/disentangling-vae.
    """
    return AutoEncoder(
        parts.variational(likelihood_of(parts, likelihood)),
        prior=Normal(parts.latent),
        divergences={"divergence": kl},
        weights={"divergence": beta},
        **house_pace(rate),
    )


@system(
    "beta-vae-capacity",
    _BURGESS,
    "the divergence from the prior is held at a capacity that grows",
    presets={"capacity": Preset(25.0, {"celeba": 50.0})},
)
def beta_vae_capacity(
    parts: Parts,
    *,
    gamma: Weight = 100.0,
    capacity: Weight,
    over: Count = 100_000,
    likelihood: Law = "auto",
    rate: Rate = 2e-4,
) -> AutoEncoder:
    """KL held, with weight gamma, at a target that grows to `capacity` nats in `over` rounds.

    The capacity is 25 where not given, 50 for CelebA.

    Deviations:
        House networks and pace. Gamma is 100, as in YannDubs/disentangling-vae; the paper has
        1,000, with ten dimensions.
    """
    target = Capacity(kl, capacity, over=over)
    return AutoEncoder(
        parts.variational(likelihood_of(parts, likelihood)),
        prior=Normal(parts.latent),
        divergences={"capacity": target},
        weights={"capacity": gamma},
        after=target.grow,
        **house_pace(rate),
    )


@system(
    "info-vae",
    _ZHAO,
    "a kernel distance matches all codes to the prior, beside the VAE's bound",
    batch=256,
    presets={"weight": Preset(100.0, {"colour": 250.0})},
)
def info_vae(parts: Parts, *, weight: Weight, rate: Rate = 2e-4) -> AutoEncoder:
    """VAE plus weight - 1 times a kernel distance of the codes; 100, or 250 for colour.

    Raises:
        UserError: `weight` is below 1.

    Deviations:
        House networks and pace, batch 256. The kernel is WAE's sum of inverse multiquadratics, the
        authors' a single wide Gaussian with a biased estimate. The weights are ours; the paper's is
        1,000 on a mean error.
    """
    within("weight", weight, 1.0, remedy="1 is the VAE")
    return AutoEncoder(
        parts.variational(Gaussian(bounded=parts.bounded)),
        prior=Normal(parts.latent),
        divergences={"divergence": kl, "kernel": kernel_distance(inverse_multiquadratic())},
        weights={"kernel": weight - 1},
        **house_pace(rate),
    )


@system(
    "factor-vae",
    _KIM,
    "a discriminator of permuted codes presses the codes to factorise",
    presets={"discriminator_rate": Preset(1e-4, {"colour": 1e-5})},
)
def factor_vae(
    parts: Parts,
    *,
    gamma: Weight = 6.4,
    discriminator_rate: Rate,
    likelihood: Law = "auto",
    rate: Rate = 2e-4,
) -> FactorVAE:
    """A discriminator estimates the total correlation; its rate is 1e-4, or 1e-5 for colour.

    Deviations:
        Those of `models.FactorVAE`. House networks and pace; the paper has 1e-4 at batch 64 and ten
        dimensions. The discriminator has the paper's five layers of 1,000 units for images, three
        of 128 for vectors.
    """
    return FactorVAE(
        parts.variational(likelihood_of(parts, likelihood)),
        prior=Normal(parts.latent),
        divergences={"divergence": kl},
        discriminator=parts.latent_critic(2, units=1000, layers=5, slope=0.2),
        correlation=gamma,
        discriminator_rate=discriminator_rate,
        **house_pace(rate),
    )


@system(
    "beta-tcvae",
    _CHEN,
    "only the total correlation of the codes weighs beta",
    batch=256,
    measured={"samples": lambda data: len(data.train)},
)
def beta_tcvae(
    parts: Parts,
    *,
    beta: Weight = 6.0,
    samples: Count = 60_000,
    stratified: bool = True,
    likelihood: Law = "auto",
    rate: Rate = 2e-4,
) -> AutoEncoder:
    """KL in three parts, the total correlation weighed by beta.

    Arguments:
        parts: Networks.
        beta: Weight of the total correlation.
        samples: Number of training samples N; taken from the data where a data set is given.
        stratified: Stratified weights of the minibatch, else equal ones.
        likelihood: `auto` is a cross-entropy on grey images, else a Gaussian of deviation 1.
        rate: Learning rate.

    Deviations:
        House networks and pace, batch 256, below which the estimate is noisy; the public code has
        1e-3 at batch 2,048. The stratified weights are the paper's, not those of the public code
        (`divergences.decompose`).
    """
    return AutoEncoder(
        parts.variational(likelihood_of(parts, likelihood)),
        prior=Normal(parts.latent),
        divergences=decomposition(samples, stratified=stratified),
        weights={"correlation": beta},
        **house_pace(rate),
    )
