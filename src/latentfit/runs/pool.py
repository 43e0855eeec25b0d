"""Many small runs, one after the other or side by side; what is finished is never played again."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from latentfit.data.base import Data
from latentfit.runs.cells import Cell, Row
from latentfit.runs.local import Local
from latentfit.runs.playing import Engine, Playable, one_thread
from latentfit.storage import locked
from latentfit.storage.files import read_lines, write_lines

Kind = TypeVar("Kind", bound=Playable)


def play_cells(
    cells: Sequence[Playable],
    folder: Path,
    *,
    data: Data | None = None,
    workers: int | Engine = 1,
    progress: bool = True,
) -> list[Row]:
    """Train and score every cell that the folder does not hold yet.

    A finished cell is a line of `cells.jsonl`; an interrupted one goes on from its checkpoint. A
    training that diverges is a line with `error`, not a reason to stop.

    Arguments:
        cells: What to play.
        folder: Where lines and runs are kept.
        data: What every cell trains on; None loads each cell's by its name.
        workers: Trainings at a time on this machine, a thread each; or another engine.
        progress: Print a line for each finished cell, with the time that is left.

    Returns:
        A row a cell, in the order of `cells`: its identity, its scores and `seconds`.

    Raises:
        UserError: `workers` is out of range, or another process plays in the folder.
    """
    engine = Local(workers) if isinstance(workers, int) else workers
    with locked(folder):
        path = folder / "cells.jsonl"
        done = {row["key"]: row for row in read_lines(path)}
        left = unplayed(cells, folder)
        began = time.monotonic()
        with closing(engine.rows(left, folder, data)) as rows:
            for number, row in enumerate(rows, 1):
                done[row["key"]] = json.loads(json.dumps(row))  # as it is read again
                write_lines(path, done.values())
                if progress:
                    _tell(row, number, len(left), began)
    return [done[cell.key] for cell in cells]


def unplayed(cells: Sequence[Kind], folder: Path) -> list[Kind]:
    """The cells that the folder does not hold, each once."""
    done = {row["key"] for row in read_lines(folder / "cells.jsonl")}
    return list({cell.key: cell for cell in cells if cell.key not in done}.values())


def seconds_a_round(cell: Cell, data: Data) -> float:
    """Seconds that a round takes here on one thread: the fastest of some of the first rounds.

    The fastest: what else the machine does just now is no measure of the minutes to come. Where a
    model of the codes is trained afterwards, its rounds count with those that they follow from.
    """
    from latentfit.expost import fit_prior
    from latentfit.models import Learned
    from latentfit.recipes import recipe
    from latentfit.training import Settings
    from latentfit.training import train as play

    settings = Settings(rounds=20, seed=cell.seed, progress=False)
    model = recipe(cell.recipe, data, latent=cell.latent, seed=cell.seed, **cell.settings)

    def passed(work: Callable[[], object]) -> float:
        began = time.monotonic()
        work()
        return time.monotonic() - began

    with one_thread():
        each = min(passed(lambda: play(model, data, settings)) for _ in range(4)) / settings.rounds
        if isinstance(model.prior, Learned):
            counts = (20, 60)  # what does not depend on rounds, such as encoding, cancels
            short, long = (
                passed(lambda n=n: fit_prior(model, data, replace(settings, rounds=n)))
                for n in counts
            )
            each += max(0.0, long - short) / (counts[1] - counts[0])
    return each


def _tell(row: Row, number: int, count: int, began: float) -> None:
    passed = time.monotonic() - began
    left = passed / number * (count - number) / 60
    result = "failed" if "error" in row else "done"
    where = f"{row['recipe']} on {row['data']}, m = {row['latent']}, seed {row['seed']}"
    print(f"[{number}/{count}] {where}: {result}; {left:.0f} min left", file=sys.stderr, flush=True)
