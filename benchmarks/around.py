"""What a training costs around its loop: start, scores, report, memory, streamed data.

python benchmarks/around.py --data-root FOLDER [--only NAME ...] [--runs 5] [--source SRC ...]

Each figure is the median of several processes, with their processor seconds (of user and system)
and the most memory that any of them held, which is never less than what this script holds itself.
Several `--source` folders, such as the `src` of an older checkout, are measured in turn, so that a
machine that is busy for a while is so for all of them. What a name says of `fresh` is in a new run
folder, `finished` gives the command of a finished run again; scores and report are what
`fresh-scored` takes beyond `fresh-unscored`.
Lines are added to `results/speed/around.jsonl`.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

DIGITS = ("flexae-sr", "--data", "digits", "--latent", "16", "--set", "width=0.125")
SYNTHETIC = ("vae-fixed-variance", "--data", "synthetic:n=8", "--latent", "16")
TABLE = ("vae-fixed-variance", "--data", "table.csv", "--latent", "4")
MNIST = ("vae-fixed-variance", "--data", "mnist", "--latent", "16", "--set", "width=0.125")
FEATURES = """
import torch
import latentfit as lf
data = lf.data.load("mnist", root={root!r})
model = lf.recipe("vae-fixed-variance", data, latent=16, width=0.125)
torch.manual_seed(0)
net = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(784, 2048), torch.nn.ReLU())
lf.evaluate(model, data, features=lf.metrics.from_module("wide", net), count=10_000,
            groups=["fd", "kid", "manifold"{more}])
"""
ROUNDS = """
import json, sys, time
import latentfit as lf
data = lf.data.load(sys.argv[1], limit=int(sys.argv[2]))
def played(rounds):
    model = lf.recipe("vae-fixed-variance", data, latent=16, width=0.125)
    began = time.perf_counter()
    lf.train(model, data, rounds=rounds, validate=False, progress=False)
    return time.perf_counter() - began
played(2)
short, long = played(50), played(250)
print(json.dumps({"split": type(data.train).__name__, "rounds_a_second": 200 / (long - short)}))
"""
SCORES = """
import json, time
import latentfit as lf
data = lf.data.load("digits")
model = lf.recipe("flexae-sr", data, latent=16, width=0.125)
lf.train(model, data, rounds=30, validate=False, progress=False)
began = time.perf_counter()
lf.evaluate(model, data)
print(json.dumps({"scores_seconds": time.perf_counter() - began}))
"""
Row = dict[str, Any]


def process(words: Sequence[str], source: str, folder: Path) -> Row:
    """Run Python on some words: seconds, processor seconds, peak memory, and what it printed."""
    settings = {**os.environ, "PYTHONPATH": source}
    settings.pop("PYTHONDONTWRITEBYTECODE", None)  # compiling again is no part of what is measured
    began = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, *words],
        env=settings,
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as child:
        printed = child.stdout.read() if child.stdout else ""
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"failed: {' '.join(words)}")
    return {
        "seconds": time.perf_counter() - began,
        "processor_seconds": used.ru_utime + used.ru_stime,
        "peak_bytes": used.ru_maxrss * 1024,
        "printed": printed,
    }


def command(*words: str) -> tuple[str, ...]:
    """A command of latentfit."""
    return ("-m", "latentfit", *words)


def measures(root: str, pngs: Path) -> dict[str, tuple[str, ...]]:
    """What is measured, by name; `{run}` is a run folder, fresh for each `fresh` one."""
    brief = ("--rounds", "30", "--quiet", "--out", "{run}")
    found = {
        "torch": ("-c", "import torch"),
        "help": command("--help"),
        "help-train": command("train", "--help"),
        "list": command("list", "data"),
    }
    for name, words in {"digits": DIGITS, "synthetic": SYNTHETIC, "table": TABLE}.items():
        found[f"fresh-unscored-{name}"] = command("train", *words, *brief, "--no-evaluate")
        found[f"fresh-scored-{name}"] = command("train", *words, *brief)
        found[f"finished-{name}"] = command("train", *words, *brief)
    found["fresh-mnist"] = command("train", *MNIST, *brief, "--data-root", root, "--no-evaluate")
    found["features"] = ("-c", FEATURES.format(root=root, more=""))
    found["features-all"] = ("-c", FEATURES.format(root=root, more=', "prd", "memorisation"'))
    found["scores-digits"] = ("-c", SCORES)
    found["resident"] = ("-c", ROUNDS, str(pngs), str(1 << 40))
    found["streamed"] = ("-c", ROUNDS, str(pngs), "0")
    return found


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data-root", required=True)
    parser.add_argument("--only", nargs="*", default=None)
    parser.add_argument("--runs", type=int, default=5)
    here = Path(__file__).resolve().parent.parent
    parser.add_argument("--source", nargs="*", default=[str(here / "src")])
    given = parser.parse_args()
    out = here / "results" / "speed" / "around.jsonl"
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        table().to_csv(folder / "table.csv", index=False)
        pngs = digits(folder / "digits", given.only)
        for name, words in measures(given.data_root, pngs).items():
            if given.only is not None and name not in given.only:
                continue
            rows: dict[str, list[Row]] = {source: [] for source in given.source}
            for number in range(given.runs):
                for place_of, source in enumerate(given.source):
                    run = name.rpartition("-")[2] + str(place_of)
                    if name.startswith("fresh"):
                        run += f"-{name}-{number}"
                    elif name.startswith("finished"):
                        run += f"-fresh-scored-{name.rpartition('-')[2]}-0"
                    filled = [word.replace("{run}", run) for word in words]
                    rows[source].append(process(filled, source, folder))
            for source, found in rows.items():
                line = {"what": name, **summary(found), "source": commit(source)}
                print(json.dumps(line), flush=True)
                with out.open("a") as file:
                    file.write(json.dumps(line) + "\n")


def summary(found: list[Row]) -> Row:
    """Medians of some processes, and the most memory."""
    line: Row = {
        "seconds": round(statistics.median(row["seconds"] for row in found), 2),
        "processor_seconds": round(statistics.median(row["processor_seconds"] for row in found), 2),
        "peak_bytes": max(row["peak_bytes"] for row in found),
        "runs": len(found),
        "cores": os.cpu_count(),
        "threads": os.environ.get("OMP_NUM_THREADS"),
    }
    printed = [json.loads(row["printed"]) for row in found if row["printed"].startswith("{")]
    for name, first in printed[0].items() if printed else ():
        every = [told[name] for told in printed]
        line[name] = first if isinstance(first, str) else round(statistics.median(every), 2)
    return line


def commit(source: str) -> str:
    """The commit that a source lies at."""
    words = ["git", "-C", source, "rev-parse", "--short=12", "HEAD"]
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()


def table() -> pd.DataFrame:
    """A table of 320 rows and nine columns of several kinds."""
    random = np.random.default_rng(0)
    z = random.normal(size=320)
    return pd.DataFrame(
        {
            "age": random.integers(18, 80, 320),
            "height": 170 + 8 * z + random.normal(size=320),
            "weight": 70 + 10 * z + 3 * random.normal(size=320),
            "job": random.choice(["a", "b", "c", "d"], 320),
            "city": random.choice(["x", "y", "z"], 320, p=[0.6, 0.3, 0.1]),
            "income": np.exp(random.normal(size=320) + z),
            "member": random.choice([True, False], 320),
            "visits": random.poisson(3, 320),
            "score": np.where(random.random(320) < 0.1, np.nan, z),
        }
    )


def digits(folder: Path, only: Sequence[str] | None) -> Path:
    """A folder of 8,000 small PNG files, where they are needed."""
    if only is None or {"resident", "streamed"} & set(only):
        from PIL import Image

        random = np.random.default_rng(0)
        folder.mkdir()
        for number in range(8_000):
            pixels = random.integers(0, 255, (8, 8, 3), dtype=np.uint8)
            Image.fromarray(pixels).resize((32, 32)).save(folder / f"{number:04}.png")
    return folder


if __name__ == "__main__":
    main()
