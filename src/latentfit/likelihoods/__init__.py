"""Likelihoods: how far a decoder's output is from the data."""

from latentfit.likelihoods.base import (
    Bernoulli,
    Gaussian,
    Likelihood,
    OptimalGaussian,
    SquaredError,
    softclip,
)
from latentfit.likelihoods.columns import Columns

__all__ = [
    "Bernoulli",
    "Columns",
    "Gaussian",
    "Likelihood",
    "OptimalGaussian",
    "SquaredError",
    "softclip",
]
