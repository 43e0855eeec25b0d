"""What each operation of a graph is in steps of a program, by its name in ATen."""

from __future__ import annotations

import torch

from latentfit.exploring.call import Call, FormError, Rule
from latentfit.exploring.moving import MOVES, moved, put, scattered, summed_patches
from latentfit.exploring.products import convolution, product
from latentfit.exploring.program import Value
from latentfit.exploring.sums import batch_norm, length, reduced, variance

FUNCTIONS = {
    name: name
    for name in (
        "abs", "atan", "ceil", "cos", "div", "eq", "erf", "exp", "expm1", "floor", "ge", "gt", "le",
        "leaky_relu", "log", "log1p", "lt", "maximum", "minimum", "mul", "ne", "neg", "pow",
        "reciprocal", "relu", "round", "rsqrt", "sigmoid", "sign", "sin", "sqrt", "tan", "tanh",
        "where",
    )
}  # fmt: skip
FUNCTIONS |= {"logical_not": "not", "bitwise_not": "not"}
FUNCTIONS |= {"logical_and": "mul", "bitwise_and": "mul"}
"""By the name of the operation, that of the function of each entry."""
FLOATS = (torch.float32, torch.float64)


def of_each(call: Call) -> Value:
    """A function of each entry."""
    operands = list(call.args)
    if call.named.get("rounding_mode") is not None or call.named.get("decimals"):
        raise FormError("a rounding")
    if call.name == "where" and len(operands) != 3:
        raise FormError("places of entries that are true")
    if call.name.startswith("bitwise") and call.example.dtype != torch.bool:
        raise FormError("an operation on bits")
    if call.name == "leaky_relu":
        operands = [operands[0], call.given(1, "negative_slope", 0.01)]
    return call.program.map(FUNCTIONS[call.name], operands, call.example)


def sum_or_difference(call: Call) -> Value:
    """`add` and `sub`, the second operand times alpha."""
    program, (first, second), alpha = call.program, call.args, call.named.get("alpha", 1)
    if alpha != 1:
        scaled = second * alpha if not isinstance(second, Value) else second.example * alpha
        second = program.map("mul", [second, alpha], torch.as_tensor(scaled))
    return program.map(call.name, [first, second], call.example)


def clamped(call: Call) -> Value:
    """`clamp`, `clamp_min`, `clamp_max`, `hardtanh`."""
    low = None if call.name == "clamp_max" else call.given(1, "min", call.named.get("min_val"))
    high = call.given(1 if call.name == "clamp_max" else 2, "max", call.named.get("max_val"))
    if call.name == "hardtanh":
        low, high = call.given(1, "min_val", -1.0), call.given(2, "max_val", 1.0)
    value = call.args[0]
    for bound, function in ((low, "maximum"), (high, "minimum")):
        if bound is not None:
            value = call.program.map(function, [value, bound], call.example)
    return value


def converted(call: Call) -> Value:
    """Another type: numbers stay what they are, truths become 0 and 1."""
    value = call.args[0]
    if call.example.dtype not in FLOATS and call.example.dtype != value.example.dtype:
        raise FormError(f"a conversion to {call.example.dtype}")
    return Value(value.number, call.example)


def drawn(law: str) -> Rule:
    """The rule of noise."""
    return lambda call: call.program.noise(law, call.example)


RULES: dict[str, Rule] = (
    {name: moved for name in MOVES}
    | {name: of_each for name in FUNCTIONS}
    | {name: sum_or_difference for name in ("add", "sub")}
    | {name: clamped for name in ("clamp", "clamp_min", "clamp_max", "hardtanh")}
    | {name: converted for name in ("_to_copy", "convert_element_type")}
    | {name: product for name in ("addmm", "baddbmm", "bmm", "mm")}
    | {name: scattered for name in ("index_add", "scatter_add", "scatter_reduce")}
    | {name: variance for name in ("var", "var_mean")}
    | {name: drawn("normal") for name in ("randn", "randn_like")}
    | {name: drawn("uniform") for name in ("rand", "rand_like")}
    | {"sum": reduced("sum"), "mean": reduced("sum", mean=True)}
    | {"amax": reduced("max"), "any": reduced("max"), "amin": reduced("min")}
    | {"linalg_vector_norm": length, "native_batch_norm": batch_norm}
    | {"convolution": convolution, "col2im": summed_patches, "index_put": put}
)
"""By the name of the operation, whatever the form of its arguments."""
