"""Many small runs: each a cell of a table, played once, kept on disk, taken up again where left."""

from __future__ import annotations

import hashlib
import json
import os
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from functools import lru_cache
from multiprocessing import get_context, parent_process
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from latentfit.checks import DivergenceError, UserError, within
from latentfit.data.base import Data
from latentfit.storage import RunFolder, locked
from latentfit.storage.files import read_json, read_lines, write_json, write_lines

if TYPE_CHECKING:
    from latentfit.models import Model

Row = dict[str, Any]


LATER = ("fingerprint", "at", "split", "raw", "draws", "options")


@dataclass(frozen=True)
class Cell:
    """One training and its scores.

    Attributes:
        recipe: Name of a system.
        data: Name of a data set, with its options.
        latent: Number of latent dimensions.
        seed: Of the weights, the order and the noise.
        rounds: Rounds to train.
        settings: Settings of the recipe.
        groups: Groups of scores.
        features: Extractor; where the folder of the cells holds a file of that name, it is meant.
        compile: Compile each player's terms: faster on long runs, other last digits.
        root: Folder of data sets; not part of what the cell is.
        fingerprint: Of data that are handed over, whose name says less than that of a known set.
        at: Rounds on the way at which it is scored, too.
        split: What samples are compared with, `test`; or `validation`, to choose settings by.
        raw: Score samples of the last weights, too, where their averages are kept.
        draws: Independent draws of generated samples that are scored.
        options: How data are read, those of `data.Options`.
    """

    recipe: str
    data: str
    latent: int
    seed: int
    rounds: int
    settings: dict[str, Any] = field(default_factory=dict)
    groups: tuple[str, ...] = ("fd",)
    features: str = "auto"
    compile: bool = False
    root: str | None = None
    fingerprint: str | None = None
    at: tuple[int, ...] = ()
    split: Literal["test", "validation"] = "test"
    raw: bool = False
    draws: int = 3
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def identity(self) -> Row:
        """What decides the numbers."""
        # Later fields count from their defaults on: keys of what was played before stay the same.
        plain = asdict(Cell("", "", 0, 0, 0))
        held = asdict(self).items()
        return {k: v for k, v in held if k != "root" and not (k in LATER and v == plain[k])}

    @property
    def key(self) -> str:
        """A name for its folder: readable, and unique by a hash of everything."""
        held = json.dumps(self.identity, sort_keys=True).encode()
        mark = hashlib.blake2b(held, digest_size=4).hexdigest()
        return f"{self.recipe}-{self.latent}-{self.seed}-{mark}"


_DATA: list[Data] = []  # in a worker: what every cell trains on, where that was handed over
_STOPPED = threading.Event()  # in a worker: Ctrl-C came


def play_cells(
    cells: Sequence[Cell],
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


def unplayed(cells: Sequence[Cell], folder: Path) -> list[Cell]:
    """The cells that the folder does not hold."""
    done = {row["key"] for row in read_lines(folder / "cells.jsonl")}
    return [cell for cell in cells if cell.key not in done]


def _rows(cells: list[Cell], folder: Path, data: Data | None, workers: int) -> Iterator[Row]:
    if workers == 1 or len(cells) < 2:
        for cell in cells:
            with one_thread():
                row = play(cell, folder, data)
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


def _play_alone(cell: Cell, folder: Path) -> Row:
    if _STOPPED.is_set():  # the pool hands out a cell ahead, which it cannot take back
        raise KeyboardInterrupt
    try:
        return play(cell, folder, _DATA[0] if _DATA else None)
    except KeyboardInterrupt:
        _STOPPED.set()
        raise


def play(cell: Cell, folder: Path, data: Data | None = None) -> Row:
    """Train and score one cell."""
    from latentfit.recipes import recipe
    from latentfit.runs.run import commit, train
    from latentfit.runs.run import load as load_run
    from latentfit.scoring.scores import evaluate

    began = time.monotonic()
    data = data or _loaded(cell.data, cell.root, json.dumps(cell.options))
    judged = data if cell.split == "test" else _validating(data)
    run = run_of(cell.key, folder)
    row: Row = {"key": cell.key, **cell.identity, "commit": commit()}

    own = folder / cell.features
    features = str(own) if own.is_file() else cell.features

    def scores(model: Model, groups: tuple[str, ...] = cell.groups) -> Row:
        return evaluate(
            model, judged, features=features, groups=groups, draws=cell.draws, seed=cell.seed
        )

    def trained(rounds: int) -> Model:
        model = recipe(cell.recipe, data, latent=cell.latent, seed=cell.seed, **cell.settings)
        train(
            model,
            data,
            rounds=rounds,
            out=run.path,
            seed=cell.seed,
            compile=cell.compile,
            validate=False,
            progress=False,
        )
        return model

    found = run.path / "found.json"  # what is scored on the way cannot be made again later
    try:
        for rounds in cell.at:
            held = read_json(found) if found.exists() else {}
            if str(rounds) not in held:
                write_json(found, held | {str(rounds): scores(trained(rounds))})
        model = trained(cell.rounds)
    except DivergenceError as error:
        return row | {"error": str(error), "seconds": time.monotonic() - began}
    row["scores"] = scores(model)
    if cell.at:
        row["trace"] = read_json(found)
    if cell.raw and model.average is not None:
        row["raw"] = scores(load_run(run.path, weights="raw", device="cpu"), ("fd",))
    row |= {
        "seconds": time.monotonic() - began,
        "train_seconds": max(line.get("seconds", 0.0) for line in run.lines),
        "parameters": sum(p.numel() for p in model.parameters()),
    }
    mask = model.openness()
    return row if mask is None else row | {"mask": mask.tolist()}


@lru_cache(maxsize=1)
def _loaded(name: str, root: str | None, options: str) -> Data:
    from latentfit.data import load

    return load(name, root=Path(root) if root else None, **json.loads(options))


def _validating(data: Data) -> Data:
    """The same data with validation samples in the place of test samples."""
    return replace(data, test=data.validation, fingerprint=f"{data.fingerprint}-validation")


def run_of(key: str, folder: Path) -> RunFolder:
    """The run of a cell by its key, in the folder of the cells."""
    return RunFolder(folder / "runs" / key)


def value(row: Row, name: str) -> float | None:
    """A score of a row; None where the training failed or the score is not defined."""
    return row.get("scores", {}).get(name)


def _tell(row: Row, number: int, count: int, began: float) -> None:
    passed = time.monotonic() - began
    left = passed / number * (count - number) / 60
    result = "failed" if "error" in row else "done"
    where = f"{row['recipe']} on {row['data']}, m = {row['latent']}, seed {row['seed']}"
    print(f"[{number}/{count}] {where}: {result}; {left:.0f} min left", file=sys.stderr, flush=True)


def must_be_cells(rows: Sequence[Row]) -> None:
    """Raise where no cell came through.

    Raises:
        UserError: Every training failed; the first error is told.
    """
    if all("error" in row for row in rows):
        raise UserError(f"every training failed; the first said: {rows[0]['error']}")
