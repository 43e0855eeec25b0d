"""The standard normal prior."""

from __future__ import annotations

import torch
from torch import Tensor

from latentfit.priors.base import Prior


class Normal(Prior):
    r"""A fixed Gaussian N(0, s^2 I).

    Arguments:
        latent: Number of dimensions m.
        deviation: s.

    Example:
        >>> Normal(4).sample(2).shape
        torch.Size([2, 4])
    """

    deviation: Tensor

    def __init__(self, latent: int, *, deviation: float = 1.0) -> None:
        super().__init__()
        self.latent, self.spread = latent, deviation  # told apart by it, also where it is a tensor
        self.register_buffer("deviation", torch.tensor(deviation))

    def sample(self, n: int) -> Tensor:
        """Draw n codes, with shape (n, m)."""
        return self.deviation * torch.randn(n, self.latent, device=self.deviation.device)

    def log_density(self, z: Tensor) -> Tensor:
        """Log p(z) in nats of codes (B, m), with shape (B,)."""
        law = torch.distributions.Normal(0.0, self.deviation, validate_args=False)
        return law.log_prob(z).sum(1)
