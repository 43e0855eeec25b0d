"""The units of data: what a file holds and what a network sees."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor


@dataclass(frozen=True)
class Units:
    r"""The affine map between what a file holds and what a network sees.

    .. math:: \text{seen} = (\text{held} - \text{shift}) / \text{scale}

    Images are held as [0, 1] and seen as [0, 1]. Vectors are standardised per dimension with the
    mean and the deviation of the training split.

    Attributes:
        shift: In the units of the file, with shape () or (d,).
        scale: In the units of the file, positive, with the shape of `shift`.

    Example:
        >>> units = Units(shift=torch.tensor([2.0]), scale=torch.tensor([4.0]))
        >>> units.restore(units.apply(torch.tensor([[10.0]])))
        tensor([[10.]])
    """

    shift: Tensor = field(default_factory=lambda: torch.zeros(()))
    scale: Tensor = field(default_factory=lambda: torch.ones(()))

    @property
    def neutral(self) -> bool:
        """Whether the map changes nothing."""
        return not bool(self.shift.any()) and bool((self.scale == 1).all())

    def apply(self, held: Tensor) -> Tensor:
        """From the units of the file to those of the network, shape kept."""
        return (held - self.shift.to(held)) / self.scale.to(held)

    def restore(self, seen: Tensor) -> Tensor:
        """From the units of the network to those of the file, shape kept."""
        return seen * self.scale.to(seen) + self.shift.to(seen)
