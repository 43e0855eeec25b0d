"""MaskAAE and LMGAE: a learned mask closes the latent dimensions that the data do not need."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from latentfit.adversarial import judged, wasserstein_gap
from latentfit.models.base import Model
from latentfit.models.body import Body
from latentfit.models.pruning import Pruning
from latentfit.networks import Mask
from latentfit.optimizers import rmsprop
from latentfit.penalties import masked_variance, slope, undecided
from latentfit.players import Player, Terms, Turn
from latentfit.posteriors import Code
from latentfit.priors import Masked, Normal
from latentfit.schedules import after, product


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
        body: E from samples to codes (B, m); D from masked codes; cross-entropy on MNIST [authors'
            code], squared error elsewhere [paper].
        critic: H, from masked codes to scores (B, 1).
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
        body: Body,
        *,
        critic: nn.Module,
        mask: Mask | None = None,
        pruning: Pruning | None = None,
        silence: Callable[[Tensor, Tensor], Tensor] = masked_variance,
        encoder_first: bool = False,
    ) -> None:
        super().__init__(body)
        self.critic, self.mask, self.pruning = critic, mask, pruning
        self.noise = 0.0 if pruning is None else pruning.noise
        m = body.latent
        self.prior = Normal(m) if mask is None else Masked(mask, m, noise=self.noise)
        self.silence, self.encoder_first = silence, encoder_first

    def code(self, x: Tensor) -> Code:
        """Masked codes u, with shape (B, m)."""
        return Code(self.encoder(x) if self.mask is None else self.mask() * self.encoder(x))

    def openness(self) -> Tensor | None:
        """mu, with shape (m,); None without a mask."""
        return None if self.mask is None else self.mask()

    def watched(self) -> dict[str, Any]:
        """The mask, and how many dimensions are open."""
        if self.mask is None:
            return {}
        values = [round(value, 5) for value in self.mask().tolist()]
        return {"mask/active": self.mask.active(), "mask/values": values}

    def seen(self, x: Tensor) -> Tensor:
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
            code, draw = self.seen(x), self.prior.sample(len(x))
        high, low = judged(self.critic, draw, code)
        return {"gap": wasserstein_gap(high, low), "slope": slope(self.critic, code, draw)}

    def climb(self, x: Tensor) -> Terms:
        """Encoder: codes look like draws."""
        return {"fooled": -self.critic(self.seen(x)).mean()}

    def prune(self, x: Tensor) -> Terms:
        """Mask: close what reconstruction and matching can spare, and decide."""
        if self.mask is None or self.pruning is None:
            raise TypeError("a game without a mask has no player that prunes.")
        code = self.seen(x)
        high, low = judged(self.critic, self.prior.sample(len(x)), code)
        gap = high.mean() - low.mean()
        return {
            "reconstruction": self.likelihood(x, self.decoder(code)).mean(),
            "mismatch": gap.square() if self.pruning.form == "square" else (1 + gap).square(),
            "undecided": undecided(self.mask()),
        }

    def turns(self) -> Iterator[Turn]:
        """Autoencoder; critic five times; encoder; mask; a fresh batch each."""
        entries, chosen = math.prod(self.shape), self.pruning
        fall = 1.0 if chosen is None else chosen.fall()
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
