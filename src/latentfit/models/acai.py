"""ACAI and the multidimensional interpolations that grew from it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import ClassVar

import torch
from torch import Tensor, nn

from latentfit.checks import Rate, Share, Weight
from latentfit.divergences import gaussian_mixture, mmd
from latentfit.models.base import Model
from latentfit.models.body import Body
from latentfit.optimizers import adam
from latentfit.players import Player, Terms, Turn
from latentfit.priors import Normal, Prior


class ACAI(Model):
    r"""A critic guesses how a decoded mixture of codes was mixed; the autoencoder makes it say 0.

    With :math:`a = \tfrac12 - |u - \tfrac12|, u \sim U(0, 1)`, codes z and the reversed batch z',
    the mixture is :math:`\hat x_a = D(a z + (1 - a) z')`, and one round on one batch is

    ===========  ==================================================================  ==========
    player       loss                                                                moves
    ===========  ==================================================================  ==========
    critic       mean (d(x_a) - a)^2 + mean d(g x + (1 - g) D(z))^2 [+ dual terms]   d once
    autoencoder  mean (x - D(z))^2 + w mean d(x_a)^2 [+ dual terms] [+ w_m MMD]      E, D once
    ===========  ==================================================================  ==========

    - ACAI: one a for each sample; d is the mean of the critic's outputs.
    - MI-AE (`vector`): one a for each entry of the code, and d has an output for each.
    - LR-AE (`kernel`): ACAI with the kernel distance of the codes to N(0, I), held at 0 or above.
    - MIDR-AE (`vector`, `kernel`, `dual`): with h ~ N(0, I) and b ~ U(0, 1) for each entry, the
      critic also guesses b from D(b z + (1 - b) h) and 1/2 from D(h), and the autoencoder makes
      it say 0 there.
    - DR-ACAI (`kernel`, `dual`): the same with one b ~ U(0, 1/2) for each sample.

    Arguments:
        body: E from samples to codes (B, m), D, and a squared error.
        prior: What is sampled: N(0, I) where codes are pulled to it, else a mixture fitted later.
        critic: From samples to m numbers, as the encoder.
        vector: One coefficient for each entry of the code.
        kernel: w_m; 0 for none.
        noisy: Weight of decoded mixtures with noise.
        drawn: Weight of decoded noise; without both there are no dual terms.
        weight: w.
        near: g.
        rate: Learning rate of both players.

    References:
        | Understanding and Improving Interpolation in Autoencoders via an Adversarial Regularizer
          (Berthelot et al., 2019), Eq. 1-2
        | Improving representation learning in autoencoders via multidimensional interpolation and
          dual regularizations (Qian et al., 2019); weights from the authors' public code

    Deviations:
        Players move in turn on one batch, not from one forward pass. Errors are on [0, 1] data:
        terms of the critic weigh D / 4 beside a summed error, as 1 beside the mean on [-1, 1]. In
        the public DR-ACAI a difference of shapes (B) and (B, 1, 1, 1) mixes all pairs; not here. An
        average of the weights is kept, the papers keep none. They do not sample: the mixture of ten
        Gaussians on the codes of ACAI and MI-AE is ours.
    """

    current: ClassVar[tuple[str, ...]] = ("critic",)

    def __init__(
        self,
        body: Body,
        *,
        prior: Prior,
        critic: nn.Module,
        vector: bool = False,
        kernel: Weight = 0.0,
        noisy: Weight = 0.0,
        drawn: Weight = 0.0,
        weight: Weight = 0.5,
        near: Share = 0.2,
        rate: Rate = 1e-4,
    ) -> None:
        super().__init__(body)
        self.prior, self.critic = prior, critic
        self.vector, self.kernel = vector, kernel
        self.noisy, self.drawn, self.dual = noisy, drawn, noisy > 0 or drawn > 0
        self.weight, self.near, self.rate = weight, near, rate
        self.noise = Normal(body.latent)

    def guess(self, x: Tensor) -> Tensor:
        """The critic's guess of the coefficients, with the shape of `coefficients`."""
        raw = self.critic(x)
        return raw if self.vector else raw.mean(1, keepdim=True)

    def coefficients(self, z: Tensor) -> Tensor:
        """U(0, 1), with shape (B, m) or (B, 1)."""
        return torch.rand_like(z if self.vector else z[:, :1])

    def mixture(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Decoded mixtures of codes with those of the reversed batch, and their coefficients."""
        a = 0.5 - (self.coefficients(z) - 0.5).abs()
        return self.decode(a * z + (1 - a) * z.flip(0)), a

    def blurred(self, z: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Decoded mixtures with noise, their coefficients, and the decoded noise."""
        h = self.noise.sample(len(z))
        b = self.coefficients(z) * (1.0 if self.vector else 0.5)
        return self.decode(b * z + (1 - b) * h), b, self.decode(h)

    def judge(self, x: Tensor) -> Terms:
        """Critic: say how each image was mixed, 0 for data and what is near them."""
        with torch.no_grad():
            z = self.encoder(x)
            mixed, a = self.mixture(z)
            near = self.near * x + (1 - self.near) * self.decode(z)
        terms = {
            "mixed": (self.guess(mixed) - a).square().mean(),
            "near": self.guess(near).square().mean(),
        }
        if self.dual:
            with torch.no_grad():
                blurred, b, drawn = self.blurred(z)
            terms["noisy"] = (self.guess(blurred) - b).square().mean()
            terms["drawn"] = (self.guess(drawn) - 0.5).square().mean()
        return terms

    def embed(self, x: Tensor) -> Terms:
        """Autoencoder: reconstruct, and let mixtures look unmixed."""
        z = self.encoder(x)
        terms = {
            "reconstruction": self.likelihood(x, self.decoder(z)).mean(),
            "mixed": self.guess(self.mixture(z)[0]).square().mean(),
        }
        if self.dual:
            blurred, _, drawn = self.blurred(z)
            terms["noisy"] = self.guess(blurred).square().mean()
            terms["drawn"] = self.guess(drawn).square().mean()
        if self.kernel:
            terms["kernel"] = mmd(z, self.noise.sample(len(z)), gaussian_mixture()).relu()
        return terms

    def turns(self) -> Iterator[Turn]:
        """Critic, then autoencoder, on one batch."""
        unit = math.prod(self.shape) / 4
        weights = {"mixed": self.weight * unit}
        if self.dual:
            weights |= {"noisy": self.noisy * unit, "drawn": self.drawn * unit}
        if self.kernel:
            weights["kernel"] = self.kernel * unit
        yield Turn(
            critic=Player(terms=self.judge, owns=(self.critic,), optimizer=adam(self.rate)),
            autoencoder=Player(
                terms=self.embed,
                owns=(self.encoder, self.decoder, self.likelihood),
                optimizer=adam(self.rate),
                weights=weights,
            ),
        )
