"""Adversarial auto-encoders with a logistic latent critic: AAE and WAE-GAN."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from latentfit.adversarial import logistic_climb, logistic_critic
from latentfit.checks import Rate, Weight
from latentfit.models.base import Model
from latentfit.models.body import Body
from latentfit.optimizers import adam
from latentfit.players import Evaluate, Player, Terms, Turn
from latentfit.priors import Prior


class Matched(Model):
    """Codes and draws of a fixed prior that a logistic critic is to take for each other.

    Arguments:
        body: E from samples to codes (B, m), D, and a squared error.
        prior: Fixed prior.
        critic: From codes to logits (B, 1), label 1 for the prior.
        rate: Learning rate of the autoencoder; the critic has half of it.

    Deviations:
        House rates: Adam 2e-4 (0.5, 0.999) for the autoencoder and 1e-4 for the critic. An average
        of the weights is kept, as for every adversarial system here.
    """

    current: ClassVar[tuple[str, ...]] = ("critic",)

    def __init__(self, body: Body, *, prior: Prior, critic: nn.Module, rate: Rate = 2e-4) -> None:
        super().__init__(body)
        self.prior, self.critic, self.rate = prior, critic, rate

    def judge(self, x: Tensor) -> Terms:
        """Critic: 1 on draws, 0 on codes."""
        with torch.no_grad():
            code, draw = self.encoder(x), self.prior.sample(len(x))
        return {"logistic": logistic_critic(real=self.critic(draw), fake=self.critic(code))}

    def autoencoder(self, terms: Evaluate, **weights: float) -> Player:
        """The player that moves encoder and decoder together."""
        return Player(
            terms=terms,
            owns=(self.encoder, self.decoder, self.likelihood),
            optimizer=adam(self.rate, 0.5, 0.999),
            weights=weights,
        )

    def judging(self) -> Player:
        """The critic's player."""
        return Player(
            terms=self.judge, owns=(self.critic,), optimizer=adam(self.rate / 2, 0.5, 0.999)
        )


class AAE(Matched):
    """A latent critic tells prior draws from codes; the encoder makes them alike.

    The encoder has a player of its own, after the critic, with its own optimiser.

    Arguments:
        body: As that of `Matched`.
        encoder_rate: Learning rate of the encoder's own player.
        rest: Those of `Matched`.

    References:
        | Adversarial Autoencoders (Makhzani et al., 2016)

    Deviations:
        Those of `Matched`; the original SGD rates belong to another reduction of the loss.
    """

    def __init__(self, body: Body, *, encoder_rate: Rate = 5e-5, **rest: Any) -> None:
        super().__init__(body, **rest)
        self.encoder_rate = encoder_rate

    def fit(self, x: Tensor) -> Terms:
        """Autoencoder: reconstruct."""
        return {"reconstruction": self.likelihood(x, self.decoder(self.encoder(x))).mean()}

    def climb(self, x: Tensor) -> Terms:
        """Encoder: codes look like draws."""
        return {"fooled": logistic_climb(self.critic(self.encoder(x)))}

    def turns(self) -> Iterator[Turn]:
        """Autoencoder, critic, encoder, on one batch."""
        encoder = Player(
            terms=self.climb,
            owns=(self.encoder,),
            optimizer=adam(self.encoder_rate, 0.5, 0.999),
        )
        yield Turn(autoencoder=self.autoencoder(self.fit), critic=self.judging(), encoder=encoder)


class WAEGAN(Matched):
    r"""The adversarial auto-encoder with encoder and decoder as one player, then the critic.

    Encoder and decoder lower :math:`SSE + w \cdot softplus(-C(E(x)))` together.

    Arguments:
        body: As that of `Matched`.
        weight: w, against a squared error summed over entries.
        rest: Those of `Matched`.

    References:
        | Wasserstein Auto-Encoders (Tolstikhin et al., 2018), Algorithm 1

    Deviations:
        Those of `Matched`.
    """

    def __init__(self, body: Body, *, weight: Weight = 200.0, **rest: Any) -> None:
        super().__init__(body, **rest)
        self.weight = weight

    def fit(self, x: Tensor) -> Terms:
        """Autoencoder: reconstruct, and let codes look like draws."""
        z = self.encoder(x)
        error = self.likelihood(x, self.decoder(z)).mean()
        return {"reconstruction": error, "fooled": logistic_climb(self.critic(z))}

    def turns(self) -> Iterator[Turn]:
        """Autoencoder, then critic, on one batch."""
        fooled = self.weight
        yield Turn(autoencoder=self.autoencoder(self.fit, fooled=fooled), critic=self.judging())
