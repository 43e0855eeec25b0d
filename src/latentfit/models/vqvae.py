"""VQ-VAE: codes from a codebook, and an autoregressive prior over their indices."""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn import functional

from latentfit.checks import Rate, Weight
from latentfit.models.base import Learned, Model
from latentfit.models.body import Body
from latentfit.models.learner import Learner
from latentfit.networks.codebook import Codebook
from latentfit.networks.transformer import CausalTransformer
from latentfit.optimizers import adam, adamw
from latentfit.players import Player, Terms, Turn
from latentfit.posteriors import Code
from latentfit.priors import parts
from latentfit.schedules import ramp


class VQVAE(Model):
    r"""Each place of a grid takes the nearest vector of a codebook.

    With z the encoder's vectors and q the nearest ones, and gradients passed straight through,

    .. math:: L = \frac{\overline{(x - D(q))^2}}{\mathrm{Var}(x)} + \beta \overline{(z - sg(q))^2}
              \; [ + \overline{(sg(z) - q)^2} ]

    The codebook moves by averages, or with `learned` by the term in brackets.

    Arguments:
        body: E from images to vectors (B, places, size), D from all vectors in a row to unbounded
            images, and a squared error; m is places * size. What E gives is no code yet, so `fits`
            must be set.
        codebook: The vectors.
        places: Places of the grid.
        prior: Of the vectors in a row, trained afterwards.
        variance: Of the training data, over all entries.
        beta: Weight of the commitment.
        rate: Learning rate.

    References:
        | Neural Discrete Representation Learning (van den Oord et al., 2017), Eq. 3 and A.1

    Deviations:
        The prior is a causal transformer, not a PixelCNN. A code is the row of
        its vectors, so that it can be decoded, walked and compared like every other.
    """

    def __init__(
        self,
        body: Body,
        *,
        codebook: Codebook,
        places: int,
        prior: TokenPrior,
        variance: float,
        beta: Weight,
        rate: Rate,
    ) -> None:
        super().__init__(body)
        self.codebook, self.prior = codebook, prior
        self.variance, self.beta, self.rate = variance, beta, rate

    def code(self, x: Tensor) -> Code:
        """The vectors of all places in a row, with shape (B, m)."""
        rows = self.encoder(x).flatten(0, 1)
        return Code(self.codebook.vectors[self.codebook.nearest(rows)].reshape(x.shape[0], -1))

    def fit(self, x: Tensor) -> Terms:
        """The terms of the objective."""
        rows = self.encoder(x).flatten(0, 1)
        indices = self.codebook.nearest(rows)
        if not self.codebook.learned:
            self.codebook.note(rows, indices)
        chosen = self.codebook.vectors[indices]
        straight = rows + (chosen - rows).detach()
        error = self.likelihood(x, self.decoder(straight.reshape(len(x), -1))).mean()
        terms = {
            "reconstruction": error,
            "commitment": (rows - chosen.detach()).square().mean(),
        }
        if self.codebook.learned:
            terms["codebook"] = (rows.detach() - chosen).square().mean()
        return terms

    def turns(self) -> Iterator[Turn]:
        """One player."""
        entries = math.prod(self.shape)
        owned = (self.codebook,) if self.codebook.learned else ()
        yield Turn(
            autoencoder=Player(
                terms=self.fit,
                owns=(self.encoder, self.decoder, self.likelihood, *owned),
                optimizer=adam(self.rate),
                weights={"reconstruction": 1 / (entries * self.variance), "commitment": self.beta},
                after=self.codebook.update,
            )
        )


PASSES = 200  # over the codes, at most; the published 130,000 rounds make 77 of MNIST's


class Tokens(Learner):
    """A model of the indices of a codebook: cross-entropy, in nats for each place.

    Arguments:
        network: Logits of each index from those before it.
        codebook: Whose indices; it is not moved.
        places: P.
        warmup: Rounds in which the learning rate grows.
    """

    def __init__(
        self,
        network: CausalTransformer,
        codebook: Codebook,
        places: int,
        *,
        warmup: int = 1_000,
    ) -> None:
        super().__init__()
        self.network, self.places, self.warmup = network, places, warmup
        self._shared = (codebook,)  # the auto-encoder owns it

    def tokens(self, codes: Tensor) -> Tensor:
        """From codes (B, places * size) to the indices of their vectors (B, places)."""
        (book,) = self._shared
        rows = codes.reshape(len(codes) * self.places, -1)
        return book.nearest(rows).reshape(len(codes), -1)

    def fit(self, codes: Tensor) -> Terms:
        """How surprising each index is after those before it."""
        tokens = self.tokens(codes)
        logits = self.network(tokens)
        return {"entropy": functional.cross_entropy(logits.flatten(0, 1), tokens.flatten())}

    def turns(self) -> Iterator[Turn]:
        """One player."""
        yield Turn(
            prior=Player(
                terms=self.fit,
                owns=(self.network,),
                optimizer=adamw(3e-4, 0.9, 0.95),
                rate=ramp(self.warmup) if self.warmup else 1.0,
            )
        )


class TokenPrior(Learned[Tokens]):
    """Rows of codebook vectors, drawn index by index from a model of them.

    Few codes are soon learned by heart: of 1,439 digits held-out indices cost 3.58 nats after 200
    passes, where it ends, and 3.77 after 400.

    Arguments:
        model: Of the indices.
        codebook: Whose vectors.
        longer: Rounds of its training for each of the auto-encoder's.
    """

    def __init__(self, model: Tokens, codebook: Codebook, longer: float) -> None:
        super().__init__(model, longer=longer, passes=PASSES)
        self._shared = (codebook,)

    def sample(self, n: int) -> Tensor:
        """Draw n codes, with shape (n, places * size), place by place at temperature 1."""
        (book,) = self._shared
        drawn = [self.model.network.draw(part.stop - part.start) for part in parts(n, 512)]
        return book.vectors[torch.cat(drawn)].flatten(1)
