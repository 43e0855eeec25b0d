"""A prior of its own for each class."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn

from latentfit.checks import UserError
from latentfit.priors.base import ExPost, Fitted


class ByClass(ExPost):
    r"""A prior for the codes of each class; a draw of no class is of one by its share.

    .. math:: p(z) = \sum_c \frac{N_c}{N} \, p_c(z)

    Arguments:
        parts: A prior that is not fitted yet for each class.

    Example:
        >>> from latentfit.priors import GaussianMixture
        >>> prior = ByClass([GaussianMixture(1, components=1) for _ in range(2)])
        >>> codes = torch.tensor([[0.0], [1.0], [10.0], [11.0]])
        >>> prior.fit(codes, torch.tensor([0, 0, 1, 1]))
        >>> bool((prior.sample_of(50, 1) > 5).all())
        True
    """

    shares: Tensor

    def __init__(self, parts: Sequence[Fitted]) -> None:
        super().__init__()
        self.parts, self.classes = nn.ModuleList(parts), len(parts)
        self.register_buffer("shares", torch.zeros(len(parts)))

    def fit(self, codes: Tensor, labels: Tensor, *, seed: int = 0) -> None:
        """Fit each class to its codes.

        Arguments:
            codes: With shape (N, m).
            labels: Number of each code's class, with shape (N,).
            seed: As of the parts.

        Raises:
            UserError: A class has too few codes.
        """
        for number in range(self.classes):
            own = codes[labels.to(codes.device) == number]
            try:
                self._part(number).fit(own, seed=seed)
            except UserError as error:
                raise UserError(f"class number {number} has {len(own)} codes: {error}") from error
            self.shares[number] = len(own) / len(codes)

    def sample(self, n: int) -> Tensor:
        """Draw n codes, with shape (n, m), in no order."""
        picked = torch.multinomial(self.shares, n, replacement=True)
        drawn = [self.sample_of(int((picked == k).sum()), int(k)) for k in picked.unique()]
        return torch.cat(drawn)[torch.randperm(n).to(self.shares.device)]

    def sample_of(self, n: int, label: int) -> Tensor:
        """Draw n codes of a class, with shape (n, m)."""
        return self._part(label).sample(n)

    def _part(self, label: int) -> Fitted:
        return cast(Fitted, self.parts[label])
