"""Adversarial auto-encoders with a logistic latent critic: AAE and WAE-GAN."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import torch
from torch import Tensor, nn

from latentfit.adversarial import logistic_climb, logistic_critic
from latentfit.checks import Rate, Weight
from latentfit.game import Player, Terms, Turn
from latentfit.models.base import Model
from latentfit.models.body import Body
from latentfit.optimizers import adam
from latentfit.priors import Prior


class AAE(Model):
    """A latent critic tells prior draws from codes; the encoder makes them alike.

    The encoder has a player of its own, after the critic, with its own optimiser.

    Arguments:
        body: E from samples to codes (B, m), D, and a squared error.
        prior: Fixed prior.
        critic: From codes to logits (B, 1), label 1 for the prior.
        encoder_rate: Learning rate of the encoder's own player.
        rate: Learning rate of the autoencoder; the critic has half of it.

    References:
        | Adversarial Autoencoders (Makhzani et al., 2016)

    Deviations:
        House rates: Adam 2e-4 (0.5, 0.999) for the autoencoder and 1e-4 for
        the critic; the original SGD rates belong to another reduction of the loss. An average of
        the weights is kept, as for every adversarial system here.
    """

    current: ClassVar[tuple[str, ...]] = ("critic",)

    def __init__(
        self,
        body: Body,
        *,
        prior: Prior,
        critic: nn.Module,
        encoder_rate: Rate = 5e-5,
        rate: Rate = 2e-4,
    ) -> None:
        super().__init__(body)
        self.prior, self.critic = prior, critic
        self.encoder_rate, self.rate = encoder_rate, rate

    def fit(self, x: Tensor) -> Terms:
        """Autoencoder: reconstruct."""
        return {"reconstruction": self.likelihood(x, self.decoder(self.encoder(x))).mean()}

    def judge(self, x: Tensor) -> Terms:
        """Critic: 1 on draws, 0 on codes."""
        with torch.no_grad():
            code, draw = self.encoder(x), self.prior.sample(len(x))
        return {"logistic": logistic_critic(real=self.critic(draw), fake=self.critic(code))}

    def climb(self, x: Tensor) -> Terms:
        """Encoder: codes look like draws."""
        return {"fooled": logistic_climb(self.critic(self.encoder(x)))}

    def turns(self) -> Iterator[Turn]:
        """Autoencoder, critic, encoder, on one batch."""
        yield Turn(
            autoencoder=Player(
                terms=self.fit,
                owns=(self.encoder, self.decoder, self.likelihood),
                optimizer=adam(self.rate, 0.5, 0.999),
            ),
            critic=self.judging(),
            encoder=Player(
                terms=self.climb,
                owns=(self.encoder,),
                optimizer=adam(self.encoder_rate, 0.5, 0.999),
            ),
        )

    def judging(self) -> Player:
        """The critic's player."""
        return Player(
            terms=self.judge, owns=(self.critic,), optimizer=adam(self.rate / 2, 0.5, 0.999)
        )


class WAEGAN(AAE):
    r"""The adversarial auto-encoder with encoder and decoder as one player, then the critic.

    Encoder and decoder lower :math:`SSE + w \cdot softplus(-C(E(x)))` together.

    Arguments:
        body: As that of `AAE`.
        prior: Fixed prior.
        critic: From codes to logits (B, 1), label 1 for the prior.
        weight: w, against a squared error summed over entries.
        rate: Learning rate of the autoencoder; the critic has half of it.

    References:
        | Wasserstein Auto-Encoders (Tolstikhin et al., 2018), Algorithm 1

    Deviations:
        Those of `AAE`.
    """

    def __init__(
        self,
        body: Body,
        *,
        prior: Prior,
        critic: nn.Module,
        weight: Weight = 200.0,
        rate: Rate = 2e-4,
    ) -> None:
        super().__init__(body, prior=prior, critic=critic, rate=rate)
        self.weight = weight

    def fit_and_fool(self, x: Tensor) -> Terms:
        """Autoencoder: reconstruct, and let codes look like draws."""
        z = self.encoder(x)
        error = self.likelihood(x, self.decoder(z)).mean()
        return {"reconstruction": error, "fooled": logistic_climb(self.critic(z))}

    def turns(self) -> Iterator[Turn]:
        """Autoencoder, then critic, on one batch."""
        yield Turn(
            autoencoder=Player(
                terms=self.fit_and_fool,
                owns=(self.encoder, self.decoder, self.likelihood),
                optimizer=adam(self.rate, 0.5, 0.999),
                weights={"fooled": self.weight},
            ),
            critic=self.judging(),
        )
