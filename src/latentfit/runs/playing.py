"""What is played, and what plays it."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from latentfit.data.base import Data
from latentfit.runs.cells import Row


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


class Engine(Protocol):
    """What plays cells, on one machine or on many: `Local`, or `Cluster`."""

    @property
    def workers(self) -> int:
        """Trainings at a time."""
        ...

    def rows(self, cells: Sequence[Playable], folder: Path, data: Data | None) -> Generator[Row]:
        """Rows of cells as they are finished, in any order.

        Numbers do not depend on the engine: a cell is played on one thread. Closed early, as by
        Ctrl-C, cells that run save what they have, and those that wait are not played.

        Arguments:
            cells: What to play.
            folder: Where runs are kept.
            data: What every cell trains on; None loads each cell's by its name.
        """
        ...


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
