"""A mixture of Gaussians whose places are fixed."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from latentfit.checks import within
from latentfit.priors.base import Prior


class Ring(Prior):
    r"""Equal Gaussians on a ring in the first two dimensions; N(0, I) in the others.

    .. math:: \frac1K \sum_k N(r (\cos 2 \pi k / K, \sin 2 \pi k / K), s^2 I)

    The ring is scaled so that each of its two dimensions has mean 0 and variance 1, as N(0, I).

    Arguments:
        latent: Number of latent dimensions m, at least 2.
        modes: K, at least 3.
        ratio: s / r.

    Raises:
        UserError: `latent` is below 2, or `modes` below 3.

    References:
        | Adversarial Autoencoders (Makhzani et al., 2016), Section 2.3: a mixture as prior
        | FlexAE (Mondal et al.), Figure 3 (d): "WAE with GMM prior"

    Example:
        >>> draws = Ring(2, modes=8).sample(20_000)
        >>> bool((draws.std(0) - 1).abs().max() < 0.03)
        True
    """

    scale: Tensor

    def __init__(self, latent: int, *, modes: int = 8, ratio: float = 0.125) -> None:
        super().__init__()
        within("latent", latent, 2, remedy="a ring needs a plane")
        within("modes", modes, 3)
        self.latent, self.modes, self.ratio = latent, modes, ratio
        # On r = 1 the places have variance 1/2 in each dimension, to which s^2 is added.
        self.scale = nn.Buffer(torch.tensor(1 / math.sqrt(0.5 + ratio**2)))

    def sample(self, n: int) -> Tensor:
        """Draw n codes, with shape (n, m)."""
        angle = 2 * math.pi / self.modes * torch.randint(
            self.modes, (n,), device=self.scale.device
        )  # fmt: skip
        z = torch.randn(n, self.latent, device=self.scale.device)
        ring = torch.stack([angle.cos(), angle.sin()], 1) + self.ratio * z[:, :2]
        return torch.cat([self.scale * ring, z[:, 2:]], 1)
