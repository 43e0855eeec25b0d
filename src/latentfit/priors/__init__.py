"""Priors: fixed, learned, fitted."""

from latentfit.priors.base import Fitted, Prior
from latentfit.priors.mixture import GaussianMixture
from latentfit.priors.normal import Normal
from latentfit.priors.pushforward import Masked, Pushforward

__all__ = ["Fitted", "GaussianMixture", "Masked", "Normal", "Prior", "Pushforward"]
