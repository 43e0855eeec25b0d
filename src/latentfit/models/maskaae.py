"""MaskAAE and LMGAE: a learned mask closes the latent dimensions that the data do not need."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import ClassVar

import torch
from torch import Tensor, nn

from latentfit.checks import one_of
from latentfit.divergences import wasserstein_gap
from latentfit.game import Player, Terms, Turn
from latentfit.likelihoods import Likelihood
from latentfit.models.base import Model, Shape
from latentfit.networks import Mask
from latentfit.optimizers import rmsprop
from latentfit.penalties import masked_variance, slope, undecided
from latentfit.priors import Masked
from latentfit.schedules import after, constant, doubling, drops


@dataclass(frozen=True)
class Pruning:
    """How the mask is pressed, and when.

    Attributes:
        form: `square` for Omega^2 [paper], `one` for (1 + Omega)^2 [authors' code].
        omega: Weight w_o of the mismatch.
        variance: Weight w_v of the penalty on closed dimensions.
        mask_rate: Learning rate of the mask.
        start: Ends of the uniform start of alpha.
        warmup: Rounds in which the mask and the clock of c_t wait.
        period: T in rounds.
        drop: Factor on the rates of autoencoder and mask at round 5 T.
        noise: Deviation of the noise that masked codes and draws carry in the game.
        decide: Round from which c_t doubles every `hurry` rounds, so that the mask ends binary.
        hurry: Rounds in which c_t doubles then.
        rounds: How long the game lasts: c_t is at its end.
    """

    form: str
    omega: float
    variance: float
    mask_rate: float
    start: tuple[float, float]
    warmup: int
    period: int
    drop: float
    noise: float
    decide: int | None
    hurry: int
    rounds: int

    def paced(self, pace: float) -> Pruning:
        """The same game with its clock stretched, and the mask slowed, by `pace`."""
        return replace(
            self,
            mask_rate=self.mask_rate / pace,
            warmup=round(pace * self.warmup),
            period=max(1, round(pace * self.period)),
            decide=None if self.decide is None else round(pace * self.decide),
            hurry=max(1, round(pace * self.hurry)),
            rounds=round(pace * self.rounds),
        )


def pruning(game: str, latent: int, *, image: bool = False) -> Pruning:
    """The settings of a named game.

    `published` is the paper's, with the authors' schedule. `recovering` is ours, and finds the true
    dimension of the synthetic sets where the published one does not (docs/size.md):

    - The mask learns six times faster, without a drop, after a warm-up, and starts away from 0: as
      published it moves by less than one unit of alpha before it freezes.
    - The mismatch weighs 30: beside 1000 R it weighs nothing as published.
    - Codes and draws carry noise of a tenth of the prior's deviation. Without it a dimension
      shrinks at no price, since D undoes any scale, until V silences it, the true ones too.
    - c_t doubles fast from round 6,500 on, when little moves any more.
    - V weighs m, not 100: it is a mean over dimensions, so 100 is twelve times heavier at m = 8
      than at m = 100.

    On images the mismatch weighs 3: R is a mean over entries, and those of images vary a tenth as
    much as standardised ones. Their larger networks need a longer warm-up. Beyond 32 dimensions the
    mask is slower by the root of m / 32: dimensions that close faster than encoder and decoder can
    rearrange the code close past the point where reconstruction should hold them.

    Arguments:
        game: `recovering` or `published`.
        latent: Number of latent dimensions m.
        image: Whether the data are images, not standardised vectors.

    Example:
        >>> pruning("published", 32).period, pruning("recovering", 32).variance
        (3600, 32.0)
        >>> pruning("recovering", 32, image=True).rounds
        11000
        >>> pruning("recovering", 128, image=True).rounds
        15000
    """
    one_of("game", game, ("recovering", "published"))
    if game == "published":
        period = published_period(latent)
        ends = 4 * period * math.ceil(math.log2(1024 * latent))
        return Pruning("square", 1.0, 100.0, 5e-4, (0.0, 5.0), 0, period, 0.2, 0.0, None, 150, ends)
    start, weight = (1.5, 4.5), float(latent)
    vectors = Pruning("one", 30.0, weight, 3e-3, start, 2000, 600, 1.0, 0.1, 6500, 150, 9000)
    if not image:
        return vectors
    slow = max(1.0, math.sqrt(latent / 32))
    decide = 4_500 + round(4_000 * slow)
    rate, ends = vectors.mask_rate / slow, decide + 2_500
    return replace(vectors, omega=3.0, mask_rate=rate, warmup=4_500, decide=decide, rounds=ends)


def published_period(latent: int) -> int:
    """T of the authors' code: 75 up to 20 dimensions, then 112.5 m, at most 10,000.

    Example:
        >>> published_period(16), published_period(32), published_period(110)
        (75, 3600, 10000)
    """
    return 75 if latent <= 20 else min(10_000, 1125 * latent // 10)


class MaskAAE(Model):
    r"""An adversarial auto-encoder whose decoder and critic only see masked codes.

    With :math:`\mu = 1 - e^{-\alpha}`, masked codes :math:`u = \mu E(x)` and draws
    :math:`v = \mu z, z \sim N(0, I)`, one round is

    ===========  ======================================================  =======================
    player       loss                                                    moves
    ===========  ======================================================  =======================
    autoencoder  R + w_v V                                               E, D once
    critic       mean H(u) - mean H(v) + 10 slope                        H five times
    encoder      - mean H(u)                                             E once
    mask         1000 R + w_o Omega-term + c_t sum |mu (1 - mu)|         alpha once
    ===========  ======================================================  =======================

    R is averaged over the entries of a sample; V keeps E from writing into closed dimensions;
    Omega = mean H(v) - mean H(u). c_t starts at 2 / m and doubles every 4 T rounds up to 2048.
    Published, the rates of the autoencoder and of the mask fall by 5 at round 5 T. In the game that
    recovers the dimension, u and v carry a little noise; the mask waits, then decides (`pruning`).

    Arguments:
        shape: Shape of one sample.
        latent: Number of latent dimensions m.
        encoder: E, from samples to codes (B, m).
        decoder: D, from masked codes to unbounded samples.
        critic: H, from masked codes to scores (B, 1).
        likelihood: Cross-entropy on MNIST [authors' code], squared error elsewhere [paper].
        mask: The mask.
        pruning: How the mask is pressed, and when.
        silence: V, from codes and mask to a scalar; `masked_covariance` is LMGAE's.

    References:
        | MaskAAE: Latent space optimization for Adversarial Auto-Encoders
          (Mondal et al., 2020), Section 4; schedule and weights from the authors' MNIST code
        | Latent Masking Generative Auto-Encoder (LMGAE), the same game's earlier form

    Deviations:
        The reconstruction term is logged as a sum over entries; its weight 1/D gives the average
        that the papers use. An average of the weights is kept (evidence.md: it halves the Frechet
        distance). The game that recipes play by default is `recovering`; see `pruning`.
    """

    current: ClassVar[tuple[str, ...]] = ("critic", "mask", "prior")

    def __init__(
        self,
        *,
        shape: Shape,
        latent: int,
        encoder: nn.Module,
        decoder: nn.Module,
        critic: nn.Module,
        likelihood: Likelihood,
        mask: Mask,
        pruning: Pruning,
        silence: Callable[[Tensor, Tensor], Tensor] = masked_variance,
        batch: int = 64,
        average: float | None = 0.999,
    ) -> None:
        super().__init__(shape=shape, latent=latent, batch=batch, average=average)
        self.encoder, self.decoder, self.critic = encoder, decoder, critic
        self.likelihood, self.mask, self.pruning = likelihood, mask, pruning
        self.prior = Masked(mask, latent, noise=pruning.noise)
        self.silence = silence

    def encode(self, x: Tensor) -> Tensor:
        """From samples (B, *shape) to masked codes u (B, m)."""
        return self.mask() * self.encoder(x)

    def code(self, x: Tensor) -> Tensor:
        """Masked codes with noise, what decoder and critic see in the game, with shape (B, m)."""
        return self.noisy(self.encode(x))

    def noisy(self, code: Tensor) -> Tensor:
        """Codes with the game's noise, shape kept."""
        noise = self.pruning.noise
        return code + noise * torch.randn_like(code) if noise else code

    def fit(self, x: Tensor) -> Terms:
        """Autoencoder: reconstruct through the mask, be silent where it is closed."""
        code, mu = self.encoder(x), self.mask()
        error = self.likelihood(x, self.decoder(self.noisy(mu * code))).mean()
        return {"reconstruction": error, "variance": self.silence(code, mu)}

    def judge(self, x: Tensor) -> Terms:
        """Critic: low on codes, high on draws, slope one."""
        with torch.no_grad():
            code, draw = self.code(x), self.prior.sample(len(x))
        gap = wasserstein_gap(high=self.critic(draw), low=self.critic(code))
        return {"gap": gap, "slope": slope(self.critic, code, draw)}

    def climb(self, x: Tensor) -> Terms:
        """Encoder: codes look like draws."""
        return {"fooled": -self.critic(self.code(x)).mean()}

    def prune(self, x: Tensor) -> Terms:
        """Mask: close what reconstruction and matching can spare, and decide."""
        code = self.code(x)
        gap = self.critic(self.prior.sample(len(x))).mean() - self.critic(code).mean()
        return {
            "reconstruction": self.likelihood(x, self.decoder(code)).mean(),
            "mismatch": gap.square() if self.pruning.form == "square" else (1 + gap).square(),
            "undecided": undecided(self.mask()),
        }

    def turns(self) -> Iterator[Turn]:
        """Autoencoder; critic five times; encoder; mask; a fresh batch each."""
        entries, chosen = math.prod(self.shape), self.pruning
        fall = drops(5 * chosen.period, factor=chosen.drop)
        start = after(chosen.warmup)
        slow = doubling(2 / self.latent, every=4 * chosen.period, after=chosen.warmup)
        decide = chosen.decide
        fast = constant() if decide is None else doubling(1.0, every=chosen.hurry, after=decide)
        yield Turn(
            autoencoder=Player(
                terms=self.fit,
                owns=(self.encoder, self.decoder, self.likelihood),
                optimizer=rmsprop(5e-4),
                weights={"reconstruction": 1 / entries, "variance": chosen.variance},
                rate=fall,
            )
        )
        yield Turn(
            repeats=5,
            critic=Player(
                terms=self.judge,
                owns=(self.critic,),
                optimizer=rmsprop(1e-4),
                weights={"slope": 10.0},
            ),
        )
        yield Turn(encoder=Player(terms=self.climb, owns=(self.encoder,), optimizer=rmsprop(1e-4)))
        yield Turn(
            mask=Player(
                terms=self.prune,
                owns=(self.mask,),
                optimizer=rmsprop(chosen.mask_rate),
                weights={
                    "reconstruction": 1000 / entries,
                    "mismatch": chosen.omega,
                    "undecided": lambda step: min(2048, slow(step) * fast(step)),
                },
                rate=lambda step: start(step) * fall(step),
                after=self.mask.project,
            )
        )
