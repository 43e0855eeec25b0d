"""Kullback-Leibler divergences, in closed form and by a draw."""

from __future__ import annotations

from torch import Tensor

from latentfit.checks import UserError
from latentfit.posteriors import Code
from latentfit.priors import Dense, Prior, Relevance


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


def relevance_kl(code: Code, z: Tensor, prior: Prior) -> Tensor:
    r"""KL from Gaussian posteriors to the relevance prior before it saw them, mean over the batch.

    .. math:: \tfrac12 \sum_j \frac{\mu_j^2 + s_j^2}{v_j} - \log \frac{s_j^2}{v_j} - 1

    While training the prior then takes the draws z (B, m). In nats.

    Raises:
        UserError: The codes are points, or the prior is no `Relevance`.

    References:
        | ARD-VAE (Saha et al., 2025), Eq. 11
    """
    if code.scale is None or not isinstance(prior, Relevance):
        raise UserError(
            "the relevance KL needs a Gaussian posterior and a Relevance prior, got "
            f"{'points' if code.scale is None else type(prior).__name__}."
        )
    deviation = prior.deviation
    found = gaussian_kl(code.mean / deviation, code.scale / deviation).mean()
    if prior.training:
        prior.take(z.detach())
    return found


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
