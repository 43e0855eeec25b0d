"""Recipes of auto-encoders with points for codes: priors fitted afterwards, a kernel distance."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from latentfit.checks import Rate, Weight
from latentfit.divergences import inverse_multiquadratic, kernel_distance
from latentfit.expost import PRIORS
from latentfit.models import AutoEncoder
from latentfit.models.autoencoder import Penalty
from latentfit.networks import spectrally_normal_everywhere
from latentfit.optimizers import adam
from latentfit.penalties import code_norm, decoder_slope, kernel_norm
from latentfit.priors import Normal
from latentfit.recipes.base import Paper, Preset, Recipe, system
from latentfit.recipes.parts import Parts

_HINTON = Paper(
    "Reducing the Dimensionality of Data with Neural Networks (Hinton et al.)",
    2006,
    "doi:10.1126/science.1127647",
)
_TOLSTIKHIN = Paper("Wasserstein Auto-Encoders (Tolstikhin et al.)", 2018, "arxiv:1711.01558")
_GHOSH = Paper(
    "From Variational to Deterministic Autoencoders (Ghosh et al.)", 2020, "arxiv:1903.12436"
)
_LIPMAN = Paper("Flow Matching for Generative Modeling (Lipman et al.)", 2023, "arxiv:2210.02747")

# Of the codes: beside another penalty, where it is alone, and beside spectral norm [RAE's code].
_CODES = Preset(6.4e-3, {"colour": 2.4e-2, "celeba": 1.9e-2})
_CODES_ALONE = Preset(0.032, {"colour": 0.24, "celeba": 0.019})
_CODES_SPECTRAL = Preset(0.58, {"colour": 0.72, "celeba": 0.46})
# Of the kernels: without a penalty on the codes, and beside one [RAE's code].
_KERNELS_ALONE = Preset(1.0e-4, {"colour": 3.1e-3, "celeba": 1.2e-2})
_KERNELS = Preset(1.0e-4, {"colour": 3.1e-3, "celeba": 1.2e-3})


def _plain(
    parts: Parts,
    *,
    late: Literal["gaussian", "gmm", "matching"] = "gmm",
    code_weight: Weight | None = None,
    kernel_weight: Weight | None = None,
    gradient: bool = False,
    spectral: bool = False,
    rate: Rate = 2e-4,
) -> AutoEncoder:
    """Squared error with optional penalties, and a prior that is fitted to the codes afterwards.

    Arguments:
        parts: Networks.
        late: The prior, with its usual settings; see `expost.PRIORS`.
        code_weight: Weight of the squared norm of the codes (RAE); None is no such penalty.
        kernel_weight: Weight of the squared kernels of the decoder (RAE-L2, AE + GMM "L2").
        gradient: Penalise the decoder's slope (RAE-GP).
        spectral: Spectral norm on every layer of encoder and decoder (RAE-SN).
        rate: Learning rate.

    Deviations:
        Networks, Adam 2e-4 and batch 128 are those of FlexAE's auto-encoder, for every system here;
        RAE's public code has networks of its own, Adam 5e-4 (1e-3 for faces) at batch 100, halved
        where the validation error stalls. Weights are the public code's, in units of a squared
        error summed over a padded 32x32 image; colour images have those of CIFAR-10. Its paper
        halves the norm of the codes. The slope is
        that of the output and not of its square (`penalties.decoder_slope`). `ae-gmm` takes
        FlexAE's "AE + GMM (L2)", which that paper does not define, for RAE's kernel penalty. No
        paper has the systems with flow matching.
    """
    likelihood = parts.squared_error()
    penalties: dict[str, Penalty] = {}
    weights: dict[str, float] = {}
    if code_weight is not None:
        penalties["code_norm"] = lambda z, decoder: code_norm(z)
        weights["code_norm"] = code_weight
    if kernel_weight is not None:
        penalties["kernel_norm"] = lambda z, decoder: kernel_norm(decoder)
        weights["kernel_norm"] = kernel_weight
    if gradient:
        penalties["decoder_slope"] = lambda z, decoder: decoder_slope(z, decoder, likelihood.mean)
    model = AutoEncoder(
        parts.points(likelihood),
        prior=PRIORS[late].build(parts.latent, parts.width),
        penalties=penalties,
        weights=weights,
        optimizer=adam(rate),
    )
    if spectral:
        spectrally_normal_everywhere(model.posterior)
        spectrally_normal_everywhere(model.decoder)
    return model


_NOTHING = {"code_weight": None, "kernel_weight": None, "gradient": False, "spectral": False}


def _row(name: str, idea: str, presets: dict[str, Preset], **fixed: object) -> Recipe:
    held = {key: value for key, value in _NOTHING.items() if key not in presets}
    return Recipe(
        name=name,
        build=_plain,
        paper=_GHOSH,
        idea=idea,
        presets=presets,
        fixed={"late": "gmm", **held, **fixed},
    )


ae = replace(
    _row("ae", "reconstruction alone; samples from a Gaussian fitted to the codes", {}),
    paper=_HINTON,
    fixed={"late": "gaussian", **_NOTHING},
)
ae_gmm = _row(
    "ae-gmm",
    "auto-encoder with a kernel penalty; samples from a mixture of ten Gaussians",
    {"kernel_weight": _KERNELS_ALONE},
)
rae = _row(
    "rae",
    "a penalty on the codes alone; samples from a mixture of ten Gaussians",
    {"code_weight": _CODES_ALONE},
)
rae_l2 = _row(
    "rae-l2",
    "penalties on codes and kernels; samples from a mixture of ten Gaussians",
    {"code_weight": _CODES, "kernel_weight": _KERNELS},
)
rae_gp = _row(
    "rae-gp",
    "penalties on the codes and on the decoder's slope; mixture of ten Gaussians",
    {"code_weight": _CODES},
    gradient=True,
)
ae_matching = replace(
    _row(
        "ae-matching",
        "reconstruction alone; samples from a velocity that carries noise to the codes",
        {},
        late="matching",
    ),
    paper=_LIPMAN,
)
rae_matching = replace(
    _row(
        "rae-matching",
        "penalties on codes and kernels; samples from a velocity that carries noise to the codes",
        {"code_weight": _CODES, "kernel_weight": _KERNELS},
        late="matching",
    ),
    paper=_LIPMAN,
)
rae_sn = _row(
    "rae-sn",
    "a penalty on the codes, spectral norm everywhere; mixture of ten Gaussians",
    {"code_weight": _CODES_SPECTRAL},
    spectral=True,
)


@system(
    "wae-mmd",
    _TOLSTIKHIN,
    "kernel distance between codes and a fixed prior",
    batch=256,
    presets={"weight": Preset(200.0, {"colour": 500.0})},
)
def wae_mmd(parts: Parts, *, weight: Weight, rate: Rate = 2e-4) -> AutoEncoder:
    """Squared error plus `weight` times a kernel distance; 200, or 500 for colour.

    Deviations:
        The kernel is the public code's sum over seven scales, the paper's has one. Weights are the
        public code's, in units of a summed error on [0, 1]. Networks are the shared ones; Adam 2e-4
        (0.5, 0.999) is constant, batch 256 (public code: 1e-3, falling in steps, batch 100). No
        noise on the encoder's input, and no pre-training of the moments of its codes.
    """
    return AutoEncoder(
        parts.points(),
        prior=Normal(parts.latent),
        divergences={"divergence": kernel_distance(inverse_multiquadratic())},
        weights={"divergence": weight},
        optimizer=adam(rate, 0.5, 0.999),
    )
