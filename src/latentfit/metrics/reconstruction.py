"""Reconstruction error."""

from __future__ import annotations

import math

from torch import Tensor

from latentfit.checks import UserError
from latentfit.metrics.matrix import Features, numbers
from latentfit.metrics.spread import Estimate


def errors(x: Features, y: Features) -> Tensor:
    """Squared error of each sample, averaged over its entries, in float64.

    Arguments:
        x: Data, with shape (N, *shape); images in [0, 1].
        y: Reconstructions, the same shape.

    Returns:
        With shape (N,), at least 0; NaN where an entry is NaN.

    Raises:
        UserError: The shapes differ, or they hold no numbers.

    Example:
        >>> import torch
        >>> errors(torch.zeros(2, 3), torch.full((2, 3), 0.5))
        tensor([0.2500, 0.2500], dtype=torch.float64)
    """
    a, b = numbers(x, "data"), numbers(y, "reconstructions")
    if a.shape != b.shape or a.dim() < 2:
        raise UserError(
            f"data {tuple(a.shape)} and reconstructions {tuple(b.shape)} must be of one shape, "
            "(N, *shape); compare the same samples."
        )
    return (a - b.to(a.device)).square().flatten(1).mean(1)


def mse(x: Features, y: Features) -> float:
    """Mean squared error over all entries of all samples; arguments as those of `errors`.

    Raises:
        UserError: The shapes differ, or they hold no numbers.

    Example:
        >>> import torch
        >>> mse(torch.zeros(2, 3), torch.full((2, 3), 0.5))
        0.25
    """
    return Estimate.mean(errors(x, y)).value


def psnr(x: Features, y: Features) -> float:
    """Peak signal-to-noise ratio of images in [0, 1], `-10 log10 mse`, in dB.

    Equal images give infinity, and an entry that is NaN gives NaN. Arguments as those of `errors`.

    Raises:
        UserError: The shapes differ, or they hold no numbers.

    Example:
        >>> import torch
        >>> round(psnr(torch.zeros(1, 4), torch.full((1, 4), 0.1)), 4)
        20.0
    """
    error = mse(x, y)
    # Not `error > 0`: a NaN would fail it and count as a perfect image.
    return math.inf if error == 0 else -10 * math.log10(error)
