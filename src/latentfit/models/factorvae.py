"""FactorVAE: a discriminator of permuted codes estimates the total correlation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from latentfit.checks import Rate, Weight
from latentfit.models.autoencoder import AutoEncoder
from latentfit.models.body import Body
from latentfit.optimizers import adam
from latentfit.players import Player, Terms, Turn


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

    The permuted codes come from a second batch, so that they are independent of the joint ones.

    Arguments:
        discriminator: From codes (B, m) to two logits (B, 2).
        correlation: gamma.
        discriminator_rate: Learning rate of the discriminator.
        rest: Those of `AutoEncoder`.

    References:
        | Disentangling by Factorising (Kim & Mnih, 2018), Algorithm 2

    Deviations:
        The discriminator encodes again after the autoencoder's step, without gradient to E; early
        public code (1Konny/FactorVAE) went back through a graph whose weights had moved.
    """

    current = ("discriminator",)

    def __init__(
        self,
        body: Body,
        *,
        discriminator: nn.Module,
        correlation: Weight,
        discriminator_rate: Rate,
        **rest: Any,
    ) -> None:
        super().__init__(body, **rest)
        self.discriminator = discriminator
        self.correlation, self.discriminator_rate = correlation, discriminator_rate

    def fit(self, x: Tensor) -> Terms:
        """Autoencoder: the bound, and codes that look permuted."""
        terms, z = self.objective(x, self.prior)
        logits = self.discriminator(z)
        return terms | {"correlation": (logits[:, 0] - logits[:, 1]).mean()}

    def judge(self, x: Tensor, other: Tensor) -> Terms:
        """Discriminator: class 0 for codes, class 1 for permuted codes of other samples."""
        with torch.no_grad():
            # In one pass: statistics of a batch of its own would tell the two apart.
            joint, product = self.posterior(torch.cat([x, other])).sample().chunk(2)
            product = permuted(product)
        entropies = [
            functional.cross_entropy(logits, torch.full((len(logits),), label, device=x.device))
            for label, logits in enumerate(map(self.discriminator, (joint, product)))
        ]
        return {"entropy": torch.stack(entropies).mean()}

    def turns(self) -> Iterator[Turn]:
        """Autoencoder, then discriminator, which also sees a second batch."""
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
                batches=2,
                owns=(self.discriminator,),
                optimizer=adam(self.discriminator_rate, 0.5, 0.9),
            ),
        )
