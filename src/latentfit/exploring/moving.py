"""Operations that copy entries to other places, or add them there."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from latentfit.exploring.call import Call, FormError
from latentfit.exploring.program import Value, places

MOVES = (
    "_unsafe_index", "_unsafe_view", "alias", "as_strided", "broadcast_in_dim", "cat", "clone",
    "constant_pad_nd", "detach", "diagonal", "expand", "flip", "gather", "im2col", "index",
    "index_select", "permute", "pixel_shuffle", "repeat", "reshape", "roll", "select",
    "select_scatter", "slice", "slice_scatter", "split", "split_with_sizes", "squeeze", "stack",
    "t", "transpose", "tril", "triu", "unbind", "unfold", "unsqueeze", "upsample_nearest1d",
    "upsample_nearest2d", "view",
)  # fmt: skip
"""Entries are copied to other places; nothing is computed."""


def moved(call: Call) -> Any:
    """What copies entries: done once with the places of the entries for the entries.

    Places count from 1 in double precision, which every such operation takes; where 0 comes out
    there is no entry, as where something is padded.
    """
    program, args, named, fill = call.program, call.args, call.named, 0.0
    if call.name == "as_strided" and not args[0].example.is_contiguous():
        raise FormError("a view by strides of what does not lie in a row")
    if call.name == "constant_pad_nd":
        fill, args, named = float(call.given(2, "value", 0)), args[:2], {}
    sources: list[Value] = []
    count = 1

    def placed(given: Any) -> Any:
        nonlocal count
        if isinstance(given, list | tuple):
            return type(given)(placed(item) for item in given)
        if isinstance(given, Tensor) and given.is_floating_point():
            given = program.constant(given)
        if not isinstance(given, Value):
            return given
        sources.append(given)
        count += given.example.numel()
        return places(given.shape, count - given.example.numel()).double()

    try:
        found = call.op(*placed(args), **{key: placed(value) for key, value in named.items()})
    except IndexError as error:  # a place is a value, and was given as a float
        raise FormError("places that depend on the code") from error
    if isinstance(found, Tensor):
        return program.take(sources, found.long() - 1, call.example, fill=fill)
    pairs = zip(found, call.example, strict=True)
    return tuple(program.take(sources, part.long() - 1, shown) for part, shown in pairs)


def put(call: Call) -> Value:
    """`index_put`: entries in the place of others, or added to them."""
    program, example = call.program, call.example
    base, indices, entries = call.args[:3]
    if any(isinstance(index, Value) for index in indices):
        raise FormError("places that depend on the code")
    at = places(example.shape)[tuple(slice(None) if i is None else i for i in indices)]
    shown = program.spread(entries, at.shape)
    if not isinstance(shown, Value):
        shown = program.constant(torch.full(at.shape, shown))
    if call.given(3, "accumulate", False):
        return program.scatter(program.value(base), shown, at)
    index = places(example.shape).flatten()
    index[at.flatten()] = len(index) + torch.arange(at.numel())
    return program.take([program.value(base), shown], index.reshape(example.shape), example)


def scattered(call: Call) -> Value:
    """`index_add`, `scatter_add`, `scatter_reduce` along one axis."""
    program, (base, axis, index, entries) = call.program, call.args[:4]
    how = call.given(4, "reduce", "sum") if call.name == "scatter_reduce" else "sum"
    if isinstance(index, Value):
        raise FormError("places that depend on the code")
    if how not in ("sum", "amax") or not call.named.get("include_self", True):
        raise FormError(f"a scatter by '{how}', or without what was there")
    if call.named.get("alpha", 1) != 1:
        raise FormError("a scatter with a factor")
    whole = places(call.example.shape)
    added = call.name == "index_add"
    at = whole.index_select(axis, index) if added else whole.gather(axis, index)
    if not added and tuple(index.shape) != tuple(entries.shape):
        raise FormError("a scatter of some of the entries")
    how = "max" if how == "amax" else "sum"
    return program.scatter(program.value(base), program.value(entries), at, how=how)


def summed_patches(call: Call) -> Value:
    """`col2im`: overlapping patches added up."""
    program, example = call.program, call.example
    x, _, kernel, dilation, (rows, columns), stride = call.args
    around = (columns, columns, rows, rows)
    count = example.numel()  # entries of the border go behind all others, and are cut off
    at = functional.pad(places(example.shape) + 1, around).double()
    index = functional.unfold(at, kernel, dilation=dilation, stride=stride).long() - 1
    base = program.constant(torch.zeros(count + 1))
    added = program.scatter(base, x, index.where(index >= 0, count))
    return program.take([added], places(example.shape), example)
