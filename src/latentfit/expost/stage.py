"""A second VAE on the codes of the first, as its prior (Dai & Wipf)."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from latentfit.checks import Rate, Width
from latentfit.divergences import kl
from latentfit.likelihoods import Gaussian
from latentfit.models import AutoEncoder, Body, Learned
from latentfit.networks import SkipMLP
from latentfit.optimizers import adam
from latentfit.posteriors import DiagonalGaussian
from latentfit.priors import Normal
from latentfit.schedules import drops

# 37.5 % and 75 % of 130,000 rounds, as Dai & Wipf's 150 and 300 of 400 epochs.
HALVINGS = (48_750, 97_500)
PASSES = 800  # epochs of the second stage in the paper, twice those of the first


class SecondStage(Learned[AutoEncoder]):
    """A model of codes as a prior; its draws include the decoder's noise (Dai & Wipf).

    Arguments:
        model: An auto-encoder of vectors (m,) with a Gaussian likelihood.
    """

    def __init__(self, model: AutoEncoder) -> None:
        super().__init__(model, longer=2.0, passes=PASSES)

    def sample(self, n: int) -> Tensor:
        """Draw n codes, with shape (n, m): u from the inner prior, z from N(D(u), gamma^2)."""
        raw = self.model.decoder(self.model.prior.sample(n))
        likelihood = self.model.likelihood
        return likelihood.draw(raw) if isinstance(likelihood, Gaussian) else likelihood.mean(raw)


def second_stage(latent: int, width: Width, *, rate: Rate = 2e-4) -> SecondStage:
    """A second VAE on the codes of the first (Dai & Wipf)."""
    body = Body(
        shape=(latent,),
        latent=latent,
        likelihood=Gaussian(bounded=False, learned=True),
        encoder=DiagonalGaussian(SkipMLP(latent, 2 * latent, width=width), log_scale=True),
        decoder=SkipMLP(latent, latent, width=width),
    )
    return SecondStage(
        AutoEncoder(
            body,
            prior=Normal(latent),
            divergences={"divergence": kl},
            **house_pace(rate, longer=2),
        )
    )


def house_pace(rate: float, *, longer: int = 1) -> dict[str, Any]:
    """Adam, its rate halved where Dai & Wipf halve it, by the names of the arguments."""
    moments = (longer * moment for moment in HALVINGS)
    return {"optimizer": adam(rate), "rate": drops(*moments, factor=0.5)}
