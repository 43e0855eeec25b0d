"""Kullback-Leibler divergences, in closed form and by a draw."""

from __future__ import annotations

from torch import Tensor

from latentfit.checks import UserError
from latentfit.posteriors import Code
from latentfit.priors import Dense, Prior


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


def kl(code: Code, z: Tensor, prior: Prior) -> Tensor:
    """Closed-form KL from Gaussian posteriors to N(0, I), mean over the batch, in nats.

    Raises:
        UserError: The codes are points.
    """
    if code.scale is None:
        raise UserError(
            "the closed-form KL needs a Gaussian posterior, such as DiagonalGaussian, not points."
        )
    return gaussian_kl(code.mean, code.scale).mean()


def sampled_kl(code: Code, z: Tensor, prior: Prior) -> Tensor:
    """KL from the posterior to a prior with a density, by the draw z, mean over the batch, in nats.

    Raises:
        UserError: The prior has no density.
    """
    if not isinstance(prior, Dense):
        raise UserError(
            f"the KL needs a prior with a log_density, {type(prior).__name__} has none."
        )
    return (code.log_density(z) - prior.log_density(z)).mean()
