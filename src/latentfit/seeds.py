"""Randomness as a function of (seed, place): nothing random has to be stored to resume a run."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

import torch


def mix(*parts: int | str) -> int:
    """A seed in [0, 2**63) that depends on every part and on their order.

    Neighbouring inputs give unrelated seeds, so `mix(seed, rank, round)` starts an independent
    stream for every rank and round.

    Example:
        >>> mix(0, "round", 7) == mix(0, "round", 7), mix(0, 1) == mix(1, 0)
        (True, False)
    """
    text = "/".join(map(str, parts)).encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big") >> 1


def reseed(value: int, device: torch.device) -> None:
    """Seed the streams of the CPU and of one device.

    `torch.manual_seed` also formats a stack trace for every kind of device that is not in use,
    a millisecond each time; in a loop over small networks that is a tenth of a round.
    """
    torch.default_generator.manual_seed(value)
    if device.type == "cuda":
        torch.cuda.manual_seed(value)
    elif device.type == "mps":
        torch.mps.manual_seed(value)


@contextmanager
def seeded(*parts: int | str) -> Iterator[None]:
    """Draw from the stream of `mix(*parts)` inside, and leave the global streams as they were.

    Example:
        >>> with seeded(0, "figure"):
        ...     first = torch.randn(3)
        >>> with seeded(0, "figure"):
        ...     bool((torch.randn(3) == first).all())
        True
    """
    devices = range(torch.cuda.device_count()) if torch.cuda.is_initialized() else []
    with torch.random.fork_rng(devices=devices):
        torch.manual_seed(mix(*parts))
        yield
