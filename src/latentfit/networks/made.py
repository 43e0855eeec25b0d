"""A masked network whose outputs for a dimension see only the dimensions before it (MADE)."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional


class MaskedLinear(nn.Linear):
    """A dense layer with a fixed mask on its weight.

    Arguments:
        mask: Which inputs an output sees, with shape (outputs, inputs).
    """

    mask: Tensor

    def __init__(self, mask: Tensor) -> None:
        super().__init__(mask.shape[1], mask.shape[0])
        self.register_buffer("mask", mask.float())

    def forward(self, input: Tensor) -> Tensor:
        """From (B, inputs) to (B, outputs)."""
        return functional.linear(input, self.mask * self.weight, self.bias)


class MADE(nn.Module):
    """Some numbers for each dimension, from the dimensions before it; the first sees biases only.

    Inputs have degrees 0 to m - 1, hidden unit k has degree k mod (m - 1); a unit sees those of its
    own degree and below, an output those strictly below. The last layer starts at 0.

    Arguments:
        latent: Number of dimensions m.
        hidden: Width of each hidden layer.
        outputs: Numbers for each dimension.

    References:
        | MADE: Masked Autoencoder for Distribution Estimation (Germain et al., 2015)

    Example:
        >>> shift, scale = MADE(3, hidden=(8,))(torch.zeros(2, 3))
        >>> shift.shape, scale.shape
        (torch.Size([2, 3]), torch.Size([2, 3]))
    """

    def __init__(
        self, latent: int, *, hidden: tuple[int, ...] = (512, 512), outputs: int = 2
    ) -> None:
        super().__init__()
        degrees = [torch.arange(latent)]
        degrees += [torch.arange(width) % max(1, latent - 1) for width in hidden]
        layers: list[nn.Module] = []
        for below, above in pairwise(degrees):
            layers += [MaskedLinear(above[:, None] >= below[None]), nn.ReLU()]
        last = MaskedLinear(torch.arange(latent).repeat(outputs)[:, None] > degrees[-1][None])
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)
        self.layers = nn.Sequential(*layers, last)
        self.outputs = outputs

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """From (B, m) to `outputs` tensors (B, m)."""
        return self.layers(x).chunk(self.outputs, dim=1)
