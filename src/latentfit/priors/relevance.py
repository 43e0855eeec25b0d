"""A Gaussian prior that takes the deviations of the codes: relevance of each dimension."""

from __future__ import annotations

import torch
from torch import Tensor

from latentfit.priors.base import Prior


class Relevance(Prior):
    r"""A Gaussian whose variance in each dimension is that of the codes about zero.

    .. math:: p(z_l) = N(0, b_l / a_l), \quad a_l = n / 2, \quad b_l = \tfrac12 \sum_i z_{il}^2

    Under a Gamma hyperprior without information, Gamma(a, b) is the law of a dimension's precision
    after n codes; with it integrated out codes have Student's t of 2a degrees of freedom, which for
    thousands of codes is this Gaussian. A dimension that carries nothing loses its variance, at no
    cost to the others.

    The source counts 10,000 codes anew in each epoch, of samples that it keeps out of the training;
    here n codes are remembered by a running mean over the batches.

    Arguments:
        latent: Number of dimensions m.
        memory: n, at least the size of a batch.

    References:
        | ARD-VAE (Saha et al., 2025), Eqs. 5 to 9

    Example:
        >>> prior = Relevance(2, memory=4)
        >>> prior.take(torch.tensor([[3.0, 0.0], [3.0, 0.0]]))
        >>> prior.variance
        tensor([5.0000, 0.5000])
    """

    variance: Tensor

    def __init__(self, latent: int, *, memory: int = 10_000) -> None:
        super().__init__()
        self.memory = memory
        self.register_buffer("variance", torch.ones(latent))

    @torch.no_grad()
    def take(self, z: Tensor) -> None:
        """Remember codes (B, m), and forget as many."""
        new = z.square().mean(0).to(self.variance.dtype)
        self.variance.lerp_(new, min(1.0, len(z) / self.memory))

    @property
    def deviation(self) -> Tensor:
        """Of each dimension, with shape (m,); never 0."""
        return self.variance.clamp_min(1e-12).sqrt()

    def sample(self, n: int) -> Tensor:
        """Draw n codes, with shape (n, m)."""
        return self.deviation * torch.randn(n, len(self.variance), device=self.variance.device)

    def log_density(self, z: Tensor) -> Tensor:
        """Log p(z) in nats of codes (B, m), with shape (B,)."""
        law = torch.distributions.Normal(0.0, self.deviation, validate_args=False)
        return law.log_prob(z).sum(1)
