r"""Likelihoods: how far a decoder's output is from the data, per sample.

A decoder's output is unbounded; the likelihood owns the link to the mean of the data, a sigmoid for
images in [0, 1] and nothing for vectors. All values are summed over the entries of a sample.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from latentfit.checks import positive


class Likelihood(nn.Module, ABC):
    """A distance from data to a decoder's output.

    Arguments:
        bounded: A sigmoid brings the decoder's output into [0, 1]. Not for vectors, and not for a
            decoder that gives images in [0, 1] itself.

    Attributes:
        density: Whether the distance is a negative log-density in nats, constants included.
    """

    density: ClassVar[bool] = False

    def __init__(self, *, bounded: bool) -> None:
        super().__init__()
        self.bounded = bounded

    def mean(self, raw: Tensor) -> Tensor:
        """The mean of the data given a decoder's output (B, *shape), shape kept."""
        return raw.sigmoid() if self.bounded else raw

    @abstractmethod
    def forward(self, x: Tensor, raw: Tensor, present: Tensor | None = None) -> Tensor:
        """The distance of each sample, with shape (B,).

        Arguments:
            x: Data in the network's units, with shape (B, *shape).
            raw: The decoder's output, with the shape of `x`.
            present: 1 for entries that count, 0 for those that are missing, with the shape of `x`;
                all count where not given.
        """

    def settle(self, mean: Tensor) -> Tensor:
        """From the mean of the data to what data could be, shape kept: the mean itself as a rule.

        Arguments:
            mean: What `mean` gives, with shape (B, *shape).
        """
        return mean


class SquaredError(Likelihood):
    r"""Sum of squared errors.

    .. math:: \sum_d (x_d - \hat x_d)^2

    Example:
        >>> SquaredError(bounded=False)(torch.ones(2, 3), torch.zeros(2, 3))
        tensor([3., 3.])
    """

    def forward(self, x: Tensor, raw: Tensor, present: Tensor | None = None) -> Tensor:
        """The squared error of each sample, with shape (B,)."""
        return those(present, (x - self.mean(raw)).square()).flatten(1).sum(1)


class Bernoulli(Likelihood):
    r"""Cross-entropy, in nats.

    .. math:: -\sum_d x_d \log \hat x_d + (1 - x_d) \log (1 - \hat x_d)

    On grey values it is an objective, not a density: a bound made of it compares only with others
    made of it. Computed from the logits, where it stays finite; the sources clamp at 1e-8 instead.

    Arguments:
        logits: The decoder gives logits; else probabilities, which are held in [1e-7, 1 - 1e-7].
    """

    density = True

    def __init__(self, *, logits: bool = True) -> None:
        super().__init__(bounded=logits)

    def forward(self, x: Tensor, raw: Tensor, present: Tensor | None = None) -> Tensor:
        """The cross-entropy of each sample, with shape (B,)."""
        if self.bounded:
            loss = functional.binary_cross_entropy_with_logits(raw, x, reduction="none")
        else:
            raw = raw.clamp(1e-7, 1 - 1e-7)
            loss = -(x * raw.log() + (1 - x) * (-raw).log1p())
        return those(present, loss).flatten(1).sum(1)


class Gaussian(Likelihood):
    r"""Gaussian with one deviation gamma, fixed or learned: negative log-density in nats.

    .. math:: \frac{\sum_d (x_d - \hat x_d)^2}{2 \gamma^2} + D \log \gamma + \frac{D}{2} \log 2 \pi

    Arguments:
        bounded: As that of `Likelihood`.
        deviation: Start of gamma, positive and finite, in the units of the network.
        learned: Train log gamma by the same optimiser as the networks, as Dai & Wipf's code.

    Raises:
        UserError: `deviation` is not positive and finite.
    """

    density = True

    def __init__(self, *, bounded: bool, deviation: float = 1.0, learned: bool = False) -> None:
        super().__init__(bounded=bounded)
        positive("deviation", deviation, remedy="give one in the units of the network")
        start = torch.tensor(math.log(deviation))
        if learned:
            self.log_deviation = nn.Parameter(start)
        else:
            self.register_buffer("log_deviation", start)

    def forward(self, x: Tensor, raw: Tensor, present: Tensor | None = None) -> Tensor:
        """The negative log-density of each sample, with shape (B,)."""
        scaled = ((x - self.mean(raw)) * (-self.log_deviation).exp()).square()
        count = scaled[0].numel() if present is None else present.flatten(1).sum(1)
        return 0.5 * those(present, scaled).flatten(1).sum(1) + count * (
            self.log_deviation + 0.5 * math.log(2 * math.pi)
        )

    def draw(self, raw: Tensor) -> Tensor:
        """One draw from the Gaussian of each sample, shape kept."""
        mean = self.mean(raw)
        return mean + self.log_deviation.exp() * torch.randn_like(mean)


class OptimalGaussian(Likelihood):
    r"""Gaussian whose one deviation is the best for the batch: negative log-density in nats.

    .. math:: \log \sigma = \mathrm{softclip}\left(\tfrac12 \log \overline{(x - \hat x)^2}\right),
              \quad \mathrm{softclip}(a) = l + \mathrm{softplus}(a - l)

    with the mean over the whole batch and all entries; the gradient flows through sigma, so the
    loss becomes logarithmic in the squared error. In evaluation sigma is the running mean of the
    training's, so that a bound does not depend on its batch.

    Arguments:
        bounded: As that of `Likelihood`.
        low: l, below which log sigma hardly falls.

    References:
        | Simple and Effective VAE Training with Calibrated Decoders (Rybkin et al., 2021), Eq. 4
    """

    density = True
    running: Tensor

    def __init__(self, *, bounded: bool, low: float = -6.0) -> None:
        super().__init__(bounded=bounded)
        self.low = low
        self.register_buffer("running", torch.tensor(0.0))

    def forward(self, x: Tensor, raw: Tensor, present: Tensor | None = None) -> Tensor:
        """The negative log-density of each sample, with shape (B,)."""
        squared = those(present, (x - self.mean(raw)).square()).flatten(1)
        log_sigma = self.running
        if self.training:
            mean = squared.mean() if present is None else squared.sum() / present.sum().clamp_min(1)
            log_sigma = softclip(0.5 * mean.log(), self.low)
            with torch.no_grad():
                self.running.lerp_(log_sigma.detach().to(self.running.dtype), 0.01)
        scaled = 0.5 * squared * (-2 * log_sigma).exp()
        each = scaled + log_sigma + 0.5 * math.log(2 * math.pi)
        return those(None if present is None else present.flatten(1), each).sum(1)


def those(present: Tensor | None, each: Tensor) -> Tensor:
    """Entries that count, 0 for the others."""
    return each if present is None else each * present


def softclip(value: Tensor, low: float) -> Tensor:
    """A smooth maximum of a value and a lower end, shape kept.

    Example:
        >>> round(softclip(torch.tensor(-8.0), -6.0).item(), 4)
        -5.8731
    """
    return low + functional.softplus(value - low)
