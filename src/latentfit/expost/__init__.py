"""Priors that are fitted ex post: models of codes, and their fit."""

from latentfit.expost.decoder import OnnxDecoder
from latentfit.expost.density import CodeDensity, CodeMixture, CodeSequence, DensityPrior
from latentfit.expost.fit import Codes, fit_prior
from latentfit.expost.flow import CodeFlow
from latentfit.expost.given import GIVEN, of_codes
from latentfit.expost.matching import CodeMatching
from latentfit.expost.priors import PRIORS, PriorRecipe, refit, with_prior
from latentfit.expost.stage import SecondStage, second_stage

__all__ = [
    "GIVEN",
    "PRIORS",
    "CodeDensity",
    "CodeFlow",
    "CodeMatching",
    "CodeMixture",
    "CodeSequence",
    "Codes",
    "DensityPrior",
    "OnnxDecoder",
    "PriorRecipe",
    "SecondStage",
    "fit_prior",
    "of_codes",
    "refit",
    "second_stage",
    "with_prior",
]
