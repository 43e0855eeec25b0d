"""Seconds of a round of several checkouts, in turn: python benchmarks/rounds.py --data-root data.

Each figure is the median over the rounds of a process of its own; checkouts alternate, so that a
machine that is busy for a while is so for all. Lines go to `--out`.

    python benchmarks/rounds.py --source src OTHER/src --recipes flexae-sr maskaae --widths 0.25 1
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

PLAY = """
import itertools, statistics, sys, time
import torch
import latentfit as lf
try:
    from latentfit.training.allocator import keep_freed
    keep_freed()
except ImportError:  # older
    pass
name, width, count, root = sys.argv[1], float(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
torch.set_num_threads(int(sys.argv[5]))
data = lf.data.load("mnist", root=root)
torch.manual_seed(0)
model = lf.recipe(name, data, latent=16, width=width).train()
game = lf.Game(model)
picks = [torch.arange(model.batch) + 200 * i for i in range(8)]
batches = itertools.cycle([data.train.take(pick) for pick in picks])
game.round(batches, 0)
times = []
for step in range(count):
    began = time.perf_counter()
    game.round(batches, 1 + step)
    times.append(time.perf_counter() - began)
print(statistics.median(times))
"""


def main() -> None:
    """Time all, and print the ratio of the first checkout to each other."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--source", nargs="+", default=["src"])
    asked.add_argument("--recipes", nargs="+", default=["flexae-sr", "maskaae"])
    asked.add_argument("--widths", nargs="+", type=float, default=[0.25, 1.0])
    asked.add_argument("--threads", type=int, default=1)
    asked.add_argument("--pairs", type=int, default=3)
    asked.add_argument("--data-root", type=Path, default=Path("data"))
    asked.add_argument("--out", type=Path, default=Path("results/speed/rounds.jsonl"))
    given = asked.parse_args()
    lines = []
    for name in given.recipes:
        for width in given.widths:
            count = max(2, int((3 if name == "flexae-sr" else 30) / width**1.5 / 4))
            found: dict[str, list[float]] = {source: [] for source in given.source}
            for pair in range(given.pairs):
                for source in given.source:
                    words = [name, width, count, given.data_root, given.threads]
                    done = subprocess.run(
                        [sys.executable, "-c", PLAY, *map(str, words)],
                        env={**os.environ, "PYTHONPATH": source},
                        capture_output=True, text=True, check=True,
                    )  # fmt: skip
                    seconds = float(done.stdout.splitlines()[-1])
                    found[source].append(seconds)
                    lines.append({"recipe": name, "width": width, "threads": given.threads,
                                  "pair": pair, "checkout": given.source.index(source),
                                  "seconds": round(seconds, 5)})  # fmt: skip
            first, *others = found.values()
            for other in others:
                ratios = [b / a for a, b in zip(first, other, strict=True)]
                print(f"{name} {width:g}: {1000 * statistics.median(first):.1f} ms a round, "
                      f"{statistics.median(ratios):.2f} times as fast ({min(ratios):.2f} to "
                      f"{max(ratios):.2f})", flush=True)  # fmt: skip
            given.out.parent.mkdir(parents=True, exist_ok=True)
            given.out.write_text("".join(json.dumps(line) + "\n" for line in lines))


if __name__ == "__main__":
    main()
