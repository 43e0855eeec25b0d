"""A mixture of posteriors at learned pseudo-inputs as a prior."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from latentfit.networks import evaluating
from latentfit.posteriors import DiagonalGaussian
from latentfit.priors.base import Prior


class Vamp(Prior):
    r"""Variational mixture of posteriors.

    .. math:: p(z) = \frac1K \sum_k q(z | u_k), \quad u_k = \sigma(a_k) \text{ for images}

    The pseudo-inputs start at 0.5 with a deviation of 0.1 in the data's units. The source's start
    lies below its clamp, where nothing ever learns, and its sampler takes the first components in
    order; both are avoided. Images are kept in [0, 1] by a sigmoid.

    Posteriors of pseudo-inputs are those of evaluation mode, also while training: a batch norm that
    normalised them by their own statistics would train another prior than the one that is sampled.

    Arguments:
        posterior: q(z | x), shared with the model.
        shape: Shape of a pseudo-input, that of a sample.
        components: K.
        bounded: The data lie in [0, 1].

    References:
        | VAE with a VampPrior (Tomczak & Welling, 2018), Eq. 9
    """

    def __init__(
        self, posterior: DiagonalGaussian, shape: tuple[int, ...], components: int, *, bounded: bool
    ) -> None:
        super().__init__()
        # In a tuple it is not registered: the model owns it, and its weights are stored once.
        self._shared = (posterior,)
        self.bounded = bounded
        start = torch.randn(components, *shape)
        self.raw = nn.Parameter(0.4 * start if bounded else start)

    def inputs(self) -> Tensor:
        """The pseudo-inputs, with shape (K, *shape)."""
        return self.raw.sigmoid() if self.bounded else self.raw

    def log_density(self, z: Tensor) -> Tensor:
        """Log p(z) in nats of codes (B, m), with shape (B,)."""
        mean, scale = self._components()
        law = torch.distributions.Normal(mean, scale, validate_args=False)
        table = law.log_prob(z[:, None]).sum(2)
        return table.logsumexp(1) - math.log(len(mean))

    def sample(self, n: int) -> Tensor:
        """Draw n codes, with shape (n, m): a random component, then its posterior."""
        mean, scale = self._components()
        pick = torch.randint(len(mean), (n,), device=mean.device)
        return mean[pick] + scale[pick] * torch.randn_like(mean[pick])

    def _components(self) -> tuple[Tensor, Tensor]:
        (posterior,) = self._shared
        with evaluating(posterior):
            code = posterior(self.inputs())
        return code.mean, code.scale
