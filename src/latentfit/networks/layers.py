"""Initialisers and small layers that several networks share."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm
from torch.nn.utils.parametrize import is_parametrized, register_parametrization

from latentfit.checks import UserError

LAYERS = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.ConvTranspose1d, nn.ConvTranspose2d)
"""Layers with a kernel."""


def glorot_normal(module: nn.Module) -> None:
    """Glorot-normal weights and zero biases, for use with `module.apply`."""
    if isinstance(module, nn.Linear):
        nn.init.xavier_normal_(module.weight)
        if module.bias is not None:
            nn.init.zeros_(module.bias)


def glorot_uniform(module: nn.Module) -> None:
    """TensorFlow 1's default: Glorot-uniform weights and zero biases."""
    if isinstance(module, LAYERS):
        nn.init.xavier_uniform_(module.weight)
        if module.bias is not None:
            nn.init.zeros_(module.bias)


def normal_002(module: nn.Module) -> None:
    """Dai & Wipf's start: weights N(0, 0.02^2), truncated at two deviations for convolutions."""
    if isinstance(module, nn.Conv2d):
        nn.init.trunc_normal_(module.weight, std=0.02, a=-0.04, b=0.04)
    elif isinstance(module, nn.Linear | nn.ConvTranspose2d):
        nn.init.normal_(module.weight, std=0.02)
    else:
        return
    if module.bias is not None:
        nn.init.zeros_(module.bias)


def spectrally_normal(module: nn.Module) -> nn.Module:
    """The layer with its weight divided by its largest singular value (one power iteration)."""
    return spectral_norm(module, n_power_iterations=1)


class Times(nn.Module):
    """Multiply by a constant."""

    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = factor

    def forward(self, x: Tensor) -> Tensor:
        """From any shape to the same."""
        return self.factor * x


def equalised(layer: nn.Linear | nn.Conv2d, *, speed: float = 1.0) -> nn.Module:
    r"""The layer with weights of unit size that are scaled when they are used, in place.

    .. math:: W = s \sqrt{2 / n} \, V, \quad V_{ij} \sim N(0, 1 / s^2), \quad b = s c, \; c = 0

    with n inputs of a unit. An optimiser whose steps do not depend on the size of the gradient,
    such as Adam, then moves layers of every size at the same relative rate, times s.

    Arguments:
        layer: A dense or a convolutional layer; its weights are drawn anew.
        speed: s.

    References:
        | Progressive Growing of GANs (Karras et al., 2018), Section 4.1
        | A Style-Based Generator Architecture (Karras et al., 2019), Appendix C, for s
    """
    nn.init.normal_(layer.weight, std=1 / speed)
    gain = speed * math.sqrt(2 / layer.weight[0].numel())
    register_parametrization(layer, "weight", Times(gain))
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
        register_parametrization(layer, "bias", Times(speed))
    return layer


class PixelNorm(nn.Module):
    """Divide by the root mean square over the channels."""

    def forward(self, x: Tensor) -> Tensor:
        """From (B, C, ...) to the same shape."""
        return x * (x.square().mean(1, keepdim=True) + 1e-8).rsqrt()


def single(x: Tensor) -> Tensor:
    """In float32 at least, shape kept: what mixed precision narrowed is widened, float64 stays."""
    return x.to(torch.promote_types(x.dtype, torch.float32))


def scaled(units: int, width: float) -> int:
    """`units * width`, at least 4 and a multiple of 4."""
    return max(4, 4 * round(units * width / 4))


class Reshape(nn.Module):
    """Reshape all but the batch axis.

    Arguments:
        shape: Of a sample.
    """

    def __init__(self, *shape: int) -> None:
        super().__init__()
        self.shape = shape

    def forward(self, x: Tensor) -> Tensor:
        """From (B, *) to (B, *shape)."""
        return x.reshape(-1, *self.shape)


def spectrally_normal_everywhere(network: nn.Module) -> nn.Module:
    """Put spectral norm on every dense and convolutional layer that has none, in place.

    Raises:
        UserError: A layer is frozen; the norm would change what it holds.
    """
    if not all(p.requires_grad for p in network.parameters()):
        raise UserError(
            "spectral norm would change a frozen network; let it move, or use another system."
        )
    for layer in [layer for layer in network.modules() if isinstance(layer, LAYERS)]:
        if not is_parametrized(layer):
            spectrally_normal(layer)
    return network


@contextmanager
def evaluating(module: nn.Module) -> Iterator[None]:
    """Evaluation mode inside; each network's own mode is restored afterwards."""
    modes = [(part, part.training) for part in module.modules()]
    module.eval()
    try:
        yield
    finally:
        for part, mode in modes:
            part.training = mode
