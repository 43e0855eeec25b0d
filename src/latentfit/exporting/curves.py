"""The curves of a table's columns as tensors that a graph can hold."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from latentfit.schema.quantities import Number


class Curves(nn.Module):
    """Rising curves of entries of a row, straight from point to point; other entries stay.

    Arguments:
        columns: By the entry that holds their numbers.
        width: Entries of a row.
    """

    number: Tensor
    seen: Tensor
    held: Tensor
    last: Tensor
    unit: Tensor

    def __init__(self, columns: Mapping[int, Number], width: int) -> None:
        super().__init__()
        most = max((len(column.seen) for column in columns.values()), default=2)
        points = torch.full((2, width, most), torch.inf, dtype=torch.float64)
        points[:, :, :2] = torch.tensor([0.0, 1.0], dtype=torch.float64)
        last, unit = torch.ones(width, dtype=torch.long), torch.ones(width, dtype=torch.float64)
        for place, column in columns.items():
            last[place], unit[place] = len(column.seen) - 1, column.unit
            points[0, place, : len(column.seen)] = torch.tensor(column.seen, dtype=torch.float64)
            points[1, place, : len(column.seen)] = torch.tensor(column.held, dtype=torch.float64)
        number = torch.tensor([place in columns for place in range(width)])
        sides = {"number": number, "seen": points[0], "held": points[1], "last": last, "unit": unit}
        for name, value in sides.items():
            self.register_buffer(name, value.contiguous())

    def _ends(self, side: Tensor) -> tuple[Tensor, Tensor]:
        """First and last point of each entry, each with shape (width,)."""
        return side[:, 0], side.gather(1, self.last[:, None])[:, 0]

    def _at(self, side: Tensor, places: Tensor) -> Tensor:
        """Points of each entry at places (B, width)."""
        return side.T.gather(0, places)

    def fall(self, seen: Tensor) -> Tensor:
        """From what the network sees (B, width) to numbers of the file, within their range."""
        first, end = self._ends(self.seen)
        inside = torch.minimum(torch.maximum(seen.double(), first), end)
        place = (inside[:, :, None] > self.seen).sum(2)
        place = torch.minimum(place.clamp(min=1), self.last)
        start, stop = self._at(self.seen, place - 1), self._at(self.seen, place)
        low, high = self._at(self.held, place - 1), self._at(self.held, place)
        return torch.where(
            self.number, low + (inside - start) / (stop - start) * (high - low), seen.double()
        )

    def rise(self, held: Tensor) -> Tensor:
        """From numbers of the file (B, width) to what the network sees, as `curves.rise` does."""
        first, end = self._ends(self.held)
        inside = torch.minimum(torch.maximum(held, first), end)
        before = (inside[:, :, None] > self.held).sum(2)
        after = (inside[:, :, None] >= self.held).sum(2)
        place = torch.minimum(before.clamp(min=1), self.last)
        width = self._at(self.held, place) - self._at(self.held, place - 1)
        share = (inside - self._at(self.held, place - 1)) / torch.where(width > 0, width, 1.0)
        left, right = self._at(self.seen, place - 1), self._at(self.seen, place)
        most = torch.minimum(before, self.last)
        flat = (self._at(self.seen, most) + self._at(self.seen, (after - 1).clamp(min=0))) / 2
        seen = torch.where(after > before, flat, left + share * (right - left))
        return torch.where(self.number, seen + (held - inside) / self.unit, held)
