"""Ask for the latent size of ten synthetic sets whose size is known, and write the table.

    python scripts/size_cases.py --to results/size

Ten calls of `latentfit size` with its default budget, one after the other: about 35 minutes on two
idle cores. A case that the folder holds is not asked again.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import latentfit as lf
from latentfit.experiments.studies.base import table
from latentfit.experiments.studies.synthetic import synthetic
from latentfit.training.checkpoint import write_json

CASES = [(n, seed) for n in (5, 8, 12, 16, 24) for seed in (0, 1)]


def main() -> None:
    """Ask, and write what was answered."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--to", type=Path, default=Path("results/size"))
    parser.add_argument("--runs", type=Path, default=None, help="keep the runs there")
    given = parser.parse_args()
    rows, right = [], 0
    for n, seed in CASES:
        path = given.to / f"n{n}-s{seed}.json"
        if not path.exists():
            folder = None if given.runs is None else given.runs / f"n{n}-s{seed}"
            data = lf.data.load(synthetic(n, seed))
            write_json(path, lf.size(data, seed=seed, folder=folder, progress=True).to_json())
        found = json.loads(path.read_text(encoding="utf-8"))
        low, high = found["interval"]
        right += low <= n <= high
        masks = [f"{m['active']} of {m['latent']}" for m in found["evidence"]["masks"]]
        rows.append([n, seed, found["latent"], f"{low} to {high}", found["sure"],
                     ", ".join(masks), f"{found['evidence']['seconds']:.0f}"])  # fmt: skip
    columns = ["n", "seed", "answer", "interval", "sure", "open in the masks", "seconds"]
    text = f"# The size of ten synthetic sets\n\n{right} of {len(rows)} intervals hold n. "
    text += "Made by `python scripts/size_cases.py`.\n\n" + table(columns, rows)
    (given.to / "table.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
