"""Priors that a network makes from noise: FlexAE's, the mapped prior's, the masked one."""

from __future__ import annotations

from torch import Tensor, nn

from latentfit.networks.mask import Mask
from latentfit.priors.base import Prior
from latentfit.priors.normal import Normal


class Pushforward(Prior):
    r"""The law of G(e), e ~ N(0, I).

    Arguments:
        network: G, from noise (B, m') to codes (B, m).
        noise: Number of noise dimensions m'.
    """

    def __init__(self, network: nn.Module, noise: int) -> None:
        super().__init__()
        self.network, self.noise = network, Normal(noise)

    def sample(self, n: int) -> Tensor:
        """Draw n codes, with shape (n, m); gradients reach the network."""
        return self.network(self.noise.sample(n))


class Masked(Prior):
    r"""The law of mu * z, z ~ N(0, I): the prior of MaskAAE.

    Arguments:
        mask: Gives mu, with shape (m,).
        latent: Number of dimensions m.
    """

    def __init__(self, mask: Mask, latent: int) -> None:
        super().__init__()
        self.mask, self.normal = mask, Normal(latent)

    def sample(self, n: int) -> Tensor:
        """Draw n masked codes, with shape (n, m); gradients reach the mask."""
        return self.mask() * self.normal.sample(n)
