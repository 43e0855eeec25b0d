"""Image files that are read while the training goes on, where they do not fit in memory."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from latentfit.checks import UserError
from latentfit.data.base import Split
from latentfit.data.entries import Entry
from latentfit.data.images import Form, decode, quietly


class Files(Dataset[Tensor]):
    """Images by index, as their form holds them.

    Arguments:
        entries: Image files.
        form: What they are brought to.
    """

    def __init__(self, entries: Sequence[Entry], form: Form) -> None:
        self.entries, self.form = entries, form

    def __len__(self) -> int:
        """The number of files."""
        return len(self.entries)

    def __getitem__(self, index: int) -> Tensor:
        """One image, uint8 or float32 shares of white with shape (C, H, W).

        Raises:
            UserError: The file cannot be read.
        """
        entry = self.entries[index]
        with quietly():
            pixels = decode(entry.read(), entry.label, self.form)
        return torch.from_numpy(np.array(pixels))


class Streamed(Split):
    """Files read ahead by worker processes, in exactly the order asked for.

    Arguments:
        entries: Image files.
        form: What they are brought to.
        labels: Class of each file, with shape (N,).
        device: Where batches go.
        ids: Name of each file, with shape (N,).
    """

    def __init__(
        self,
        entries: Sequence[Entry],
        form: Form,
        labels: Tensor | None = None,
        device: torch.device | str = "cpu",
        *,
        ids: np.ndarray | None = None,
    ) -> None:
        self.files, self.shape = Files(entries, form), form.shape
        self.labels, self.device, self.ids = labels, device, ids

    def __len__(self) -> int:
        """The number of files."""
        return len(self.files)

    def take(self, indices: Tensor) -> Tensor:
        """The images at `indices` (B,), read now, float32 in [0, 1] with shape (B, C, H, W).

        Raises:
            UserError: A file cannot be read.
        """
        if not len(indices):
            return torch.empty(0, *self.shape, device=self.device)
        return self._scale(torch.stack([self.files[index] for index in indices.tolist()]))

    def batches(self, order: Iterable[Tensor]) -> Iterator[Tensor]:
        """`take` for each of the index tensors of `order`, read ahead by workers.

        Raises:
            UserError: A file cannot be read.
        """
        loader = DataLoader(
            self.files,
            batch_sampler=(indices.tolist() for indices in order),  # type: ignore[arg-type]
            num_workers=_workers(),
            pin_memory=torch.device(self.device).type == "cuda",
            # Without a generator of its own the loader draws its workers' seed from the global
            # stream, and a run on files would part from the same run on resident data.
            generator=torch.Generator().manual_seed(0),
        )
        broken = ""
        try:
            for batch in loader:
                yield self._scale(batch)
        except UserError as error:
            # A worker's error comes with its traceback; the person gets its one line. Dropping the
            # frames, and raising below, lets go of the workers at once.
            broken = str(error.with_traceback(None)).rstrip().rpartition("UserError: ")[2]
        if broken:
            raise UserError(broken)

    def to(self, device: torch.device | str) -> Streamed:
        """The same files, handed out on `device`."""
        return Streamed(self.files.entries, self.files.form, self.labels, device, ids=self.ids)

    def _scale(self, batch: Tensor) -> Tensor:
        batch = batch.to(self.device, non_blocking=True)
        return batch.float() / 255 if batch.dtype == torch.uint8 else batch


def _workers() -> int:
    """Processes that read: all cores of this process but one, shared with others on the machine."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    trainings = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))  # of torchrun
    return min(16, max(1, (cores or 1) // trainings - 1))
