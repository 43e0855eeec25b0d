"""Where a run goes on: its device, and several processes or machines under torchrun."""

from __future__ import annotations

import os
import textwrap
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, distributed, nn

from latentfit.checks import UserError


def rank() -> int:
    """The number of this process; 0 where there is only one. Known before and after the group."""
    return int(os.environ.get("RANK", "0"))


def world() -> int:
    """The number of processes; 1 where there is only one."""
    return distributed.get_world_size() if distributed.is_initialized() else 1


def first() -> bool:
    """Whether this process speaks and writes for all."""
    return rank() == 0


def local_rank() -> int:
    """The number of this process on its machine, which picks its GPU."""
    return int(os.environ.get("LOCAL_RANK", "0"))


def wait() -> None:
    """Wait until every process is here."""
    if world() > 1:
        distributed.barrier()


@contextmanager
def group(device: torch.device) -> Iterator[None]:
    """Join the processes that torchrun started, for as long as the block lasts.

    Does nothing where torchrun did not start this process or a group is there already.
    """
    if "WORLD_SIZE" not in os.environ or distributed.is_initialized():
        yield
        return
    distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        yield
    finally:
        distributed.destroy_process_group()


def average_gradients(owned: list[nn.Parameter]) -> None:
    """Replace each gradient by its mean over the processes, in one message."""
    if world() == 1:
        return
    # A parameter that a loss does not reach has no gradient, on every process alike.
    gradients = [p.grad for p in owned if p.grad is not None]
    flat = torch.cat([g.reshape(-1) for g in gradients])
    distributed.all_reduce(flat)
    flat /= world()
    for gradient, piece in zip(gradients, flat.split([g.numel() for g in gradients]), strict=True):
        gradient.copy_(piece.view_as(gradient))


def broadcast(tensors: Iterable[Tensor]) -> None:
    """Give every process the tensors of process 0, in place."""
    if world() > 1:
        for tensor in tensors:
            distributed.broadcast(tensor.detach(), src=0)


def agree(flag: bool, device: torch.device) -> bool:
    """Whether the flag is up on any process."""
    if world() == 1:
        return flag
    vote = torch.tensor(int(flag), device=device)
    distributed.all_reduce(vote, op=distributed.ReduceOp.MAX)
    return bool(vote)


def pick_device(name: str) -> torch.device:
    """The device of that name, or the best one for `auto`.

    Raises:
        UserError: There is no such device here.
    """
    if name == "auto":
        local = torch.cuda.is_available() and torch.cuda.device_count() > 0
        return torch.device(f"cuda:{local_rank()}" if local else "cpu")
    try:
        device = torch.device(name)
        torch.zeros(1, device=device).item()  # there is memory, and it can be read: not so on meta
    except (RuntimeError, AssertionError) as error:  # a build without CUDA asserts, others raise
        said = textwrap.shorten(str(error), 80, placeholder=" ...")
        meant = name.lower().replace("gpu", "cuda")
        hint = f"did you mean {meant}? Else " if meant.startswith("cuda") and meant != name else ""
        raise UserError(
            f"device '{name}' is not available here ({said}); {hint}use --device auto or cpu."
        ) from error
    return device
