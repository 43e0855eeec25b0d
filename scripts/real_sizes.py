"""Is the recommended size the best one? Eight real sets, each against a full sweep of sizes.

Needs `pip install 'latentfit[dev]' scanpy aeon`; images come from `--data-root`:

    python scripts/real_sizes.py --data-root FOLDER --out results/real-sizes [--sets wine digits]

Each set is asked by `size` (no masks but where neighbours are not sure), then `wae-gan`, whose
prior is fixed and which so depends on the size most, is trained at sizes up to all entries (images:
96), three seeds. It writes `cells.jsonl`, `answers.jsonl` and `table.md`; give the same command
again to go on.
"""

from __future__ import annotations

import argparse
import importlib
import json
import math
import statistics
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import latentfit as lf
from latentfit.data import Data
from latentfit.runs.cells import Cell, Row, value
from latentfit.runs.pool import play_cells
from latentfit.shapes import is_image
from latentfit.storage.files import read_lines, write_lines
from latentfit.studies.base import spread, table

GRID = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96)
ROUNDS, SEEDS = 3_000, (0, 1, 2)
NEAR = 1.02  # factor within which scores count as the same


def _table(name: str) -> Callable[[str | None], Data]:
    def load(root: str | None) -> Data:
        from sklearn import datasets

        x: Any = getattr(datasets, f"load_{name}")().data
        return lf.data.arrays(np.asarray(x, np.float32), name=name, kind="vectors")

    return load


def _spectra(root: str | None) -> Data:
    from chemotools import datasets

    x = np.asarray(datasets.load_fermentation_test()[0], np.float32)
    return lf.data.arrays(x, name="spectra", kind="vectors", scale="common")


def _cells(root: str | None) -> Data:
    held: Any = importlib.import_module("scanpy").datasets.pbmc68k_reduced()
    return lf.data.arrays(np.asarray(held.X, np.float32), name="single-cell", kind="vectors")


def _sensors(root: str | None) -> Data:
    x, _ = importlib.import_module("aeon.datasets").load_italy_power_demand()
    return lf.data.arrays(np.asarray(x, np.float32)[:, 0], name="sensors", kind="vectors")


def _known(name: str, **options: Any) -> Callable[[str | None], Data]:
    return lambda root: lf.data.load(name, root=root, **options)


SETS: dict[str, Callable[[str | None], Data]] = {
    "wine": _table("wine"),
    "breast-cancer": _table("breast_cancer"),
    "spectra": _spectra,
    "single-cell": _cells,
    "sensors": _sensors,
    "digits": _known("digits"),
    "mnist": _known("mnist"),
    "faces": _known("celeba", size=32),
}


def sweep(data: Data, answer: int) -> list[Cell]:
    """Trainings at all sizes of the grid, and at the answer."""
    entries = int(np.prod(data.seen))
    most = min(96, entries)
    settings: dict[str, Any] = {"width": 0.125} if is_image(data.seen) else {"batch": 64}
    sizes = sorted({m for m in GRID if m <= most} | {answer})
    return [
        Cell("wae-gan", data.name, m, seed, ROUNDS, settings, ("fd",), "pixels",
             fingerprint=data.fingerprint)
        for m in sizes for seed in SEEDS
    ]  # fmt: skip


def line(name: str, asked: Row, rows: Sequence[Row]) -> list[object]:
    """A row of the table: the answer's score beside the best of the sweep."""
    by: dict[int, list[float]] = {}
    for row in rows:
        if (found := value(row, "fd_pixels")) is not None:
            by.setdefault(row["latent"], []).append(found)
    mean = {m: statistics.fmean(held) for m, held in by.items()}
    best, answer = min(mean, key=mean.__getitem__), asked["latent"]
    wide = max(statistics.stdev(by[m]) for m in (best, answer) if len(by[m]) > 1)
    same = mean[answer] <= max(NEAR * mean[best], mean[best] + wide)
    errors = math.hypot(*(statistics.stdev(by[m]) / len(by[m]) ** 0.5 for m in (best, answer)))
    low, high = asked["interval"]
    cost = sum(row["seconds"] for row in rows)
    return [name, f"{answer} ({low} to {high}), {asked['sure']}", spread(by[answer]), best,
            spread(by[best]), "yes" if same else "no",
            f"{(mean[answer] - mean[best]) / errors:.1f}" if answer != best else "0",
            f"{asked['seconds']:.0f}", f"{cost:.0f}",
            f"{asked['seconds'] / cost:.0%}"]  # fmt: skip


COLUMNS = ["set", "answer", "distance there", "best of the sweep", "distance there",
           "within 2 % or the spread", "standard errors apart", "core-seconds of `size`",
           "of the sweep", "share"]  # fmt: skip


def main(names: Sequence[str], out: Path, root: str | None, workers: int) -> None:
    """Ask for all sets, then sweep, and write the table of those that are finished."""
    path = out / "answers.jsonl"
    held = {row["set"]: row for row in read_lines(path)}
    for name in [name for name in names if name not in held]:
        found = lf.size(SETS[name](root), folder=out / "sizes" / name, workers=workers)
        held[name] = {"set": name, **found.to_json(), "seconds": found.evidence["core_seconds"]}
        write_lines(path, held.values())
    lines = []
    for name in names:
        data = SETS[name](root)
        cells = sweep(data, held[name]["latent"])
        rows = play_cells(cells, out / "sweeps" / name, data=data, workers=workers)
        lines.append(line(name, held[name], rows))
        (out / "table.md").write_text(table(COLUMNS, lines), encoding="utf-8")
        print(json.dumps(lines[-1]), flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--data-root")
    parser.add_argument("--sets", nargs="+", default=list(SETS), choices=list(SETS))
    parser.add_argument("--workers", type=int, default=2, help="trainings at a time")
    given = parser.parse_args()
    main(given.sets, given.out, given.data_root, given.workers)
