"""Metrics: pure functions of feature matrices, and the extractors that make features."""

from latentfit.metrics.covariance import nac
from latentfit.metrics.features import Extractor, LeNet, classifier, extractor, lenet, pixels
from latentfit.metrics.frechet import Moments, frechet, frechet_moments, moments
from latentfit.metrics.reconstruction import mse, psnr

__all__ = [
    "Extractor",
    "LeNet",
    "Moments",
    "classifier",
    "extractor",
    "frechet",
    "frechet_moments",
    "lenet",
    "moments",
    "mse",
    "nac",
    "pixels",
    "psnr",
]
