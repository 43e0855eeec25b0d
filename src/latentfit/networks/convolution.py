"""The convolutional family of InfoGAN and of the two-stage VAE, for images of any size.

Two 4x4 convolutions with stride 2 and one dense layer; the decoder mirrors them. Published for 28,
32 and 64 pixels; here a side that is not a multiple of four is padded on the way in and cropped on
the way out. `width` scales every hidden number of channels or units.

Two variants are published, and both are here:

| | `dai_wipf` (two-stage VAE) | `flexae` (authors' code) |
|---|---|---|
| encoder | spectral norm, leaky ReLU 0.2 | ReLU |
| decoder | two transposed convolutions | three stages, the last a 3x3 convolution |
| start | N(0, 0.02^2) | Glorot, dense normal, else uniform |

Deviations: no bias before a batch norm. Its true gradient is zero, and Adam turns the rounding
error of a zero gradient into full steps. FlexAE's transposed convolutions start Glorot-normal.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn
from torch.nn import functional

from latentfit.networks.layers import (
    Reshape,
    glorot_normal,
    glorot_uniform,
    normal_002,
    scaled,
    spectrally_normal,
)
from latentfit.networks.taps import convolution, doubled
from latentfit.shapes import Shape


@dataclass(frozen=True)
class Family:
    """What distinguishes the two published variants.

    Attributes:
        spectral: Spectral norm on every layer of the encoder.
        slope: Slope of the encoder's leaky ReLU; 0 is ReLU.
        refine: The decoder has the extra stage with a final 3x3 convolution.
        small: Start from N(0, 0.02^2) instead of Glorot.
        momentum: Share of a new batch in the running statistics of batch norm.
        eps: Added to the variance in batch norm.
    """

    spectral: bool = False
    slope: float = 0.0
    refine: bool = False
    small: bool = False
    momentum: float = 0.01
    eps: float = 1e-3

    def norm(self, kind: type[nn.BatchNorm1d | nn.BatchNorm2d], units: int) -> nn.Module:
        """A batch norm with the variant's constants."""
        return kind(units, momentum=self.momentum, eps=self.eps)


def dai_wipf(momentum: float = 0.001) -> Family:
    """Two-stage VAE. Running statistics need thousands of rounds at the published momentum."""
    return Family(spectral=True, slope=0.2, small=True, momentum=momentum, eps=1e-5)


def flexae(momentum: float = 0.01) -> Family:
    """FlexAE's public code."""
    return Family(refine=True, momentum=momentum)


def grid(shape: Shape) -> tuple[int, int]:
    """Height and width of the innermost feature map: a quarter of the image, rounded up."""
    return -(-shape[1] // 4), -(-shape[2] // 4)


class Fit(nn.Module):
    """Zero-pad on the right and below so that both sides are multiples of four.

    Arguments:
        shape: (C, H, W) of an image.
    """

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        rows, columns = grid(shape)
        self.pad = (0, 4 * columns - shape[2], 0, 4 * rows - shape[1])

    def forward(self, x: Tensor) -> Tensor:
        """From (B, C, H, W) to (B, C, H', W')."""
        return functional.pad(x, self.pad) if any(self.pad) else x


class Encoder(nn.Module):
    """Convolution 64, convolution 128, dense 1024, dense `outputs`; batch norm but on the first.

    Arguments:
        shape: (C, H, W) of an image.
        outputs: Number of outputs.
        width: Factor on every hidden size.
        family: Which published variant.

    Example:
        >>> import torch
        >>> Encoder((1, 28, 20), 8, width=0.25)(torch.zeros(2, 1, 28, 20)).shape
        torch.Size([2, 8])
    """

    def __init__(
        self, shape: Shape, outputs: int, *, width: float = 1.0, family: Family | None = None
    ) -> None:
        super().__init__()
        family = family or flexae()
        a, b, c = (scaled(units, width) for units in (64, 128, 1024))
        rows, columns = grid(shape)
        wrap = spectrally_normal if family.spectral else (lambda layer: layer)
        convolutions = [
            nn.Conv2d(shape[0], a, 4, stride=2, padding=1),
            nn.Conv2d(a, b, 4, stride=2, padding=1, bias=False),
        ]
        dense = [nn.Linear(b * rows * columns, c, bias=False), nn.Linear(c, outputs)]
        for layer in (*convolutions, *dense):
            layer.apply(normal_002 if family.small else glorot_uniform)
        self.layers = nn.Sequential(
            Fit(shape),
            wrap(convolutions[0]),
            nn.LeakyReLU(family.slope),
            wrap(convolutions[1]),
            family.norm(nn.BatchNorm2d, b),
            nn.LeakyReLU(family.slope),
            nn.Flatten(),
            wrap(dense[0]),
            family.norm(nn.BatchNorm1d, c),
            nn.LeakyReLU(family.slope),
            wrap(dense[1]),
        )

    def forward(self, x: Tensor) -> Tensor:
        """From images (B, C, H, W) to (B, outputs)."""
        return self.layers(x)


class Decoder(nn.Module):
    """Dense 1024, dense to the grid, transposed convolutions; batch norm and ReLU between them.

    The output has no nonlinearity: the likelihood owns the link to [0, 1].

    Arguments:
        shape: (C, H, W) of an image.
        latent: Number of inputs m.
        width: Factor on every hidden size.
        family: Which published variant.

    Example:
        >>> import torch
        >>> Decoder((3, 27, 33), 8, width=0.25)(torch.zeros(2, 8)).shape
        torch.Size([2, 3, 27, 33])
    """

    def __init__(
        self, shape: Shape, latent: int, *, width: float = 1.0, family: Family | None = None
    ) -> None:
        super().__init__()
        family = family or flexae()
        a, b, c = (scaled(units, width) for units in (64, 128, 1024))
        rows, columns = grid(shape)
        inner = b if family.refine else a
        layers: list[nn.Module] = [
            nn.Linear(latent, c, bias=False),
            family.norm(nn.BatchNorm1d, c),
            nn.ReLU(),
            nn.Linear(c, b * rows * columns, bias=False),
            family.norm(nn.BatchNorm1d, b * rows * columns),
            nn.ReLU(),
            Reshape(b, rows, columns),
            nn.ConvTranspose2d(b, inner, 4, stride=2, padding=1, bias=False),
            family.norm(nn.BatchNorm2d, inner),
            nn.ReLU(),
        ]
        if family.refine:
            layers += [
                nn.ConvTranspose2d(inner, a, 4, stride=2, padding=1, bias=False),
                family.norm(nn.BatchNorm2d, a),
                nn.ReLU(),
                convolution(a, shape[0], 3),
            ]
        else:
            layers += [doubled(inner, shape[0])]
        self.layers, self.shape = nn.Sequential(*layers), shape
        self.apply(normal_002 if family.small else glorot_uniform)
        if not family.small:
            self.apply(glorot_normal)  # dense layers in D are Glorot normal [authors' code]

    def forward(self, z: Tensor) -> Tensor:
        """From codes (B, m) to unbounded images (B, C, H, W)."""
        return self.layers(z)[..., : self.shape[1], : self.shape[2]]


class Critic(nn.Module):
    """Image critic: the encoder's shape with no normalisation; one output as a rule.

    A batch norm would couple the samples, and the gradient penalty is per sample. In the family of
    Dai & Wipf it has leaky ReLUs and their start, as the critics of Lucic et al.

    Arguments:
        shape: (C, H, W) of an image.
        outputs: Number of outputs.
        width: Factor on every hidden size.
        family: Which published variant.
    """

    def __init__(
        self, shape: Shape, outputs: int = 1, *, width: float = 1.0, family: Family | None = None
    ) -> None:
        super().__init__()
        family = family or flexae()
        a, b, c = (scaled(units, width) for units in (64, 128, 1024))
        rows, columns = grid(shape)
        self.layers = nn.Sequential(
            Fit(shape),
            nn.Conv2d(shape[0], a, 4, stride=2, padding=1),
            nn.LeakyReLU(family.slope),
            nn.Conv2d(a, b, 4, stride=2, padding=1),
            nn.LeakyReLU(family.slope),
            nn.Flatten(),
            nn.Linear(b * rows * columns, c),
            nn.LeakyReLU(family.slope),
            nn.Linear(c, outputs),
        )
        self.apply(normal_002 if family.small else glorot_uniform)

    def forward(self, x: Tensor) -> Tensor:
        """From images (B, C, H, W) to scores (B, outputs)."""
        return self.layers(x)
