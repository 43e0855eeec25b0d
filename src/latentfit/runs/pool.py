"""Many small runs, one after the other or side by side; what is finished is never played again."""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from multiprocessing import get_context, parent_process
from pathlib import Path
from typing import Protocol, TypeVar

from latentfit.checks import within
from latentfit.data.base import Data
from latentfit.runs.cells import Cell, Row
from latentfit.storage import locked
from latentfit.storage.files import read_lines, write_lines


class Playable(Protocol):
    """What `play_cells` plays: a `Cell`, or another question whose answer is a row."""

    @property
    def seed(self) -> int:
        """Which of a study's seeds it belongs to."""
        ...

    @property
    def key(self) -> str:
        """A name that no other has."""
        ...

    def placed(self, root: str | None, *, compile: bool) -> Playable:
        """The same with data sets at `root`, and players compiled or not."""
        ...

    def play(self, folder: Path, data: Data | None) -> Row:
        """Its row: at least `key`, `recipe`, `data`, `latent`, `seed` and `seconds`."""
        ...


Kind = TypeVar("Kind", bound=Playable)
_DATA: list[Data] = []  # in a worker: what every cell trains on, where that was handed over
_STOPPED = threading.Event()  # in a worker: Ctrl-C came


def play_cells(
    cells: Sequence[Playable],
    folder: Path,
    *,
    data: Data | None = None,
    workers: int = 1,
    progress: bool = True,
) -> list[Row]:
    """Train and score every cell that the folder does not hold yet.

    A finished cell is a line of `cells.jsonl`; an interrupted one goes on from its checkpoint. A
    training that diverges is a line with `error`, not a reason to stop.

    Arguments:
        cells: What to play.
        folder: Where lines and runs are kept.
        data: What every cell trains on; None loads each cell's by its name.
        workers: Processes at a time, one thread each where there are several.
        progress: Print a line for each finished cell, with the time that is left.

    Returns:
        A row a cell, in the order of `cells`: its identity, its scores and `seconds`.

    Raises:
        UserError: `workers` is out of range, or another process plays in the folder.
    """
    within("workers", workers, 1, 256)
    with locked(folder):
        path = folder / "cells.jsonl"
        done = {row["key"]: row for row in read_lines(path)}
        left = unplayed(cells, folder)
        began = time.monotonic()
        for number, row in enumerate(_rows(left, folder, data, workers), 1):
            done[row["key"]] = json.loads(json.dumps(row))  # as it is read again
            write_lines(path, done.values())
            if progress:
                _tell(row, number, len(left), began)
    return [done[cell.key] for cell in cells]


def unplayed(cells: Sequence[Kind], folder: Path) -> list[Kind]:
    """The cells that the folder does not hold."""
    done = {row["key"] for row in read_lines(folder / "cells.jsonl")}
    return [cell for cell in cells if cell.key not in done]


def _rows(
    cells: Sequence[Playable], folder: Path, data: Data | None, workers: int
) -> Iterator[Row]:
    if workers == 1 or len(cells) < 2:
        for cell in cells:
            with one_thread():
                row = cell.play(folder, data)
            yield row
        return
    pool = ProcessPoolExecutor(workers, get_context("spawn"), initializer=_alone, initargs=(data,))
    try:
        waiting = [pool.submit(_play_alone, cell, folder) for cell in cells]
        yield from (future.result() for future in as_completed(waiting))
    finally:
        # After Ctrl-C or an error the cells that wait must not be played; those that run save.
        pool.shutdown(cancel_futures=True)


@contextmanager
def one_thread() -> Iterator[None]:
    """One thread inside: a cell's numbers must not depend on how many others are played."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def seconds_a_round(cell: Cell, data: Data) -> float:
    """Seconds that a round takes here on one thread: the fastest of some of the first rounds.

    The fastest: what else the machine does just now is no measure of the minutes to come.
    """
    from latentfit.recipes import recipe
    from latentfit.training import Settings
    from latentfit.training import train as play

    settings = Settings(rounds=20, seed=cell.seed, progress=False)
    model = recipe(cell.recipe, data, latent=cell.latent, seed=cell.seed, **cell.settings)
    found = []
    with one_thread():
        for _ in range(4):
            began = time.monotonic()
            play(model, data, settings)
            found.append((time.monotonic() - began) / settings.rounds)
    return min(found)


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


def _tell(row: Row, number: int, count: int, began: float) -> None:
    passed = time.monotonic() - began
    left = passed / number * (count - number) / 60
    result = "failed" if "error" in row else "done"
    where = f"{row['recipe']} on {row['data']}, m = {row['latent']}, seed {row['seed']}"
    print(f"[{number}/{count}] {where}: {result}; {left:.0f} min left", file=sys.stderr, flush=True)
