"""Priors with a bounded support: the cube of the GANs, the sphere of AGE and Pioneer."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from latentfit.priors.base import Prior
from latentfit.priors.normal import Normal


class Cube(Prior):
    r"""Uniform on :math:`[-1, 1]^m`.

    Arguments:
        latent: Number of dimensions m.

    Example:
        >>> bool(Cube(4).sample(100).abs().max() <= 1)
        True
    """

    def __init__(self, latent: int) -> None:
        super().__init__()
        self.normal = Normal(latent)  # knows the device

    def sample(self, n: int) -> Tensor:
        """Draw n codes, with shape (n, m)."""
        return 2 * torch.rand_like(self.normal.sample(n)) - 1


class Sphere(Prior):
    r"""Uniform on the unit sphere of :math:`R^m`: a Gaussian divided by its norm.

    Arguments:
        latent: Number of dimensions m.

    Example:
        >>> torch.allclose(Sphere(4).sample(100).norm(dim=1), torch.ones(100))
        True
    """

    def __init__(self, latent: int) -> None:
        super().__init__()
        self.normal = Normal(latent)

    def sample(self, n: int) -> Tensor:
        """Draw n codes of length 1, with shape (n, m)."""
        return functional.normalize(self.normal.sample(n), dim=1)
