"""Recipes of ACAI and of the multidimensional interpolations."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from latentfit.checks import Weight
from latentfit.models import ACAI
from latentfit.priors import GaussianMixture, Normal
from latentfit.recipes.base import Paper, Recipe
from latentfit.recipes.parts import Parts

_BERTHELOT = Paper(
    "Understanding and Improving Interpolation in Autoencoders (Berthelot et al.)",
    2019,
    "arxiv:1807.07543",
)
_QIAN = Paper(
    "Improving representation learning in autoencoders via multidimensional interpolation and dual "
    "regularizations (Qian et al.)",
    2019,
)


def _acai(parts: Parts, *, kernel: Weight = 0.0, **numbers: Any) -> ACAI:
    """Interpolations that a critic cannot tell from data; see `models.ACAI`.

    Arguments:
        parts: Networks; the critic is an encoder with m outputs.
        kernel: Weight of the kernel distance to N(0, I), which is then the prior; 0 for none.
        numbers: Those of `models.ACAI`.

    Deviations:
        Those of `models.ACAI`. Networks are the shared ones and the code is a vector; the sources'
        are deep, on a grid of codes, and their critic has the encoder's form. Both have no batch
        norm; here the encoder has the shared one. MIDR-AE's weights are published for SVHN only.
    """
    m = parts.latent
    return ACAI(
        parts.body(),
        prior=Normal(m) if kernel > 0 else GaussianMixture(m, components=10),
        critic=parts.image_critic(m),
        kernel=kernel,
        **numbers,
    )


acai = Recipe(
    "acai",
    _acai,
    _BERTHELOT,
    "a critic guesses how decoded interpolations were mixed, and is fooled",
    batch=64,
    average=0.999,
    fixed={"vector": False, "kernel": 0.0, "noisy": 0.0, "drawn": 0.0},
)
mi_ae = replace(
    acai,
    name="mi-ae",
    paper=_QIAN,
    idea="ACAI with a coefficient of its own for each entry of the code",
    fixed={"vector": True, "kernel": 0.0, "noisy": 0.0, "drawn": 0.0},
)
lr_ae = replace(
    mi_ae,
    name="lr-ae",
    idea="ACAI with a kernel distance that pulls the codes to a fixed prior",
    fixed={"vector": False, "kernel": 1.0, "noisy": 0.0, "drawn": 0.0},
)
midr_ae = replace(
    mi_ae,
    name="midr-ae",
    idea="MI-AE whose mixtures with noise and whose draws must look like data too",
    fixed={"vector": True, "kernel": 1.0, "noisy": 0.1, "drawn": 0.005},
)
