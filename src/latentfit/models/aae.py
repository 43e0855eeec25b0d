"""Adversarial auto-encoders with a logistic latent critic: AAE and WAE-GAN."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import torch
from torch import Tensor, nn

from latentfit.divergences import logistic_climb, logistic_critic
from latentfit.game import Player, Terms, Turn
from latentfit.likelihoods import Likelihood
from latentfit.models.base import Model, Shape
from latentfit.optimizers import adam
from latentfit.priors import Prior


class AAE(Model):
    r"""A latent critic tells prior draws from codes; the encoder makes them alike.

    With `joint=False` it is the adversarial auto-encoder: the encoder has a player of its own,
    after the critic, with its own optimiser. With `joint=True` it is WAE-GAN: encoder and decoder
    lower :math:`SSE + w \cdot softplus(-C(E(x)))` together, then the critic moves.

    Arguments:
        shape: Shape of one sample.
        latent: Number of latent dimensions m.
        encoder: E, from samples to codes (B, m).
        decoder: D, from codes to unbounded samples.
        likelihood: Squared error.
        prior: Fixed prior.
        critic: From codes to logits (B, 1), label 1 for the prior.
        joint: One player for encoder and decoder (WAE-GAN) or two (AAE).
        weight: w of the joint form, against a squared error summed over entries.
        encoder_rate: Learning rate of the encoder's own player in the AAE.
        rate: Learning rate of the autoencoder; the critic has half of it.

    References:
        | Adversarial Autoencoders (Makhzani et al., 2016)
        | Wasserstein Auto-Encoders (Tolstikhin et al., 2018), Algorithm 1

    Deviations:
        House rates: Adam 2e-4 (0.5, 0.999) for the autoencoder and 1e-4 for
        the critic; AAE's original SGD rates belong to another reduction of the loss. An average of
        the weights is kept, as for every adversarial system here.
    """

    current: ClassVar[tuple[str, ...]] = ("critic",)

    def __init__(
        self,
        *,
        shape: Shape,
        latent: int,
        encoder: nn.Module,
        decoder: nn.Module,
        likelihood: Likelihood,
        prior: Prior,
        critic: nn.Module,
        joint: bool,
        weight: float = 200.0,
        encoder_rate: float = 5e-5,
        rate: float = 2e-4,
        batch: int = 128,
        average: float | None = 0.999,
    ) -> None:
        super().__init__(shape=shape, latent=latent, batch=batch, average=average)
        self.encoder, self.decoder, self.likelihood = encoder, decoder, likelihood
        self.prior, self.critic, self.joint = prior, critic, joint
        self.weight, self.encoder_rate, self.rate = weight, encoder_rate, rate

    def encode(self, x: Tensor) -> Tensor:
        """From samples (B, *shape) to codes (B, m)."""
        return self.encoder(x)

    def fit(self, x: Tensor) -> Terms:
        """Autoencoder: reconstruct."""
        return {"reconstruction": self.likelihood(x, self.decoder(self.encoder(x))).mean()}

    def fit_and_fool(self, x: Tensor) -> Terms:
        """Autoencoder of WAE-GAN: reconstruct, and let codes look like draws."""
        z = self.encoder(x)
        error = self.likelihood(x, self.decoder(z)).mean()
        return {"reconstruction": error, "fooled": logistic_climb(self.critic(z))}

    def judge(self, x: Tensor) -> Terms:
        """Critic: 1 on draws, 0 on codes."""
        with torch.no_grad():
            code, draw = self.encoder(x), self.prior.sample(len(x))
        return {"logistic": logistic_critic(real=self.critic(draw), fake=self.critic(code))}

    def climb(self, x: Tensor) -> Terms:
        """Encoder of the AAE: codes look like draws."""
        return {"fooled": logistic_climb(self.critic(self.encoder(x)))}

    def turns(self) -> Iterator[Turn]:
        """AAE: autoencoder, critic, encoder. WAE-GAN: autoencoder, critic. On one batch."""
        autoencoder = Player(
            terms=self.fit_and_fool if self.joint else self.fit,
            owns=(self.encoder, self.decoder, self.likelihood),
            optimizer=adam(self.rate, 0.5, 0.999),
            weights={"fooled": self.weight} if self.joint else {},
        )
        critic = Player(
            terms=self.judge, owns=(self.critic,), optimizer=adam(self.rate / 2, 0.5, 0.999)
        )
        if self.joint:
            yield Turn(autoencoder=autoencoder, critic=critic)
            return
        encoder = Player(
            terms=self.climb,
            owns=(self.encoder,),
            optimizer=adam(self.encoder_rate, 0.5, 0.999),
        )
        yield Turn(autoencoder=autoencoder, critic=critic, encoder=encoder)
