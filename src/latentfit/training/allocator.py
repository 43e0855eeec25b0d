"""Memory that is freed stays with the process while it trains on a CPU."""

from __future__ import annotations

import ctypes
import sys

TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3  # as malloc.h has them
LARGE = 1 << 30


def keep_freed() -> None:
    """Tell the C library to hand freed memory out again instead of giving it back.

    A round frees what the next one asks for. By default blocks of megabytes, such as feature maps,
    go back to the system and come anew, cleared page by page: measured, a quarter of a round of a
    convolutional VAE. Does nothing where the C library is not glibc.
    """
    if sys.platform != "linux":
        return
    library = ctypes.CDLL(None)
    if hasattr(library, "mallopt") and library.mallopt(MMAP_THRESHOLD, LARGE):
        library.mallopt(TRIM_THRESHOLD, LARGE)
