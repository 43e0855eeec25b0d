"""A prior is anything with `sample(n)`; a model is a prior."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor, nn

from latentfit.checks import UserError


class Prior(nn.Module, ABC):
    """What one samples codes from.

    Attributes:
        classes: How many classes it can be asked for by `sample_of`; 0 as a rule.
    """

    classes: int = 0

    @abstractmethod
    def sample(self, n: int) -> Tensor:
        """Draw n codes, with shape (n, m); gradients reach what the draws depend on."""

    def sample_of(self, n: int, label: int) -> Tensor:
        """Draw n codes of the class of a number, with shape (n, m).

        Raises:
            UserError: It knows no classes.
        """
        raise UserError("this prior knows no classes; fit one by class (fit-prior --by label).")


class ExPost(Prior):
    """A prior that is fitted to the codes of a trained encoder: ex-post density estimation.

    Until then it cannot sample. It is fitted in closed form (`Fitted`) or trained as a model of
    codes (`models.Learned`).

    References:
        | From Variational to Deterministic Autoencoders (Ghosh et al., 2020), Section 4
    """


class Fitted(ExPost):
    """A prior that is fitted to codes in closed form."""

    @abstractmethod
    def fit(self, codes: Tensor, *, seed: int = 0) -> None:
        """Fit to codes with shape (N, m)."""


@runtime_checkable
class Dense(Protocol):
    """A prior with a density, so that a model's likelihood has a bound."""

    def log_density(self, z: Tensor) -> Tensor:
        """Log p(z) in nats of codes (B, m), with shape (B,)."""
        ...


def parts(n: int, most: int) -> list[slice]:
    """Places of n draws, at most so many at a time; all at once where n is unknown, as in a graph.

    Example:
        >>> parts(5, 2)
        [slice(0, 2, None), slice(2, 4, None), slice(4, 5, None)]
    """
    if isinstance(n, torch.SymInt):
        return [slice(0, n)]
    return [slice(start, min(start + most, n)) for start in range(0, n, most)]
