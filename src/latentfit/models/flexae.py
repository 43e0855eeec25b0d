"""FlexAE and FlexAE-SR: the prior is learned, and the latent space is smoothed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import torch
from torch import Tensor, nn

from latentfit.adversarial import judged, wasserstein_gap
from latentfit.checks import Rate, Weight
from latentfit.models.base import Model
from latentfit.models.body import Body
from latentfit.optimizers import adam
from latentfit.penalties import slope
from latentfit.players import Player, Terms, Turn
from latentfit.priors import Pushforward


class FlexAE(Model):
    r"""An auto-encoder whose prior G(e), e ~ N(0, I), and posterior walk towards each other.

    The latent critic is high on codes and low on draws; the generator climbs, the encoder descends.
    With an image critic it is FlexAE-SR: decoded interpolations
    :math:`x_g = D(g E(x) + (1 - g) E(x')), g \sim U[0, 1]` must look like data; x' is a second,
    independent batch. With :math:`z = E(x), v = G(e)`, one round is

    =============  ===========================================  ===========  =======================
    player         loss                                         moves        Adam
    =============  ===========================================  ===========  =======================
    autoencoder    mean \|x - D(z)\|^2                          E, D once    2 r, (0.9, 0.999)
    critic         mean C(v) - mean C(z) + b slope              C five times r, (0, 0.9)
    image critic   mean C_x(x_g) - mean C_x(x) + b slope        C_x as often 2 r, (0.5, 0.9)
    smoother       - mean C_x(x_g)                              E, D once    2 r, (0.5, 0.9)
    generator      - mean C(v)                                  G once       2 r, (0, 0.9)
    encoder        mean C(z)                                    E once       r / 10, (0, 0.9)
    =============  ===========================================  ===========  =======================

    The critics move in turn on a fresh pair of batches each time, the last three on the last pair.
    While the critics move all else stands still: z and x_g are computed once for both.

    Arguments:
        body: E from samples to codes (B, m), D, and the squared error in the paper.
        prior: G with its noise.
        critic: Latent critic, from codes to scores (B, 1).
        image_critic: Image critic, from samples to scores; None is FlexAE without smoothing.
        rate: Base learning rate, 1e-4 in the paper.
        penalty: Weight beta of the gradient penalties, 10 in the paper.

    References:
        | FlexAE: Flexibly Learning Latent Priors for Wasserstein Auto-Encoders
          (Mondal et al., 2021), Eq. 5-10; players, order and rates from the authors' code

    Deviations:
        The generator draws new noise where the authors' code reuses the last critic's; the law of
        its gradient is the same. An average of the weights is kept, which halves the Frechet
        distance on the synthetic sets; the paper keeps none. The paper's scores are the lowest over
        51 checkpoints; ours are of the last one. There each step also moves the statistics of
        D's batch norm on decoded draws; here only what D plays with does: codes and blends.
    """

    current: ClassVar[tuple[str, ...]] = ("critic", "image_critic")

    def __init__(
        self,
        body: Body,
        *,
        prior: Pushforward,
        critic: nn.Module,
        image_critic: nn.Module | None = None,
        rate: Rate = 1e-4,
        penalty: Weight = 10.0,
    ) -> None:
        super().__init__(body)
        self.prior, self.critic, self.image_critic = prior, critic, image_critic
        self.rate, self.penalty = rate, penalty

    def blend(self, x: Tensor, other: Tensor) -> Tensor:
        """Decoded points on segments between the codes of two batches, shaped like x."""
        # Apart: each has its batch's statistics.
        return self.between(self.encoder(x), self.encoder(other))

    def between(self, z: Tensor, far: Tensor) -> Tensor:
        """Decoded points on segments between codes (B, m), shaped like x."""
        g = torch.rand(len(z), 1, device=z.device)
        return self.decode(g * z + (1 - g) * far)

    def fit(self, x: Tensor) -> Terms:
        """Autoencoder: reconstruct."""
        return {"reconstruction": self.likelihood(x, self.decoder(self.encoder(x))).mean()}

    def shown(self, x: Tensor, other: Tensor | None = None) -> Terms:
        """What both critics look at: codes of a batch, and blends with those of another."""
        code = self.encoder(x)
        if other is None:
            return {"code": code}
        return {"code": code, "blend": self.between(code, self.encoder(other))}

    def judge_latents(self, x: Tensor, code: Tensor) -> Terms:
        """Latent critic: high on codes, low on draws, slope one."""
        with torch.no_grad():
            draw = self.prior.sample(len(x))
        high, low = judged(self.critic, code, draw)
        return {"gap": wasserstein_gap(high, low), "slope": slope(self.critic, draw, code)}

    def judge_images(self, x: Tensor, blend: Tensor) -> Terms:
        """Image critic: high on data, low on blends, slope one."""
        high, low = judged(self._look, x, blend)
        return {"gap": wasserstein_gap(high, low), "slope": slope(self._look, blend, x)}

    def smooth(self, x: Tensor, other: Tensor) -> Terms:
        """Encoder and decoder: blends look like data."""
        return {"fooled": -self._look(self.blend(x, other)).mean()}

    def climb(self, x: Tensor) -> Terms:
        """Generator: draws look like codes."""
        return {"fooled": -self.critic(self.prior.sample(len(x))).mean()}

    def descend(self, x: Tensor) -> Terms:
        """Encoder: codes look like draws."""
        return {"fooled": self.critic(self.encoder(x)).mean()}

    def turns(self) -> Iterator[Turn]:
        """Autoencoder; critics five times; smoother, generator, encoder on the last batch."""
        lr, pair, penalty = self.rate, (self.encoder, self.decoder), {"slope": self.penalty}
        autoencoder = Player(
            terms=self.fit, owns=(*pair, self.likelihood), optimizer=adam(2 * lr, 0.9, 0.999)
        )
        critic = Player(
            terms=self.judge_latents,
            given=("code",),
            owns=(self.critic,),
            optimizer=adam(lr, 0.0, 0.9),
            weights=penalty,
        )
        generator = Player(terms=self.climb, owns=(self.prior,), optimizer=adam(2 * lr, 0.0, 0.9))
        encoder = Player(
            terms=self.descend, owns=(self.encoder,), optimizer=adam(lr / 10, 0.0, 0.9)
        )
        yield Turn(autoencoder=autoencoder)
        if self.image_critic is None:
            yield Turn(repeats=5, given=self.shown, critic=critic)
            yield Turn(fresh=False, generator=generator, encoder=encoder)
            return
        image_critic = Player(
            terms=self.judge_images,
            given=("blend",),
            owns=(self.image_critic,),
            optimizer=adam(2 * lr, 0.5, 0.9),
            weights=penalty,
        )
        smoother = Player(terms=self.smooth, batches=2, owns=pair, optimizer=adam(2 * lr, 0.5, 0.9))
        yield Turn(repeats=5, given=self.shown, batches=2, critic=critic, image_critic=image_critic)
        yield Turn(fresh=False, smoother=smoother, generator=generator, encoder=encoder)

    def _look(self, x: Tensor) -> Tensor:
        if self.image_critic is None:
            raise TypeError("FlexAE without an image critic has no player that looks at images.")
        return self.image_critic(x)
