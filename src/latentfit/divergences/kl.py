"""Kullback-Leibler divergences in closed form."""

from __future__ import annotations

from torch import Tensor


def gaussian_kl(mean: Tensor, scale: Tensor) -> Tensor:
    r"""Divergence of a diagonal Gaussian from N(0, I), in nats.

    .. math:: \tfrac12 \sum_j \mu_j^2 + s_j^2 - 2 \log s_j - 1

    Arguments:
        mean: With shape (B, m).
        scale: Standard deviations, positive, with shape (B, m).

    Returns:
        One value per sample, with shape (B,).

    Example:
        >>> import torch
        >>> gaussian_kl(torch.tensor([[1.0, 0.0]]), torch.ones(1, 2))
        tensor([0.5000])
    """
    return 0.5 * (mean.square() + scale.square() - 2 * scale.log() - 1).sum(1)
