"""The convolutional family for signals (C, T) of any length.

One-dimensional convolutions with kernel 4 and stride 2, as often as leaves 9 to 16 positions; a
dense layer of 128 units; the decoder mirrors them. The innermost have 128 channels, each before
them half as many, 16 at least: what is long has few channels, so that a signal of 5000 positions
costs little more than one of 500. A kernel that the stride divides gives each position equally many
terms, and lays no comb over what is decoded.

Beside the convolutions lies one linear map, which is what principal components are: spectra, whose
positions are fixed, need it. There is no batch norm: with one in the decoder the squared error was
twice as large on GunPoint at 500 rounds, and the spectrum further from that of the data.

Measured against dense networks of similar size after 1000 rounds, one seed each, by
`benchmarks/signals.py` (`results/signals`): as good on infrared spectra. On time series the power
spectrum of reconstructions is less than half as far from that of the data, and about as far at 24
positions. Their squared error is lower by 28 % on GunPoint and 7 % on ItalyPowerDemand, higher by
9 % on OSULeaf and 45 % on BasicMotions, which has 64 signals to learn from. On a CPU a round takes
about five times as long at 150 positions.
"""

from __future__ import annotations

import math

from torch import Tensor, nn
from torch.nn import functional

from latentfit.networks.layers import Reshape, glorot_uniform, scaled
from latentfit.shapes import Shape, is_signal

SHORT = 4
"""Signals of fewer positions have the dense networks of vectors."""
POSITIONS = 16
"""At most so many are left inside."""
SLOPE = 0.2


def convolved(shape: Shape) -> bool:
    """Whether samples are signals that are long enough for convolutions."""
    return is_signal(shape) and shape[1] >= SHORT


def halvings(positions: int) -> int:
    """How often a length is halved until at most 16 positions are left; at least once."""
    return max(1, math.ceil(math.log2(positions / POSITIONS)))


def _channels(shape: Shape, width: float) -> list[int]:
    return [scaled(max(16, 128 >> place), width) for place in reversed(range(halvings(shape[1])))]


def _inner(shape: Shape) -> int:
    """Positions that are left."""
    return -(-shape[1] // 2 ** halvings(shape[1]))


class Fit(nn.Module):
    """Repeat the last position until the length can be halved as often as needed.

    Arguments:
        shape: (C, T) of a signal.
    """

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.pad = (0, -shape[1] % 2 ** halvings(shape[1]))

    def forward(self, x: Tensor) -> Tensor:
        """From (B, C, T) to (B, C, T')."""
        return functional.pad(x, self.pad, mode="replicate") if self.pad[1] else x


class SignalEncoder(nn.Module):
    """Convolutions that halve the length, dense 128, dense `outputs`; a linear map beside them.

    Between the layers lies leaky ReLU 0.2. It serves as a critic too: each output is from its
    sample alone.

    Arguments:
        shape: (C, T) of a signal, T at least 4.
        outputs: Number of outputs.
        width: Factor on every hidden size.

    Example:
        >>> import torch
        >>> SignalEncoder((2, 150), 8, width=0.25)(torch.zeros(3, 2, 150)).shape
        torch.Size([3, 8])
    """

    def __init__(self, shape: Shape, outputs: int, *, width: float = 1.0) -> None:
        super().__init__()
        layers: list[nn.Module] = [Fit(shape)]
        before = shape[0]
        for after in _channels(shape, width):
            layers += [nn.Conv1d(before, after, 4, stride=2, padding=1), nn.LeakyReLU(SLOPE)]
            before = after
        units = scaled(128, width)
        layers += [
            nn.Flatten(),
            nn.Linear(before * _inner(shape), units),
            nn.LeakyReLU(SLOPE),
            nn.Linear(units, outputs),
        ]
        self.layers = nn.Sequential(*layers)
        self.straight = nn.Linear(shape[0] * shape[1], outputs, bias=False)
        _start(self, self.straight)

    def forward(self, x: Tensor) -> Tensor:
        """From signals (B, C, T) to (B, outputs)."""
        return self.layers(x) + self.straight(x.flatten(1))


class SignalDecoder(nn.Module):
    """Dense 128, dense to the inner positions, convolutions that double the length.

    A linear map lies beside them, between them leaky ReLU 0.2; the output is unbounded.

    Arguments:
        shape: (C, T) of a signal, T at least 4.
        latent: Number of inputs m.
        width: Factor on every hidden size.

    Example:
        >>> import torch
        >>> SignalDecoder((2, 150), 8, width=0.25)(torch.zeros(3, 8)).shape
        torch.Size([3, 2, 150])
    """

    def __init__(self, shape: Shape, latent: int, *, width: float = 1.0) -> None:
        super().__init__()
        first, *rest = reversed(_channels(shape, width))
        units, inner = scaled(128, width), _inner(shape)
        layers: list[nn.Module] = [
            nn.Linear(latent, units),
            nn.LeakyReLU(SLOPE),
            nn.Linear(units, first * inner),
            nn.LeakyReLU(SLOPE),
            Reshape(first, inner),
        ]
        for after in rest:
            layers.append(nn.ConvTranspose1d(first, after, 4, stride=2, padding=1))
            layers.append(nn.LeakyReLU(SLOPE))
            first = after
        layers.append(nn.ConvTranspose1d(first, shape[0], 4, stride=2, padding=1))
        self.layers, self.shape = nn.Sequential(*layers), tuple(shape)
        self.straight = nn.Linear(latent, shape[0] * shape[1], bias=False)
        _start(self, self.straight)

    def forward(self, z: Tensor) -> Tensor:
        """From codes (B, m) to unbounded signals (B, C, T)."""
        beside = self.straight(z).reshape(-1, *self.shape)
        return self.layers(z)[..., : self.shape[1]] + beside


def _start(network: nn.Module, straight: nn.Linear) -> None:
    network.apply(glorot_uniform)
    # Small, so that it adds no noise of its own; not zero, which a spectral norm would divide by.
    nn.init.xavier_uniform_(straight.weight, gain=0.1)
