"""A normal prior reweighed by a learned ratio: the implicit optimal prior."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from latentfit.checks import within
from latentfit.priors.base import Prior, parts
from latentfit.priors.normal import Normal

REACH = 30.0  # a ratio beyond exp(30) only says that the critic is too sure


class Ratio(nn.Module):
    r"""T(z), which learns :math:`\log q(z) / N(z; 0, I)` from codes and normal draws.

    Arguments:
        body: From codes (B, m) to hidden units.
        head: From hidden units to (B, 1).
        dropout: Share of hidden units that are dropped while T itself learns.
    """

    def __init__(self, body: nn.Module, head: nn.Module, *, dropout: float = 0.5) -> None:
        super().__init__()
        self.body, self.head, self.dropout = body, head, dropout

    def logits(self, z: Tensor) -> Tensor:
        """T of codes (B, m) with dropout, for its own player, with shape (B,)."""
        return self.head(functional.dropout(self.body(z), self.dropout)).squeeze(1)

    def forward(self, z: Tensor) -> Tensor:
        """T of codes (B, m) without dropout, held in [-30, 30], with shape (B,)."""
        return self.head(self.body(z)).squeeze(1).clamp(-REACH, REACH)


class Tilted(Prior):
    r"""The law with density proportional to :math:`N(z; 0, I) \, e^{T(z)}`.

    Drawn by sampling-importance-resampling: for each draw, one of `proposals` normal draws is taken
    with probability proportional to e^T. With few proposals, or T far from 0, draws stay too near
    to the normal law.

    Arguments:
        ratio: T.
        latent: Number of dimensions m.
        proposals: Normal draws for each draw.

    Raises:
        UserError: `proposals` is below 1.

    Example:
        >>> flat = Ratio(nn.Identity(), nn.Linear(2, 1))
        >>> Tilted(flat, 2, proposals=8).sample(3).shape
        torch.Size([3, 2])
    """

    def __init__(self, ratio: Ratio, latent: int, *, proposals: int = 1_000) -> None:
        super().__init__()
        within("proposals", proposals, 1)
        self._shared = (ratio,)  # the model owns it, and its weights are stored once
        self.normal, self.proposals = Normal(latent), proposals

    def sample(self, n: int) -> Tensor:
        """Draw n codes, with shape (n, m)."""
        (ratio,) = self._shared
        drawn = []
        for part in parts(n, 64):
            count = part.stop - part.start
            z = self.normal.sample(count * self.proposals)
            weights = ratio(z).reshape(count, self.proposals).softmax(1)
            pick = torch.multinomial(weights, 1).squeeze(1)
            rows = torch.arange(count, device=z.device) * self.proposals
            drawn.append(z[rows + pick])
        return torch.cat(drawn)
