"""Flows: a posterior that is more than a diagonal Gaussian."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.nn.functional import logsigmoid, softplus

from latentfit.networks import MADE
from latentfit.posteriors.base import Code, DiagonalGaussian


class AutoregressiveStep(nn.Module):
    r"""A gated inverse autoregressive step; the order of the dimensions is reversed after it.

    .. math:: z' = a z + (1 - a) m, \quad a = \sigma(r + 1.5), \quad
              \log |\det| = \sum_j \log a_j

    with (m, r) from a `MADE` of z.

    Arguments:
        latent: Number of dimensions.
        hidden: Width of each hidden layer of the MADE.
    """

    def __init__(self, latent: int, *, hidden: tuple[int, ...] = (512, 512)) -> None:
        super().__init__()
        self.made = MADE(latent, hidden=hidden)

    def forward(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """From codes (B, m) to codes (B, m) and the log-determinant (B,)."""
        shift, raw = self.made(z)
        log_gate = logsigmoid(raw + 1.5)
        gate = log_gate.exp()
        return (gate * z + (1 - gate) * shift).flip(1), log_gate.sum(1)


class PlanarStep(nn.Module):
    r"""A planar step.

    .. math:: z' = z + \hat u \tanh(w \cdot z + b), \quad
              \log |\det| = \log |1 + (1 - \tanh^2) \, w \cdot \hat u|

    with :math:`\hat u = u + (\mathrm{softplus}(w \cdot u) - 1 - w \cdot u) \, w / \|w\|^2`,
    which keeps it invertible.

    Arguments:
        latent: Number of dimensions.
    """

    def __init__(self, latent: int) -> None:
        super().__init__()
        self.u = nn.Parameter(0.01 * torch.randn(latent))
        self.w = nn.Parameter(torch.randn(latent) / latent**0.5)
        self.b = nn.Parameter(torch.zeros(()))

    def forward(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """From codes (B, m) to codes (B, m) and the log-determinant (B,)."""
        along = self.w @ self.u
        u = self.u + (softplus(along) - 1 - along) * self.w / self.w.square().sum()
        bend = torch.tanh(z @ self.w + self.b)
        determinant = 1 + (1 - bend.square()) * (self.w @ u)
        return z + bend[:, None] * u, determinant.abs().log()


@dataclass(frozen=True)
class FlowCode(Code):
    """Diagonal Gaussians (mean, scale) pushed through a flow; knows its last draw's density.

    Attributes:
        steps: The flow, each from codes (B, m) to codes (B, m) and the log-determinant (B,).
    """

    steps: tuple[nn.Module, ...] = ()
    _last: list[tuple[Tensor, Tensor]] = field(default_factory=list, init=False)

    def centre(self) -> Tensor:
        """The Gaussians' means after the flow, with shape (B, m)."""
        return self._push(self.mean)[0]

    def sample(self) -> Tensor:
        """One reparametrised draw for each data point, with shape (B, m)."""
        base = super().sample()
        z, stretch = self._push(base)
        self._last[:] = [(z, super().log_density(base) - stretch)]
        return z

    def log_density(self, z: Tensor) -> Tensor:
        """Log q(z | x) of the last draw in nats, with shape (B,); the inverse is not computed.

        Raises:
            ValueError: `z` is not what `sample` gave last.
        """
        if not self._last or self._last[0][0] is not z:
            raise ValueError("a flow knows the density of its last draw only")
        return self._last[0][1]

    def _push(self, z: Tensor) -> tuple[Tensor, Tensor]:
        # Codes may have been brought to another device; the flow stays where the model is.
        home, at = z.device, next((p.device for s in self.steps for p in s.parameters()), z.device)
        z, stretch = z.to(at), torch.zeros(z.shape[0], device=at, dtype=z.dtype)
        for step in self.steps:
            z, more = step(z)
            stretch = stretch + more
        return z.to(home), stretch.to(home)


class Flow(nn.Module):
    """An encoder to diagonal Gaussians, each pushed through one flow.

    Samples of the model are decoded from the prior: the flow belongs to the posterior alone.

    Arguments:
        base: From samples to diagonal Gaussians.
        steps: The flow: `AutoregressiveStep` or `PlanarStep`.

    References:
        | Improving Variational Inference with Inverse Autoregressive Flow (Kingma et al., 2016)
        | Variational Inference with Normalizing Flows (Rezende & Mohamed, 2015)
    """

    def __init__(self, base: DiagonalGaussian, *steps: nn.Module) -> None:
        super().__init__()
        self.base, self.steps = base, nn.ModuleList(steps)

    def forward(self, x: Tensor) -> FlowCode:
        """From samples (B, *shape) to a Gaussian each, pushed through the flow."""
        code = self.base(x)
        return FlowCode(code.mean, code.scale, tuple(self.steps))
