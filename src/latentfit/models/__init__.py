"""Models: each file reads like its paper's algorithm box."""

from latentfit.models.aae import AAE
from latentfit.models.acai import ACAI
from latentfit.models.autoencoder import AutoEncoder, SecondStage
from latentfit.models.base import Model, evaluating
from latentfit.models.factorvae import FactorVAE
from latentfit.models.flexae import FlexAE
from latentfit.models.mapae import MappedPrior
from latentfit.models.maskaae import MaskAAE, published_period

__all__ = [
    "AAE",
    "ACAI",
    "AutoEncoder",
    "FactorVAE",
    "FlexAE",
    "MappedPrior",
    "MaskAAE",
    "Model",
    "SecondStage",
    "evaluating",
    "published_period",
]
