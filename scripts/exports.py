"""How far exported files are from PyTorch: python scripts/exports.py.

Every system on digits, some on vectors, signals and a mixed table, and every late prior, with small
networks, two rounds of training and both forms of files. A row for each goes to `rows.jsonl` in
`results/export`, and a table of all to `table.md`; rows that are there are not made again.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd

import latentfit as lf
from latentfit.data import Data
from latentfit.exporting.export import FORMS, PIECES
from latentfit.expost import PRIORS
from latentfit.recipes import RECIPES
from latentfit.runs.run import commit
from latentfit.storage.files import read_lines, write_lines, write_text
from latentfit.studies.base import table

RESULTS = Path(__file__).parents[1] / "results" / "export"
SOME = ("ae-gmm", "flexae", "maskaae", "vae-fixed-variance", "vampprior", "gan")
"""Systems that stand for the others on what are no images."""


def signals() -> Data:
    """Sines of two channels about a mean far from 0."""
    rng = np.random.default_rng(0)
    place = np.linspace(0, 2 * math.pi, 40) + rng.uniform(0, 6, (200, 2, 1))
    return lf.data.arrays(1e3 + 5 * np.sin(place), name="sines", kind="signals")


def rows() -> Data:
    """A table with numbers, gaps, choices, dates and a constant."""
    rng, n = np.random.default_rng(0), 300
    frame = pd.DataFrame({
        "age": rng.integers(18, 90, n),
        "income": np.exp(rng.normal(9, 2, n)).round(2),
        "size": np.where(rng.random(n) < 0.2, np.nan, rng.normal(170, 10, n)),
        "sex": rng.choice(["f", "m"], n),
        "colour": rng.choice(["red", "green", "blue"], n),
        "day": pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 900, n), unit="D"),
        "site": "one",
    })  # fmt: skip
    return lf.data.load(frame)


def cases() -> Iterator[tuple[str, str, str | None]]:
    """Kind of data, system, and a late prior in the place of its own."""
    yield from (("images", name, None) for name in RECIPES)
    for kind in ("vectors", "signals", "tables"):
        yield from ((kind, name, None) for name in SOME)
    yield from (("vectors", "ae", prior) for prior in PRIORS)


def row(data: Data, kind: str, name: str, prior: str | None) -> dict[str, Any]:
    """What is found of one case."""
    model = lf.recipe(name, data, latent=4, width=1 / 16, batch=32)
    model = lf.train(model, data, rounds=2, progress=False, device="cpu", validate=False).model
    if prior:
        lf.refit(model, data, prior, rounds=4, progress=False)
    found: dict[str, Any] = {"data": kind, "system": name, "late_prior": prior, "commit": commit()}
    for form in FORMS:
        with TemporaryDirectory() as place:
            told = lf.export(model, to=form, out=place).told
        found[form] = {Path(held["file"]).stem: held["difference"] for held in told["files"]}
        found["left_out"] = {Path(r["file"]).stem: r["reason"] for r in told["left_out"]}
        found["versions"] = {**found.get("versions", {}), **told["versions"]}
        sampler = [held for held in told["files"] if held["file"].startswith("sampler")]
        found["noise"] = {port["name"]: math.prod(port["shape"][1:])
                          for held in sampler for port in held["inputs"]}  # fmt: skip
    return found


def shown(found: list[dict[str, Any]]) -> str:
    """A table of all rows."""
    names = [f"{piece.name}, {form}" for form in FORMS for piece in PIECES]
    lines = []
    for held in found:
        cells = [held[form].get(piece.name) for form in FORMS for piece in PIECES]
        noise = ", ".join(f"{count} {law}" for law, count in held["noise"].items())
        late = f" with {held['late_prior']}" if held["late_prior"] else ""
        lines.append([held["data"], held["system"] + late, noise,
                      *("" if cell is None else f"{cell:.1e}" for cell in cells)])  # fmt: skip
    told = {f"`{held['system']}`: {reason}" for held in found
            for reason in held["left_out"].values()}  # fmt: skip
    worst = max(d for held in found for form in FORMS for d in held[form].values())
    return f"""# Exported files against PyTorch

Largest difference on batches of 1, 2 and 7, as a share of the largest number that comes out, in the
units of the network; noise is what the sampler takes for each sample. The largest of all is
{worst:.1e}; above 1e-5 nothing is written. Small networks after two rounds of training,
`python scripts/exports.py`.

{table(["data", "system", "noise", *names], lines)}
Left out: {"; ".join(sorted(told))}
"""


def main() -> None:
    """Make what is not there yet, and the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=RESULTS)
    out = parser.parse_args().out
    sets = {"images": lf.data.load("digits"), "signals": signals(), "tables": rows(),
            "vectors": lf.data.load("synthetic:n=4,d=12,count=400")}  # fmt: skip
    found = read_lines(out / "rows.jsonl")
    made = {(held["data"], held["system"], held["late_prior"]) for held in found}
    for case in cases():
        if case not in made:
            found.append(row(sets[case[0]], *case))
            write_lines(out / "rows.jsonl", found)
            print(case, found[-1]["onnx"], flush=True)
    write_text(out / "table.md", shown(found))


if __name__ == "__main__":
    main()
