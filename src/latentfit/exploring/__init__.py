"""A page in which a person plays with a trained latent space; the decoder runs in it."""

from latentfit.exploring.explore import explore

__all__ = ["explore"]
