"""What a data set is to the rest of the library: three splits, their units, their order.

Nothing above this file knows whether the data lie on the device or are read from files.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from torch import Tensor

from latentfit.checks import UserError
from latentfit.schema import Schema
from latentfit.seeds import mix
from latentfit.shapes import Shape

PARTS = ("train", "validation", "test")


class Split(ABC):
    """Samples with an order that others decide."""

    shape: Shape
    """Shape of one sample: (C, H, W) for images, (C, T) for signals, (d,) for vectors."""
    labels: Tensor | None
    """Class of each sample, with shape (N,), int64; None where there is none."""
    ids: np.ndarray | None = None
    """What each sample is called in its source: a file, a key, or the number of a row; (N,)."""

    @abstractmethod
    def __len__(self) -> int:
        """The number of samples."""

    @abstractmethod
    def take(self, indices: Tensor) -> Tensor:
        """The samples at `indices` (B,), float32 in the network's units, with shape (B, *shape)."""

    @abstractmethod
    def batches(self, order: Iterable[Tensor]) -> Iterator[Tensor]:
        """`take` for each of the index tensors of `order`, read ahead where that pays."""

    @abstractmethod
    def to(self, device: torch.device | str) -> Split:
        """The same samples, handed out on `device`."""

    def first(self, count: int) -> Tensor:
        """The first `count` samples, with shape (min(count, N), *shape)."""
        return self.take(torch.arange(min(count, len(self))))

    def spread(self, count: int) -> Tensor:
        """Places of at most `count` samples, as the function `spread`."""
        return spread(len(self), count)

    def some(self, count: int) -> Tensor:
        """At most `count` samples from all over the split, with shape (min(count, N), *shape)."""
        return self.take(self.spread(count))

    def chunks(self, size: int = 512) -> Iterator[Tensor]:
        """All samples once, in order, at most `size` at a time, each with shape (B, *shape)."""
        return self.batches(torch.arange(len(self)).split(size))


@dataclass(frozen=True, repr=False)
class Data:
    """A named data set with fixed splits.

    Attributes:
        name: What the person typed, or what a report should call it.
        train: Samples to fit.
        validation: Samples to choose settings and checkpoints with.
        test: Samples to report on.
        fingerprint: Hash of the content and of the splits; equal data, equal fingerprint.
        schema: What a sample is in its file, and what a network sees of it.
        classes: Name of each label, empty where there are no labels.
        attributes: Binary attributes by name, each with the values for (train, validation, test).
        notes: What a person should know of how they were read, a sentence each.
    """

    name: str
    train: Split
    validation: Split
    test: Split
    fingerprint: str
    schema: Schema
    classes: tuple[str, ...] = ()
    attributes: dict[str, tuple[Tensor, ...]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        counts = ", ".join(f"{len(getattr(self, p)):,} {p}" for p in PARTS)
        return f"<Data {self.name}: {counts} samples of shape {tuple(self.shape)}>"

    @property
    def shape(self) -> Shape:
        """Shape of one sample as its file holds it: (columns,) for a table."""
        return self.schema.held

    @property
    def seen(self) -> Shape:
        """Shape of one sample as a network sees it: (C, H, W), (C, T) or (d,)."""
        return self.train.shape

    def to(self, device: torch.device | str) -> Data:
        """The same data, handed out on `device`."""
        moved = {part: getattr(self, part).to(device) for part in PARTS}
        return replace(self, **moved)


def shuffled(count: int) -> Tensor:
    """The whole numbers below `count` in an order that is random and always the same, int64."""
    return torch.randperm(count, generator=torch.Generator().manual_seed(mix("spread", count)))


def spread(among: int, count: int) -> Tensor:
    """Places of `count` of `among` samples, ascending; all places where there are no more.

    They are random, so that files which lie sorted, by class or in turn, are all represented; and
    always the same, and those of a smaller `count` are among those of a larger one.

    Example:
        >>> spread(3, 5).tolist(), set(spread(100, 4).tolist()) < set(spread(100, 9).tolist())
        ([0, 1, 2], True)
    """
    return shuffled(among)[:count].sort().values


def order(
    count: int, *, size: int, seed: int, start: int = 0, rank: int = 0, world: int = 1
) -> Iterator[Tensor]:
    """Indices (B,) of one batch after the other, without end, from batch number `start` on.

    Each pass over the data is a new permutation that depends on the seed and on the number of the
    pass alone, so batch b is the same whether or not a run was interrupted before it. An incomplete
    last batch is dropped. With several processes each takes its own `size` of the `size * world`
    indices: together they see what one process with a batch of `size * world` sees.

    Arguments:
        count: Number of samples N.
        size: Batch size B of this process.
        seed: Seed of the run.
        start: Number of the first batch to give.
        rank: Number of this process.
        world: Number of processes.

    Raises:
        UserError: At the first batch: `size * world` is above N.

    Example:
        >>> whole = order(6, size=2, seed=0)
        >>> first = [next(whole) for _ in range(5)]
        >>> bool((first[4] == next(order(6, size=2, seed=0, start=4))).all())
        True
    """
    steps = count // (size * world)
    if steps == 0:
        raise UserError(
            f"the batch holds {size * world} samples but the training split has {count}; "
            f"lower it with --set batch={max(1, count // world)} or less."
        )
    number, current, permutation = start, -1, torch.empty(0, dtype=torch.long)
    while True:
        turn, place = divmod(number, steps)
        if turn != current:
            generator = torch.Generator().manual_seed(mix(seed, "order", turn))
            current, permutation = turn, torch.randperm(count, generator=generator)
        low = (place * world + rank) * size
        yield permutation[low : low + size]
        number += 1


def must_be_data(data: object) -> None:
    """Raise for what is no data set.

    Raises:
        UserError: It is something else, such as an array.
    """
    if not isinstance(data, Data):
        raise UserError(
            f"the data are a {type(data).__name__}; give a data set, such as lf.data.load(...) "
            "makes of it."
        )


def must_have_shape(data: Data, shape: Shape) -> None:
    """Raise unless samples have the shape that a model takes.

    Raises:
        UserError: They have another.
    """
    if tuple(data.seen) != tuple(shape):
        raise UserError(
            f"the model takes samples of shape {tuple(shape)}, '{data.name}' has "
            f"{tuple(data.seen)}; give data of the same shape."
        )
