"""The networks of VQ-VAE: convolutions to a grid of vectors and back, with residual blocks."""

from __future__ import annotations

from torch import Tensor, nn

from latentfit.networks.convolution import Fit, grid
from latentfit.networks.layers import Reshape, scaled
from latentfit.networks.taps import doubled
from latentfit.shapes import Shape


class Block(nn.Module):
    """ReLU, 3x3 convolution to fewer channels, ReLU, 1x1 convolution back, added to the input.

    Arguments:
        channels: C, of input and output.
        inner: The fewer channels.
    """

    def __init__(self, channels: int, inner: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.ReLU(),
            nn.Conv2d(channels, inner, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(inner, channels, 1),
        )

    def forward(self, x: Tensor) -> Tensor:
        """From (B, C, H, W) to the same shape."""
        return x + self.layers(x)


class GridEncoder(nn.Module):
    """From images to a vector at each place of a grid of a quarter of the side.

    Arguments:
        shape: (C, H, W) of an image.
        size: Entries of a vector.
        width: Factor on the hidden channels.

    References:
        | Neural Discrete Representation Learning (van den Oord et al., 2017), Section 4.1
        | Robust Training of Vector Quantized Bottleneck Models (Lancucki et al., 2020)

    Deviations:
        A batch norm at the end, as in the second reference: without it the vectors are small beside
        the codebook's, all take one vector, and reconstruction never starts.

    Example:
        >>> import torch
        >>> GridEncoder((1, 28, 28), 8, width=0.25)(torch.zeros(2, 1, 28, 28)).shape
        torch.Size([2, 49, 8])
    """

    def __init__(self, shape: Shape, size: int, *, width: float = 1.0) -> None:
        super().__init__()
        a, b, inner = (scaled(units, width) for units in (64, 128, 32))
        self.layers = nn.Sequential(
            Fit(shape),
            nn.Conv2d(shape[0], a, 4, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(a, b, 4, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(b, b, 3, padding=1),
            Block(b, inner),
            Block(b, inner),
            nn.ReLU(),
            nn.Conv2d(b, size, 1, bias=False),
            nn.BatchNorm2d(size),
        )

    def forward(self, x: Tensor) -> Tensor:
        """From images (B, C, H, W) to vectors (B, places, size)."""
        return self.layers(x).flatten(2).transpose(1, 2)


class GridDecoder(nn.Module):
    """From a vector at each place of the grid, all in a row, to unbounded images.

    Arguments:
        shape: (C, H, W) of an image.
        size: Entries of a vector.
        width: Factor on the hidden channels.
    """

    def __init__(self, shape: Shape, size: int, *, width: float = 1.0) -> None:
        super().__init__()
        a, b, inner = (scaled(units, width) for units in (64, 128, 32))
        rows, columns = grid(shape)
        self.unfold = nn.Sequential(Reshape(rows * columns, size))
        self.fold = Reshape(size, rows, columns)
        self.shape = shape
        self.layers = nn.Sequential(
            nn.Conv2d(size, b, 3, padding=1),
            Block(b, inner),
            Block(b, inner),
            nn.ReLU(),
            nn.ConvTranspose2d(b, a, 4, stride=2, padding=1),
            nn.ReLU(),
            doubled(a, shape[0]),
        )

    def forward(self, z: Tensor) -> Tensor:
        """From codes (B, places * size) to unbounded images (B, C, H, W)."""
        image = self.layers(self.fold(self.unfold(z).transpose(1, 2)))
        return image[..., : self.shape[1], : self.shape[2]]
