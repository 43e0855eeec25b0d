"""The networks of one shape: convolutions for images, dense layers for vectors.

Every recipe takes its networks from here, so that systems compare under one architecture.
"""

from __future__ import annotations

from torch import nn

from latentfit.networks.convolution import Critic, Decoder, Encoder, Family
from latentfit.networks.layers import scaled
from latentfit.networks.mlp import MLP

Shape = tuple[int, ...]


def hidden(width: float, *, layers: int = 4) -> tuple[int, ...]:
    """Hidden widths of a latent player: 1024 each, scaled [authors' code]."""
    return (scaled(1024, width),) * layers


def is_image(shape: Shape) -> bool:
    """Whether one sample is an image (C, H, W) and not a vector (d,)."""
    return len(shape) == 3


def encoder(
    shape: Shape, outputs: int, *, width: float = 1.0, family: Family | None = None
) -> nn.Module:
    """From samples (B, *shape) to (B, outputs)."""
    if is_image(shape):
        return Encoder(shape, outputs, width=width, family=family)
    return MLP(shape, outputs, hidden=_vector_hidden(width), slope=0.2)


def decoder(
    shape: Shape, latent: int, *, width: float = 1.0, family: Family | None = None
) -> nn.Module:
    """From codes (B, m) to unbounded samples (B, *shape)."""
    if is_image(shape):
        return Decoder(shape, latent, width=width, family=family)
    return MLP(latent, shape, hidden=_vector_hidden(width), slope=0.2)


def critic(shape: Shape, outputs: int = 1, *, width: float = 1.0) -> nn.Module:
    """From samples (B, *shape) to scores (B, outputs), without batch norm."""
    if is_image(shape):
        return Critic(shape, outputs, width=width)
    return MLP(shape, outputs, hidden=_vector_hidden(width), slope=0.2)


def dense(shape: Shape, inputs: int, outputs: int, *, width: float = 1.0) -> MLP:
    """A player on codes of samples of a shape: four hidden layers of 1024 ReLU units for images.

    For vectors it is no larger than the networks on the data: three hidden layers of 128.
    """
    return MLP(inputs, outputs, hidden=hidden(width) if is_image(shape) else _vector_hidden(width))


def _vector_hidden(width: float) -> tuple[int, ...]:
    # Three layers of 128 learn the synthetic sets (evidence.md); scaled like everything else.
    return (scaled(128, width),) * 3
