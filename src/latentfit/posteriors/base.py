"""Posteriors: from a data point to the law of its code."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Self, TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional

Kind = TypeVar("Kind", bound="Code")


@dataclass(frozen=True)
class Code:
    """The law of a batch of codes: a point each, or a diagonal Gaussian each.

    Attributes:
        mean: With shape (B, m).
        scale: Standard deviations, with shape (B, m); None for a point.
    """

    mean: Tensor
    scale: Tensor | None = None

    def __len__(self) -> int:
        """The number of codes."""
        return len(self.mean)

    def __getitem__(self, places: Tensor) -> Self:
        """The codes at some places: indices, or booleans with shape (B,)."""
        return self._each(lambda rows: rows[places])

    def to(self, device: torch.device | str) -> Self:
        """The same codes on a device."""
        return self._each(lambda rows: rows.to(device))

    @staticmethod
    def join(parts: Sequence[Kind]) -> Kind:
        """One batch of the codes of several, one at least, all of one kind."""
        scales = [part.scale for part in parts if part.scale is not None]
        mean = torch.cat([part.mean for part in parts])
        return replace(parts[0], mean=mean, scale=torch.cat(scales) if scales else None)

    def centre(self) -> Tensor:
        """The code of each data point without noise, with shape (B, m)."""
        return self.mean

    def sample(self) -> Tensor:
        """One reparametrised draw for each data point, with shape (B, m)."""
        if self.scale is None:
            return self.mean
        return self.mean + self.scale * torch.randn_like(self.mean)

    def log_density(self, z: Tensor) -> Tensor:
        """Log q(z | x) in nats of codes (B, m), with shape (B,); only for Gaussians.

        Raises:
            TypeError: The codes are points.

        Example:
            >>> Code(torch.zeros(1, 2), torch.ones(1, 2)).log_density(torch.zeros(1, 2))
            tensor([-1.8379])
        """
        if self.scale is None:
            raise TypeError("a point has no density")
        law = torch.distributions.Normal(self.mean, self.scale, validate_args=False)
        return law.log_prob(z).sum(1)

    def _each(self, change: Callable[[Tensor], Tensor]) -> Self:
        scale = None if self.scale is None else change(self.scale)
        return replace(self, mean=change(self.mean), scale=scale)


class Dirac(nn.Module):
    """A deterministic encoder.

    Arguments:
        network: From (B, *shape) to (B, m).
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: Tensor) -> Code:
        """From samples (B, *shape) to a point each."""
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
        """From samples (B, *shape) to a Gaussian each."""
        mean, raw = self.network(x).chunk(2, dim=1)
        return Code(mean, raw.exp() if self.log_scale else functional.softplus(raw) + 1e-6)
