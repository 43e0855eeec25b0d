"""Generative adversarial networks: a decoder and a critic, and no encoder."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Literal, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from latentfit.adversarial import logistic_climb, logistic_critic, wasserstein_gap
from latentfit.checks import Count, Rate, UserError, Weight, one_of
from latentfit.models.base import Model
from latentfit.models.body import Body
from latentfit.optimizers import adam
from latentfit.penalties import slope
from latentfit.players import Player, Terms, Turn
from latentfit.posteriors import Code
from latentfit.priors import Cube

Form = Literal["ns", "mm", "ls", "wgan-gp"]


class Usual(NamedTuple):
    """Numbers of a form: the defaults of the public code of Lucic et al.

    Attributes:
        rate: Learning rate of both players.
        beta1: First moment's decay of Adam.
        steps: Moves of the critic in a round.
        norm: Whether the critic has batch norm.
    """

    rate: float
    beta1: float
    steps: int
    norm: bool


FORMS: dict[str, Usual] = {
    "ns": Usual(5e-5, 0.0, 1, True),
    "mm": Usual(5e-5, 0.0, 1, True),
    "ls": Usual(2e-4, 0.5, 1, True),
    "wgan-gp": Usual(1e-4, 0.5, 5, False),
}


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
        body: D, the generator, and no encoder; m is the number of noise dimensions; the likelihood
            owns the link of D's output to the data.
        critic: C, from samples to logits (B, 1); without batch norm for `wgan-gp`.
        form: Which pair of losses.
        critic_steps: Moves of the critic in a round; None is 5 for `wgan-gp`, else 1.
        penalty: w, 10 where not given; the other forms have none.
        rate: Learning rate of both players; None is 1e-4 for `wgan-gp`, 2e-4 for `ls`, else 5e-5.

    Raises:
        UserError: `form` is unknown, or has no slope that `penalty` could weigh.

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
        body: Body,
        *,
        critic: nn.Module,
        form: Form = "wgan-gp",
        critic_steps: Count | None = None,
        penalty: Weight | None = None,
        rate: Rate | None = None,
    ) -> None:
        super().__init__(body)
        usual = FORMS[one_of("form", form, FORMS)]
        if penalty is not None and form != "wgan-gp":
            raise UserError(f"form '{form}' has no slope to weigh; leave 'penalty' out.")
        self.critic, self.form = critic, form
        self.prior, self.beta1 = Cube(body.latent), usual.beta1
        self.critic_steps = usual.steps if critic_steps is None else critic_steps
        self.penalty = 10.0 if penalty is None else penalty
        self.rate = usual.rate if rate is None else rate

    def code(self, x: Tensor) -> Code:
        """A GAN has no encoder.

        Raises:
            UserError: Always.
        """
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
