"""The way between the units of the data's file and those of the network, as tensors."""

from __future__ import annotations

from functools import singledispatch
from typing import Any

import torch
from torch import Tensor, nn

from latentfit.exporting.curves import Curves
from latentfit.schema import Numbers, Pixels, Schema, Table
from latentfit.schema.choices import Choice
from latentfit.schema.quantities import Number
from latentfit.shapes import Shape


class Units(nn.Module):
    """What samples are outside of a graph: as a rule what the network sees.

    Arguments:
        shape: Of a sample outside.
        told: What a person should know of it.
        dtype: Of samples outside.
    """

    def __init__(
        self, shape: Shape, told: dict[str, Any], dtype: torch.dtype = torch.float32
    ) -> None:
        super().__init__()
        self.shape, self.told, self.dtype = tuple(shape), told, dtype

    def seen(self, held: Tensor) -> Tensor:
        """From samples in the units of the file (B, *shape) to those of the network."""
        return held

    def held(self, seen: Tensor) -> Tensor:
        """From samples in the network's units to those of the file (B, *shape)."""
        return seen

    def some(self, n: int) -> Tensor:
        """Samples to try a graph on, in the units of the file, (n, *shape)."""
        return torch.rand(n, *self.shape)


class NumberUnits(Units):
    """Numbers, standardised in double precision as their schema does.

    Arguments:
        schema: Of the data.
    """

    shift: Tensor
    scale: Tensor

    def __init__(self, schema: Numbers) -> None:
        plain = schema.neutral and schema.dtype in ("float32", "float16")
        whole = schema.counts or schema.dtype[0] in "iub"
        self.low, self.high = (schema.low, schema.high) if whole else (-torch.inf, torch.inf)
        told: dict[str, Any] = {"units": "those of the file", "names": list(schema.names)}
        if whole:
            told |= {"whole": True, "then": "round samples that are made to whole numbers",
                     "low": schema.low, "high": schema.high}  # fmt: skip
        super().__init__(schema.held, told, torch.float32 if plain else torch.float64)
        self.within, self.counts = schema.seen, schema.counts
        self.register_buffer("shift", schema.shift.to(self.dtype))
        self.register_buffer("scale", schema.scale.to(self.dtype))

    def seen(self, held: Tensor) -> Tensor:
        """From numbers of the file to standardised ones."""
        values = held.reshape(-1, *self.within)
        values = values.log1p() if self.counts else values
        return ((values - self.shift) / self.scale).float()

    def held(self, seen: Tensor) -> Tensor:
        """From standardised numbers to those of the file."""
        values = seen.to(self.dtype) * self.scale + self.shift
        values = values.expm1() if self.counts else values
        return values.reshape(-1, *self.shape).clamp(self.low, self.high)

    def some(self, n: int) -> Tensor:
        """Those that the network sees as Gaussian ones."""
        return self.held(torch.randn(n, *self.within))


class TableUnits(Units):
    """Entries of a row: numbers in the units of the file, choices as shares of their values.

    Arguments:
        schema: Of the data.
    """

    shown: Tensor

    def __init__(self, schema: Table) -> None:
        columns, names, start = [], [], 0
        width = schema.seen[0]
        curves: dict[int, Number] = {}
        shown = torch.full((width,), width)  # an entry of ones beside the last: always there
        for column in schema.columns:
            told = column.to_json() | {"entries": [start, start + column.width]}
            if isinstance(column, Number):
                curves[start] = column
                told |= {"low": column.held[0], "high": column.held[-1]}
                if column.missing:
                    shown[start] = start + 1
            columns.append({k: v for k, v in told.items() if k not in ("seen", "held", "unit")})
            names += entries(column)
            start += column.width
        told = {
            "units": "entries of a row: numbers in the units of the file, dates in seconds since "
            "1970, choices as the share of each of their values, from 0 to 1",
            "entries": names,
            "columns": columns,
        }
        super().__init__(schema.seen, told, torch.float64)
        self.curves = Curves(curves, width)
        self.register_buffer("shown", shown)

    def seen(self, held: Tensor) -> Tensor:
        """From entries in the units of the file to the network's; numbers not there are 0."""
        there = torch.nn.functional.pad(held, (0, 1), value=1.0)[:, self.shown] >= 0.5
        return torch.where(there | ~self.curves.number, self.curves.rise(held), 0.0).float()

    def held(self, seen: Tensor) -> Tensor:
        """From the network's entries to the units of the file, numbers within their range."""
        return self.curves.fall(seen)

    def some(self, n: int) -> Tensor:
        """Gaussian numbers, and shares at random."""
        seen = torch.randn(n, *self.shape)
        return self.held(torch.where(self.curves.number, seen, torch.rand_like(seen)))


def entries(column: Any) -> list[str]:
    """What the entries of a column of a table are called."""
    name = str(column.name)
    if isinstance(column, Number):
        return [name, f"{name} is there"][: column.width]
    if isinstance(column, Choice):
        values = [*map(str, column.levels), *(["missing"] if column.missing else [])]
        return [f"{name} = {value}" for value in (values[1:] if column.width == 1 else values)]
    return []


@singledispatch
def units_of(schema: Schema) -> Units:
    """The units of a schema; those of the network where it is of a kind that is not known."""
    return Units(schema.seen, {"units": "those of the network"})


@units_of.register
def _(schema: Pixels) -> Units:
    told = {"units": "shares of white, in [0, 1]", "axes": ["channel", "row", "column"]}
    return Units(schema.seen, told | {"white": schema.white})


@units_of.register
def _(schema: Numbers) -> Units:
    return NumberUnits(schema)


@units_of.register
def _(schema: Table) -> Units:
    return TableUnits(schema)
