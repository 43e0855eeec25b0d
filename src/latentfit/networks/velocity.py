"""A network that says where points move at a time."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

RATES = 4  # from half a turn over the whole time to 4 turns


class Velocity(nn.Module):
    """Residual dense blocks on points, each told the time; it starts at rest.

    Arguments:
        size: Entries of a point.
        units: Width of the blocks.
        blocks: Number of blocks, of two layers each.
        classes: Number of classes that it can be told; one more stands for none.

    Example:
        >>> Velocity(3, units=8)(torch.zeros(5, 3), torch.rand(5)).shape
        torch.Size([5, 3])
    """

    rates: Tensor

    def __init__(self, size: int, *, units: int = 256, blocks: int = 3, classes: int = 0) -> None:
        super().__init__()
        self.register_buffer("rates", math.pi * 2.0 ** torch.arange(RATES), persistent=False)
        self.enter = nn.Linear(size, units)
        self.time = nn.Sequential(nn.Linear(2 * RATES, units), nn.SiLU())
        self.label = nn.Embedding(classes + 1, units) if classes else None
        self.blocks = nn.ModuleList(_Block(units) for _ in range(blocks))
        self.leave = nn.Sequential(nn.LayerNorm(units), nn.SiLU(), _at_rest(nn.Linear(units, size)))

    def forward(self, u: Tensor, t: Tensor, label: Tensor | None = None) -> Tensor:
        """Velocities (B, size) of points (B, size) at times (B,) in [0, 1].

        `label` holds the numbers of classes (B,), where it knows any; their count stands for none,
        as does None.
        """
        angle = t[:, None] * self.rates
        told = self.time(torch.cat([angle.sin(), angle.cos()], dim=1))
        if self.label is not None:
            none = self.label.num_embeddings - 1
            told = told + self.label(told.new_full((1,), none).long() if label is None else label)
        h = self.enter(u)
        for block in self.blocks:
            h = block(h, told)
        return self.leave(h)


class _Block(nn.Module):
    def __init__(self, units: int) -> None:
        super().__init__()
        self.norm, self.told = nn.LayerNorm(units), nn.Linear(units, units)
        self.first, self.last = nn.Linear(units, units), _at_rest(nn.Linear(units, units))

    def forward(self, h: Tensor, told: Tensor) -> Tensor:
        inner = self.first(nn.functional.silu(self.norm(h))) + self.told(told)
        return h + self.last(nn.functional.silu(inner))


def _at_rest(layer: nn.Linear) -> nn.Linear:
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer
