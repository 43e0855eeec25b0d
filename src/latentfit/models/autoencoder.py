"""One player: every auto-encoder whose objective is a single sum of terms."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import torch
from torch import Tensor, nn

from latentfit.checks import UserError
from latentfit.game import Player, Terms, Turn
from latentfit.likelihoods import Gaussian, Likelihood
from latentfit.models.base import Learned, Model, Shape
from latentfit.optimizers import MakeOptimizer
from latentfit.posteriors import Code, DiagonalGaussian, Flow
from latentfit.priors import Dense, Prior
from latentfit.schedules import Schedule, constant

Divergence = Callable[[Code, Tensor, Prior], Tensor]
Penalty = Callable[[Tensor, nn.Module], Tensor]


class AutoEncoder(Model):
    r"""Reconstruction, divergences between codes and prior, and penalties, moved by one player.

    .. math:: \overline{\mathrm{likelihood}(x, D(z))} + \sum_i w_i \cdot \mathrm{divergence}_i
              + \ldots, \quad z \sim q(z | x)

    Arguments:
        shape: Shape of one sample.
        latent: Number of latent dimensions m.
        posterior: From samples to a `Code`: `Dirac` or `DiagonalGaussian`.
        decoder: From codes (B, m) to unbounded samples.
        likelihood: Distance from data to the decoder's output.
        prior: What one samples codes from; one that is `Fitted` is fitted after the training.
        divergences: From the posterior, a draw and the prior to a scalar, by name.
        penalties: From a draw and the decoder to a scalar, by name.
        weights: Factor of each term by name; 1 if absent.
        optimizer: Makes the optimiser.
        rate: Factor on the learning rate as a function of the round.
        after: A rule without gradient after each move.
        learns_prior: The player moves the prior too.
        batch: Batch size.
        average: Decay of the averaged weights; None keeps none.
    """

    def __init__(
        self,
        *,
        shape: Shape,
        latent: int,
        posterior: nn.Module,
        decoder: nn.Module,
        likelihood: Likelihood,
        prior: Prior,
        optimizer: MakeOptimizer,
        divergences: Mapping[str, Divergence] | None = None,
        penalties: Mapping[str, Penalty] | None = None,
        weights: Mapping[str, float | Schedule] | None = None,
        rate: Schedule | None = None,
        after: Callable[[], None] = lambda: None,
        learns_prior: bool = False,
        batch: int = 128,
        average: float | None = None,
    ) -> None:
        super().__init__(shape=shape, latent=latent, batch=batch, average=average)
        self.posterior, self.decoder, self.likelihood = posterior, decoder, likelihood
        self.prior, self.divergences, self.penalties = prior, divergences or {}, penalties or {}
        self.weights, self.optimizer, self.rate = weights or {}, optimizer, rate or constant()
        # Those that keep a state are saved with the model.
        kept = [d for d in self.divergences.values() if isinstance(d, nn.Module)]
        self.kept = nn.ModuleList(kept)
        self.after, self.learns_prior = after, learns_prior

    def encode(self, x: Tensor) -> Tensor:
        """From samples (B, *shape) to the means of their codes (B, m)."""
        return self.posterior(x).centre()

    def fit(self, x: Tensor) -> Terms:
        """The terms of the objective."""
        code = self.posterior(x)
        z = code.sample()
        terms = {"reconstruction": self.likelihood(x, self.decoder(z)).mean()}
        terms |= {name: term(code, z, self.prior) for name, term in self.divergences.items()}
        return terms | {name: term(z, self.decoder) for name, term in self.penalties.items()}

    @property
    def has_likelihood(self) -> bool:
        """Whether posterior, prior and likelihood all have densities, so that x has a bound."""
        stochastic = isinstance(self.posterior, DiagonalGaussian | Flow)
        return stochastic and isinstance(self.prior, Dense) and self.likelihood.density

    @torch.no_grad()
    def log_weights(self, x: Tensor, draws: int) -> Tensor:
        r"""Importance weights of x, whose mean in log space bounds log p(x).

        .. math:: \log p(x | z) + \log p(z) - \log q(z | x), \quad z \sim q(z | x)

        Arguments:
            x: With shape (B, *shape).
            draws: Draws of z for each sample.

        Returns:
            In nats, with shape (draws, B).
        """
        if not (self.has_likelihood and isinstance(self.prior, Dense)):
            raise UserError("this model has no likelihood: it needs densities of codes and data.")
        code, weights = self.posterior(x), []
        for _ in range(draws):
            z = code.sample()
            data = -self.likelihood(x, self.decoder(z))
            weights.append(data + self.prior.log_density(z) - code.log_density(z))
        return torch.stack(weights)

    def turns(self) -> Iterator[Turn]:
        """One player."""
        yield Turn(
            autoencoder=Player(
                terms=self.fit,
                owns=(self.posterior, self.decoder, self.likelihood)
                + ((self.prior,) if self.learns_prior else ()),
                optimizer=self.optimizer,
                weights=self.weights,
                rate=self.rate,
                after=self.after,
            )
        )


class SecondStage(Learned[AutoEncoder]):
    """A model of codes as a prior; its draws include the decoder's noise (Dai & Wipf).

    Arguments:
        model: An auto-encoder of vectors (m,) with a Gaussian likelihood.
    """

    def __init__(self, model: AutoEncoder) -> None:
        super().__init__(model, longer=2.0)  # 800 against 400 epochs in the paper

    def sample(self, n: int) -> Tensor:
        """Draw n codes, with shape (n, m): u from the inner prior, z from N(D(u), gamma^2)."""
        raw = self.model.decoder(self.model.prior.sample(n))
        likelihood = self.model.likelihood
        return likelihood.draw(raw) if isinstance(likelihood, Gaussian) else likelihood.mean(raw)
