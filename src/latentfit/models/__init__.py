"""Models: each file reads like its paper's algorithm box."""

from latentfit.models.aae import AAE, WAEGAN, Matched
from latentfit.models.acai import ACAI
from latentfit.models.age import AGE
from latentfit.models.alae import ALAE
from latentfit.models.autoencoder import AutoEncoder, Variational
from latentfit.models.base import Learned, Model, Stage
from latentfit.models.body import Body
from latentfit.models.factorvae import FactorVAE
from latentfit.models.flexae import FlexAE
from latentfit.models.gan import GAN
from latentfit.models.introvae import IntroVAE, SoftIntroVAE
from latentfit.models.iop import ImplicitPrior
from latentfit.models.learner import Learner
from latentfit.models.mapae import MappedPrior
from latentfit.models.maskaae import MaskAAE
from latentfit.models.vqvae import VQVAE, TokenPrior, Tokens

__all__ = [
    "AAE",
    "ACAI",
    "AGE",
    "ALAE",
    "GAN",
    "VQVAE",
    "WAEGAN",
    "AutoEncoder",
    "Body",
    "FactorVAE",
    "FlexAE",
    "ImplicitPrior",
    "IntroVAE",
    "Learned",
    "Learner",
    "MappedPrior",
    "MaskAAE",
    "Matched",
    "Model",
    "SoftIntroVAE",
    "Stage",
    "TokenPrior",
    "Tokens",
    "Variational",
]
