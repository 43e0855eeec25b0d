"""Trainings on this machine, side by side in processes of their own."""

from __future__ import annotations

import os
import threading
from collections.abc import Generator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context, parent_process
from pathlib import Path

from latentfit.checks import within
from latentfit.data.base import Data
from latentfit.runs.cells import Row
from latentfit.runs.playing import Playable, one_thread

_DATA: list[Data] = []  # in a worker: what every cell trains on, where that was handed over
_STOPPED = threading.Event()  # in a worker: Ctrl-C came


@dataclass(frozen=True)
class Local:
    """The processes of this machine.

    Attributes:
        workers: Trainings at a time, a thread each; one is played in this process.

    Raises:
        UserError: There are fewer than one, or more than 256.
    """

    workers: int = 1

    def __post_init__(self) -> None:
        within("workers", self.workers, 1, 256)

    def rows(self, cells: Sequence[Playable], folder: Path, data: Data | None) -> Generator[Row]:
        """Rows of cells as they are finished, as `Engine.rows`."""
        if self.workers == 1 or len(cells) < 2:
            for cell in cells:
                with one_thread():
                    row = cell.play(folder, data)
                yield row
            return
        pool = ProcessPoolExecutor(
            self.workers, get_context("spawn"), initializer=_alone, initargs=(data,)
        )
        try:
            waiting = [pool.submit(_play_alone, cell, folder) for cell in cells]
            yield from (future.result() for future in as_completed(waiting))
        finally:
            # After Ctrl-C or an error the cells that wait must not be played; those that run save.
            pool.shutdown(cancel_futures=True)


def _alone(data: Data | None) -> None:
    import torch

    torch.set_num_threads(1)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _DATA[:] = [data] if data is not None else []


def _end_with_parent() -> None:
    """A worker whose parent was killed would go on and keep its run folder locked."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _play_alone(cell: Playable, folder: Path) -> Row:
    if _STOPPED.is_set():  # the pool hands out a cell ahead, which it cannot take back
        raise KeyboardInterrupt
    try:
        return cell.play(folder, _DATA[0] if _DATA else None)
    except KeyboardInterrupt:
        _STOPPED.set()
        raise
