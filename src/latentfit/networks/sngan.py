"""Residual networks of the SNGAN family, for images of any size: those of the mapped prior's paper.

Published for 32 and 64 pixels; here a side is padded on the way in to 4 times a power of two, and
cropped on the way out. Up to 32 pixels all blocks are of one width; beyond it the width doubles
with every halving of the side, up to 1024.

| | encoder | decoder | critic |
|---|---|---|---|
| first | block of 64 or 128, halved | dense to 4x4 | block of 64 or 128, halved |
| then | blocks that halve, down to 4x4 | blocks that double | blocks that halve, down to 4x4 |
| last | batch norm, ReLU, mean, dense | batch norm, ReLU, 3x3 convolution | ReLU, sum, dense |
| norms | batch norm | batch norm | spectral norm |

References:
    | Spectral Normalization for Generative Adversarial Networks (Miyato et al., 2018), Tables 4-5
    | Mimicry (Lee & Town, 2020), the code that the mapped prior's paper names

Deviations:
    The paper does not describe its encoder; here it mirrors the decoder. Samples are made larger by
    repetition and not by interpolation. The decoder has no tanh: the likelihood owns the link.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Literal

from torch import Tensor, nn
from torch.nn import functional

from latentfit.networks.layers import Reshape, scaled, spectrally_normal

Shape = tuple[int, ...]
Change = Literal["halve", "double"]


def levels(shape: Shape) -> int:
    """How often the larger side is halved down to 4 pixels."""
    return max(1, math.ceil(math.log2(max(shape[1:]) / 4)))


def widths(shape: Shape, width: float, *, flat: int) -> list[int]:
    """Channels from the image inwards, one more than there are levels."""
    count = levels(shape) + 1
    published = [flat] * count if count < 5 else [min(1024, 64 * 2**i) for i in range(count)]
    return [scaled(units, width) for units in published]


class Block(nn.Module):
    """Two 3x3 convolutions beside a 1x1 one, at half or twice the side.

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
        first, second = (
            nn.Conv2d(a, outputs, 3, padding=1, bias=norm is None) for a in (inputs, outputs)
        )
        beside = nn.Conv2d(inputs, outputs, 1)
        for layer in (first, second):
            nn.init.xavier_uniform_(layer.weight, math.sqrt(2))
        nn.init.xavier_uniform_(beside.weight)
        bend = [] if raw else [*_norm(inputs, norm), nn.ReLU()]
        self.before = nn.Sequential(*bend)
        self.first = first if norm is not None else spectrally_normal(first)
        self.between = nn.Sequential(*_norm(outputs, norm), nn.ReLU())
        self.second = second if norm is not None else spectrally_normal(second)
        self.beside = beside if norm is not None else spectrally_normal(beside)

    def forward(self, x: Tensor) -> Tensor:
        """From (B, inputs, H, W) to (B, outputs, H / 2, W / 2) or (B, outputs, 2 H, 2 W)."""
        if self.change == "double":
            inner = self.first(_double(self.before(x)))
            return self.second(self.between(inner)) + _double(self.beside(x))
        inner = self.second(self.between(self.first(self.before(x))))
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
        self, shape: Shape, outputs: int, *, width: float = 1.0, norm: float | None = 0.1
    ) -> None:
        super().__init__()
        side, channels = 2 ** levels(shape), widths(shape, width, flat=128)
        rows, columns = (-(-length // side) * side for length in shape[1:])
        self.pad = (0, columns - shape[2], 0, rows - shape[1])
        inwards = [(shape[0], channels[0]), *pairwise(channels)][: levels(shape)]
        self.blocks = nn.Sequential(
            *(
                Block(a, b, change="halve", norm=norm, raw=place == 0)
                for place, (a, b) in enumerate(inwards)
            ),
            *_norm(inwards[-1][1], norm),
            nn.ReLU(),
        )
        head = nn.Linear(inwards[-1][1], outputs)
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

    def __init__(self, shape: Shape, latent: int, *, width: float = 1.0, norm: float = 0.1) -> None:
        super().__init__()
        side, channels = 2 ** levels(shape), widths(shape, width, flat=256)[::-1]
        rows, columns = (-(-length // side) for length in shape[1:])
        dense = nn.Linear(latent, channels[0] * rows * columns)
        last = nn.Conv2d(channels[-1], shape[0], 3, padding=1)
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


def _double(x: Tensor) -> Tensor:
    return functional.interpolate(x, scale_factor=2.0, mode="nearest")
