"""Recipes of the systems that the papers stand on: plain, variational, Wasserstein, adversarial."""

from __future__ import annotations

from typing import Literal

from torch import Tensor

from latentfit.checks import one_of
from latentfit.divergences import gaussian_kl, inverse_multiquadratic, mmd
from latentfit.experiments.recipes.parts import Average, Parts
from latentfit.likelihoods import Gaussian, Likelihood
from latentfit.models import AAE, AutoEncoder, SecondStage
from latentfit.models.autoencoder import Penalty
from latentfit.networks import SkipMLP, spectrally_normal_everywhere
from latentfit.optimizers import adam
from latentfit.penalties import code_norm, decoder_slope, kernel_norm
from latentfit.posteriors import Code, DiagonalGaussian, Dirac
from latentfit.priors import GaussianMixture, Normal, Prior, Ring
from latentfit.schedules import drops

# 37.5 % and 75 % of 130,000 rounds, as Dai & Wipf's 150 and 300 of 400 epochs.
HALVINGS = (48_750, 97_500)


def kl_to_prior(code: Code, z: Tensor, prior: Prior) -> Tensor:
    """Closed-form KL from a Gaussian posterior to N(0, I), mean over the batch, in nats."""
    if code.scale is None:
        raise TypeError("the closed-form KL needs a Gaussian posterior.")
    return gaussian_kl(code.mean, code.scale).mean()


def plain(
    parts: Parts,
    *,
    components: int = 1,
    codes: bool = False,
    kernels: bool = False,
    gradient: bool = False,
    spectral: bool = False,
    code_weight: float | None = None,
    kernel_weight: float | None = None,
    rate: float = 2e-4,
    batch: int = 128,
    average: Average = None,
) -> AutoEncoder:
    """Squared error with optional penalties, and a Gaussian mixture on the codes afterwards.

    Arguments:
        parts: Networks.
        components: Gaussians in the mixture; 1 is a single Gaussian.
        codes: Penalise the squared norm of the codes (RAE).
        kernels: Penalise the squared kernels of the decoder (RAE-L2, AE + GMM "L2").
        gradient: Penalise the decoder's slope (RAE-GP).
        spectral: Spectral norm on every layer of encoder and decoder (RAE-SN).
        code_weight: Weight on the codes; None is 6.4e-3, or 2.4e-2 for colour, 1.9e-2 for CelebA;
            without another penalty 0.032, 0.24, 0.019; with spectral norm 0.58, 0.72, 0.46.
        kernel_weight: Weight on the kernels; None is 1e-4, or 3.1e-3 for colour; for CelebA 1.2e-3
            beside a penalty on the codes, 1.2e-2 without.
        rate: Learning rate.
        batch: Batch size.
        average: Decay of the averaged weights.

    Deviations:
        Networks, Adam 2e-4 and batch 128 are those of FlexAE's auto-encoder, for every system here;
        RAE's public code has networks of its own, Adam 5e-4 (1e-3 for faces) at batch 100, halved
        where the validation error stalls. Weights are the public code's, in units of a squared
        error summed over a padded 32x32 image; colour images have those of CIFAR-10. Its paper
        halves the norm of the codes. The slope is
        that of the output and not of its square (`penalties.decoder_slope`). `ae-gmm` takes
        FlexAE's "AE + GMM (L2)", which that paper does not define, for RAE's kernel penalty.
    """
    likelihood = parts.squared_error()
    penalties: dict[str, Penalty] = {}
    weights: dict[str, float] = {}
    if codes:
        penalties["code_norm"] = lambda z, decoder: code_norm(z)
        alone = not (kernels or gradient or spectral)
        usual = (0.032, 0.24, 0.019) if alone else (6.4e-3, 2.4e-2, 1.9e-2)
        usual = (0.58, 0.72, 0.46) if spectral else usual
        weights["code_norm"] = parts.preset(code_weight, *usual)
    if kernels:
        penalties["kernel_norm"] = lambda z, decoder: kernel_norm(decoder)
        weights["kernel_norm"] = parts.preset(
            kernel_weight, 1.0e-4, 3.1e-3, 1.2e-3 if codes else 1.2e-2
        )
    if gradient:
        penalties["decoder_slope"] = lambda z, decoder: decoder_slope(z, decoder, likelihood.mean)
    encoder, decoder = parts.encoder(), parts.decoder()
    if spectral:
        encoder, decoder = map(spectrally_normal_everywhere, (encoder, decoder))
    return AutoEncoder(
        shape=parts.shape,
        latent=parts.latent,
        posterior=Dirac(encoder),
        decoder=decoder,
        likelihood=likelihood,
        prior=GaussianMixture(parts.latent, components=components),
        penalties=penalties,
        weights=weights,
        optimizer=adam(rate),
        batch=batch,
        average=average,
    )


def vae(
    parts: Parts,
    *,
    decoder: Literal["bernoulli", "fixed", "learned"] = "learned",
    two_stage: bool = False,
    deviation: float = 1.0,
    rate: float = 2e-4,
    batch: int = 128,
    average: Average = None,
) -> AutoEncoder:
    """Variational auto-encoder with a diagonal Gaussian posterior.

    Arguments:
        parts: Networks.
        decoder: Cross-entropy, or a Gaussian whose deviation is fixed or learned.
        two_stage: The prior is a second VAE, trained on the codes afterwards.
        deviation: The Gaussian's deviation gamma, or its start where it is learned.
        rate: Learning rate.
        batch: Batch size.
        average: Decay of the averaged weights.

    Deviations:
        House networks and pace; Dai & Wipf have networks of their own (`--set family=dai-wipf`),
        1e-4 at batch 64, halved at 150 and 300 of 400 epochs. The second stage is theirs but for
        the same rate, batch and clock (twice as long). A learned log gamma moves by about the rate
        in a round: before some 10,000 rounds at 2e-4 such a model is not at its own deviation.
    """
    if one_of("decoder", decoder, ("bernoulli", "fixed", "learned")) == "bernoulli":
        likelihood: Likelihood = parts.cross_entropy()
    else:
        learned = decoder == "learned"
        likelihood = Gaussian(bounded=parts.image, deviation=deviation, learned=learned)
    return AutoEncoder(
        shape=parts.shape,
        latent=parts.latent,
        posterior=DiagonalGaussian(parts.encoder(2 * parts.latent)),
        decoder=parts.decoder(),
        likelihood=likelihood,
        prior=second_stage(parts, rate, batch) if two_stage else Normal(parts.latent),
        divergences={"divergence": kl_to_prior},
        optimizer=adam(rate),
        rate=drops(*HALVINGS, factor=0.5),
        batch=batch,
        average=average,
    )


def wae_mmd(
    parts: Parts,
    *,
    weight: float | None = None,
    rate: float = 2e-4,
    batch: int = 256,
    average: Average = None,
) -> AutoEncoder:
    """Squared error plus `weight` times a kernel distance; None is 200, or 500 for colour.

    Deviations:
        The kernel is the public code's sum over seven scales, the paper's has one. Weights are the
        public code's, in units of a summed error on [0, 1]. Networks are the shared ones; Adam 2e-4
        (0.5, 0.999) is constant, batch 256 (public code: 1e-3, falling in steps, batch 100). No
        noise on the encoder's input, and no pre-training of the moments of its codes.
    """
    kernel = inverse_multiquadratic()
    return AutoEncoder(
        shape=parts.shape,
        latent=parts.latent,
        posterior=Dirac(parts.encoder()),
        decoder=parts.decoder(),
        likelihood=parts.squared_error(),
        prior=Normal(parts.latent),
        divergences={"divergence": lambda code, z, prior: mmd(z, prior.sample(len(z)), kernel)},
        weights={"divergence": parts.preset(weight, 200.0, 500.0)},
        optimizer=adam(rate, 0.5, 0.999),
        batch=batch,
        average=average,
    )


def wae_gan(
    parts: Parts,
    *,
    weight: float | None = None,
    modes: int = 1,
    rate: float = 2e-4,
    batch: int = 128,
    average: Average = 0.999,
) -> AAE:
    """Squared error plus a critic's cross-entropy.

    Arguments:
        parts: Networks.
        weight: Of the cross-entropy; None is 200, or 50 for colour.
        modes: 1 is N(0, I); more are that many Gaussians on a ring (FlexAE, Figure 3 (d)).
        rate: Learning rate.
        batch: Batch size.
        average: Decay of the averaged weights.

    Deviations:
        Those of `models.AAE`. Weights are the public code's, in units of a summed error on [0, 1];
        50 is its earlier 10 for faces, where its last is 100 (500 here).
        Its critic knows the prior's density for faces; here it does not. No noise on the encoder's
        input, and no pre-training.
    """
    return _adversarial(
        parts,
        joint=True,
        prior=Normal(parts.latent) if modes == 1 else Ring(parts.latent, modes=modes),
        weight=parts.preset(weight, 200.0, 50.0),
        rate=rate,
        batch=batch,
        average=average,
    )


def aae(
    parts: Parts,
    *,
    encoder_rate: float = 5e-5,
    prior_deviation: float = 1.0,
    rate: float = 2e-4,
    batch: int = 128,
    average: Average = 0.999,
) -> AAE:
    """Three players on one batch; `prior_deviation` is 5 in the original paper.

    Deviations:
        Those of `models.AAE`. The paper's networks are dense, of two layers of 1,000 units.
    """
    return _adversarial(
        parts,
        joint=False,
        encoder_rate=encoder_rate,
        prior=Normal(parts.latent, deviation=prior_deviation),
        rate=rate,
        batch=batch,
        average=average,
    )


def _adversarial(
    parts: Parts,
    *,
    joint: bool,
    rate: float,
    batch: int,
    average: Average,
    prior: Prior,
    weight: float = 200.0,
    encoder_rate: float = 5e-5,
) -> AAE:
    return AAE(
        shape=parts.shape,
        latent=parts.latent,
        encoder=parts.encoder(),
        decoder=parts.decoder(),
        likelihood=parts.squared_error(),
        prior=prior,
        critic=parts.latent_critic(),
        joint=joint,
        weight=weight,
        encoder_rate=encoder_rate,
        rate=rate,
        batch=batch,
        average=average,
    )


def second_stage(parts: Parts, rate: float, batch: int) -> SecondStage:
    """A second VAE on the codes of the first (Dai & Wipf)."""
    m = parts.latent
    return SecondStage(
        AutoEncoder(
            shape=(m,),
            latent=m,
            posterior=DiagonalGaussian(SkipMLP(m, 2 * m, width=parts.width), log_scale=True),
            decoder=SkipMLP(m, m, width=parts.width),
            likelihood=Gaussian(bounded=False, learned=True),
            prior=Normal(m),
            divergences={"divergence": kl_to_prior},
            optimizer=adam(rate),
            rate=drops(*(2 * moment for moment in HALVINGS), factor=0.5),
            batch=batch,
        )
    )
