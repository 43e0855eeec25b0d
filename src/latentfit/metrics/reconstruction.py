"""Reconstruction error."""

from __future__ import annotations

import math

from torch import Tensor


def mse(x: Tensor, y: Tensor) -> float:
    """Mean squared error over all entries of all samples, in float64.

    Arguments:
        x: Data, with shape (N, *shape); images in [0, 1].
        y: Reconstructions, the same shape.

    Example:
        >>> import torch
        >>> mse(torch.zeros(2, 3), torch.full((2, 3), 0.5))
        0.25
    """
    return float((x.double() - y.double()).square().mean())


def psnr(x: Tensor, y: Tensor) -> float:
    """Peak signal-to-noise ratio of images in [0, 1], `-10 log10 mse`, in dB.

    Equal images give infinity.

    Example:
        >>> import torch
        >>> round(psnr(torch.zeros(1, 4), torch.full((1, 4), 0.1)), 4)
        20.0
    """
    error = mse(x, y)
    return -10 * math.log10(error) if error > 0 else math.inf
