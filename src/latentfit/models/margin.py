"""How far a divergence is pushed up: a multiple of what data have."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from latentfit.checks import UserError


class Margin(nn.Module):
    r"""How high the divergence of made samples is pushed.

    .. math:: M = f \, \overline{\mathrm{KL}(x)}

    with the mean over the last rounds of the warm-up (an exponential one over a hundred), or a
    number.

    Arguments:
        warmup: Rounds after which the mean stands still.
        factor: f.
        fixed: M in nats; None finds it from the data.

    Raises:
        UserError: M is to be found, but there is no warm-up to find it in.

    Example:
        >>> margin = Margin(warmup=1, factor=1.5)
        >>> margin.note(torch.tensor(8.0))
        >>> margin.grow_older()
        >>> margin.note(torch.tensor(99.0))
        >>> margin()
        tensor(12.)
    """

    level: Tensor
    played: Tensor

    def __init__(self, *, warmup: int, factor: float = 1.5, fixed: float | None = None) -> None:
        super().__init__()
        if fixed is None and warmup < 1:
            raise UserError("'margin' needs a warm-up to be found in; set it, or 'warmup' to >= 1.")
        self.warmup, self.factor, self.fixed = warmup, factor, fixed
        self.register_buffer("level", torch.tensor(0.0))
        self.register_buffer("played", torch.tensor(0))

    def forward(self) -> Tensor:
        """M in nats, a scalar."""
        if self.fixed is not None:
            return torch.full_like(self.level, self.fixed)
        return self.factor * self.level

    @torch.no_grad()
    def note(self, divergence: Tensor) -> None:
        """Take in the mean divergence of a batch of data, in nats, while the warm-up lasts."""
        share = 1 / (1 + self.played).clamp(max=100)  # a plain mean at first
        share = torch.where(self.played < self.warmup, share, torch.zeros_like(share))
        self.level.lerp_(divergence.detach().to(self.level), share)

    @torch.no_grad()
    def grow_older(self) -> None:
        """One more round."""
        self.played += 1
