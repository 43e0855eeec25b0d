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

READS = {torch.ops.aten._local_scalar_dense.default, torch.ops.aten.is_nonzero.default}


class Tape(TorchDispatchMode):
    """Operations, in order; what is made within is looked up by who made it."""

    def __init__(self) -> None:
        super().__init__()
        self.steps: list[tuple[Any, Any, Any, Any]] = []
        self.made: dict[int, Tensor] = {}

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        if func in READS:
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
