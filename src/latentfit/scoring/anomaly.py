"""How unusual samples are to a model, with a chance that a usual one is as much so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self, cast

import torch
from torch import Tensor
from torch.nn import functional

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


@dataclass(frozen=True)
class Usual:
    r"""What is usual to a model by training samples: error, surprise, and both together.

    .. math:: s(x) = \sqrt{a(\log e)^2 + a(-\log p(z))^2}, \quad a(v) = \log(1 + e^{d(v)})

    with e the squared error, z the mean code, and d(v) how far v lies above its median over
    training samples, in deviations (1.48 times the median distance): a is d for what is far, and
    still tells what lies below from what lies lower. The density is the prior's where it has one,
    else that of a mixture of ten Gaussians, fitted to the training codes.

    Attributes:
        error: Median and deviation of log e, float64 with shape (2,), on the CPU.
        surprise: The same of -log p(z).
        mixture: What stands for the prior's density; None where it has one.

    Example:
        >>> import latentfit as lf
        >>> data = lf.data.load("synthetic:n=2")
        >>> model = lf.recipe("flexae", data, latent=2, width=1 / 16)
        >>> usual = Usual.of(model, data.train.some(100))
        >>> x = data.test.first(3)
        >>> again = Usual.from_tensors(usual.to_tensors())
        >>> bool((again.judge(model, x)[2] == usual.judge(model, x)[2]).all())
        True
    """

    error: Tensor
    surprise: Tensor
    mixture: GaussianMixture | None

    @classmethod
    def of(cls, model: Model, known: Tensor, *, seed: int = 0) -> Self:
        """What is usual by training samples.

        Arguments:
            model: With an encoder, trained.
            known: Training samples (N, *shape), in the network's units.
            seed: Of the mixture.

        Raises:
            UserError: The model has no encoder.
        """
        if not model.encodes:
            raise UserError("the model has no encoder, so it cannot tell how unusual a sample is.")
        mixture = None if isinstance(model.prior, Dense) else _mixture(model, known, seed)
        error, surprise = _measured(model, known, mixture)
        return cls(_middle(_log(error)), _middle(surprise), mixture)

    def judge(self, model: Model, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Error, surprise and score of samples (N, *shape), each float64 (N,) on the CPU."""
        error, surprise = _measured(model, x, self.mixture)
        score = torch.hypot(_away(_log(error), self.error), _away(surprise, self.surprise))
        return error, surprise, score

    def to_tensors(self) -> dict[str, Tensor]:
        """All of it by name, as a file holds it."""
        held = {} if self.mixture is None else self.mixture.state_dict(prefix="mixture.")
        mixture = {name: value.cpu() for name, value in held.items()}
        return {"error": self.error, "surprise": self.surprise, **mixture}

    @classmethod
    def from_tensors(cls, told: Mapping[str, Tensor]) -> Self:
        """What `to_tensors` told."""
        mixture = None
        if "mixture.means" in told:
            components, latent = told["mixture.means"].shape
            mixture = GaussianMixture(latent, components=components)
            mixture.load_state_dict({n: told[f"mixture.{n}"] for n in mixture.state_dict()})
        return cls(told["error"], told["surprise"], mixture)


class Detector:
    r"""Tells unusual samples by how badly they are reconstructed and how rare their codes are.

    .. math:: p(x) = \frac{1 + \#\{i : s(x_i) \ge s(x)\}}{n + 1}

    with s the score of `Usual`, and x_i the n samples that were held out: validation and test
    split. If a sample is drawn as these are, its p is at most q with a chance of at most q,
    whatever the model is worth; so alarms at p <= q are false at a rate of q.

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
        self.held = len(data.validation) + len(data.test)
        if self.held < 20:
            raise UserError(
                f"p-values need 20 held-out samples at least, '{data.name}' has {self.held} in its "
                "validation and test split; train with more of them held out."
            )
        known = data.train.some(KNOWN)
        self.model = model
        self.usual = Usual.of(model, known, seed=seed)
        self._errors = _entries(model, known).mean(0) if known.dim() == 2 else None
        held = [_whole(split) for split in (data.validation, data.test) if len(split)]
        self._scores = torch.cat([self.usual.judge(model, x)[2] for x in held]).sort().values

    def judge(self, x: Tensor) -> Unusual:
        """What it finds of samples (N, *shape), in the network's units.

        One with an entry that is not finite, as of a cell that the training never had, is more
        unusual than all others: its error, surprise and score are infinite.
        """
        whole = x.flatten(1).isfinite().all(1).cpu()
        found = torch.full((3, len(x)), torch.inf, dtype=torch.float64)
        known = torch.stack(self.usual.judge(self.model, x[whole.to(x.device)]))
        found[:, whole] = known.nan_to_num(nan=torch.inf)  # of what a network makes too much of
        above = self.held - torch.searchsorted(self._scores, found[2])
        error, surprise, score = found
        return Unusual(error, surprise, score, (1 + above) / (self.held + 1))

    def entries(self, x: Tensor) -> Tensor:
        """Of each vector (N, d), the entry that is least as usual: long, with shape (N,).

        That whose squared error is the largest multiple of its mean over training samples, or the
        first that is not finite; -1 where none is finite.
        """
        if self._errors is None:
            raise TypeError(f"samples have shape {tuple(x.shape[1:])}; entries are of vectors.")
        finite = x.isfinite()
        shares = _entries(self.model, x.where(finite, 0.0)) / self._errors.clamp_min(1e-12)
        found = shares.nan_to_num().masked_fill(~finite.cpu(), torch.inf).argmax(1)
        return found.masked_fill(~finite.any(1).cpu(), -1)

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


def _middle(values: Tensor) -> Tensor:
    """Median and deviation, which is never 0."""
    middle = values.median()
    deviation = (1.4826 * (values - middle).abs().median()).clamp_min(1e-12)
    return torch.stack([middle, deviation])


def _away(values: Tensor, usual: Tensor) -> Tensor:
    """How far above the median, in deviations, softly at least 0."""
    middle, deviation = usual
    return functional.softplus((values - middle) / deviation)


def _log(error: Tensor) -> Tensor:
    return error.clamp_min(1e-12).log()


def _whole(split: Split) -> Tensor:
    return torch.cat([part.cpu() for part in split.chunks()])


@torch.no_grad()
def _measured(model: Model, x: Tensor, mixture: GaussianMixture | None) -> tuple[Tensor, Tensor]:
    """Squared error, and minus the log density of the code, of each sample."""
    density = model.prior if mixture is None else mixture.to(model.device)
    errors, surprises = [], []
    with evaluating(model):
        for part in x.split(512):
            seen = part.to(model.device)
            z = model.encode(seen)
            errors.append(metrics.errors(seen, model.decode(z)).cpu())
            surprises.append(-cast(Dense, density).log_density(z).double().cpu())
    return torch.cat(errors), torch.cat(surprises)


@torch.no_grad()
def _entries(model: Model, x: Tensor) -> Tensor:
    """Squared errors (N, d) of the entries of vectors."""
    with evaluating(model):
        parts = [(part - model.reconstruct(part)).double().square().cpu()
                 for part in x.to(model.device).split(512)]  # fmt: skip
    return torch.cat(parts) if parts else torch.empty(x.shape, dtype=torch.float64)


def _mixture(model: Model, known: Tensor, seed: int) -> GaussianMixture:
    with evaluating(model), torch.no_grad():
        z = torch.cat([model.encode(part.to(model.device)) for part in known.split(512)])
    mixture = GaussianMixture(model.latent, components=min(COMPONENTS, len(z) // 20 + 1))
    mixture.fit(z.cpu(), seed=seed)
    return mixture
