"""Divergences between codes and priors."""

from latentfit.divergences.adversarial import (
    hinge_critic,
    logistic_climb,
    logistic_critic,
    wasserstein_gap,
)
from latentfit.divergences.correlation import decompose
from latentfit.divergences.kl import gaussian_kl
from latentfit.divergences.mmd import gaussian_mixture, inverse_multiquadratic, mmd

__all__ = [
    "decompose",
    "gaussian_kl",
    "gaussian_mixture",
    "hinge_critic",
    "inverse_multiquadratic",
    "logistic_climb",
    "logistic_critic",
    "mmd",
    "wasserstein_gap",
]
