"""What a divergence is."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from latentfit.posteriors import Code
from latentfit.priors import Prior

Divergence = Callable[[Code, Tensor, Prior], Tensor]
"""From the laws of a batch of codes, a draw z (B, m) from them and a prior to a scalar."""
