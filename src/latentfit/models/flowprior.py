"""A masked autoregressive flow as a prior, trained on the codes of a trained encoder."""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
from torch import Tensor, nn

from latentfit.game import Player, Terms, Turn
from latentfit.models.base import Learned, Learner
from latentfit.networks import MADE
from latentfit.optimizers import adam

REACH = 3.0  # of a step's log-scale, so that no step can blow up


class CodeFlow(Learner):
    r"""Density of codes through affine autoregressive steps.

    .. math:: u_j = (z_j - t_j(z_{<j})) \, e^{-a_j(z_{<j})}, \quad
              \log p(z) = \log N(u; 0, I) - \sum_j a_j

    for each step, whose order of the dimensions is the reverse of the one before. Codes are
    standardised first, by the mean and deviation of those it is trained on.

    Arguments:
        latent: Number of dimensions m.
        steps: Number of steps.
        hidden: Width of each hidden layer of a step.
        rate: Learning rate.

    References:
        | Masked Autoregressive Flow for Density Estimation (Papamakarios et al., 2017), Eq. 3-5

    Example:
        >>> flow = CodeFlow(3, steps=2, hidden=(8,))
        >>> z = torch.randn(5, 3)
        >>> torch.allclose(flow.decode(flow.noise(z)[0]), z, atol=1e-5)
        True
    """

    shift: Tensor
    scale: Tensor

    def __init__(
        self,
        latent: int,
        *,
        steps: int = 5,
        hidden: tuple[int, ...] = (512, 512),
        rate: float = 1e-3,
        batch: int = 128,
    ) -> None:
        super().__init__(batch=batch, average=0.999)
        self.steps = nn.ModuleList(MADE(latent, hidden=hidden) for _ in range(steps))
        self.rate = rate
        self.register_buffer("shift", torch.zeros(latent))
        self.register_buffer("scale", torch.ones(latent))

    def standardise(self, codes: Tensor) -> None:
        """Take mean and deviation of codes (N, m); closed dimensions keep deviation 1."""
        self.shift.copy_(codes.mean(0))
        deviation = codes.std(0)
        self.scale.copy_(torch.where(deviation > 1e-6, deviation, torch.ones_like(deviation)))

    def noise(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """From codes (B, m) to their noise (B, m), and the log-determinant (B,)."""
        u = (z - self.shift) / self.scale
        stretch = -self.scale.log().sum().expand(len(z))
        for step in self.steps:
            shift, a = self._affine(step, u)
            u, stretch = ((u - shift) * (-a).exp()).flip(1), stretch - a.sum(1)
        return u, stretch

    def decode(self, u: Tensor) -> Tensor:
        """From noise (B, m) to codes (B, m), one dimension after the other."""
        for step in reversed(self.steps):
            u = u.flip(1)
            z = torch.zeros_like(u)
            for place in range(u.shape[1]):
                shift, a = self._affine(step, z)
                z[:, place] = shift[:, place] + u[:, place] * a[:, place].exp()
            u = z
        return self.shift + self.scale * u

    def log_density(self, z: Tensor) -> Tensor:
        """Log p(z) in nats, with shape (B,)."""
        u, stretch = self.noise(z)
        return stretch - 0.5 * (u.square() + math.log(2 * math.pi)).sum(1)

    def fit(self, codes: Tensor) -> Terms:
        """How surprising the codes are, in nats."""
        return {"surprise": -self.log_density(codes).mean()}

    def turns(self) -> Iterator[Turn]:
        """One player."""
        yield Turn(prior=Player(terms=self.fit, owns=(self.steps,), optimizer=adam(self.rate)))

    @staticmethod
    def _affine(step: nn.Module, z: Tensor) -> tuple[Tensor, Tensor]:
        shift, raw = step(z)
        return shift, REACH * (raw / REACH).tanh()


class FlowPrior(Learned[CodeFlow]):
    """The law of a flow's codes.

    Arguments:
        model: The flow.
    """

    def __init__(self, model: CodeFlow) -> None:
        super().__init__(model, longer=0.25)

    def begin(self, codes: Tensor) -> None:
        """Standardise by these codes (N, m)."""
        self.model.standardise(codes)

    def sample(self, n: int) -> Tensor:
        """Draw n codes, with shape (n, m)."""
        shift = self.model.shift
        return self.model.decode(torch.randn(n, len(shift), device=shift.device))

    def log_density(self, z: Tensor) -> Tensor:
        """Log p(z) in nats, with shape (B,)."""
        return self.model.log_density(z)
