"""Samples that lie on the device."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import torch
from torch import Tensor

from latentfit.data.base import Split


class Resident(Split):
    """One tensor on one device; images stay uint8 there and are scaled batch by batch.

    Arguments:
        values: uint8 images (N, C, H, W), or float32 samples in the network's units (N, *shape).
        labels: Class of each sample, with shape (N,).
        ids: What each sample is called in its source, with shape (N,).

    Example:
        >>> split = Resident(torch.full((4, 1, 2, 2), 255, dtype=torch.uint8))
        >>> split.take(torch.tensor([0, 3])).mean()
        tensor(1.)
    """

    def __init__(
        self, values: Tensor, labels: Tensor | None = None, *, ids: np.ndarray | None = None
    ) -> None:
        self.values, self.labels, self.ids = values, labels, ids
        self.shape = tuple(values.shape[1:])

    def __len__(self) -> int:
        """The number of samples."""
        return len(self.values)

    def take(self, indices: Tensor) -> Tensor:
        """The samples at `indices` (B,), float32 with shape (B, *shape)."""
        device = self.values.device
        picked = self.values.index_select(0, indices.to(device, non_blocking=True))
        return picked.float() / 255 if picked.dtype == torch.uint8 else picked

    def batches(self, order: Iterable[Tensor]) -> Iterator[Tensor]:
        """`take` for each of the index tensors of `order`."""
        return (self.take(indices) for indices in order)

    def to(self, device: torch.device | str) -> Resident:
        """The same samples on `device`."""
        return Resident(self.values.to(device), self.labels, ids=self.ids)
