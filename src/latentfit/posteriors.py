"""Posteriors: from a data point to the law of its code."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional


@dataclass(frozen=True)
class Code:
    """The law of a batch of codes: a point each, or a diagonal Gaussian each.

    Attributes:
        mean: With shape (B, m).
        scale: Standard deviations, with shape (B, m); None for a point.
    """

    mean: Tensor
    scale: Tensor | None = None

    def sample(self) -> Tensor:
        """One reparametrised draw for each data point, with shape (B, m)."""
        if self.scale is None:
            return self.mean
        return self.mean + self.scale * torch.randn_like(self.mean)

    def log_density(self, z: Tensor) -> Tensor:
        """Log q(z | x) in nats, with shape (B,); only for Gaussians.

        Example:
            >>> Code(torch.zeros(1, 2), torch.ones(1, 2)).log_density(torch.zeros(1, 2))
            tensor([-1.8379])
        """
        if self.scale is None:
            raise TypeError("a point has no density")
        law = torch.distributions.Normal(self.mean, self.scale, validate_args=False)
        return law.log_prob(z).sum(1)


class Dirac(nn.Module):
    """A deterministic encoder.

    Arguments:
        network: From (B, *shape) to (B, m).
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: Tensor) -> Code:
        """The code of each data point."""
        return Code(self.network(x))


class DiagonalGaussian(nn.Module):
    """An encoder to diagonal Gaussians, with `s = 1e-6 + softplus(raw)` (Dai & Wipf).

    Arguments:
        network: From (B, *shape) to (B, 2m): means, then raw scales.
        log_scale: The second half is log s instead (second stage of Dai & Wipf).
    """

    def __init__(self, network: nn.Module, *, log_scale: bool = False) -> None:
        super().__init__()
        self.network, self.log_scale = network, log_scale

    def forward(self, x: Tensor) -> Code:
        """The Gaussian of each data point."""
        mean, raw = self.network(x).chunk(2, dim=1)
        return Code(mean, raw.exp() if self.log_scale else functional.softplus(raw) + 1e-6)
