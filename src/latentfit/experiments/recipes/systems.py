"""The published systems by name."""

from __future__ import annotations

from functools import partial
from typing import Any

from latentfit.experiments.recipes.adversarial import ADVERSARIAL
from latentfit.experiments.recipes.base import Build, Recipe
from latentfit.experiments.recipes.discrete import vq_vae
from latentfit.experiments.recipes.flexible import vae_flow, vae_iop, vampprior
from latentfit.experiments.recipes.ground import aae, plain, vae, wae_gan, wae_mmd
from latentfit.experiments.recipes.interpolating import INTERPOLATING
from latentfit.experiments.recipes.papers import flexae, mapae, maskaae, wae_wgan
from latentfit.experiments.recipes.variational import (
    beta_tcvae,
    beta_vae,
    beta_vae_capacity,
    factor_vae,
    info_vae,
    sigma_vae,
)

_MASK = "MaskAAE: Latent space optimization for Adversarial Auto-Encoders (Mondal et al.)"
_FLEX = "FlexAE: Flexibly Learning Latent Priors for Wasserstein Auto-Encoders (Mondal et al.)"
_DAI = "Diagnosing and Enhancing VAE Models (Dai & Wipf)"
_KINGMA = "Auto-Encoding Variational Bayes (Kingma & Welling)"
_GHOSH = "From Variational to Deterministic Autoencoders (Ghosh et al.)"
_WAE = "Wasserstein Auto-Encoders (Tolstikhin et al.)"

# Sizes that a mask starts from (slides, Table 2).
_MASKED = {"fashion-mnist": 128, "colour": 256}


def _plain(components: int, **penalties: bool) -> Build:
    """An auto-encoder with the penalties given; without one there is no weight of it to set."""
    kinds = ("codes", "kernels", "gradient", "spectral")
    fixed: dict[str, Any] = {kind: penalties.get(kind, False) for kind in kinds}
    fixed |= {f"{kind[:-1]}_weight": None for kind in kinds[:2] if not fixed[kind]}
    return partial(plain, components=components, **fixed)


RECIPES: dict[str, Recipe] = {
    recipe.name: recipe
    for recipe in (
        Recipe(
            name="maskaae",
            build=partial(maskaae, earlier=False),
            paper=_MASK,
            year=2020,
            idea="a learned mask closes the latent dimensions that the data do not need",
            latent=48,  # [authors' script]
            latents=_MASKED,
        ),
        Recipe(
            name="lmgae",
            build=partial(maskaae, earlier=True),
            paper="Towards Latent Space Optimality for Auto-Encoder Based Generative Models "
            "(Mondal et al.)",
            year=2019,
            idea="the earlier form of MaskAAE, with the covariance of closed dimensions",
            latent=48,  # [authors' script]
            latents=_MASKED,
        ),
        Recipe(
            name="wae-wgan",
            build=wae_wgan,
            paper=_MASK,
            year=2020,
            idea="MaskAAE's game without its mask: the fixed prior that the papers compare with",
            latent=48,  # [authors' script]
            latents=_MASKED,
        ),
        Recipe(
            name="flexae",
            build=partial(flexae, smooth=False),
            paper=_FLEX,
            year=2021,
            idea="the prior is a network's push-forward of noise, learned with the codes",
        ),
        Recipe(
            name="flexae-sr",
            build=partial(flexae, smooth=True),
            paper=_FLEX,
            year=2021,
            idea="FlexAE whose decoded interpolations must look like data",
        ),
        Recipe(
            name="mapae",
            build=mapae,
            paper="Generative Model without Prior Distribution Matching (Geng et al.)",
            year=2020,
            idea="shape the embedding by interpolation, then map noise to it",
            latent=256,
            latents={},
        ),
        Recipe(
            name="ae",
            build=_plain(1),
            paper="Reducing the Dimensionality of Data with Neural Networks (Hinton et al.)",
            year=2006,
            idea="reconstruction alone; samples from a Gaussian fitted to the codes",
        ),
        Recipe(
            name="ae-gmm",
            build=_plain(10, kernels=True),
            paper=_GHOSH,
            year=2020,
            idea="auto-encoder with a kernel penalty; samples from a mixture of ten Gaussians",
        ),
        Recipe(
            name="rae-l2",
            build=_plain(10, codes=True, kernels=True),
            paper=_GHOSH,
            year=2020,
            idea="penalties on codes and kernels; samples from a mixture of ten Gaussians",
        ),
        Recipe(
            name="vae-bernoulli",
            build=partial(vae, decoder="bernoulli", two_stage=False, deviation=1.0),
            paper=_KINGMA,
            year=2014,
            idea="variational auto-encoder with a cross-entropy decoder",
            likelihood="elbo",
        ),
        Recipe(
            name="vae-fixed-variance",
            build=partial(vae, decoder="fixed", two_stage=False),
            paper=_KINGMA,
            year=2014,
            idea="variational auto-encoder, Gaussian decoder of fixed deviation",
            likelihood="elbo",
        ),
        Recipe(
            name="vae-learned-variance",
            build=partial(vae, decoder="learned", two_stage=False),
            paper=_DAI,
            year=2019,
            idea="variational auto-encoder, Gaussian decoder of learned deviation",
            likelihood="elbo",
        ),
        Recipe(
            name="two-stage-vae",
            build=partial(vae, decoder="learned", two_stage=True),
            paper=_DAI,
            year=2019,
            idea="a second VAE learns the law of the first one's codes",
            latent=64,
            likelihood="elbo",
        ),
        Recipe(
            name="rae",
            build=_plain(10, codes=True),
            paper=_GHOSH,
            year=2020,
            idea="a penalty on the codes alone; samples from a mixture of ten Gaussians",
        ),
        Recipe(
            name="rae-gp",
            build=_plain(10, codes=True, gradient=True),
            paper=_GHOSH,
            year=2020,
            idea="penalties on the codes and on the decoder's slope; mixture of ten Gaussians",
        ),
        Recipe(
            name="rae-sn",
            build=_plain(10, codes=True, spectral=True),
            paper=_GHOSH,
            year=2020,
            idea="a penalty on the codes, spectral norm everywhere; mixture of ten Gaussians",
        ),
        Recipe(
            name="sigma-vae",
            build=sigma_vae,
            paper="Simple and Effective VAE Training with Calibrated Decoders (Rybkin et al.)",
            year=2021,
            idea="the decoder's deviation is the best one for each batch, in closed form",
            likelihood="elbo",
        ),
        Recipe(
            name="beta-vae",
            build=beta_vae,
            paper="beta-VAE: Learning Basic Visual Concepts (Higgins et al.)",
            year=2017,
            idea="the divergence from the prior weighs beta, for independent dimensions",
            likelihood="elbo",
        ),
        Recipe(
            name="beta-vae-capacity",
            build=beta_vae_capacity,
            paper="Understanding disentangling in beta-VAE (Burgess et al.)",
            year=2018,
            idea="the divergence from the prior is held at a capacity that grows",
            likelihood="elbo",
        ),
        Recipe(
            name="info-vae",
            build=info_vae,
            paper="InfoVAE: Balancing Learning and Inference (Zhao et al.)",
            year=2019,
            idea="a kernel distance matches all codes to the prior, beside the VAE's bound",
            likelihood="elbo",
        ),
        Recipe(
            name="factor-vae",
            build=factor_vae,
            paper="Disentangling by Factorising (Kim & Mnih)",
            year=2018,
            idea="a discriminator of permuted codes presses the codes to factorise",
            likelihood="elbo",
        ),
        Recipe(
            name="beta-tcvae",
            build=beta_tcvae,
            paper="Isolating Sources of Disentanglement in VAEs (Chen et al.)",
            year=2018,
            idea="only the total correlation of the codes weighs beta",
            likelihood="elbo",
        ),
        Recipe(
            name="vae-flow",
            build=vae_flow,
            paper="Improving Variational Inference with Inverse Autoregressive Flow "
            "(Kingma et al.)",
            year=2016,
            idea="the posterior goes through a flow, so that it need not be Gaussian",
            likelihood="elbo",
        ),
        Recipe(
            name="vampprior",
            build=vampprior,
            paper="VAE with a VampPrior (Tomczak & Welling)",
            year=2018,
            idea="the prior is a mixture of the posteriors at learned pseudo-inputs",
            latent=40,
            likelihood="elbo",
        ),
        Recipe(
            name="wae-mmd",
            build=wae_mmd,
            paper=_WAE,
            year=2018,
            idea="kernel distance between codes and a fixed prior",
        ),
        Recipe(
            name="wae-gan",
            build=wae_gan,
            paper=_WAE,
            year=2018,
            idea="a latent critic matches codes to a fixed prior",
        ),
        Recipe(
            name="aae",
            build=aae,
            paper="Adversarial Autoencoders (Makhzani et al.)",
            year=2016,
            idea="a latent critic matches codes to a fixed prior in a phase of its own",
        ),
        *INTERPOLATING,
        Recipe(
            name="vae-iop",
            build=vae_iop,
            paper="Variational Autoencoder with Implicit Optimal Priors (Takahashi et al.)",
            year=2019,
            idea="the prior is the aggregated posterior, through a learned density ratio",
            latent=40,
        ),
        Recipe(
            name="vq-vae",
            build=vq_vae,
            paper="Neural Discrete Representation Learning (van den Oord et al.)",
            year=2017,
            idea="codes from a codebook on a grid; an autoregressive prior over their indices",
            latent=64,
        ),
        *ADVERSARIAL,
    )
}
