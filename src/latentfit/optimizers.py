"""Optimisers as the papers name them, as functions from parameters to an optimiser."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import torch
from torch import nn
from torch.optim import Adam, AdamW, Optimizer, RMSprop

MakeOptimizer = Callable[[Iterable[nn.Parameter]], Optimizer]


def adam(rate: float, beta1: float = 0.9, beta2: float = 0.999) -> MakeOptimizer:
    """Adam with the moments' decay rates in the papers' order; one fused kernel per step."""
    return lambda owned: Adam(owned, lr=rate, betas=(beta1, beta2), fused=True)


def adamw(rate: float, beta1: float = 0.9, beta2: float = 0.999) -> MakeOptimizer:
    """Adam with decoupled weight decay of 0.01."""
    return lambda owned: AdamW(owned, lr=rate, betas=(beta1, beta2), weight_decay=0.01, fused=True)


def rmsprop(rate: float) -> MakeOptimizer:
    r"""RMSProp as in TensorFlow 1, with decay 0.9 and no momentum.

    TensorFlow divides by :math:`\sqrt{s + 10^{-10}}` and starts s at 1; PyTorch divides by
    :math:`\sqrt{s} + \epsilon` and starts at 0. With :math:`\epsilon = 10^{-5}` both floor the
    divisor at 1e-5, which is what keeps silenced parameters still; the slots are set to 1 here.
    """

    def make(owned: Iterable[nn.Parameter]) -> Optimizer:
        owned = list(owned)
        optimizer = RMSprop(owned, lr=rate, alpha=0.9, eps=1e-5, foreach=True)
        for p in owned:
            optimizer.state[p] = {"step": torch.tensor(0.0), "square_avg": torch.ones_like(p)}
        return optimizer

    return make
