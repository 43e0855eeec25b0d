"""AGE and Pioneer: encoder and generator play against each other, without a critic."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional

from latentfit.checks import Count, Rate, Weight, one_of
from latentfit.models.base import Model
from latentfit.models.body import Body
from latentfit.networks import Growth, evaluating
from latentfit.optimizers import adam
from latentfit.players import Player, Terms, Turn
from latentfit.posteriors import Code
from latentfit.priors import Sphere

Spread = Literal["age", "gaussian"]


def batch_kl(codes: Tensor, form: Spread) -> Tensor:
    r"""Divergence from N(0, 1) of a Gaussian fitted to each dimension of a batch of codes.

    .. math:: \overline{\tfrac12 (v_j + a_j^2) - \tfrac12 \log v_j - \tfrac12}

    with the batch mean a and the biased batch variance v. AGE's public code has v where a standard
    deviation belongs, :math:`\overline{\tfrac12 (v_j^2 + a_j^2) - \log v_j - \tfrac12}`.

    Arguments:
        codes: With shape (B, m).
        form: `gaussian` for the divergence, `age` for AGE's public code.

    Returns:
        A scalar, in nats, mean over dimensions; v is at least 1e-8.

    Example:
        >>> batch_kl(torch.tensor([[1.0], [-1.0]]), "gaussian").item()
        0.0
    """
    mean, variance = codes.mean(0), codes.var(0, correction=0).clamp_min(1e-8)
    if form == "age":
        return ((variance.square() + mean.square()) / 2 - variance.log() - 0.5).mean()
    return ((variance + mean.square()) / 2 - variance.log() / 2 - 0.5).mean()


class AGE(Model):
    r"""Codes on the unit sphere: E spreads those of data and gathers those of samples; D undoes it.

    With z uniform on the sphere, samples f = D(z) and `batch_kl` K,

    =========  ================================================================  ==============
    player     loss                                                              moves
    =========  ================================================================  ==============
    encoder    k K(E(x)) - k min(K(E(f)), top) + w_x mean |D(E(x)) - x|          E once
    generator  k K(E(f)) + w_z mean (2 - z_j E(f)_j)                             D, steps times
    =========  ================================================================  ==============

    Pioneer is the same game with other weights and the `gaussian` K, on networks that grow or not.

    Arguments:
        body: E before the division by its norm; D; the likelihood owns the link of its output to
            the data, its value is only logged.
        spread: Which K.
        divergence: k.
        pixels: w_x on data in [0, 1]; the sources have [-1, 1], where errors are twice as large.
        codes: w_z.
        steps: Moves of the generator in a round.
        top: Where the reward for spreading samples ends.
        growth: How far the networks have grown, where they do (Pioneer); each round is one step of
            it, data are seen at its resolution, and w_x is two thirds while a phase is faded in.
        rate: Learning rate of both players.
        betas: Moment decays of Adam.

    Raises:
        UserError: `spread` is unknown.

    References:
        | It Takes (Only) Two: Adversarial Generator-Encoder Networks (Ulyanov et al., 2018)
        | Pioneer Networks: Progressively Growing Generative Autoencoder (Heljakka et al., 2018)

    Deviations:
        The encoder's reward ends at `top`, since nothing else bounds it. It plays against the
        decoder as that samples, with running statistics, both where it is judged by
        reconstructions and where it judges samples: statistics of a batch of codes would hide that
        they fill a small part of the sphere only. The sources have the batch's statistics in both.
        That is AGE; Pioneer has pixel norm and no such statistics. Recipes give the encoder no
        batch norm, as Pioneer's own, since data and samples go through it apart; AGE's has batch
        norm. Errors of pixels are on [0, 1], with twice the weight. An average of the weights is
        kept, which AGE does not. Pioneer's pool of old samples is left out, and images are not
        mirrored, as both scripts do for some sets.
    """

    def __init__(
        self,
        body: Body,
        *,
        spread: Spread = "age",
        divergence: Weight = 1.0,
        pixels: Weight = 20.0,
        codes: Weight = 1000.0,
        steps: Count = 2,
        top: Weight = 10.0,
        growth: Growth | None = None,
        rate: Rate = 2e-4,
        betas: tuple[float, float] = (0.5, 0.999),
    ) -> None:
        super().__init__(body)
        one_of("spread", spread, ("age", "gaussian"))
        self.prior = Sphere(body.latent)
        self.spread: Spread = spread
        self.divergence, self.pixels, self.codes = divergence, pixels, codes
        self.steps, self.top, self.rate, self.betas = steps, top, rate, betas
        self.growth = growth

    def code(self, x: Tensor) -> Code:
        """Codes of length 1, with shape (B, m)."""
        return Code(functional.normalize(self.encoder(x), dim=1))

    def spread_out(self, x: Tensor) -> Terms:
        """Encoder: codes of data fill the sphere, those of samples do not; reconstruct."""
        x = x if self.growth is None else self.growth.coarse(x)
        z = self.encode(x)
        with evaluating(self.decoder):
            rebuilt = self.decode(z)
            with torch.no_grad():
                made = self.decode(self.prior.sample(len(x)))
        return {
            "data": batch_kl(z, self.spread),
            "made": -batch_kl(self.encode(made), self.spread).clamp_max(self.top),
            "pixels": (rebuilt - x).abs().mean(),
        }

    def gather(self, x: Tensor) -> Terms:
        """Generator: codes of samples fill the sphere, each where it came from."""
        z = self.prior.sample(len(x))
        back = self.encode(self.decode(z))
        return {"made": batch_kl(back, self.spread), "codes": (2 - z * back).mean()}

    def turns(self) -> Iterator[Turn]:
        """The encoder once, then the generator on fresh noise."""
        growth = self.growth

        def pixels(step: int) -> float:
            fading = growth is not None and growth.fading(step)
            return self.pixels * (2 / 3 if fading else 1.0)

        yield Turn(
            encoder=Player(
                terms=self.spread_out,
                owns=(self.encoder,),
                optimizer=adam(self.rate, *self.betas),
                weights={
                    "data": self.divergence,
                    "made": self.divergence,
                    "pixels": pixels,
                },
                begins=(lambda step: None) if growth is None else growth.turn_to,
            )
        )
        yield Turn(
            repeats=self.steps,
            fresh=False,
            generator=Player(
                terms=self.gather,
                owns=(self.decoder, self.likelihood),
                optimizer=adam(self.rate, *self.betas),
                weights={"made": self.divergence, "codes": self.codes},
            ),
        )
