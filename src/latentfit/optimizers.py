"""Optimisers as the papers name them, as functions from parameters to an optimiser."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import torch
from torch import nn
from torch.optim import Adam, AdamW, Optimizer

MakeOptimizer = Callable[[Iterable[nn.Parameter]], Optimizer]


def adam(rate: float, beta1: float = 0.9, beta2: float = 0.999) -> MakeOptimizer:
    """Adam with the moments' decay rates in the papers' order; one fused kernel per step."""
    return lambda owned: Adam(owned, lr=rate, betas=(beta1, beta2), fused=True)


def adamw(
    rate: float, beta1: float = 0.9, beta2: float = 0.999, *, decay: float = 0.01
) -> MakeOptimizer:
    """Adam with decoupled weight decay: a step takes `rate * decay` of each weight away."""
    return lambda owned: AdamW(owned, lr=rate, betas=(beta1, beta2), weight_decay=decay, fused=True)


SETTLED = 1e4
"""0.9 to this power is nothing beside 1, in any precision."""


class RMSprop(Adam):
    r"""RMSProp as in TensorFlow 1, with decay 0.9 and no momentum; one fused kernel per step.

    .. math:: s \leftarrow 0.9 s + 0.1 g^2, \quad w \leftarrow w - r \, g / (\sqrt{s} + \epsilon)

    TensorFlow divides by :math:`\sqrt{s + 10^{-10}}` and starts s at 1; PyTorch divides by
    :math:`\sqrt{s} + \epsilon` and starts at 0. With :math:`\epsilon = 10^{-5}` both floor the
    divisor at 1e-5, which is what keeps silenced parameters still; s starts at 1 here. The formula
    is that of Adam without a first moment, so many steps in that its corrections of the start are
    over.

    Arguments:
        owned: Parameters.
        rate: r.
    """

    def __init__(self, owned: Iterable[nn.Parameter], rate: float) -> None:
        owned = list(owned)
        super().__init__(owned, lr=rate, betas=(0.0, 0.9), eps=1e-5, fused=True)
        for p in owned:
            self.state[p] = {
                "step": torch.tensor(SETTLED, device=p.device),
                "exp_avg": torch.zeros_like(p),
                "exp_avg_sq": torch.ones_like(p),
            }


def rmsprop(rate: float) -> MakeOptimizer:
    """RMSProp as in TensorFlow 1."""
    return lambda owned: RMSprop(owned, rate)
