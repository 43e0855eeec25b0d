"""In which precision a run computes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

from latentfit.checks import UserError
from latentfit.players import Evaluate, Terms


def chosen(precision: str, device: torch.device) -> str:
    """The precision that `auto` stands for on a device: tf32 on a GPU, 32 elsewhere.

    Raises:
        UserError: tf32 is asked for where there is none.
    """
    if precision == "tf32" and device.type != "cuda":
        raise UserError("--precision tf32 is one of GPUs; use 32 or bf16 here.")
    return ("tf32" if device.type == "cuda" else "32") if precision == "auto" else precision


@contextmanager
def products(precision: str) -> Iterator[None]:
    """Products of single precision on a GPU are exact for `32`, else their factors are rounded.

    TF32 keeps 10 bits of each factor, and adds in single precision.
    """
    dense: Any = torch.backends.cuda.matmul
    convolutions: Any = torch.backends.cudnn
    before = bool(dense.allow_tf32), bool(convolutions.allow_tf32)
    dense.allow_tf32 = convolutions.allow_tf32 = precision != "32"
    try:
        yield
    finally:
        dense.allow_tf32, convolutions.allow_tf32 = before


def prepared(terms: Evaluate, precision: str, device: torch.device, *, compiled: bool) -> Evaluate:
    """A player's terms in a precision, and compiled where it is asked for.

    With bf16, products and convolutions are of that type and what adds up is not; penalties say for
    themselves that they are computed in single precision.
    """
    held: Callable[..., Terms] = torch.compile(terms) if compiled else terms
    if precision != "bf16":
        return held

    def mixed(*batches: Tensor) -> Terms:
        with torch.autocast(device.type, torch.bfloat16):
            return {name: value.float() for name, value in held(*batches).items()}

    return mixed
