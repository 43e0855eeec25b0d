"""Likelihood bounds from importance weights, in nats."""

from __future__ import annotations

import math

from torch import Tensor

from latentfit.checks import UserError
from latentfit.metrics.matrix import Features, numbers
from latentfit.metrics.spread import Estimate


def elbo(log_weights: Features) -> Estimate:
    r"""Evidence lower bound of each sample, averaged.

    .. math:: \overline{\log p(x | z) + \log p(z) - \log q(z | x)}, \quad z \sim q(z | x)

    Arguments:
        log_weights: The summand, in nats a sample, with shape (S, N) for S draws of each code.

    Returns:
        Mean over N in nats, its standard error, and N.

    Raises:
        UserError: They have another shape, or there are none.

    Example:
        >>> import torch
        >>> elbo(torch.tensor([[-3.0, -1.0], [-5.0, -3.0]])).value
        -3.0
    """
    return Estimate.mean(_checked(log_weights).mean(0))


def importance_weighted(log_weights: Features) -> Estimate:
    r"""Importance-weighted bound of the log-likelihood: tighter than the ELBO, exact as S grows.

    .. math:: \overline{\log \frac1S \sum_s w_s}

    Arguments:
        log_weights: log w, in nats a sample, with shape (S, N).

    Returns:
        Mean over N in nats, its standard error, and N.

    Raises:
        UserError: They have another shape, or there are none.

    References:
        | Importance Weighted Autoencoders (Burda et al., 2016), Eq. 8

    Example:
        >>> import torch
        >>> round(importance_weighted(torch.tensor([[0.5], [0.25]]).log()).value, 6)  # log 0.375
        -0.980829
    """
    held = _checked(log_weights)
    return Estimate.mean(held.logsumexp(0) - math.log(len(held)))


def bits_per_dimension(log_likelihood: float, dimensions: int) -> float:
    r"""Bits that one entry of 8-bit data costs: :math:`-L / (D \log 2) + 8`.

    Arguments:
        log_likelihood: Of data scaled from 0..255 to [0, 1], in nats a sample.
        dimensions: D, entries of a sample.

    Example:
        >>> bits_per_dimension(0.0, 784)  # as bad as a uniform density on [0, 1]
        8.0
    """
    return 8 - log_likelihood / (dimensions * math.log(2))


def _checked(log_weights: Features) -> Tensor:
    held = numbers(log_weights, "log weights")
    if held.dim() != 2 or held.numel() == 0:
        raise UserError(f"log weights must be (S, N), got {tuple(held.shape)}.")
    return held
