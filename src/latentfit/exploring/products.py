"""Products of matrices, and convolutions as such."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from latentfit.exploring.call import Call, FormError
from latentfit.exploring.program import Program, Value, places


def product(call: Call) -> Value:
    """`mm`, `bmm`, `addmm`, `baddbmm`."""
    program, example = call.program, call.example
    *bias, a, b = call.args
    a, b = program.value(a), program.value(b)
    if a.example.dim() == 2:
        a, b = (Value(one.number, one.example[None]) for one in (a, b))
    found = program.matmul(a, b, example)
    for name in ("alpha", "beta"):
        if call.named.get(name, 1) != 1:
            raise FormError("a product with a factor")
    return program.map("add", [found, *bias], example) if bias else found


@dataclass(frozen=True)
class Form:
    """How a kernel lies on an image."""

    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    padding: tuple[int, ...]
    dilation: tuple[int, ...]
    groups: int

    def patches(self, at: Tensor) -> Tensor:
        """Places of the entries of each patch of an image (1, C, H, W) of places: (rows, patches).

        Nothing is padded.
        """
        form = {"dilation": self.dilation, "stride": self.stride}
        return functional.unfold(at.double(), self.kernel, **form).long()

    def reach(self, sides: torch.Size) -> list[int]:
        """Sides of what the kernels reach that lie at so many places."""
        pairs = zip(sides, self.stride, self.dilation, self.kernel, strict=True)
        return [(side - 1) * s + d * (k - 1) + 1 for side, s, d, k in pairs]


def convolution(call: Call) -> Value:
    """A product with patches; transposed, a product that gives patches, which are added up."""
    x, weight, bias, stride, padding, dilation, transposed, _, groups = call.args
    if not isinstance(weight, Tensor):
        raise FormError("a convolution whose kernel depends on the code")
    if x.example.dim() not in (3, 4) or x.shape[0] != 1:
        raise FormError("a convolution over other than one or two axes")
    example = call.example
    if x.example.dim() == 3:  # of signals: an image of one row
        x, weight = Value(x.number, x.example[:, :, None]), weight[:, :, None]
        stride, padding, dilation = (1, *stride), (0, *padding), (1, *dilation)
        example = example[:, :, None]
    kernel = (weight.shape[2], weight.shape[3])
    form = Form(kernel, tuple(stride), tuple(padding), tuple(dilation), groups)
    found = (_up if transposed else _down)(call.program, x, weight, form, example)
    if bias is not None:
        found = call.program.map("add", [found, bias.reshape(1, -1, 1, 1)], example)
    return Value(found.number, call.example)


def _down(program: Program, x: Value, weight: Tensor, form: Form, example: Tensor) -> Value:
    rows, columns = form.padding
    around = (columns, columns, rows, rows)
    index = functional.pad(places(x.shape) + 1, around) - 1
    padded = program.take([x], index, functional.pad(x.example, around))
    at = form.patches(places(padded.shape))
    shape = (x.shape[1], *form.kernel, *example.shape[2:])  # by axis, the places are a sum
    taken = program.take([padded], at.reshape(shape), at)
    flat = weight.reshape(form.groups, len(weight) // form.groups, -1)
    patches = Value(taken.number, taken.example.reshape(form.groups, flat.shape[2], -1))
    return program.matmul(program.constant(flat), patches, example)


def _up(program: Program, x: Value, weight: Tensor, form: Form, example: Tensor) -> Value:
    flat = weight.reshape(form.groups, len(weight) // form.groups, -1).transpose(1, 2)
    inputs = Value(x.number, x.example.reshape(form.groups, flat.shape[2], -1))
    shown = x.example.new_zeros(form.groups, flat.shape[1], inputs.shape[2])
    patches = program.matmul(program.constant(flat), inputs, shown)
    # All that the kernels reach, of which the padding cuts the border off again.
    (top, left), (height, width) = form.padding, example.shape[2:]
    rows, columns = form.reach(x.shape[2:])
    sides = max(rows, top + height), max(columns, left + width)
    base = x.example.new_zeros(1, example.shape[1], *sides)
    at = places(base.shape)
    index = form.patches(at[:, :, :rows, :columns])
    index = index.reshape(example.shape[1], *form.kernel, *x.shape[2:])
    added = program.scatter(program.constant(base), patches, index)
    return program.take([added], at[:, :, top : top + height, left : left + width], example)
