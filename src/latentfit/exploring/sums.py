"""Operations that add up, or keep the largest, and what is made of sums."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor

from latentfit.exploring.call import Call, FormError, Rule
from latentfit.exploring.program import Value, places


def reduced(how: str, *, mean: bool = False) -> Rule:
    """The rule of a sum, a mean, the largest or the least over some axes."""

    def rule(call: Call) -> Value:
        return _over(call, call.args[0], how, call.example, mean=mean)

    return rule


def _axes(call: Call, size: int, place: int = 1) -> list[int]:
    """The axes that an operation works over; all where none are given."""
    given = call.given(place, "dim")
    if given is None or given == []:
        return list(range(size))
    return sorted(axis % size for axis in (given if isinstance(given, Sequence) else [given]))


def _over(
    call: Call, value: Value, how: str, example: Tensor, *, mean: bool = False, place: int = 1
) -> Value:
    program, size = call.program, value.example.dim()
    over = _axes(call, size, place) if size else []
    order = [axis for axis in range(size) if axis not in over] + over
    index = places(value.shape).permute(order)
    rows = program.take([value], index, value.example.permute(order))
    found = program.reduce(rows, how, example)
    if not mean:
        return found
    return program.map("mul", [found, example.numel() / value.example.numel()], example)


def variance(call: Call) -> Any:
    """`var` and `var_mean`, with the mean first taken off."""
    program, value = call.program, call.args[0]
    correction = call.named.get("correction", 1)
    if len(call.args) > 2:  # true or false in ATen's old form
        correction = call.args[2] + 0
    example = call.example if isinstance(call.example, tuple) else (call.example,)
    kept = value.example.mean(_axes(call, value.example.dim()), keepdim=True)
    mean = _over(call, value, "sum", kept, mean=True)
    apart = program.map("sub", [value, mean], value.example)
    squares = program.map("mul", [apart, apart], value.example)
    total = _over(call, squares, "sum", example[0])
    count = value.example.numel() / example[0].numel() - (1 if correction is None else correction)
    found = program.map("div", [total, count], example[0])
    return (found, Value(mean.number, example[1])) if len(example) == 2 else found


def length(call: Call) -> Value:
    """The Euclidean norm over some axes."""
    program, value = call.program, call.args[0]
    if call.given(1, "ord", 2) != 2:
        raise FormError("a norm that is not the Euclidean one")
    squares = program.map("mul", [value, value], value.example)
    return program.map("sqrt", [_over(call, squares, "sum", call.example, place=2)], call.example)


def batch_norm(call: Call) -> Any:
    """With the statistics of the training: a factor and a shift for each channel."""
    program, (x, weight, bias, mean, var, training, _, eps) = call.program, call.args
    if training or not isinstance(mean, Tensor):
        raise FormError("a batch norm without statistics of the training")
    factor = (var + eps).rsqrt() * (1 if weight is None else weight)
    shift = (0 if bias is None else bias) - mean * factor
    shape = (1, -1, *(1,) * (x.example.dim() - 2))
    example = call.example[0]
    scaled = program.map("mul", [x, factor.reshape(shape)], example)
    found = program.map("add", [scaled, shift.reshape(shape)], example)
    return found, *call.example[1:]
