"""Which samples are for training, validation and test: a function of each sample alone."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from latentfit.seeds import mix

LEAST = 20
"""Fewer samples than this cannot be split and scored."""
FEW = 50
"""Fewer samples than this are split by rank."""
SHARE = 0.1
"""Of the samples that go to validation, and to test."""
Places = tuple[Tensor, Tensor, Tensor]


def by_content(marks: np.ndarray, *, test: bool, copies_together: bool = False) -> Places:
    """Places of the training, validation and test splits, sorted, by the samples' marks.

    A sample's mark decides on which side of two thresholds it lies, a tenth each, so that it stays
    in its split when others come or go. Equal samples go on independently of each other, since the
    rows of a table of few values would else part by value; or, where `copies_together`, stay in one
    split, so that no copy of a training image is in the test split. Fewer than 50 samples would
    leave too much to chance: there, a tenth each and two at least go to test and validation, those
    lowest in the same order. Of more, each split has two at least.

    Arguments:
        marks: A number for each sample that stands for its content, or for its key, uint64 (N,).
        test: Whether a test split is made; else the last of the three is empty.
        copies_together: Equal marks stay in one split, unless one would be left with fewer than 2.

    Example:
        >>> few = by_content(np.arange(100, dtype=np.uint64), test=True)
        >>> more = by_content(np.arange(150, dtype=np.uint64), test=True)
        >>> set(few[2].tolist()) == {place for place in more[2].tolist() if place < 100}
        True
    """
    marks = np.ascontiguousarray(marks, np.uint64)
    drawn = _uniform(marks)
    if not copies_together or _least(drawn, test) < 2:
        drawn = _uniform(_each_its_own(marks))
    ends: tuple[float, float] = (SHARE, 2 * SHARE) if test else (0.0, SHARE)
    few = len(marks) < FEW
    if len(marks) >= LEAST and (few or _least(drawn, test) < 2):
        least = max(2, len(marks) // 10) if few else 2
        below = [0 if few else int((drawn < end).sum()) for end in ends]
        first = max(below[0], least) * test
        ends = first, max(below[1], first + least)
        drawn = np.argsort(np.argsort(drawn, kind="stable"))  # ranks
    parts = (drawn >= ends[1], (drawn >= ends[0]) & (drawn < ends[1]), drawn < ends[0])
    rest, chosen, held = (torch.from_numpy(np.flatnonzero(part)) for part in parts)
    return rest, chosen, held


def by_position(count: int, *, test: bool) -> Places:
    """Places of the splits of a set whose samples are fixed for all time, by their number.

    A tenth each, at most 10,000, goes to validation and, if there is no other test split, to test.
    """
    order = torch.randperm(count, generator=torch.Generator().manual_seed(mix("split")))
    tenth = min(10_000, count // 10)
    held = order[:tenth] if test else order[:0]
    order = order[len(held) :]
    return order[tenth:].sort().values, order[:tenth].sort().values, held.sort().values


def marks_of(values: np.ndarray) -> np.ndarray:
    """A number for each sample of an array that depends on its values alone, uint64 (N,)."""
    plain = values if values.dtype.kind in "ub" else values.astype("<f8") + 0.0  # no negative zero
    rows = np.ascontiguousarray(plain).reshape(len(plain), -1)
    return marks_of_bytes(row.tobytes() for row in rows)


def marks_of_bytes(held: Iterable[bytes]) -> np.ndarray:
    """A number for each piece, which stands for its bytes, uint64 (N,)."""
    digests = [hashlib.blake2b(piece, digest_size=8).digest() for piece in held]
    return np.frombuffer(b"".join(digests), "<u8")


def fingerprint(*parts: tuple[Any, Tensor], also: str = "") -> str:
    """Sixteen hexadecimal digits that stand for content and order of some samples.

    Arguments:
        parts: Samples (N, ...) on the CPU, or what gives some of them as a tensor, and the places
            of those that count, for each split.
        also: What else decides, such as how the data were read.
    """
    held = hashlib.blake2b(digest_size=8)
    for values, places in parts:
        held.update(f"{(len(places), *values.shape[1:])}{values.dtype}".encode())
        for some in places.split(1 << 14):
            held.update(values[some].contiguous().numpy().data)
    held.update(also.encode())
    return held.hexdigest()


def _uniform(marks: np.ndarray) -> np.ndarray:
    """Marks as numbers in [0, 1), scattered so that neighbours part."""
    held = marks ^ np.uint64(mix("split"))
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):  # splitmix64
        held ^= held >> np.uint64(shift)
        held *= np.uint64(factor)
    held ^= held >> np.uint64(31)
    held >>= np.uint64(11)
    return held / 2.0**53


def _least(drawn: np.ndarray, test: bool) -> int:
    chosen = int(((drawn >= SHARE * test) & (drawn < SHARE * (1 + test))).sum())
    return min(chosen, int((drawn < SHARE).sum())) if test else chosen


def _each_its_own(marks: np.ndarray) -> np.ndarray:
    """Marks of which the second, third, ... of equal ones differ from the first."""
    order = np.argsort(marks, kind="stable")
    held = marks[order]
    starts = np.r_[True, held[1:] != held[:-1]]
    if starts.all():
        return marks
    begin = np.maximum.accumulate(np.where(starts, np.arange(len(held)), 0))
    number = np.arange(len(held)) - begin
    found = np.empty_like(marks)
    found[order] = held + number.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    return found
