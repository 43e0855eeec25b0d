"""Posteriors: from a data point to the law of its code."""

from latentfit.posteriors.base import Code, DiagonalGaussian, Dirac
from latentfit.posteriors.flow import AutoregressiveStep, Flow, FlowCode, PlanarStep

__all__ = [
    "AutoregressiveStep",
    "Code",
    "DiagonalGaussian",
    "Dirac",
    "Flow",
    "FlowCode",
    "PlanarStep",
]
