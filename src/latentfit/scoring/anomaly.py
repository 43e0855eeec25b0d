"""How unusual samples are to a model, with a chance that a usual one is as much so."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from latentfit import metrics
from latentfit.checks import UserError, within
from latentfit.data.base import Data, Split
from latentfit.models import Model
from latentfit.networks import evaluating
from latentfit.priors import Dense, GaussianMixture

KNOWN = 10_000  # training samples, at most, that say what is usual
COMPONENTS = 10  # of the mixture that stands for a prior without a density


@dataclass(frozen=True)
class Unusual:
    """What a `Detector` finds of N samples; each with shape (N,), float64, on the CPU.

    Attributes:
        error: Squared error of the reconstruction, a mean over entries in the network's units.
        surprise: Minus the log density of the code, in nats.
        score: How unusual both are together, at least 0.
        p: Chance that a usual sample scores as high.
    """

    error: Tensor
    surprise: Tensor
    score: Tensor
    p: Tensor


class Detector:
    r"""Tells unusual samples by how badly they are reconstructed and how rare their codes are.

    .. math:: s(x) = \sqrt{\max(0, a(\log e))^2 + \max(0, a(-\log p(z)))^2}, \quad
              p(x) = \frac{1 + \#\{i : s(x_i) \ge s(x)\}}{n + 1}

    with e the squared error, z the mean code, a(v) the distance of v from its median over training
    samples, in deviations (1.48 times the median distance), and x_i the n samples that were held
    out: validation and test split. If a sample is drawn as these are, its p is at most q with a
    chance of at most q, whatever the model is worth; so alarms at p <= q are false at a rate of q.

    The density is the prior's where it has one, else that of a mixture of ten Gaussians, fitted to
    the training codes.

    Arguments:
        model: With an encoder, trained.
        data: What it was trained on.
        seed: Of the mixture.

    Raises:
        UserError: The model has no encoder, or fewer than 20 samples were held out.

    References:
        | Algorithmic Learning in a Random World (Vovk et al., 2005), Section 2.2: p-values

    Example:
        >>> import latentfit as lf
        >>> data = lf.data.load("synthetic:n=2")
        >>> model = lf.recipe("ae", data, latent=2, width=1 / 16)
        >>> model = lf.refit(model, data, "gaussian", rounds=1)
        >>> found = Detector(model, data).judge(100 * data.test.first(3))
        >>> bool((found.p < 0.001).all())
        True
    """

    def __init__(self, model: Model, data: Data, *, seed: int = 0) -> None:
        if not model.encodes:
            raise UserError("the model has no encoder, so it cannot tell how unusual a sample is.")
        self.held = len(data.validation) + len(data.test)
        if self.held < 20:
            raise UserError(
                f"p-values need 20 held-out samples at least, '{data.name}' has {self.held} in its "
                "validation and test split; train with more of them held out."
            )
        self.model = model
        known = data.train.some(KNOWN)
        self._density = _density(model, known, seed)
        error, surprise = self._raw(known)
        self._error, self._surprise = _Usual(_log(error)), _Usual(surprise)
        parts = [self._score(*self._raw(_whole(s))) for s in (data.validation, data.test) if len(s)]
        self._scores = torch.cat(parts).sort().values

    def judge(self, x: Tensor) -> Unusual:
        """What it finds of samples (N, *shape), in the network's units."""
        error, surprise = self._raw(x)
        score = self._score(error, surprise)
        above = self.held - torch.searchsorted(self._scores, score)
        return Unusual(error, surprise, score, (1 + above) / (self.held + 1))

    def must_reach(self, rate: float) -> None:
        """Raise for a rate of false alarms that held-out samples are too few for.

        An alarm is a p of at most the rate.

        Raises:
            UserError: The rate is not in 0 to 1, or so low that no p can be as low.
        """
        within("rate", rate, 0.0, 1.0)
        if rate < 1 / (self.held + 1):
            raise UserError(
                f"of {self.held} held-out samples no p is below {1 / (self.held + 1):.2g}, got a "
                f"rate of false alarms of {rate:g}; raise it, or hold out more."
            )

    @torch.no_grad()
    def _raw(self, x: Tensor) -> tuple[Tensor, Tensor]:
        errors, surprises = [], []
        with evaluating(self.model):
            for part in x.split(512):
                seen = part.to(self.model.device)
                z = self.model.encode(seen)
                errors.append(metrics.errors(seen, self.model.decode(z)).cpu())
                surprises.append(-self._density.log_density(z).double().cpu())
        return torch.cat(errors), torch.cat(surprises)

    def _score(self, error: Tensor, surprise: Tensor) -> Tensor:
        return torch.hypot(self._error.away(_log(error)), self._surprise.away(surprise))


class _Usual:
    """Median and deviation of something over usual samples."""

    def __init__(self, values: Tensor) -> None:
        self.middle = values.median()
        self.deviation = (1.4826 * (values - self.middle).abs().median()).clamp_min(1e-12)

    def away(self, values: Tensor) -> Tensor:
        """How far above the median, in deviations, at least 0."""
        return ((values - self.middle) / self.deviation).clamp_min(0)


def _log(error: Tensor) -> Tensor:
    return error.clamp_min(1e-12).log()


def _whole(split: Split) -> Tensor:
    return torch.cat([part.cpu() for part in split.chunks()])


def _density(model: Model, known: Tensor, seed: int) -> Dense:
    prior = model.prior
    if isinstance(prior, Dense):
        return prior
    with evaluating(model), torch.no_grad():
        z = torch.cat([model.encode(part.to(model.device)) for part in known.split(512)])
    mixture = GaussianMixture(model.latent, components=min(COMPONENTS, len(z) // 20 + 1))
    mixture.fit(z.cpu(), seed=seed)
    return mixture.to(model.device)
