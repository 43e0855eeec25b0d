"""Divergences between codes and priors: each from (code, z, prior) to a scalar."""

from latentfit.divergences.base import Divergence
from latentfit.divergences.capacity import Capacity
from latentfit.divergences.decomposition import decompose, decomposition
from latentfit.divergences.kl import gaussian_kl, kl, relevance_kl, sampled_kl
from latentfit.divergences.mmd import (
    gaussian_mixture,
    inverse_multiquadratic,
    kernel_distance,
    mmd,
)

__all__ = [
    "Capacity",
    "Divergence",
    "decompose",
    "decomposition",
    "gaussian_kl",
    "gaussian_mixture",
    "inverse_multiquadratic",
    "kernel_distance",
    "kl",
    "mmd",
    "relevance_kl",
    "sampled_kl",
]
