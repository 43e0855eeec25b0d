"""Residual networks of the SNGAN family, for images of any size: those of the mapped prior's paper.

Published for 32 and 64 pixels; here a side is padded on the way in to 4 times a power of two, and
cropped on the way out.

| | up to 32 pixels | beyond |
|---|---|---|
| critic | 128, 128 halve the side; 128, 128 | 64, 128, ... up to 1024 halve it, to 2x2 |
| decoder | dense to 4x4; 256, 256, 256 double it | dense to 4x4; 512, 256, ... 64 double it |

Critics have spectral norm, sum their last features over places and end in a dense layer; decoders
have batch norm and end in a 3x3 convolution.

References:
    | Spectral Normalization for Generative Adversarial Networks (Miyato et al., 2018), Tables 4-5
    | Mimicry (Lee & Town, 2020), the code that the mapped prior's paper names

Deviations:
    The paper does not describe its encoder; here it is the critic with batch norm for spectral norm
    and a mean for the sum. The paper's players on codes are of Mimicry too, which has none; here
    they are dense, as everybody's. Samples are made larger by repetition and not by interpolation.
    The decoder has no tanh: the likelihood owns the link.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Literal

from torch import Tensor, nn
from torch.nn import functional

from latentfit.networks.layers import Reshape, scaled, spectrally_normal
from latentfit.networks.taps import convolution
from latentfit.shapes import Shape

Change = Literal["halve", "double", "keep"]
USUAL_MOMENTUM = 0.1


def levels(shape: Shape) -> int:
    """How often the larger side is halved down to 4 pixels."""
    return max(1, math.ceil(math.log2(max(shape[1:]) / 4)))


def inwards(shape: Shape, width: float) -> tuple[list[int], int]:
    """Channels of a critic's blocks, and how many of them halve the side."""
    depth = levels(shape)
    if depth < 4:
        return [scaled(128, width)] * (min(2, depth) + 2), min(2, depth)
    return [scaled(min(1024, 64 * 2**place), width) for place in range(depth + 1)], depth + 1


def outwards(shape: Shape, width: float) -> list[int]:
    """Channels of a decoder: of what its dense layer gives, and of each block."""
    depth = levels(shape)
    if depth < 4:
        return [scaled(256, width)] * (depth + 1)
    return [scaled(min(1024, 64 * 2**place), width) for place in reversed(range(depth + 1))]


class Block(nn.Module):
    """Two 3x3 convolutions beside a 1x1 one, at half, twice or the same side.

    Arguments:
        inputs: Channels that come in.
        outputs: Channels that go out.
        change: What happens to the side.
        norm: Share of a new batch in batch norm's statistics; None has spectral norm instead.
        raw: The input is an image, which no ReLU should cut.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        *,
        change: Change,
        norm: float | None,
        raw: bool = False,
    ) -> None:
        super().__init__()
        self.change = change
        between = outputs if raw or change == "double" else inputs
        bend = [] if raw else [*_norm(inputs, norm), nn.ReLU()]
        self.before = nn.Sequential(*bend)
        self.first = _convolution(inputs, between, 3, norm)
        self.between = nn.Sequential(*_norm(between, norm), nn.ReLU())
        self.second = _convolution(between, outputs, 3, norm)
        same = change == "keep" and inputs == outputs
        self.beside = nn.Identity() if same else _convolution(inputs, outputs, 1, norm)

    def forward(self, x: Tensor) -> Tensor:
        """From (B, inputs, H, W) to (B, outputs, H', W')."""
        if self.change == "double":
            inner = self.first(_double(self.before(x)))
            return self.second(self.between(inner)) + _double(self.beside(x))
        inner = self.second(self.between(self.first(self.before(x))))
        if self.change == "keep":
            return inner + self.beside(x)
        return functional.avg_pool2d(inner, 2) + self.beside(functional.avg_pool2d(x, 2))


class ResidualEncoder(nn.Module):
    """From images to `outputs` numbers, with batch norm or, as a critic, with spectral norm.

    Arguments:
        shape: (C, H, W) of an image.
        outputs: Number of outputs.
        width: Factor on the channels.
        norm: Share of a new batch in batch norm's statistics; None has spectral norm instead, so
            that no sample's output depends on another.

    Example:
        >>> import torch
        >>> ResidualEncoder((1, 28, 20), 8, width=1 / 32)(torch.zeros(2, 1, 28, 20)).shape
        torch.Size([2, 8])
    """

    def __init__(
        self, shape: Shape, outputs: int, *, width: float = 1.0, norm: float | None = USUAL_MOMENTUM
    ) -> None:
        super().__init__()
        channels, halvings = inwards(shape, width)
        side = 2**halvings
        rows, columns = (-(-length // side) * side for length in shape[1:])
        self.pad = (0, columns - shape[2], 0, rows - shape[1])
        self.blocks = nn.Sequential(
            *(
                Block(a, b, change="halve" if place < halvings else "keep", norm=norm,
                      raw=place == 0)
                for place, (a, b) in enumerate(pairwise([shape[0], *channels]))
            ),
            *_norm(channels[-1], norm),
            nn.ReLU(),
        )  # fmt: skip
        head = nn.Linear(channels[-1], outputs)
        nn.init.xavier_uniform_(head.weight)
        nn.init.zeros_(head.bias)
        self.head = head if norm is not None else spectrally_normal(head)
        self.normed = norm is not None

    def forward(self, x: Tensor) -> Tensor:
        """From images (B, C, H, W) to (B, outputs)."""
        inner = self.blocks(functional.pad(x, self.pad) if any(self.pad) else x).flatten(2)
        return self.head(inner.mean(2) if self.normed else inner.sum(2))


class ResidualDecoder(nn.Module):
    """From codes to unbounded images.

    Arguments:
        shape: (C, H, W) of an image.
        latent: Number of inputs m.
        width: Factor on the channels.
        norm: Share of a new batch in batch norm's statistics.

    Example:
        >>> import torch
        >>> ResidualDecoder((3, 27, 33), 8, width=1 / 32)(torch.zeros(2, 8)).shape
        torch.Size([2, 3, 27, 33])
    """

    def __init__(
        self, shape: Shape, latent: int, *, width: float = 1.0, norm: float = USUAL_MOMENTUM
    ) -> None:
        super().__init__()
        side, channels = 2 ** levels(shape), outwards(shape, width)
        rows, columns = (-(-length // side) for length in shape[1:])
        dense = nn.Linear(latent, channels[0] * rows * columns)
        last = convolution(channels[-1], shape[0], 3)
        for layer in (dense, last):
            nn.init.xavier_uniform_(layer.weight)
        self.layers = nn.Sequential(
            dense,
            Reshape(channels[0], rows, columns),
            *(Block(a, b, change="double", norm=norm) for a, b in pairwise(channels)),
            *_norm(channels[-1], norm),
            nn.ReLU(),
            last,
        )
        self.shape = shape

    def forward(self, z: Tensor) -> Tensor:
        """From codes (B, m) to unbounded images (B, C, H, W)."""
        return self.layers(z)[..., : self.shape[1], : self.shape[2]]


def _norm(channels: int, share: float | None) -> list[nn.Module]:
    return [] if share is None else [nn.BatchNorm2d(channels, momentum=share, eps=2e-5)]


def _convolution(inputs: int, outputs: int, side: int, norm: float | None) -> nn.Module:
    layer = nn.Conv2d(inputs, outputs, side, padding=side // 2)
    nn.init.xavier_uniform_(layer.weight, 1.0 if side == 1 else math.sqrt(2))
    return layer if norm is not None else spectrally_normal(layer)


def _double(x: Tensor) -> Tensor:
    return functional.interpolate(x, scale_factor=2.0, mode="nearest")
