"""A network's own graph as a program: whatever it is made of, if its operations are known."""

from __future__ import annotations

import operator
from collections.abc import Callable
from functools import cache
from typing import Any

import torch
from torch import Tensor
from torch.fx import GraphModule
from torch.fx.experimental.proxy_tensor import make_fx
from torch.fx.node import map_arg
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map

from latentfit.checks import UserError, line_of
from latentfit.exploring.call import Call, FormError
from latentfit.exploring.program import Program, Value
from latentfit.exploring.rules import RULES

NOISE = ("randn", "rand", "randn_like", "rand_like")
KEPT = ("native_batch_norm", "col2im", "addmm", "leaky_relu")
"""Operations with rules of their own, which would fall into many."""
TAKEN_APART = (
    "_log_softmax", "_softmax", "elu", "gelu", "native_group_norm", "native_layer_norm", "softplus",
    "upsample_bilinear2d", "upsample_linear1d",
)  # fmt: skip
SAME = ("full_like", "new_full", "new_ones", "new_zeros", "ones_like", "zeros_like")
"""Operations that look at the shape alone."""
MOST = 2_000  # operations of a prior that still runs in a page


def traced(
    what: str, function: Callable[..., Tensor], *examples: Tensor, noise: bool = False
) -> Program:
    """The program of a function of single samples.

    Arguments:
        what: What errors call it.
        function: From tensors to a tensor, all with a batch axis of one.
        examples: What it takes.
        noise: Whether it may draw.

    Raises:
        UserError: Its way depends on values, or an operation is not known.

    Example:
        >>> program = traced("the map", lambda z: torch.relu(z) + 1, torch.zeros(1, 3))
        >>> [step["function"] for step in program.steps]
        ['relu', 'add']
    """
    with torch.no_grad(), torch.random.fork_rng():
        try:
            graph = make_fx(
                torch.func.functionalize(lambda *given: function(*given)),
                decomposition_table=_decompositions(),
            )(*examples)
        except (RuntimeError, ValueError) as error:
            raise UserError(
                f"{what} cannot be written down as a list of operations ({line_of(error)}); a "
                "page needs one that takes the same way for every code."
            ) from error
        return _lowered(what, graph, examples, noise=noise)


def _lowered(
    what: str, graph: GraphModule, examples: tuple[Tensor, ...], *, noise: bool
) -> Program:
    program, given, known = Program(), iter(examples), {}
    for node in graph.graph.nodes:
        if node.op == "placeholder":
            known[node] = program.input(next(given))
            continue
        if node.op == "get_attr":
            known[node] = operator.attrgetter(node.target)(graph)
            continue
        args = map_arg(node.args, known.__getitem__)
        named = map_arg(node.kwargs, known.__getitem__)
        if node.op == "output":
            out = args[0]
            program.output = (out if isinstance(out, Value) else program.constant(out)).number
        else:
            known[node] = _called(what, program, node.target, args, named, noise=noise)
    return program


def _called(what: str, program: Program, op: Any, args: Any, named: Any, *, noise: bool) -> Any:
    if op is operator.getitem:
        return op(*args)
    draws = torch.Tag.nondeterministic_seeded in op.tags
    shown = tree_map(lambda x: x.example if isinstance(x, Value) else x, (args, named))
    example = op(*shown[0], **shown[1])
    name = op.overloadpacket.__name__
    given = any(isinstance(x, Value) for x in tree_leaves((args, named)))
    if name in SAME or not (draws or given):
        return example  # it is the same for all samples
    if name not in RULES or (draws and not noise):
        raise UserError(
            f"{what} uses '{op}', which a page cannot run; build it of other layers, see "
            "docs/explore.md."
        )
    try:
        return RULES[name](Call(program, op, args, named, example))
    except FormError as error:
        raise UserError(f"{what} uses '{op}' in a form that a page cannot run: {error}.") from error


@cache
def _decompositions() -> dict[Any, Any]:
    from torch._decomp import get_decompositions

    aten = torch.ops.aten
    table: dict[Any, Any] = dict(torch.export.default_decompositions().items())
    table |= get_decompositions([getattr(aten, name) for name in TAKEN_APART])
    return {op: way for op, way in table.items() if op.overloadpacket.__name__ not in KEPT}


def runs_in_page(draw: Callable[[], Tensor]) -> bool:
    """Whether a draw is few operations, none of which chooses by chance or by value.

    Arguments:
        draw: What is tried.
    """
    with torch.no_grad(), torch.random.fork_rng(), _Guard():
        try:
            draw()
        except _ElsewhereError:
            return False
    return True


class _ElsewhereError(Exception):
    """It cannot run in a page."""


class _Guard(TorchDispatchMode):
    """Ends what a page could not do, before minutes are spent on its graph."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.count += 1
        name = func.overloadpacket.__name__
        chooses = torch.Tag.nondeterministic_seeded in func.tags and name not in NOISE
        if self.count > MOST or chooses or name == "_local_scalar_dense":
            raise _ElsewhereError
        return func(*args, **(kwargs or {}))
