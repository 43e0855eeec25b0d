"""Fully connected networks, for vectors and for latent players."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import torch
from torch import Tensor, nn

from latentfit.networks.layers import (
    PixelNorm,
    Reshape,
    equalised,
    glorot_normal,
    glorot_uniform,
    scaled,
)


class MLP(nn.Module):
    """Dense layers with a nonlinearity between them; Glorot-normal weights, zero biases.

    Arguments:
        inputs: Number of inputs, or the shape of one input, which is flattened.
        outputs: Number of outputs, or the shape of one output.
        hidden: Width of each hidden layer.
        slope: Slope of the leaky ReLU below zero; 0 is ReLU.
        bend: Another nonlinearity in its place, such as `nn.Tanh`.
        speed: Of layers with an equalised learning rate; None leaves them plain.

    Example:
        >>> MLP((1, 8, 8), 4, hidden=(32,))(torch.zeros(5, 1, 8, 8)).shape
        torch.Size([5, 4])
    """

    def __init__(
        self,
        inputs: int | tuple[int, ...],
        outputs: int | tuple[int, ...],
        *,
        hidden: tuple[int, ...] = (1024,) * 4,
        slope: float = 0.0,
        bend: Callable[[], nn.Module] | None = None,
        speed: float | None = None,
    ) -> None:
        super().__init__()
        bend = bend or (lambda: nn.LeakyReLU(slope) if slope else nn.ReLU())
        shape = outputs if isinstance(outputs, tuple) else (outputs,)
        widths = [_size(inputs), *hidden, _size(shape)]
        layers: list[nn.Module] = [nn.Flatten()]
        for a, b in pairwise(widths):
            layers += [nn.Linear(a, b), bend()]
        self.layers = nn.Sequential(*layers[:-1], *([Reshape(*shape)] if len(shape) > 1 else []))
        self.apply(glorot_normal)
        if speed is not None:
            for layer in layers:
                if isinstance(layer, nn.Linear):
                    equalised(layer, speed=speed)

    def forward(self, x: Tensor) -> Tensor:
        """From (B, *inputs) to (B, *outputs)."""
        return self.layers(x)


class Mapping(nn.Sequential):
    """Four layers with an equalised learning rate on noise of one length: F of StyleGAN and ALAE.

    Arguments:
        units: Number of inputs and of hidden units.
        outputs: Number of outputs, after a leaky ReLU.
        speed: Of the layers.

    Example:
        >>> Mapping(8, 3, speed=0.1)(torch.zeros(2, 8)).shape
        torch.Size([2, 3])
    """

    def __init__(self, units: int, outputs: int, *, speed: float) -> None:
        layers = MLP(units, outputs, hidden=(units,) * 3, slope=0.2, speed=speed)
        super().__init__(PixelNorm(), layers, nn.LeakyReLU(0.2))


class SkipMLP(nn.Module):
    """Three hidden layers whose last is joined by the input: the second stage of Dai & Wipf.

    Arguments:
        inputs: Number of inputs.
        outputs: Number of outputs.
        width: Factor on the 1024 hidden units.

    Example:
        >>> sum(p.numel() for p in SkipMLP(64, 128).parameters())  # the encoder at m = 64
        2305152
    """

    def __init__(self, inputs: int, outputs: int, *, width: float = 1.0) -> None:
        super().__init__()
        units = scaled(1024, width)
        self.hidden = nn.Sequential(MLP(inputs, units, hidden=(units, units)), nn.ReLU())
        self.head = nn.Linear(units + inputs, outputs)
        self.apply(glorot_uniform)

    def forward(self, z: Tensor) -> Tensor:
        """From (B, inputs) to (B, outputs)."""
        return self.head(torch.cat([z, self.hidden(z)], dim=1))


def _size(shape: int | tuple[int, ...]) -> int:
    size = 1
    for side in shape if isinstance(shape, tuple) else (shape,):
        size *= side
    return size
