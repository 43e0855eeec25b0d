"""A prior is anything with `sample(n)`; a model is a prior."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Protocol, runtime_checkable

from torch import Tensor, nn


@runtime_checkable
class Prior(Protocol):
    """What one samples codes from."""

    def sample(self, n: int) -> Tensor:
        """Draw n codes, with shape (n, m)."""
        ...


class FittedPrior(nn.Module, ABC):
    """A prior in closed form that is fitted to the codes of a trained encoder."""

    @abstractmethod
    def fit(self, codes: Tensor, *, seed: int = 0) -> None:
        """Fit to codes with shape (N, m)."""

    @abstractmethod
    def sample(self, n: int) -> Tensor:
        """Draw n codes, with shape (n, m)."""
