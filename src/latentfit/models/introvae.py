"""IntroVAE and Soft-IntroVAE: the encoder is the critic, and its divergence is the score."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from latentfit.checks import Rate, Weight
from latentfit.divergences import gaussian_kl
from latentfit.models.autoencoder import Variational
from latentfit.models.body import Body
from latentfit.models.margin import Margin
from latentfit.optimizers import adam
from latentfit.players import Player, Terms, Turn
from latentfit.posteriors import Code
from latentfit.priors import Normal
from latentfit.schedules import after, product


class Introspective(Variational):
    """A VAE whose encoder gives real data a low divergence and what the decoder makes a high one.

    What both games share: a batch goes through the encoder, and the decoder makes reconstructions
    and samples of it.

    Arguments:
        body: The posterior q(z | x), D, and a squared error summed over entries.
        rate: Learning rate of both players.
    """

    def __init__(
        self,
        body: Body,
        *,
        rate: Rate = 2e-4,
    ) -> None:
        super().__init__(body)
        self.prior, self.rate = Normal(body.latent), rate

    def divergence(self, x: Tensor) -> Tensor:
        """KL of the posterior of each sample from N(0, I), in nats, with shape (B,)."""
        return _kl(self.posterior(x))


class IntroVAE(Introspective):
    r"""The encoder pushes the divergence of made samples above a margin; the decoder lowers it.

    With reconstructions r and samples f, stopped where they are not the player's,

    ========  ================================================================  ==========
    player    loss                                                              moves
    ========  ================================================================  ==========
    encoder   w R + KL(x) + n/2 (relu(M - mean KL(r)) + relu(M - mean KL(f)))   E once
    decoder   w R + (KL(r) + KL(f)) / 2                                         D once
    ========  ================================================================  ==========

    For the first rounds, the warm-up of M, both only play the VAE. M is a multiple of the
    divergence of data at their end (`models.margin.Margin`), or a number that is given.

    Arguments:
        margin: M, and how long the warm-up is.
        reconstruction: w.
        negative: n.
        rest: Those of `Introspective`.

    References:
        | IntroVAE: Introspective Variational Autoencoders (Huang et al., 2018), Algorithm 1

    Deviations:
        The public code moves the decoder through a graph of the encoder's old weights; here each
        player recomputes what it needs, and the decoder's squared error is its own. The public
        code's M is a number for each data set (120 and 1,000 for faces of 256 pixels); none is
        published for smaller images, so here it is found from the data. Networks are those of every
        system here, not residual ones. An average of the weights is kept.
    """

    def __init__(
        self,
        body: Body,
        *,
        margin: Margin,
        reconstruction: Weight = 1.0,
        negative: Weight = 0.5,
        **rest: Any,
    ) -> None:
        super().__init__(body, **rest)
        self.margin, self.reconstruction, self.negative = margin, reconstruction, negative

    def judge(self, x: Tensor) -> Terms:
        """Encoder: reconstruct, low divergence for data, above the margin for what is made."""
        code = self.posterior(x)
        z = code.sample()
        raw = self.decoder(z)
        with torch.no_grad():
            rebuilt, made = self.likelihood.mean(raw), self.decode(self.prior.sample(len(x)))
        margin = self.margin()
        short = [(margin - self.divergence(image).mean()).relu() for image in (rebuilt, made)]
        divergence = _kl(code).mean()
        self.margin.note(divergence)
        return {
            "reconstruction": self.likelihood(x, raw).mean(),
            "divergence": divergence,
            "rebuilt": short[0],
            "made": short[1],
        }

    def climb(self, x: Tensor) -> Terms:
        """Decoder: reconstruct, and make what the encoder takes for data."""
        with torch.no_grad():
            z = self.posterior(x).sample()
        raw = self.decoder(z)
        made = self.decode(self.prior.sample(len(x)))
        return {
            "reconstruction": self.likelihood(x, raw).mean(),
            "rebuilt": self.divergence(self.likelihood.mean(raw)).mean(),
            "made": self.divergence(made).mean(),
        }

    def turns(self) -> Iterator[Turn]:
        """Encoder, then decoder, on one batch."""
        push = product(self.negative / 2, after(self.margin.warmup))
        pull = product(0.5, after(self.margin.warmup))
        yield Turn(
            encoder=Player(
                terms=self.judge,
                owns=(self.posterior,),
                optimizer=adam(self.rate),
                weights={"reconstruction": self.reconstruction, "rebuilt": push, "made": push},
                after=self.margin.grow_older,
            ),
            decoder=Player(
                terms=self.climb,
                owns=(self.decoder, self.likelihood),
                optimizer=adam(self.rate),
                weights={"reconstruction": self.reconstruction, "rebuilt": pull, "made": pull},
            ),
        )


class SoftIntroVAE(Introspective):
    r"""IntroVAE with the exponential of the bound of made samples in place of a margin.

    With s = 1 / D, squared errors R summed over entries, and r', f' the reconstructions of r, f,

    ========  ====================================================================  ==========
    player    loss                                                                  moves
    ========  ====================================================================  ==========
    encoder   s (b_r R(x, r) + b_k KL(x)) + 1/4 sum over u in {r, f} of
              mean exp(-2 s (b_r R(u, u') + b_n KL(u)))                             E once
    decoder   s (b_r R(x, r) + b_k/2 (KL(r) + KL(f)) + g b_r/2 (R(r, r') + R(f, f')))  D once
    ========  ====================================================================  ==========

    Arguments:
        beta: b_k.
        negative: b_n.
        reconstruction: b_r.
        again: g, 1e-8 in the public code.
        rest: Those of `Introspective`.

    References:
        | Soft-IntroVAE: Analyzing and Improving the Introspective Variational Autoencoder
          (Daniel & Tamar, 2021), Eq. 5-6

    Deviations:
        The target r of R(r, r') is held fixed, as the formula reads; the public code lets the
        encoder's gradient through it. Networks are those of every system here, not residual ones.
        The fall of the rates to a tenth at epoch 350 is left out. An average of the weights is
        kept.
    """

    def __init__(
        self,
        body: Body,
        *,
        beta: Weight = 1.0,
        negative: Weight = 256.0,
        reconstruction: Weight = 1.0,
        again: Weight = 1e-8,
        **rest: Any,
    ) -> None:
        super().__init__(body, **rest)
        self.beta, self.negative = beta, negative
        self.reconstruction, self.again = reconstruction, again

    def bound(self, image: Tensor) -> Tensor:
        """exp(-2 s (b_r R(u, u') + b_n KL(u))) of made samples u, with shape (B,)."""
        code = self.posterior(image)
        error = self.likelihood(image, self.decoder(code.sample()))
        loss = self.reconstruction * error + self.negative * _kl(code)
        return (-2 / math.prod(self.shape) * loss).exp()

    def judge(self, x: Tensor) -> Terms:
        """Encoder: a high bound for data, a low one for what is made."""
        code = self.posterior(x)
        raw = self.decoder(code.sample())
        with torch.no_grad():
            rebuilt, made = self.likelihood.mean(raw), self.decode(self.prior.sample(len(x)))
        return {
            "reconstruction": self.likelihood(x, raw).mean(),
            "divergence": _kl(code).mean(),
            "rebuilt": self.bound(rebuilt).mean(),
            "made": self.bound(made).mean(),
        }

    def climb(self, x: Tensor) -> Terms:
        """Decoder: reconstruct, and make what the encoder takes for data."""
        with torch.no_grad():
            z = self.posterior(x).sample()
        raw = self.decoder(z)
        rebuilt, made = self.likelihood.mean(raw), self.decode(self.prior.sample(len(x)))
        terms = {"reconstruction": self.likelihood(x, raw).mean()}
        for name, image in (("rebuilt", rebuilt), ("made", made)):
            code = self.posterior(image)
            again = self.decoder(code.sample().detach())
            terms[name] = _kl(code).mean()
            terms[f"{name}_again"] = self.likelihood(image.detach(), again).mean()
        return terms

    def turns(self) -> Iterator[Turn]:
        """Encoder, then decoder, on one batch."""
        s = 1 / math.prod(self.shape)
        again = s * self.again * self.reconstruction / 2
        yield Turn(
            encoder=Player(
                terms=self.judge,
                owns=(self.posterior,),
                optimizer=adam(self.rate),
                weights={
                    "reconstruction": s * self.reconstruction,
                    "divergence": s * self.beta,
                    "rebuilt": 0.25,
                    "made": 0.25,
                },
            ),
            decoder=Player(
                terms=self.climb,
                owns=(self.decoder, self.likelihood),
                optimizer=adam(self.rate),
                weights={
                    "reconstruction": s * self.reconstruction,
                    "rebuilt": s * self.beta / 2,
                    "made": s * self.beta / 2,
                    "rebuilt_again": again,
                    "made_again": again,
                },
            ),
        )


def _kl(code: Code) -> Tensor:
    if code.scale is None:
        raise TypeError("the divergence needs a Gaussian posterior")
    return gaussian_kl(code.mean, code.scale)
