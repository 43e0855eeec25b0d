"""Priors: fixed, learned, fitted."""

from latentfit.priors.base import Dense, ExPost, Fitted, Prior, parts
from latentfit.priors.by_class import ByClass
from latentfit.priors.kernel import KernelDensity
from latentfit.priors.mixture import GaussianMixture
from latentfit.priors.normal import Normal
from latentfit.priors.pushforward import Masked, Pushforward
from latentfit.priors.relevance import Relevance
from latentfit.priors.ring import Ring
from latentfit.priors.tilted import Ratio, Tilted
from latentfit.priors.uniform import Cube, Sphere
from latentfit.priors.vamp import Vamp

__all__ = [
    "ByClass",
    "Cube",
    "Dense",
    "ExPost",
    "Fitted",
    "GaussianMixture",
    "KernelDensity",
    "Masked",
    "Normal",
    "Prior",
    "Pushforward",
    "Ratio",
    "Relevance",
    "Ring",
    "Sphere",
    "Tilted",
    "Vamp",
    "parts",
]
