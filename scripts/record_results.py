"""Record finished runs: python scripts/record_results.py RUN... --to results/mnist.

Copies figures and scores of each run, and writes `results.jsonl` and `table.md` from them. What a
machine is called or where its files lie is left out.
"""

from __future__ import annotations

import argparse
import json
import platform
import shutil
from pathlib import Path
from typing import Any

from latentfit.storage import RunFolder
from latentfit.storage.files import read_lines

FIGURES = ("samples", "reconstructions", "interpolations", "latent", "mask", "curves")


def main() -> None:
    """Record the runs that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", type=Path, nargs="+")
    parser.add_argument("--to", type=Path, required=True)
    given = parser.parse_args()
    given.to.mkdir(parents=True, exist_ok=True)
    path = given.to / "results.jsonl"
    rows = {row["command"]: row for row in read_lines(path)}
    for run in given.runs:
        row = summary(run)
        rows[row["command"]] = row
        place = given.to / run.name
        place.mkdir(exist_ok=True)
        for name in FIGURES:
            figure = run / "figures" / f"{name}.png"
            if figure.exists():
                shutil.copy(figure, place)
    ordered = sorted(rows.values(), key=lambda row: row["command"])
    path.write_text("".join(json.dumps(row) + "\n" for row in ordered))
    (given.to / "table.md").write_text(table(ordered))


def summary(run: Path) -> dict[str, Any]:
    """Settings, scores and speed of a run, and the command that makes it again."""
    folder = RunFolder(run)
    facts, rounds = folder.facts, folder.card.round
    held, source = facts.identity, facts.source or {}
    lines = [line for line in folder.lines if "seconds" in line]
    arguments = dict(held["arguments"])
    words = [f"latentfit train {held['recipe']} --data {Path(source['data'] or '').name}"]
    words += [f"--latent {arguments.pop('latent')} --rounds {rounds} --seed {held['seed']}"]
    words += [f"--set {name}={value}" for name, value in sorted(arguments.items())]
    return {
        "command": " ".join(words),
        "recipe": held["recipe"],
        "rounds": rounds,
        "seconds": round(lines[-1]["seconds"]),
        "machine": f"{platform.machine()} CPU, one thread",
        "commit": facts.commit,
        "versions": facts.versions,
        "scores": folder.scores,
    }


def table(rows: list[dict[str, Any]]) -> str:
    """A Markdown table of the scores."""
    columns = ["recipe", "latent", "active", "rounds", "time"]
    columns += ["FD generated", "FD reconstructed", "MSE", "NAC"]
    text = f"| {' | '.join(columns)} |\n|{'---|' * len(columns)}\n"
    for row in rows:
        s = row["scores"]
        name = f"fd_{s['details']['extractor']}"
        text += (
            f"| `{row['recipe']}` | {s['latent']} | {s['active']} | {row['rounds']:,} "
            f"| {row['seconds'] / 60:.0f} min | {s[name]:.2f} ± {s[f'{name}_sd']:.2f} "
            f"| {s[f'{name}_reconstruction']:.2f} | {s['mse']:.4f} | {s['nac']:.3f} |\n"
        )
    text += "\nCommands:\n\n"
    return text + "".join(f"    {row['command']}\n" for row in rows)


if __name__ == "__main__":
    main()
