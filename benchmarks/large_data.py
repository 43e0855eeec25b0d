"""Time and memory that large data of one's own take to load: `python benchmarks/large_data.py`.

A table of a million rows and twenty columns (numbers, counts, choices, dates, missing cells), and
20,000 photos of mixed sizes brought to 128x128. Each is loaded in a process of its own; memory is
the most that it held beyond what it held after its imports. What the data set holds at last is
beside it.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

LOAD = """
import json, resource, sys, time
import numpy, pandas, torch
import latentfit as lf
lf.data.load
def most():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
before, began, used = most(), time.monotonic(), time.process_time()
data = lf.data.load(sys.argv[1], **json.loads(sys.argv[2]))
splits = (data.train, data.validation, data.test)
held = sum(split.values.numel() * split.values.element_size() for split in splits)
print(json.dumps({"samples": sum(map(len, splits)), "shape": list(data.shape),
                  "held_bytes": held, "peak_bytes": most() - before,
                  "seconds": time.monotonic() - began,
                  "processor_seconds": time.process_time() - used}))
"""


def table(path: Path, rows: int) -> None:
    """A mixed table of twenty columns, written a part at a time."""
    import pandas as pd

    generator = np.random.default_rng(0)
    with path.open("w") as file:
        for start in range(0, rows, 100_000):
            n = min(100_000, rows - start)
            columns: dict[str, object] = {
                f"x{i}": generator.normal(i, 1 + i, n).round(4) for i in range(10)
            }
            columns |= {f"n{i}": generator.poisson(3 + i, n) for i in range(4)}
            columns |= {f"c{i}": generator.choice(["red", "green", "blue"], n) for i in range(3)}
            columns["yes"] = generator.random(n) > 0.4
            days: Any = pd.to_timedelta(generator.integers(0, 4000, n), "D")
            columns["day"] = (pd.Timestamp("2010-01-01") + days).strftime("%Y-%m-%d")
            columns["gap"] = np.where(generator.random(n) < 0.1, np.nan, generator.normal(size=n))
            pd.DataFrame(columns).to_csv(file, header=start == 0, index=False)


def photos(folder: Path, count: int) -> None:
    """Photos of mixed sizes, smooth as photos are, as JPEG."""
    from PIL import Image

    generator = np.random.default_rng(0)
    folder.mkdir()
    for number in range(count):
        coarse = generator.integers(0, 256, (6, 8, 3), dtype=np.uint8)
        side = (160 + number % 5 * 16, 120 + number % 3 * 24)
        image = Image.fromarray(coarse).resize(side, Image.Resampling.BICUBIC)
        image.save(folder / f"{number:05}.jpg", quality=85)


def loaded(source: Path, **options: object) -> dict[str, object]:
    """What a process of its own takes to load a source."""
    words = [sys.executable, "-c", LOAD, str(source), json.dumps(options)]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def main() -> None:
    """Make both, load both, and write a line for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--photos", type=int, default=20_000)
    parser.add_argument("--to", type=Path, default=Path("results/large-data"))
    given = parser.parse_args()
    lines = []
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "table.csv"
        table(path, given.rows)
        lines.append({"what": "table", "file_bytes": path.stat().st_size, **loaded(path)})
        path.unlink()
        folder = Path(place) / "photos"
        photos(folder, given.photos)
        lines.append({"what": "photos", **loaded(folder, size="128x128")})
    given.to.mkdir(parents=True, exist_ok=True)
    text = "".join(json.dumps(line) + "\n" for line in lines)
    (given.to / "large-data.jsonl").write_text(text)
    print(text)


if __name__ == "__main__":
    main()
