"""Image files that are read while the training goes on, where they do not fit in memory."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from latentfit.checks import UserError
from latentfit.data.base import Split
from latentfit.data.images import read_image
from latentfit.shapes import Shape


class Files(Dataset[Tensor]):
    """uint8 images by index.

    Arguments:
        paths: Image files.
        shape: (C, H, W), which each must have.
    """

    def __init__(self, paths: list[Path], shape: Shape) -> None:
        self.paths, self.shape = paths, shape

    def __len__(self) -> int:
        """The number of files."""
        return len(self.paths)

    def __getitem__(self, index: int) -> Tensor:
        """One image, uint8 with shape (C, H, W).

        Raises:
            UserError: The file cannot be read, or its image has another shape.
        """
        return torch.from_numpy(read_image(self.paths[index], expected=self.shape))


class Streamed(Split):
    """Files read ahead by worker processes, in exactly the order asked for.

    Arguments:
        paths: Image files of one size.
        shape: (C, H, W).
        labels: Class of each file, with shape (N,).
        device: Where batches go.
    """

    def __init__(
        self,
        paths: list[Path],
        shape: Shape,
        labels: Tensor | None = None,
        device: torch.device | str = "cpu",
    ) -> None:
        self.files, self.shape = Files(paths, shape), shape
        self.labels, self.device = labels, device

    def __len__(self) -> int:
        """The number of files."""
        return len(self.files)

    def take(self, indices: Tensor) -> Tensor:
        """The images at `indices` (B,), read now, float32 in [0, 1] with shape (B, C, H, W).

        Raises:
            UserError: A file cannot be read, or its image has another shape.
        """
        return self._scale(torch.stack([self.files[index] for index in indices.tolist()]))

    def batches(self, order: Iterable[Tensor]) -> Iterator[Tensor]:
        """`take` for each of the index tensors of `order`, read ahead by workers.

        Raises:
            UserError: A file cannot be read, or its image has another shape.
        """
        workers = min(4, max(1, (os.cpu_count() or 1) - 1))
        loader = DataLoader(
            self.files,
            batch_sampler=(indices.tolist() for indices in order),  # type: ignore[arg-type]
            num_workers=workers,
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
        return Streamed(self.files.paths, self.shape, self.labels, device)

    def _scale(self, batch: Tensor) -> Tensor:
        return batch.to(self.device, non_blocking=True).float() / 255
