"""The most memory that a training held."""

from __future__ import annotations

import re
from pathlib import Path

import torch

PROCESS = Path("/proc/self")


class Memory:
    """The most memory that is held from now on.

    Example:
        >>> held = Memory()
        >>> (held.most() or 2e8) > 1e8
        True
    """

    def __init__(self) -> None:
        if torch.cuda.is_available():
            torch.cuda.reset_peak_memory_stats()
        try:
            (PROCESS / "clear_refs").write_text("5", encoding="ascii")  # Linux: the peak is reset
            self._known = True
        except OSError:
            self._known = False

    def most(self) -> int | None:
        """Bytes; None where the system does not say.

        On a GPU those of tensors there; else the resident set of the whole process, with its
        libraries, about 0.4 GB, and what the allocator keeps of trainings before.
        """
        if torch.cuda.is_available():
            return torch.cuda.max_memory_allocated()
        if not self._known:
            return None
        status = (PROCESS / "status").read_text(encoding="ascii")
        found = re.search(r"VmHWM:\s+(\d+) kB", status)
        return 1024 * int(found[1]) if found else None
