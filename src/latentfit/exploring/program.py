"""A function of tensors as a list of steps that a page can run.

There are six kinds of steps, and every operation that is known is made of them:

| step | what it gives |
|---|---|
| `map` | a function of each entry of equally many entries, or of numbers |
| `take` | entries of the sources by their place, or a number where there is none |
| `scatter` | a base to whose entries others are added, or of which the larger are kept |
| `reduce` | sum, largest or least of each row |
| `matmul` | products of matrices |
| `noise` | independent draws of N(0, 1) or U(0, 1) |

Shapes are fixed, a batch is one sample, and what does not depend on the input is a constant.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from latentfit.exploring.store import Store
from latentfit.exploring.tables import tables


@dataclass(frozen=True)
class Value:
    """What a step gives.

    Attributes:
        number: What steps call it.
        example: Such a value, for its shape.
    """

    number: int
    example: Tensor

    @property
    def shape(self) -> torch.Size:
        """Its shape."""
        return self.example.shape


Operand = Value | Tensor | float
"""Entries, constant entries, or one number for all of them."""


def places(shape: Sequence[int], start: int = 0) -> Tensor:
    """Places of all entries of a shape, in it, from `start` on."""
    count = torch.Size(shape).numel()
    return torch.arange(start, start + count).reshape(tuple(shape))


@dataclass
class Program:
    """Steps and constants.

    Attributes:
        inputs: Numbers of the inputs.
        output: Number of what it gives.
        steps: In their order; each says what it takes (`from`) and gives (`to`).
        constants: By number.
    """

    inputs: list[int] = field(default_factory=list)
    output: int = -1
    steps: list[dict[str, Any]] = field(default_factory=list)
    constants: dict[int, np.ndarray] = field(default_factory=dict)
    count: int = 0

    # What there is before any step.

    def _new(self, example: Tensor) -> Value:
        self.count += 1
        return Value(self.count - 1, example)

    def input(self, example: Tensor) -> Value:
        """One more input."""
        value = self._new(example)
        self.inputs.append(value.number)
        return value

    def constant(self, held: Tensor) -> Value:
        """A constant."""
        value = self._new(held)
        self.constants[value.number] = held.detach().cpu().float().contiguous().numpy()
        return value

    # The steps.

    def _step(self, op: str, example: Tensor, **told: Any) -> Value:
        value = self._new(example)
        self.steps.append({"op": op, "to": value.number, "size": example.numel(), **told})
        return value

    def value(self, given: Value | Tensor) -> Value:
        """A value of a value or of a constant tensor."""
        return given if isinstance(given, Value) else self.constant(given)

    def spread(self, given: Value | Tensor | float, shape: Sequence[int]) -> Value | float:
        """An operand with a shape that it is broadcast to; numbers stay numbers."""
        if not isinstance(given, Value | Tensor):
            return float(given)
        if isinstance(given, Tensor) and given.numel() == 1:
            return float(given)
        held = self.value(given)
        if held.shape == tuple(shape):
            return held
        return self.take([held], places(held.shape).expand(shape), held.example.expand(shape))

    def map(self, function: str, operands: Sequence[Operand], example: Tensor) -> Value:
        """A function of each entry; operands are broadcast to the shape of the result."""
        spread = [self.spread(operand, example.shape) for operand in operands]
        told = [o.number if isinstance(o, Value) else {"is": _told(o)} for o in spread]
        return self._step("map", example, function=function, **{"from": told})

    def take(
        self, sources: Sequence[Value], index: Tensor, example: Tensor, *, fill: float = 0.0
    ) -> Value:
        """Entries of the sources in a row, by their place, with the shape of `index`.

        Arguments:
            sources: Of the entries.
            index: Places, int64; -1 where there is none.
            example: Of the result.
            fill: What is there then.
        """
        flat = index.flatten()
        whole = len(sources) == 1 and len(flat) == sources[0].example.numel()
        if whole and torch.equal(flat, torch.arange(len(flat))):
            return Value(sources[0].number, example)
        numbers = [source.number for source in sources]
        return self._step(
            "take", example, tables=tables(index), fill=_told(fill), **{"from": numbers}
        )

    def scatter(self, base: Value, entries: Value, index: Tensor, *, how: str = "sum") -> Value:
        """The base, with entries added at places of it, or (`max`) the larger kept."""
        numbers = [base.number, entries.number]
        return self._step(
            "scatter", base.example, tables=tables(index), how=how, **{"from": numbers}
        )

    def reduce(self, rows: Value, how: str, example: Tensor) -> Value:
        """`sum`, `max` or `min` over the last axes of `rows`, as many as `example` lacks."""
        width = rows.example.numel() // max(1, example.numel())
        return self._step("reduce", example, how=how, width=width, **{"from": [rows.number]})

    def matmul(self, a: Value, b: Value, example: Tensor) -> Value:
        """Products of matrices (G, M, K) and (G, K, N)."""
        (groups, rows, inner), columns = a.shape, b.shape[-1]
        sizes = {"groups": groups, "rows": rows, "inner": inner, "columns": columns}
        return self._step("matmul", example, **sizes, **{"from": [a.number, b.number]})

    def noise(self, law: str, example: Tensor) -> Value:
        """Draws of `normal` or `uniform`."""
        return self._step("noise", example, law=law, **{"from": []})

    # What a page gets.

    def told(self, store: Store) -> dict[str, Any]:
        """Plain values; constants and tables go into the store. Steps in vain are left out."""
        needed, kept = {self.output}, []
        for step in reversed(self.steps):
            if step["to"] in needed:
                needed |= {number for number in step["from"] if isinstance(number, int)}
                kept.append(step)
        steps = [
            step | ({"tables": [store.add(t) for t in step["tables"]]} if "tables" in step else {})
            for step in reversed(kept)
        ]
        constants = {str(n): store.add(held) for n, held in self.constants.items() if n in needed}
        return {
            "count": self.count,
            "inputs": self.inputs,
            "output": self.output,
            "constants": constants,
            "steps": steps,
        }


def _told(number: float) -> float | str:
    """A number as JSON has it; what is not finite by its name in JavaScript."""
    if math.isfinite(number):
        return number
    return "NaN" if math.isnan(number) else "Infinity" if number > 0 else "-Infinity"
