"""Trainings within a budget of time."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from latentfit.data.base import Data
from latentfit.runs.cells import Cell, Row
from latentfit.runs.local import Local
from latentfit.runs.playing import Engine
from latentfit.runs.pool import play_cells, seconds_a_round, unplayed

KEPT = 1 / 6  # of the budget for what comes last


class Table:
    """Where cells are played, within minutes.

    Arguments:
        data: What every cell trains on.
        folder: Where runs are kept.
        budget: Minutes that all may take, about.
        workers: Trainings at a time, or an engine.
        progress: Print what is done, and how long the next takes.
    """

    def __init__(
        self, data: Data, folder: Path, budget: float, workers: int | Engine, progress: bool
    ) -> None:
        self.data, self.folder, self.progress = data, folder, progress
        self.engine = Local(workers) if isinstance(workers, int) else workers
        self._began, self._allowed = time.monotonic(), 60 * budget
        self._rows: dict[str, Row] = {}
        self._each: dict[str, float] = {}

    def passed(self) -> float:
        """Seconds since it was made."""
        return time.monotonic() - self._began

    def core_seconds(self) -> float:
        """Seconds of all trainings that were asked for, whenever they were played."""
        return sum(row["seconds"] for row in self._rows.values())

    def seconds(self, cells: Sequence[Cell]) -> float:
        """What cells of one recipe that the folder does not hold would take here, about."""
        left = unplayed(cells, self.folder)
        if not left:
            return 0.0
        rounds = max(cell.rounds for cell in left)
        return self._round(left[0]) * rounds * math.ceil(len(left) / self.engine.workers)

    def affords(self, cells: Sequence[Cell], *, whole: bool = False) -> bool:
        """Whether there is time for cells of one recipe; those that are played take none.

        Arguments:
            cells: Of one recipe.
            whole: All of the budget counts, also what is kept for what comes last.
        """
        allowed = self._allowed * (1 if whole else 1 - KEPT)
        lasts = self.seconds(cells)
        if self.progress and lasts:
            print(
                f"{cells[0].recipe}: about {lasts:.0f} s; {max(0.0, allowed - self.passed()):.0f} "
                "s are left for it.",
                file=sys.stderr,
                flush=True,
            )
        return not lasts or self.passed() + lasts <= allowed

    def affordable(self, cell: Cell) -> tuple[Row, Path] | None:
        """A cell's row and the folder of its run; None where there is no time for it."""
        if not self.affords([cell]):
            return None
        (row,) = self.play([cell])
        return row, self.folder

    def play(self, cells: Sequence[Cell]) -> list[Row]:
        """The cells' rows, played where the folder does not hold them."""
        rows = play_cells(
            cells, self.folder, data=self.data, workers=self.engine, progress=self.progress
        )
        self._rows |= {row["key"]: row for row in rows}
        return rows

    def _round(self, cell: Cell) -> float:
        if cell.recipe not in self._each:
            self._each[cell.recipe] = seconds_a_round(cell, self.data)
        return self._each[cell.recipe]
