"""ALAE: a GAN split in two, whose halves meet in a learned latent space."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import torch
from torch import Tensor, nn

from latentfit.adversarial import logistic_climb, logistic_critic
from latentfit.checks import Rate, Weight
from latentfit.models.base import Model
from latentfit.models.body import Body
from latentfit.optimizers import adam
from latentfit.penalties import squared_slope
from latentfit.players import Player, Terms, Turn
from latentfit.priors import Pushforward


class ALAE(Model):
    r"""Generator D(F(z)), critic C(E(x)), and E(D(w)) = w in between: no divergence on codes.

    With :math:`w = F(z), z \sim N(0, I)` and samples f = D(w),

    ===========  ==========================================================  ==============
    player       loss                                                        moves
    ===========  ==========================================================  ==============
    critic       softplus(C(E(f))) + softplus(-C(E(x)))                      E, C once
                 + g / 2 mean |grad_x C(E(x))|^2
    generator    softplus(-C(E(f)))                                          F, D once
    reciprocity  mean (E(D(F(z))) - stopped F(z))^2                          E, D, F once
    ===========  ==========================================================  ==============

    Arguments:
        body: E without batch norm, since the slope is per sample; D; the likelihood owns the link
            of its output to the data; m is the size of w.
        prior: F with its noise; as C, slow layers of an equalised learning rate.
        critic: C, from codes to logits (B, 1).
        penalty: g, for data in [0, 1] a quarter of that on [-1, 1].
        rate: Learning rate of all players.

    References:
        | Adversarial Latent Autoencoders (Pidhorskyi et al., 2020), Algorithm 1

    Deviations:
        E and D are those of every system here and not StyleGAN's, without an equalised learning
        rate, which F and C have; these have at least 32 units, also where the codes have fewer. The
        third player has its own optimiser state; the public code shares those of the first two.
    """

    current: ClassVar[tuple[str, ...]] = ("critic",)

    def __init__(
        self,
        body: Body,
        *,
        prior: Pushforward,
        critic: nn.Module,
        penalty: Weight = 2.5,
        rate: Rate = 2e-3,
    ) -> None:
        super().__init__(body)
        self.prior, self.critic = prior, critic
        self.penalty, self.rate = penalty, rate

    def score(self, x: Tensor) -> Tensor:
        """C(E(x)): logits with shape (B, 1)."""
        return self.critic(self.encoder(x))

    def judge(self, x: Tensor) -> Terms:
        """Critic: tell data from samples, gently where the data are."""
        with torch.no_grad():
            made = self.decode(self.prior.sample(len(x)))
        return {
            "logistic": logistic_critic(real=self.score(x), fake=self.score(made)),
            "slope": squared_slope(self.score, x),
        }

    def climb(self, x: Tensor) -> Terms:
        """Generator: be taken for data."""
        return {"fooled": logistic_climb(self.score(self.decode(self.prior.sample(len(x)))))}

    def agree(self, x: Tensor) -> Terms:
        """Reciprocity: the encoder finds the code that a sample was made of."""
        w = self.prior.sample(len(x))
        return {"codes": (self.encoder(self.decode(w)) - w.detach()).square().mean()}

    def turns(self) -> Iterator[Turn]:
        """Critic, generator, reciprocity, each with fresh noise."""
        yield Turn(
            critic=Player(
                terms=self.judge,
                owns=(self.encoder, self.critic),
                optimizer=adam(self.rate, 0.0, 0.99),
                weights={"slope": self.penalty / 2},
            ),
            generator=Player(
                terms=self.climb,
                owns=(self.prior, self.decoder, self.likelihood),
                optimizer=adam(self.rate, 0.0, 0.99),
            ),
            reciprocity=Player(
                terms=self.agree,
                owns=(self.encoder, self.decoder, self.prior),
                optimizer=adam(self.rate, 0.0, 0.99),
            ),
        )
