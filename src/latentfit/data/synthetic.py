"""Data whose latent dimension is known."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from latentfit.checks import within
from latentfit.data.base import Data
from latentfit.data.make import arrays
from latentfit.seeds import mix


def push(z: Tensor, d: int, *, seed: int) -> Tensor:
    """The papers' `f`: two layers of 128 leaky ReLU units with fixed random weights, to R^d.

    Weights N(0, 2 / fan-in), no biases; the papers do not print theirs.

    Arguments:
        z: Latent points, with shape (N, n).
        d: Number of output dimensions.
        seed: Of the weights.

    Returns:
        Points, with shape (N, d).
    """
    generator = torch.Generator().manual_seed(mix(seed, "network"))

    def weight(inputs: int, outputs: int) -> Tensor:
        return torch.randn(inputs, outputs, generator=generator) * math.sqrt(2 / inputs)

    x = functional.leaky_relu(z @ weight(z.shape[1], 128), 0.2)
    x = functional.leaky_relu(x @ weight(128, 128), 0.2)
    return x @ weight(128, d)


def gaussian(*, n: int = 8, d: int = 128, seed: int = 0, count: int = 60_000) -> Data:
    """A standard Gaussian in R^n pushed to R^d: the synthetic set of MaskAAE.

    Arguments:
        n: True latent dimension.
        d: Dimension of the data.
        seed: Of the network and of the points.
        count: Points in all; a sixth, at most 10,000, is the test split.

    Raises:
        UserError: `d` or `n` is below 1, `n` is above `d`, or `count` is below 60.

    Example:
        >>> gaussian(n=2, d=16, count=600).shape
        (16,)
    """
    within("d", d, 1)
    within("n", n, 1, d, remedy="the latent dimension cannot exceed d")
    within("count", count, 60)
    generator = torch.Generator().manual_seed(mix(seed, "points"))
    x = push(torch.randn(count, n, generator=generator), d, seed=seed)
    return _split(x, None, f"synthetic:n={n},d={d},seed={seed}")


def mixture(
    *, k: int = 8, d: int = 128, radius: float = 4.0, seed: int = 0, count: int = 60_000
) -> Data:
    """Gaussians on a ring in R^2 pushed to R^d: the mixture of FlexAE's Figure 3.

    Arguments:
        k: Number of Gaussians, each of deviation 0.5.
        d: Dimension of the data.
        radius: Radius of the ring.
        seed: Of the network and of the points.
        count: Points in all; a sixth, at most 10,000, is the test split.

    Raises:
        UserError: `d` is below 2, `k` is not in 1 to 1000, or `count` is below 60.

    Example:
        >>> data = mixture(k=3, d=16, count=600)
        >>> data.shape, len(data.test)
        ((16,), 100)
    """
    within("d", d, 2, remedy="the ring lies in a plane")
    z, labels = ring(k=k, radius=radius, seed=seed, count=count)
    return _split(push(z, d, seed=seed), labels, f"mixture:k={k},d={d},seed={seed}")


def ring(
    *, k: int = 8, radius: float = 4.0, seed: int = 0, count: int = 60_000
) -> tuple[Tensor, Tensor]:
    """The latent points of `mixture`, with shape (count, 2), and their Gaussian, (count,).

    Raises:
        UserError: `k` is not in 1 to 1000, or `count` is below 60.

    Example:
        >>> z, labels = ring(k=3, count=600)
        >>> z.shape, int(labels.max())
        (torch.Size([600, 2]), 2)
    """
    within("k", k, 1, 1000)
    within("count", count, 60)
    generator = torch.Generator().manual_seed(mix(seed, "points"))
    labels = torch.randint(k, (count,), generator=generator)
    angle = 2 * math.pi * labels / k
    centre = radius * torch.stack([angle.cos(), angle.sin()], 1)
    return centre + 0.5 * torch.randn(count, 2, generator=generator), labels


def swiss_roll(*, count: int = 6_000, seed: int = 0) -> Data:
    """A rolled sheet in R^3: 5,000 points, as in Geng et al., and 1,000 more for the test split.

    Arguments:
        count: Points in all; a sixth, at most 10,000, is the test split.
        seed: Of the points.

    Raises:
        UserError: `count` is below 60.

    Example:
        >>> swiss_roll(count=600).shape
        (3,)
    """
    from sklearn.datasets import make_swiss_roll

    within("count", count, 60)
    x, _ = make_swiss_roll(count, random_state=mix(seed, "points") % 2**32)
    return _split(torch.from_numpy(x.astype(np.float32)), None, f"swiss-roll:seed={seed}")


def _split(x: Tensor, y: Tensor | None, name: str) -> Data:
    held = min(10_000, len(x) // 6)
    label, other = (None, None) if y is None else (y[held:], y[:held])
    return arrays(x[held:], label, name=name, test=(x[:held], other), fixed=True, kind="vectors")
