"""The mapped-prior auto-encoder: shape the embedding, then fit the prior to it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import ClassVar, Self

import torch
from torch import Tensor, nn

from latentfit.adversarial import hinge_critic
from latentfit.checks import Rate, Share, Weight, Whole
from latentfit.models.base import Model
from latentfit.models.body import Body
from latentfit.optimizers import adam
from latentfit.players import Player, Terms, Turn
from latentfit.priors import Pushforward
from latentfit.schedules import always, before, since


class MappedPrior(Model):
    r"""No divergence between codes and a prior: a mapping g(e) is fitted to the codes instead.

    Codes are batch-normalised without affine parameters, :math:`z = BN(E(x))` (Eq. 11). An image
    critic d guesses how far an interpolation :math:`x_\mu = D(\mu z_1 + (1 - \mu) z_2)`,
    :math:`\mu \sim U[0, 1/2]`, is from data; the mapping g plays against a latent critic C. With
    reconstructions :math:`\hat x`, one round on one batch is

    =============  ==========================================================  ============
    player         loss                                                        moves
    =============  ==========================================================  ============
    image critic   mean d(x)^2 + mean (d(gamma x + (1 - gamma) x_hat) - lam)^2  d once
                   + mean (d(x_mu) - mu - lam)^2                    (Eq. 9)
    autoencoder    mean (x - x_hat)^2 + w_1 mean d(x_mu)^2                     E, D once
                   + w_2 mean d(x_hat)^2                            (Eq. 10)
    critic         mean relu(1 - C(z)) + mean relu(1 + C(g(e)))     (Eq. 12)   C once
    mapping        - mean C(g(e))                                   (Eq. 13)   g once
    =============  ==========================================================  ============

    With `embedding` rounds the first two play these alone, then the last two alone.

    Arguments:
        body: E from samples to codes before normalisation (B, m); D from normalised codes; the
            squared error in the paper.
        prior: g with its noise.
        critic: Latent critic, from codes to scores (B, 1).
        image_critic: d, from samples to scores (B, 1).
        lam: lambda.
        gamma: Share of the data in the blend with its reconstruction.
        interpolation: w_1, beside a mean error on data in [-1, 1], as ACAI's.
        realism: w_2, likewise.
        normalise: Batch-normalise codes; the ablation of Figure 6 does without.
        embedding: Rounds of the embedding alone, after which it stands still; 0 plays all players
            in every round.
        rate: Learning rate of encoder, decoder and image critic.
        latent_rate: Learning rate of latent critic and mapping.

    References:
        | Generative Model without Prior Distribution Matching (Geng et al., 2020), Eq. 9-13
        | Understanding and Improving Interpolation in Autoencoders via an Adversarial Regularizer
          (Berthelot et al., 2019), for the values that the paper does not give

    Deviations:
        The paper gives no weights and no optimisers: gamma 0.2, w_1 = w_2 = 0.5 and Adam 1e-4 are
        ACAI's, lambda 0.1 is ours; Adam 2e-4 (0, 0.9) for the hinge game is that of SNGAN, whose
        critic moves five times a round, ours once. Vectors have the unit of w_1 and w_2 too, though
        they do not lie in [-1, 1]. The paper's prose fits the mapping after the embedding is
        learned; by default all move in every round, `embedding` is the prose's form, in which E's
        batch norm sees batches while it stands still. Its networks are residual ones of the SNGAN
        family (`--set family=sngan`); by default they are those of every system here. An average of
        the weights is kept. Its distances are of 50,000 samples to the training set; ours are to
        the test set.
    """

    current: ClassVar[tuple[str, ...]] = ("critic", "image_critic")

    def __init__(
        self,
        body: Body,
        *,
        prior: Pushforward,
        critic: nn.Module,
        image_critic: nn.Module,
        lam: Weight = 0.1,
        gamma: Share = 0.2,
        interpolation: Weight = 0.5,
        realism: Weight = 0.5,
        normalise: bool = True,
        embedding: Whole = 0,
        rate: Rate = 1e-4,
        latent_rate: Rate = 2e-4,
    ) -> None:
        super().__init__(body)
        norm = nn.BatchNorm1d(body.latent, affine=False) if normalise else nn.Identity()
        self.encoder = nn.Sequential(self.encoder, norm)  # Eq. 11
        self.prior = prior
        self.critic, self.image_critic = critic, image_critic
        self.lam, self.gamma = lam, gamma
        self.rate, self.latent_rate = rate, latent_rate
        self.interpolation, self.realism, self.embedding = interpolation, realism, embedding

    def train(self, mode: bool = True) -> Self:
        """Set the mode; the norm of the codes learns theirs also where E is frozen."""
        super().train(mode)
        for part in self.encoder.children():
            if isinstance(part, nn.BatchNorm1d) and not part.affine:
                part.train(mode)
        return self

    def blend(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Decoded points between random pairs of codes, and their mu with shape (B, 1)."""
        mu = 0.5 * torch.rand(len(z), 1, device=z.device)
        return self.decode(mu * z + (1 - mu) * z.roll(1, 0)), mu  # the batch is in random order

    def guess(self, x: Tensor) -> Terms:
        """Image critic: 0 on data, lambda on near data, mu + lambda on interpolations (Eq. 9)."""
        with torch.no_grad():
            z = self.encoder(x)
            mixed, mu = self.blend(z)
            near = self.gamma * x + (1 - self.gamma) * self.decode(z)
        return {
            "data": self.image_critic(x).square().mean(),
            "near": (self.image_critic(near) - self.lam).square().mean(),
            "mixed": (self.image_critic(mixed) - mu - self.lam).square().mean(),
        }

    def embed(self, x: Tensor) -> Terms:
        """Autoencoder: reconstruct; interpolations and reconstructions look like data (Eq. 10)."""
        z = self.encoder(x)
        raw = self.decoder(z)
        mixed, _ = self.blend(z)
        return {
            "reconstruction": self.likelihood(x, raw).mean(),
            "interpolation": self.image_critic(mixed).square().mean(),
            "realism": self.image_critic(self.likelihood.mean(raw)).square().mean(),
        }

    def judge(self, x: Tensor) -> Terms:
        """Latent critic: high on codes, low on mapped noise (Eq. 12)."""
        with torch.no_grad():
            code, draw = self.encoder(x), self.prior.sample(len(x))
        return {"hinge": hinge_critic(real=self.critic(code), fake=self.critic(draw))}

    def map(self, x: Tensor) -> Terms:
        """Mapping: mapped noise looks like codes (Eq. 13)."""
        return {"fooled": -self.critic(self.prior.sample(len(x))).mean()}

    def turns(self) -> Iterator[Turn]:
        """Image critic, autoencoder, latent critic, mapping, all on one batch."""
        unit, rate = math.prod(self.shape) / 4, self.rate  # of ACAI's error beside our sum
        if self.embedding:
            embeds, maps = before(self.embedding), since(self.embedding)
        else:
            embeds = maps = always
        yield Turn(
            image_critic=Player(
                terms=self.guess, owns=(self.image_critic,), optimizer=adam(rate), plays=embeds
            ),
            autoencoder=Player(
                terms=self.embed,
                owns=(self.encoder, self.decoder, self.likelihood),
                optimizer=adam(rate),
                weights={
                    "interpolation": self.interpolation * unit,
                    "realism": self.realism * unit,
                },
                plays=embeds,
            ),
            critic=Player(
                terms=self.judge,
                owns=(self.critic,),
                optimizer=adam(self.latent_rate, 0.0, 0.9),
                plays=maps,
            ),
            mapping=Player(
                terms=self.map,
                owns=(self.prior,),
                optimizer=adam(self.latent_rate, 0.0, 0.9),
                plays=maps,
            ),
        )
