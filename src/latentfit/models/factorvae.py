"""FactorVAE: a discriminator of permuted codes estimates the total correlation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from latentfit.game import Player, Terms, Turn
from latentfit.models.autoencoder import AutoEncoder
from latentfit.optimizers import adam


def permuted(z: Tensor) -> Tensor:
    """Each dimension of codes (B, m) shuffled over the batch on its own: draws of the product."""
    order = torch.rand_like(z).argsort(0)
    return z.gather(0, order)


class FactorVAE(AutoEncoder):
    r"""A VAE whose aggregated posterior is pressed to factorise.

    With the logits :math:`d_0` (joint) and :math:`d_1` (permuted) of a discriminator,

    ===============  ==================================================  ===============
    player           loss                                                moves
    ===============  ==================================================  ===============
    autoencoder      R + KL + gamma mean(d_0(z) - d_1(z))                E, D once
    discriminator    (xent(d(z), joint) + xent(d(z_perm), permuted))/2   discriminator
    ===============  ==================================================  ===============

    The permuted codes come from the second half of the batch, which the autoencoder does not see,
    so that they are independent of the joint ones.

    Arguments:
        discriminator: From codes (B, m) to two logits (B, 2).
        correlation: gamma.
        discriminator_rate: Learning rate of the discriminator.
        rest: Those of `AutoEncoder`.

    References:
        | Disentangling by Factorising (Kim & Mnih, 2018), Algorithm 2

    Deviations:
        The discriminator encodes again after the autoencoder's step, without gradient to E; early
        public code went back through a graph whose weights had moved (baselines 9.6).
    """

    current = ("discriminator",)

    def __init__(
        self,
        *,
        discriminator: nn.Module,
        correlation: float = 6.4,
        discriminator_rate: float = 1e-5,
        **rest: Any,
    ) -> None:
        super().__init__(**rest)
        self.discriminator = discriminator
        self.correlation, self.discriminator_rate = correlation, discriminator_rate

    def fit(self, x: Tensor) -> Terms:
        """Autoencoder: the first half of the batch, and codes that look permuted."""
        x = x[: (len(x) + 1) // 2]
        code = self.posterior(x)
        z = code.sample()
        terms = {"reconstruction": self.likelihood(x, self.decoder(z)).mean()}
        terms |= {name: term(code, z, self.prior) for name, term in self.divergences.items()}
        logits = self.discriminator(z)
        return terms | {"correlation": (logits[:, 0] - logits[:, 1]).mean()}

    def judge(self, x: Tensor) -> Terms:
        """Discriminator: joint codes of the first half, permuted ones of the second."""
        with torch.no_grad():
            z = self.posterior(x).sample()
        middle = (len(x) + 1) // 2
        joint, product = z[:middle], permuted(z[middle:])
        ones = torch.ones(len(product), dtype=torch.long, device=z.device)
        zeros = torch.zeros(len(joint), dtype=torch.long, device=z.device)
        entropy = functional.cross_entropy
        loss = entropy(self.discriminator(joint), zeros) + entropy(
            self.discriminator(product), ones
        )
        return {"entropy": loss / 2}

    def turns(self) -> Iterator[Turn]:
        """Autoencoder, then discriminator, on one batch."""
        weights = {**self.weights, "correlation": self.correlation}
        yield Turn(
            autoencoder=Player(
                terms=self.fit,
                owns=(self.posterior, self.decoder, self.likelihood),
                optimizer=self.optimizer,
                weights=weights,
                rate=self.rate,
            ),
            discriminator=Player(
                terms=self.judge,
                owns=(self.discriminator,),
                optimizer=adam(self.discriminator_rate, 0.5, 0.9),
            ),
        )
