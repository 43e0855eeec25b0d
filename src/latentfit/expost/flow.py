"""A masked autoregressive flow as a density of codes."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from latentfit.expost.density import CodeDensity, bounded
from latentfit.networks import MADE


class CodeFlow(CodeDensity):
    r"""Density of codes through affine autoregressive steps.

    .. math:: u_j' = (u_j - t_j(u_{<j})) \, e^{-a_j(u_{<j})}, \quad
              \log q(u) = \log N(u'; 0, I) - \sum_j a_j

    for each step, whose order of the dimensions is the reverse of the one before.

    Arguments:
        latent: Number of dimensions m.
        steps: Number of steps.
        hidden: Width of each hidden layer of a step.
        rate: Learning rate.

    References:
        | Masked Autoregressive Flow for Density Estimation (Papamakarios et al., 2017), Eq. 3-5

    Example:
        >>> flow = CodeFlow(3, steps=2, hidden=(8,))
        >>> u = torch.randn(5, 3)
        >>> torch.allclose(flow.decode(flow.noise(u)[0]), u, atol=1e-5)
        True
    """

    def __init__(
        self,
        latent: int,
        *,
        steps: int = 5,
        hidden: tuple[int, ...] = (512, 512),
        rate: float = 1e-3,
    ) -> None:
        super().__init__(latent, rate=rate)
        self.steps = nn.ModuleList(MADE(latent, hidden=hidden) for _ in range(steps))

    def noise(self, u: Tensor) -> tuple[Tensor, Tensor]:
        """From standardised codes (B, m) to their noise (B, m), and the log-determinant (B,)."""
        stretch = u.new_zeros(len(u))
        for step in self.steps:
            shift, a = _affine(step, u)
            u, stretch = ((u - shift) * (-a).exp()).flip(1), stretch - a.sum(1)
        return u, stretch

    def decode(self, noise: Tensor) -> Tensor:
        """From noise (B, m) to standardised codes (B, m), one dimension after the other."""
        for step in reversed(self.steps):
            noise = noise.flip(1)
            u = torch.zeros_like(noise)
            for place in range(noise.shape[1]):
                shift, a = _affine(step, u)
                u[:, place] = shift[:, place] + noise[:, place] * a[:, place].exp()
            noise = u
        return noise

    def standard_density(self, u: Tensor) -> Tensor:
        """Log q(u) in nats, with shape (B,)."""
        noise, stretch = self.noise(u)
        return stretch - 0.5 * (noise.square() + math.log(2 * math.pi)).sum(1)

    @torch.no_grad()
    def standard_draw(self, n: int) -> Tensor:
        """Draw n standardised codes, with shape (n, m)."""
        return self.decode(torch.randn(n, len(self.shift), device=self.shift.device))


def _affine(step: nn.Module, u: Tensor) -> tuple[Tensor, Tensor]:
    shift, raw = step(u)
    return shift, bounded(raw)
