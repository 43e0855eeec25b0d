"""The most memory that a training held."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path

import torch

PROCESS = Path("/proc/self")


def watch_memory() -> None:
    """Forget what was held so far; what the process holds already still counts."""
    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()
    with contextlib.suppress(OSError):
        (PROCESS / "clear_refs").write_text("5", encoding="ascii")  # resets the peak, on Linux


def most_memory() -> int | None:
    """Bytes that were held at most since `watch_memory`.

    On a GPU those of tensors there; else the resident set of the whole process,
    with its libraries, about 0.4 GB, and what the allocator keeps of trainings before.
    None where the system does not say.

    Example:
        >>> watch_memory()
        >>> (most_memory() or 2e8) > 1e8
        True
    """
    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated()
    try:
        found = re.search(r"VmHWM:\s+(\d+) kB", (PROCESS / "status").read_text(encoding="ascii"))
    except OSError:
        return None
    return 1024 * int(found[1]) if found else None
