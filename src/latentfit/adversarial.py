"""Adversarial divergences as pairs of losses: the critic's side and the climber's side.

The critic is trained to be high on `real` and low on `fake`. All are means over the batch.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import relu, softplus


def judged(critic: Callable[[Tensor], Tensor], *batches: Tensor) -> tuple[Tensor, ...]:
    """Scores of some batches in one pass; the critic has no batch norm, so each is as alone."""
    return critic(torch.cat(batches)).split([len(batch) for batch in batches])


def logistic_critic(real: Tensor, fake: Tensor) -> Tensor:
    """Cross-entropy of logits with label 1 for `real` and 0 for `fake`, summed over the two."""
    return softplus(-real).mean() + softplus(fake).mean()


def logistic_climb(fake: Tensor) -> Tensor:
    """Non-saturating loss of whoever makes `fake`."""
    return softplus(-fake).mean()


def hinge_critic(real: Tensor, fake: Tensor) -> Tensor:
    """Hinge loss: no reward for scores beyond 1 and -1."""
    return relu(1 - real).mean() + relu(1 + fake).mean()


def wasserstein_gap(high: Tensor, low: Tensor) -> Tensor:
    """Mean score of `low` minus mean score of `high`, which the critic lowers."""
    return low.mean() - high.mean()
