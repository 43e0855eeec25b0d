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
from latentfit.priors import Masked, Normal
from latentfit.schedules import Schedule, after, at_most, constant, doubling, drops, product

GAMES = ("recovering", "authors", "paper")


@dataclass(frozen=True)
class Pruning:
    """How the mask is pressed, and when.

    Attributes:
        form: `square` for Omega^2 [paper, Eq. 10], `one` for (1 + Omega)^2 [authors' code].
        omega: Weight w_o of the mismatch.
        variance: Weight w_v of the penalty on closed dimensions.
        mask_rate: Learning rate of the mask.
        start: Ends of the uniform start of alpha.
        warmup: Rounds in which the mask and the clock of c_t wait.
        period: T in rounds.
        drop: Factor on the losses of autoencoder and mask after round 5 T.
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

    def fall(self) -> Schedule:
        """Factor on the losses of autoencoder and mask: `drop` once 5 T + 1 rounds are over."""
        return drops(5 * self.period + 1, factor=self.drop)

    def press(self, latent: int) -> Schedule:
        """c_t for m dimensions: 2 / m, doubled every 4 T rounds, fast in the end, at most 2048."""
        slow = doubling(2 / latent, every=4 * self.period, after=self.warmup)
        if self.decide is None:
            return at_most(2048, slow)
        return at_most(2048, product(slow, doubling(1.0, every=self.hurry, after=self.decide)))

    def paced(self, pace: float) -> Pruning:
        """The same game with its clock stretched, and the mask slowed, by `pace`."""
        decide = None if self.decide is None else round(pace * self.decide)
        warmup, rounds = round(pace * self.warmup), round(pace * self.rounds)
        period, hurry = max(1, round(pace * self.period)), max(1, round(pace * self.hurry))
        return replace(self, mask_rate=self.mask_rate / pace, warmup=warmup, period=period,
                       decide=decide, hurry=hurry, rounds=rounds)  # fmt: skip


def pruning(game: str, latent: int, *, image: bool = False) -> Pruning:
    """The settings of a named game.

    - `authors`: the public MNIST script: (1 + Omega)^2; T = 75 up to 20 dimensions, then 112.5 m,
      at most 10,000.
      After round 5 T it multiplies the *losses* of autoencoder and mask by a fifth; RMSProp divides
      by the size of the gradient, so within some fifty rounds the steps are what they were.
    - `paper`: Eq. 10 with Omega^2, as printed. The paper prints no other number, so those are the
      script's, and so is the cross-entropy on grey images where the text has a norm.
    - `recovering`: ours, which finds the true dimension of the synthetic sets (docs/size.md):

      - The mask learns six times faster, after a warm-up, and starts away from 0.
      - The mismatch weighs 30: beside 1000 R a weight of 1 is nothing.
      - Codes and draws carry noise of a tenth of the prior's deviation. Without it a dimension
        shrinks at no price, since D undoes any scale, until V silences it, the true ones too.
      - c_t doubles fast from round 6,500 on, when little moves any more.
      - V weighs m, not 100: it is a mean over dimensions, so 100 is twelve times heavier at m = 8
        than at m = 100.

      On images the mismatch weighs 3: R is a mean over entries, and those of images vary a tenth as
      much as standardised ones. Their larger networks need a longer warm-up. Beyond 32 dimensions
      the mask is slower by the root of m / 32: dimensions that close faster than encoder and
      decoder can rearrange the code close past the point where reconstruction should hold them.

    Arguments:
        game: `recovering`, `authors` or `paper`.
        latent: Number of latent dimensions m.
        image: Whether the data are images, not standardised vectors.

    Raises:
        UserError: The game is unknown.

    Example:
        >>> [pruning("authors", m).period for m in (16, 20, 21, 32, 110)]
        [75, 75, 2362, 3600, 10000]
        >>> pruning("recovering", 32).variance
        32.0
        >>> pruning("recovering", 32, image=True).rounds
        11000
        >>> pruning("recovering", 128, image=True).rounds
        15000
    """
    one_of("game", game, GAMES)
    if game != "recovering":
        form, period = "one" if game == "authors" else "square", _published_period(latent)
        ends = 4 * period * math.ceil(math.log2(1024 * latent))
        return Pruning(form, 1.0, 100.0, 5e-4, (0.0, 5.0), 0, period, 0.2, 0.0, None, 150, ends)
    start, weight = (1.5, 4.5), float(latent)
    vectors = Pruning("one", 30.0, weight, 3e-3, start, 2000, 600, 1.0, 0.1, 6500, 150, 9000)
    if not image:
        return vectors
    slow = max(1.0, math.sqrt(latent / 32))
    decide = 4_500 + round(4_000 * slow)
    rate, ends = vectors.mask_rate / slow, decide + 2_500
    return replace(vectors, omega=3.0, mask_rate=rate, warmup=4_500, decide=decide, rounds=ends)


def _published_period(latent: int) -> int:
    return 75 if latent <= 20 else min(10_000, 1125 * latent // 10)


class MaskAAE(Model):
    r"""An adversarial auto-encoder whose decoder and critic only see masked codes.

    With :math:`\mu = 1 - e^{-\alpha}`, masked codes :math:`u = \mu E(x)` and draws
    :math:`v = \mu z, z \sim N(0, I)`, one round, with a fresh batch for every move, is

    ===========  ======================================================  =======================
    player       loss                                                    moves
    ===========  ======================================================  =======================
    autoencoder  R + w_v V                                               E, D once
    critic       mean H(u) - mean H(v) + 10 slope                        H five times
    encoder      - mean H(u)                                             E once
    mask         1000 R + w_o Omega-term + c_t sum |mu (1 - mu)|         alpha once
    ===========  ======================================================  =======================

    R is averaged over the entries of a sample; V keeps E from writing into closed dimensions;
    Omega = mean H(v) - mean H(u). c_t starts at 2 / m and doubles every 4 T rounds up to 2048. The
    named games differ in how the mask is pressed, and when (`pruning`). LMGAE moves the encoder
    before the critic, and its V is a covariance. Without a mask it is the WAE that the papers
    compare with: the first three players, on u = E(x) and v = z, without V.

    Arguments:
        shape: Shape of one sample.
        latent: Number of latent dimensions m.
        encoder: E, from samples to codes (B, m).
        decoder: D, from masked codes to unbounded samples.
        critic: H, from masked codes to scores (B, 1).
        likelihood: Cross-entropy on MNIST [authors' code], squared error elsewhere [paper].
        mask: The mask; None plays without.
        pruning: How the mask is pressed, and when; None without a mask.
        silence: V, from codes and mask to a scalar; `masked_covariance` is LMGAE's.
        encoder_first: The encoder moves before the critic (LMGAE, Section 4, "Training").

    References:
        | MaskAAE: Latent space optimization for Adversarial Auto-Encoders
          (Mondal et al., 2020), Section 4, Eq. 10; all numbers from the authors' MNIST code
        | Towards Latent Space Optimality for Auto-Encoder Based Generative Models
          (Mondal et al., 2019), Section 4: LMGAE, the same game's earlier form

    Deviations:
        The reconstruction term is logged as a sum over entries; its weight 1/D gives the average
        that the papers use. An average of the weights is kept; the papers keep none. The game that
        recipes play by default is `recovering`: its draws carry the game's noise also when they are
        sampled, since the decoder has learned to expect it. Without a mask the script multiplies
        the autoencoder's loss by a fifth from the second round on, which RMSProp undoes; it is left
        out. LMGAE's formula for V is lost (`masked_covariance`), and so is how often its critic
        moves: five times, as MaskAAE's. Its error is a norm, on grey images too; here as MaskAAE's
        script (`--set loss=squared`). Its mask minimises the autoencoder's whole loss, V too;
        here, as in MaskAAE, reconstruction alone: V's weight is lost, and it holds the mask open.
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
        mask: Mask | None = None,
        pruning: Pruning | None = None,
        silence: Callable[[Tensor, Tensor], Tensor] = masked_variance,
        encoder_first: bool = False,
        batch: int = 64,
        average: float | None = 0.999,
    ) -> None:
        super().__init__(shape=shape, latent=latent, batch=batch, average=average)
        self.encoder, self.decoder, self.critic = encoder, decoder, critic
        self.likelihood, self.mask, self.pruning = likelihood, mask, pruning
        self.noise = 0.0 if pruning is None else pruning.noise
        self.prior = Normal(latent) if mask is None else Masked(mask, latent, noise=self.noise)
        self.silence, self.encoder_first = silence, encoder_first

    def encode(self, x: Tensor) -> Tensor:
        """From samples (B, *shape) to masked codes u (B, m)."""
        return self.encoder(x) if self.mask is None else self.mask() * self.encoder(x)

    def code(self, x: Tensor) -> Tensor:
        """Masked codes with noise, what decoder and critic see in the game, with shape (B, m)."""
        return self.noisy(self.encode(x))

    def noisy(self, code: Tensor) -> Tensor:
        """Codes with the game's noise, shape kept."""
        return code + self.noise * torch.randn_like(code) if self.noise else code

    def fit(self, x: Tensor) -> Terms:
        """Autoencoder: reconstruct, and be silent where a mask is closed."""
        code = self.encoder(x)
        if self.mask is None:
            return {"reconstruction": self.likelihood(x, self.decoder(code)).mean()}
        mu = self.mask()
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
        if self.mask is None or self.pruning is None:
            raise TypeError("a game without a mask has no player that prunes.")
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
        fall = constant() if chosen is None else chosen.fall()
        silence = {} if chosen is None else {"variance": product(chosen.variance, fall)}
        yield Turn(
            autoencoder=Player(
                terms=self.fit,
                owns=(self.encoder, self.decoder, self.likelihood),
                optimizer=rmsprop(5e-4),
                weights={"reconstruction": product(1 / entries, fall), **silence},
            )
        )
        critic = Player(
            terms=self.judge,
            owns=(self.critic,),
            optimizer=rmsprop(1e-4),
            weights={"slope": 10.0},
        )
        encoder = Player(terms=self.climb, owns=(self.encoder,), optimizer=rmsprop(1e-4))
        if self.encoder_first:
            yield Turn(encoder=encoder)
        yield Turn(repeats=5, critic=critic)
        if not self.encoder_first:
            yield Turn(encoder=encoder)
        if self.mask is None or chosen is None:
            return
        yield Turn(
            mask=Player(
                terms=self.prune,
                owns=(self.mask,),
                optimizer=rmsprop(chosen.mask_rate),
                weights={
                    "reconstruction": product(1000 / entries, fall),
                    "mismatch": product(chosen.omega, fall),
                    "undecided": product(chosen.press(self.latent), fall),
                },
                rate=after(chosen.warmup),
                after=self.mask.project,
            )
        )
