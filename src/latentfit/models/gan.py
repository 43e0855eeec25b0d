"""Generative adversarial networks: a decoder and a critic, and no encoder."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from latentfit.checks import UserError, one_of
from latentfit.divergences import logistic_climb, logistic_critic, wasserstein_gap
from latentfit.game import Player, Terms, Turn
from latentfit.likelihoods import Likelihood
from latentfit.models.base import Model, Shape
from latentfit.optimizers import adam
from latentfit.penalties import slope
from latentfit.priors import Cube

FORMS = ("ns", "mm", "ls", "wgan-gp")
Form = Literal["ns", "mm", "ls", "wgan-gp"]


class GAN(Model):
    r"""A critic C tells data from what the decoder makes of noise; the decoder is to fool it.

    With :math:`\hat x = D(z), z \sim U(-1, 1)^m` and logits C,

    =========  ======================================================  =========================
    form       critic                                                  generator
    =========  ======================================================  =========================
    `ns`       mean softplus(-C(x)) + mean softplus(C(x_hat))          mean softplus(-C(x_hat))
    `mm`       the same                                                - mean softplus(C(x_hat))
    `ls`       mean (C(x) - 1)^2 / 2 + mean C(x_hat)^2 / 2             mean (C(x_hat) - 1)^2 / 2
    `wgan-gp`  mean C(x_hat) - mean C(x) + w slope                     - mean C(x_hat)
    =========  ======================================================  =========================

    The critic moves `critic_steps` times, each on a fresh batch, then the generator once.

    Arguments:
        shape: Shape of one sample.
        latent: Number of noise dimensions m.
        decoder: D, the generator.
        critic: C, from samples to logits (B, 1); without batch norm for `wgan-gp`.
        likelihood: Owns the link of the decoder's output to the data.
        form: Which pair of losses.
        critic_steps: Moves of the critic in a round.
        penalty: w.
        rate: Learning rate of both players.
        beta1: First moment's decay of Adam.

    References:
        | Are GANs Created Equal? (Lucic et al., 2018), Table 1 and the public code
        | Improved Training of Wasserstein GANs (Gulrajani et al., 2017)

    Deviations:
        The generator draws its own noise; the public code reuses the critic's except in WGAN-GP.
        An average of the weights is kept, as for every adversarial system here.
    """

    current: ClassVar[tuple[str, ...]] = ("critic",)
    encodes: ClassVar[bool] = False

    def __init__(
        self,
        *,
        shape: Shape,
        latent: int,
        decoder: nn.Module,
        critic: nn.Module,
        likelihood: Likelihood,
        form: Form,
        critic_steps: int = 1,
        penalty: float = 10.0,
        rate: float = 5e-5,
        beta1: float = 0.0,
        batch: int = 64,
        average: float | None = 0.999,
    ) -> None:
        super().__init__(shape=shape, latent=latent, batch=batch, average=average)
        self.decoder, self.critic, self.likelihood = decoder, critic, likelihood
        self.prior, self.form = Cube(latent), one_of("form", form, FORMS)
        self.critic_steps, self.penalty = critic_steps, penalty
        self.rate, self.beta1 = rate, beta1

    def encode(self, x: Tensor) -> Tensor:
        """A GAN has no encoder."""
        raise UserError("a GAN has no encoder; it only samples.")

    def judge(self, x: Tensor) -> Terms:
        """Critic: high on data, low on what is made."""
        with torch.no_grad():
            made = self.decode(self.prior.sample(len(x)))
        real, fake = self.critic(x), self.critic(made)  # apart: each has its batch's statistics
        if self.form == "wgan-gp":
            return {"gap": wasserstein_gap(high=real, low=fake),
                    "slope": slope(self.critic, x, made)}  # fmt: skip
        if self.form == "ls":
            return {"squared": ((real - 1).square().mean() + fake.square().mean()) / 2}
        return {"logistic": logistic_critic(real=real, fake=fake)}

    def climb(self, x: Tensor) -> Terms:
        """Generator: be taken for data."""
        fake = self.critic(self.decode(self.prior.sample(len(x))))
        losses = {
            "ns": lambda: logistic_climb(fake),
            "mm": lambda: -softplus(fake).mean(),
            "ls": lambda: (fake - 1).square().mean() / 2,
            "wgan-gp": lambda: -fake.mean(),
        }
        return {"fooled": losses[self.form]()}

    def turns(self) -> Iterator[Turn]:
        """The critic's moves, then the generator's on the last batch."""
        yield Turn(
            repeats=self.critic_steps,
            critic=Player(
                terms=self.judge,
                owns=(self.critic,),
                optimizer=adam(self.rate, self.beta1),
                weights={"slope": self.penalty} if self.form == "wgan-gp" else {},
            ),
        )
        yield Turn(
            fresh=False,
            generator=Player(
                terms=self.climb,
                owns=(self.decoder, self.likelihood),
                optimizer=adam(self.rate, self.beta1),
            ),
        )
