"""The convolutional family for signals (C, T) of any length.

One-dimensional convolutions with kernel 4 and stride 2, as often as leaves 9 to 16 positions; a
dense layer of 128 units; the decoder mirrors them. The innermost have 128 channels, each before
them half as many, 16 at least: what is long has few channels, so that a signal of 5000 positions
costs little more than one of 500. A kernel that the stride divides gives each position equally many
terms, and lays no comb over what is decoded.

Beside the convolutions lies one linear map. Convolutions see the same shape at any position, which
time series have and spectra, whose positions are fixed, have not; the linear map is what a
principal component is.

Signals of fewer than 32 positions have the dense networks of vectors. All of this was measured:
see `benchmarks/signals.py`.
"""

from __future__ import annotations

import math

from torch import Tensor, nn
from torch.nn import functional

from latentfit.networks.layers import Reshape, glorot_uniform, scaled
from latentfit.shapes import Shape, is_signal

SHORT = 32
"""Signals of fewer positions have dense networks."""
POSITIONS = 16
"""At most so many are left inside."""
SLOPE = 0.2
USUAL_MOMENTUM = 0.1


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

    Between the layers lies leaky ReLU 0.2.

    Arguments:
        shape: (C, T) of a signal, T at least 4.
        outputs: Number of outputs.
        width: Factor on every hidden size.
        norm: Momentum of the batch norm, which is on all layers but the first; None for a critic,
            whose outputs are each from its sample alone.

    Example:
        >>> import torch
        >>> SignalEncoder((2, 150), 8, width=0.25)(torch.zeros(3, 2, 150)).shape
        torch.Size([3, 8])
    """

    def __init__(
        self,
        shape: Shape,
        outputs: int,
        *,
        width: float = 1.0,
        norm: float | None = USUAL_MOMENTUM,
    ) -> None:
        super().__init__()
        layers: list[nn.Module] = [Fit(shape)]
        before = shape[0]
        for place, after in enumerate(_channels(shape, width)):
            normed = norm is not None and place > 0
            layers.append(nn.Conv1d(before, after, 4, stride=2, padding=1, bias=not normed))
            layers += _bent(after, norm if normed else None)
            before = after
        units = scaled(128, width)
        layers += [
            nn.Flatten(),
            nn.Linear(before * _inner(shape), units, bias=norm is None),
            *_bent(units, norm),
            nn.Linear(units, outputs),
        ]
        self.layers = nn.Sequential(*layers)
        self.straight = nn.Linear(shape[0] * shape[1], outputs, bias=False)
        self.apply(glorot_uniform)

    def forward(self, x: Tensor) -> Tensor:
        """From signals (B, C, T) to (B, outputs)."""
        return self.layers(x) + self.straight(x.flatten(1))


class SignalDecoder(nn.Module):
    """Dense 128, dense to the inner positions, convolutions that double the length.

    A linear map lies beside them. Between the layers lie batch norm and leaky ReLU 0.2; the output
    is unbounded.

    Arguments:
        shape: (C, T) of a signal, T at least 4.
        latent: Number of inputs m.
        width: Factor on every hidden size.
        norm: Momentum of the batch norm.

    Example:
        >>> import torch
        >>> SignalDecoder((2, 150), 8, width=0.25)(torch.zeros(3, 8)).shape
        torch.Size([3, 2, 150])
    """

    def __init__(
        self, shape: Shape, latent: int, *, width: float = 1.0, norm: float = USUAL_MOMENTUM
    ) -> None:
        super().__init__()
        first, *rest = reversed(_channels(shape, width))
        units, inner = scaled(128, width), _inner(shape)
        layers: list[nn.Module] = [
            nn.Linear(latent, units, bias=False),
            *_bent(units, norm),
            nn.Linear(units, first * inner, bias=False),
            *_bent(first * inner, norm),
            Reshape(first, inner),
        ]
        for after in rest:
            layers.append(nn.ConvTranspose1d(first, after, 4, stride=2, padding=1, bias=False))
            layers += _bent(after, norm)
            first = after
        layers.append(nn.ConvTranspose1d(first, shape[0], 4, stride=2, padding=1))
        self.layers, self.shape = nn.Sequential(*layers), tuple(shape)
        self.straight = nn.Linear(latent, shape[0] * shape[1], bias=False)
        self.apply(glorot_uniform)

    def forward(self, z: Tensor) -> Tensor:
        """From codes (B, m) to unbounded signals (B, C, T)."""
        beside = self.straight(z).reshape(-1, *self.shape)
        return self.layers(z)[..., : self.shape[1]] + beside


def _bent(units: int, norm: float | None) -> list[nn.Module]:
    """Batch norm where there is one, and the nonlinearity."""
    bend = nn.LeakyReLU(SLOPE)
    return [bend] if norm is None else [nn.BatchNorm1d(units, momentum=norm), bend]
