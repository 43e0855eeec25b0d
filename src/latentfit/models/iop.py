"""VAE with an implicit optimal prior: the aggregated posterior itself, by a density ratio."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from latentfit.adversarial import logistic_critic
from latentfit.checks import Count, Rate
from latentfit.models.autoencoder import AutoEncoder
from latentfit.models.body import Body
from latentfit.optimizers import adam
from latentfit.players import Player, Terms, Turn
from latentfit.priors import Normal, Ratio


class ImplicitPrior(AutoEncoder):
    r"""The best prior is q(z); T estimates :math:`\log q(z) / N(z; 0, I)` and corrects the KL.

    .. math:: KL(q(z|x) \| q(z)) = KL(q(z|x) \| N(0, I)) - \mathbb{E}_{q(z|x)} T(z)

    ===========  =====================================================  ==================
    player       loss                                                   moves
    ===========  =====================================================  ==================
    autoencoder  R + b (KL - mean T(z))                                 E, D once
    ratio        softplus(-T(z)) + softplus(T(e)), e ~ N(0, I)          T, steps times
    ===========  =====================================================  ==================

    b grows from 0 to 1 in the warm-up. The ratio moves on fresh batches, with dropout; in the
    autoencoder's loss T is used without.

    Arguments:
        ratio: T.
        steps: Moves of T in a round.
        ratio_rate: Learning rate of T.
        rest: Those of `AutoEncoder`; the prior is `Tilted` by the same T.

    References:
        | Variational Autoencoder with Implicit Optimal Priors (Takahashi et al., 2019), Eq. 9-13

    Deviations:
        The public code plays an epoch of the VAE, then ten of T; here the steps alternate. T is
        held in [-30, 30]. How the paper's tables sampled is not known; the prior resamples from
        normal draws, so that no training code is used again.
    """

    current = ("ratio",)

    def __init__(
        self,
        body: Body,
        *,
        ratio: Ratio,
        steps: Count,
        ratio_rate: Rate,
        **rest: Any,
    ) -> None:
        super().__init__(body, **rest)
        self.ratio, self.steps, self.ratio_rate = ratio, steps, ratio_rate
        self.noise = Normal(self.latent)

    def fit(self, x: Tensor) -> Terms:
        """Autoencoder: the bound, with the KL to the aggregated posterior."""
        terms, z = self.objective(x, self.noise)
        return terms | {"ratio": -self.ratio(z).mean()}

    def judge(self, x: Tensor) -> Terms:
        """Ratio: tell codes from normal draws."""
        with torch.no_grad():
            z = self.posterior(x).sample()
        draw = self.noise.sample(len(x))
        logits = self.ratio.logits
        return {"logistic": logistic_critic(real=logits(z), fake=logits(draw))}

    def turns(self) -> Iterator[Turn]:
        """The autoencoder once, then the ratio's moves."""
        yield Turn(
            autoencoder=Player(
                terms=self.fit,
                owns=(self.posterior, self.decoder, self.likelihood),
                optimizer=self.optimizer,
                weights=self.weights,
                rate=self.rate,
            )
        )
        yield Turn(
            repeats=self.steps,
            ratio=Player(terms=self.judge, owns=(self.ratio,), optimizer=adam(self.ratio_rate)),
        )
