"""What an engine costs over the trainings that it plays: local processes, and Ray.

    python benchmarks/engines.py [--seconds 60] [--trainings 4] [--workers 2]

Trainings of about a minute, one thread each. Overhead is the time of the whole, start and end of
the engine with it, times the workers, over the seconds of all trainings, less 1. It adds lines to
results/speed/engines.jsonl.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import latentfit as lf
from latentfit.comparing import Conditions
from latentfit.runs import Cluster, Local
from latentfit.runs.pool import play_cells, seconds_a_round
from latentfit.runs.run import commit, versions

OUT = Path(__file__).parents[1] / "results" / "speed" / "engines.jsonl"


def main(seconds: float, trainings: int, workers: int) -> None:
    """Play the same trainings by each engine, in turn, and write what they took."""
    data = lf.data.load("digits")
    asked = Conditions(data, ("wae-mmd",), (8,), trainings, 1, {"width": 0.25})
    (first, *_) = asked.cells()
    rounds = round(seconds / seconds_a_round(first, data))
    cells = [replace(cell, rounds=rounds) for cell in asked.cells()]
    for name, engine in (("local", Local(workers)), ("ray", Cluster(most=workers))):
        with tempfile.TemporaryDirectory() as folder:
            began = time.monotonic()
            rows = play_cells(cells, Path(folder), data=data, workers=engine, progress=False)
            passed = time.monotonic() - began
        spent = sum(row["seconds"] for row in rows)
        line = {
            "engine": name, "trainings": trainings, "workers": workers, "rounds": rounds,
            "seconds": round(passed, 1), "training_seconds": round(spent, 1),
            "overhead": round(passed * workers / spent - 1, 4), "versions": versions(),
            "commit": commit(),
        }  # fmt: skip
        print(json.dumps(line), flush=True)
        with OUT.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--trainings", type=int, default=4)
    parser.add_argument("--workers", type=int, default=2)
    held = parser.parse_args()
    main(held.seconds, held.trainings, held.workers)
