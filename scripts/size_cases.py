"""Ask for the latent size of ten sets whose size is known and of two of images; write the table.

    python scripts/size_cases.py --to results/size --data-root data

Calls of `latentfit size` with its default budget, one after the other, on two idle cores: about 30
minutes for the synthetic sets, 10 to 25 for each call on images. A case that the folder holds is
not asked again. Core-seconds are those of all trainings that an answer rests on.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import latentfit as lf
from latentfit.storage.files import write_json
from latentfit.studies.base import table
from latentfit.studies.known import synthetic

KNOWN = {f"n{n}": n for n in (5, 8, 12, 16, 24)}
IMAGES = ("digits", "mnist")
SEEDS = (0, 1)


def main() -> None:
    """Ask, and write what was answered."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--to", type=Path, default=Path("results/size"))
    parser.add_argument("--runs", type=Path, default=None, help="keep the runs there")
    parser.add_argument("--data-root", type=Path, default=Path("data"))
    given = parser.parse_args()
    rows, right = [], 0
    for case, seed in ((case, seed) for case in (*KNOWN, *IMAGES) for seed in SEEDS):
        path = given.to / f"{case}-s{seed}.json"
        known = KNOWN.get(case)
        if not path.exists():
            folder = None if given.runs is None else given.runs / f"{case}-s{seed}"
            name = case if known is None else synthetic(known, seed)
            data = lf.data.load(name, root=given.data_root)
            found = lf.size(data, seed=seed, folder=folder, progress=True, workers=2)
            write_json(path, found.to_json())
        found = json.loads(path.read_text(encoding="utf-8"))
        low, high = found["interval"]
        right += known is not None and low <= known <= high
        masks = [f"{m['active']} of {m['latent']}" for m in found["evidence"]["masks"]]
        times = (f"{found['evidence'][name]:.0f}" for name in ("seconds", "core_seconds"))
        rows.append([known or case, seed, found["latent"], f"{low} to {high}", found["sure"],
                     ", ".join(masks), *times])  # fmt: skip
    columns = ["n", "seed", "answer", "interval", "sure", "open in the masks", "seconds",
               "core-seconds"]  # fmt: skip
    text = f"# What size answers\n\n{right} of {len(KNOWN) * len(SEEDS)} intervals hold n. "
    text += "Made by `python scripts/size_cases.py`.\n\n" + table(columns, rows)
    (given.to / "table.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
