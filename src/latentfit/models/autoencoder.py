"""One player: every auto-encoder whose objective is a single sum of terms."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import torch
from torch import Tensor, nn

from latentfit.checks import UserError
from latentfit.divergences import Divergence
from latentfit.models.base import Model
from latentfit.models.body import Body
from latentfit.optimizers import MakeOptimizer
from latentfit.players import Player, Terms, Turn
from latentfit.posteriors import Code, DiagonalGaussian, Flow
from latentfit.priors import Dense, Prior
from latentfit.schedules import Schedule

Penalty = Callable[[Tensor, nn.Module], Tensor]


class Variational(Model):
    """A model whose encoder is a posterior: it gives laws of codes, points or Gaussians."""

    posterior: nn.Module

    def _take_encoder(self, encoder: nn.Module | None) -> None:
        if encoder is None:
            raise UserError(f"{type(self).__name__} needs a posterior; give Body one as encoder.")
        self.posterior = encoder

    def code(self, x: Tensor) -> Code:
        """The posteriors of samples (B, *shape).

        Raises:
            UserError: The encoder gives no `Code`.
        """
        found = self.posterior(x)
        if not isinstance(found, Code):
            raise UserError(
                f"the encoder of a {type(self).__name__} gives a Code, got {type(found).__name__}; "
                "wrap it in lf.posteriors.Dirac for points, DiagonalGaussian for Gaussians."
            )
        return found


class AutoEncoder(Variational):
    r"""Reconstruction, divergences between codes and prior, and penalties, moved by one player.

    .. math:: \overline{\mathrm{likelihood}(x, D(z))} + \sum_i w_i \cdot \mathrm{divergence}_i
              + \ldots, \quad z \sim q(z | x)

    Arguments:
        body: Posterior, decoder and likelihood; the posterior gives a `Code`, as `Dirac` and
            `DiagonalGaussian` do.
        prior: What one samples codes from; one that is `ExPost` is fitted after the training.
        divergences: From the posterior, a draw and the prior to a scalar, by name.
        penalties: From a draw and the decoder to a scalar, by name.
        weights: Factor of each term by name; 1 if absent.
        optimizer: Makes the optimiser.
        rate: Factor on the learning rate, a number or a function of the round.
        after: A rule without gradient after each move.
        learns_prior: The player moves the prior too.
    """

    def __init__(
        self,
        body: Body,
        *,
        prior: Prior,
        optimizer: MakeOptimizer,
        divergences: Mapping[str, Divergence] | None = None,
        penalties: Mapping[str, Penalty] | None = None,
        weights: Mapping[str, float | Schedule] | None = None,
        rate: float | Schedule = 1.0,
        after: Callable[[], None] = lambda: None,
        learns_prior: bool = False,
    ) -> None:
        super().__init__(body)
        self.prior, self.divergences, self.penalties = prior, divergences or {}, penalties or {}
        self.weights, self.optimizer, self.rate = weights or {}, optimizer, rate
        # Those that keep a state are saved with the model.
        kept = [d for d in self.divergences.values() if isinstance(d, nn.Module)]
        self.kept = nn.ModuleList(kept)
        self.after, self.learns_prior = after, learns_prior

    def objective(self, x: Tensor, prior: Prior) -> tuple[Terms, Tensor]:
        """The terms of the objective against a prior, and the draws (B, m) that they are of."""
        code = self.posterior(x)
        z = code.sample()
        terms = {"reconstruction": self.likelihood(x, self.decoder(z)).mean()}
        terms |= {name: term(code, z, prior) for name, term in self.divergences.items()}
        return terms | {name: term(z, self.decoder) for name, term in self.penalties.items()}, z

    def fit(self, x: Tensor) -> Terms:
        """The terms of the objective."""
        return self.objective(x, self.prior)[0]

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
            return super().log_weights(x, draws)
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
