"""A divergence that is held at a capacity which grows during the training."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from latentfit.divergences.base import Divergence
from latentfit.posteriors import Code
from latentfit.priors import Prior


class Capacity(nn.Module):
    r"""Distance of a divergence from a target that grows linearly.

    .. math:: | \mathrm{KL} - C(t) |, \quad C(t) = C_{\max} \min(1, t / T)

    Arguments:
        divergence: From a posterior, a draw and the prior to a scalar in nats.
        most: C_max, in nats.
        over: T, in moves of the player.

    References:
        | Understanding disentangling in beta-VAE (Burgess et al., 2018), Eq. 8

    Example:
        >>> capacity = Capacity(lambda code, z, prior: torch.tensor(3.0), 10.0, over=4)
        >>> capacity.grow()
        >>> capacity(None, None, None)
        tensor(0.5000)
    """

    target: Tensor

    def __init__(self, divergence: Divergence, most: float, *, over: int) -> None:
        super().__init__()
        self.divergence, self.most, self.over = divergence, most, over
        self.register_buffer("target", torch.tensor(0.0))

    def forward(self, code: Code, z: Tensor, prior: Prior) -> Tensor:
        """Distance of the divergence from the present target, a scalar in nats."""
        return (self.divergence(code, z, prior) - self.target).abs()

    @torch.no_grad()
    def grow(self) -> None:
        """Raise the target by one move's share."""
        self.target.add_(self.most / self.over).clamp_(max=self.most)
