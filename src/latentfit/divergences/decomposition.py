"""The parts of the KL divergence of the aggregated posterior, estimated on a minibatch."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from latentfit.checks import UserError
from latentfit.divergences.base import Divergence
from latentfit.posteriors import Code
from latentfit.priors import Prior


def decompose(
    z: Tensor, mean: Tensor, scale: Tensor, samples: int, *, stratified: bool = True
) -> tuple[Tensor, Tensor, Tensor]:
    r"""Index-code mutual information, total correlation, and dimension-wise KL to N(0, I).

    .. math:: \mathrm{MI} = \log q(z|x) - \log q(z), \;
              \mathrm{TC} = \log q(z) - \sum_j \log q(z_j), \;
              \mathrm{DW} = \sum_j \log q(z_j) - \log p(z_j)

    :math:`\log q(z_i) = \log \sum_k W_{ik} \, q(z_i | x_k)`, with stratified weights
    :math:`W_{ii} = 1/N`, :math:`W_{i,i+1} = (N - B + 1)/(N (B - 1))`, the others
    :math:`1/(B - 1)`; every row sums to 1. Public code writes the special weights into two columns
    instead of the diagonal and its neighbour. Without `stratified` all weights are
    :math:`1/(N B)`.

    Arguments:
        z: Draws, with shape (B, m), B at least 2.
        mean: Means of the posteriors that they come from, with shape (B, m).
        scale: Deviations, positive, with shape (B, m).
        samples: N, the number of training samples.
        stratified: Stratified weights.

    Returns:
        Three scalars in nats, means over the batch.

    References:
        | Isolating Sources of Disentanglement in VAEs (Chen et al., 2018), Appendix C
    """
    law = torch.distributions.Normal(mean, scale, validate_args=False)
    # (B, B, m): draw i under posterior k, dimension j.
    cross = torch.distributions.Normal(mean[None], scale[None], validate_args=False)
    table = cross.log_prob(z[:, None])
    weights = _log_weights(len(z), samples, z) if stratified else -math.log(samples * len(z))
    joint = torch.logsumexp(weights + table.sum(2), 1)
    product = torch.logsumexp(_last(weights) + table, 1).sum(1)
    own = law.log_prob(z).sum(1)
    prior = -0.5 * (z.square() + math.log(2 * math.pi)).sum(1)
    return (own - joint).mean(), (joint - product).mean(), (product - prior).mean()


def _log_weights(batch: int, samples: int, like: Tensor) -> Tensor:
    rest = batch - 1
    table = torch.full((batch, batch), 1 / rest, dtype=like.dtype, device=like.device)
    rows = torch.arange(batch, device=like.device)
    table[rows, rows] = 1 / samples
    table[rows, (rows + 1) % batch] = (samples - rest) / (samples * rest)
    return table.log()


def _last(weights: Tensor | float) -> Tensor | float:
    return weights[..., None] if isinstance(weights, Tensor) else weights


def decomposition(samples: int, *, stratified: bool = True) -> dict[str, Divergence]:
    """The three parts of `decompose` as divergences in nats: information, correlation, dimensions.

    Arguments:
        samples: N, the number of training samples.
        stratified: Stratified weights.

    Raises:
        UserError: By a part when it is called: the codes are points.
    """

    def part(place: int) -> Divergence:
        def term(code: Code, z: Tensor, prior: Prior) -> Tensor:
            if code.scale is None:
                raise UserError("the decomposition needs a Gaussian posterior, not points.")
            return decompose(z, code.mean, code.scale, samples, stratified=stratified)[place]

        return term

    names = ("information", "correlation", "dimensions")
    return {name: part(place) for place, name in enumerate(names)}
