"""How the mask of MaskAAE and LMGAE is pressed, and when: the named games."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from latentfit.checks import one_of
from latentfit.schedules import Schedule, at_most, doubling, drops, product

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
