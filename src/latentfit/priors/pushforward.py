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
    r"""The law of mu * z + s * e, with z and e ~ N(0, I): the prior of MaskAAE.

    Arguments:
        mask: Gives mu, with shape (m,).
        latent: Number of dimensions m.
        noise: s; 0 in the paper.
    """

    def __init__(self, mask: Mask, latent: int, *, noise: float = 0.0) -> None:
        super().__init__()
        self.mask, self.normal, self.noise = mask, Normal(latent), Normal(latent, deviation=noise)

    def sample(self, n: int) -> Tensor:
        """Draw n masked codes, with shape (n, m); gradients reach the mask."""
        return self.mask() * self.normal.sample(n) + self.noise.sample(n)
