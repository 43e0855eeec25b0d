"""A recorder of rounds on a CPU, as strict as that of a GPU.

It writes down the operations that a program performs on tensors, with everything else of Python
forgotten, and performs them again: what was a number of Python then is that number ever after.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten, tree_map

aten = torch.ops.aten
READS = {aten._local_scalar_dense, aten.is_nonzero, aten.nonzero, aten.masked_select, aten._unique2}
"""What gives Python a number, or a tensor whose size depends on one."""
PICKS = {aten.index, aten.index_put, aten.index_put_}
"""The same, where the index is a mask."""


class Tape(TorchDispatchMode):
    """Operations, in order; what is made within is looked up by who made it."""

    def __init__(self) -> None:
        super().__init__()
        self.steps: list[tuple[Any, Any, Any, Any]] = []
        self.made: dict[int, Tensor] = {}

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        masks = [a for a in tree_flatten(args[1:2])[0] if getattr(a, "dtype", None) == torch.bool]
        if func.overloadpacket in READS or (func.overloadpacket in PICKS and masks):
            raise RuntimeError(f"operation not permitted when recording: {func}")
        out = func(*args, **(kwargs or {}))
        self.steps.append((func, args, kwargs or {}, out))
        return out

    def record(self, program: Callable[[], Tensor]) -> Tensor:
        """Play a program, and undo what it did: a GPU writes down without doing."""
        with self:
            self.result = program()
        return self.result

    @torch.no_grad()
    def play(self) -> None:
        """Do again what was written down."""
        now: dict[int, Tensor] = {}

        def current(value: Any) -> Any:
            return now.get(id(value), value) if isinstance(value, Tensor) else value

        for func, args, kwargs, out in self.steps:
            found = func(*tree_map(current, args), **tree_map(current, kwargs))
            # What is changed in place is the same as before; what is new stands for what was new.
            for was, new in zip(tree_flatten(out)[0], tree_flatten(found)[0], strict=True):
                if isinstance(was, Tensor):
                    now[id(was)] = new
        self.result.copy_(current(self.result))
