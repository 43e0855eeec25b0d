"""The mask of MaskAAE and LMGAE: which latent dimensions are open."""

from __future__ import annotations

import torch
from torch import Tensor, nn

OPEN = 0.1
"""From here on a dimension counts as open [authors' code]."""


class Mask(nn.Module):
    r"""A factor in [0, 1) for each latent dimension.

    .. math:: \mu = 1 - \exp(-\alpha), \quad \alpha \geq 0

    Arguments:
        latent: Number of dimensions m.
        low: Lower end of the uniform start of alpha.
        high: Upper end, `a = 5` in the authors' code.

    References:
        | MaskAAE: Latent space optimization for Adversarial Auto-Encoders (Mondal et al., 2020),
          Section 4.2
        | Towards Latent Space Optimality for Auto-Encoder Based Generative Models
          (Mondal et al., 2019), Section 4

    Example:
        >>> mask = Mask(3)
        >>> mask.alpha.data = torch.tensor([0.0, 0.05, 3.0])
        >>> mask.active(), mask().shape
        (1, torch.Size([3]))
    """

    def __init__(self, latent: int, *, low: float = 0.0, high: float = 5.0) -> None:
        super().__init__()
        self.alpha = nn.Parameter(torch.empty(latent).uniform_(low, high))

    def forward(self) -> Tensor:
        """The factors mu, with shape (m,)."""
        return -torch.expm1(-self.alpha)

    @torch.no_grad()
    def project(self) -> None:
        """Set negative entries of alpha to 0, after each step."""
        self.alpha.clamp_(min=0.0)

    @torch.no_grad()
    def active(self, threshold: float = OPEN) -> int:
        """The number of dimensions with mu at or above `threshold`."""
        return int((self() >= threshold).sum())
