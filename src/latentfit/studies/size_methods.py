"""Ours and published ways to find a latent size, on the same sets of known dimension."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from pathlib import Path

from latentfit.runs.cells import Row
from latentfit.sizing import METHODS
from latentfit.studies.base import Shown, Study, grouped, table
from latentfit.studies.known_sets import CASES, CHOOSING, REPORTING, Case, known_sets
from latentfit.studies.size_cases import Question, answered

PLAYED = ("neighbours", "ard-vae", "irmae-wd", "two-nn", "mle")
MASKED: list[Case] = [
    *(case for case in CASES if case[0] == "noise"),
    ("clean", 8, 128, 6_000, 0.0),
    ("counts", 6, 256, 6_000, 5.0),
    ("rounded", 8, 64, 6_000, 1.0),
    ("tails", 8, 128, 6_000, 3.0),
    ("unequal", 8, 128, 6_000, 0.3),
    ("linear", 12, 64, 6_000, 0.0),
    ("sphere", 9, 64, 6_000, 0.0),
    ("torus", 4, 64, 6_000, 0.0),
    ("few", 8, 64, 1_000, 0.0),
    ("copies", 8, 128, 6_000, 0.5),
]
"""Where masks are played beside neighbours, too."""


def _cells(scale: str) -> list[Question]:
    played = [Question(held, m) for held in known_sets(REPORTING[:1]) for m in PLAYED]
    played += [Question(held, "fondue") for held in known_sets(REPORTING[:1])[::2]]  # six trainings
    chosen = [Question(held, "irmae-wd") for held in known_sets(CHOOSING[:1])[::3]]  # its floor
    masked = [Question(held, "joint") for held in known_sets(REPORTING[:1], MASKED)]
    return played[:2] if scale == "smoke" else [*played, *chosen, *masked]


def answer_of(row: Row) -> int | None:
    """The number of a row: today's rule for ours, as it was for a published method."""
    return answered(row).latent if "evidence" in row else row["latent"]


def _off(row: Row) -> float | None:
    said = answer_of(row)
    return None if said is None else abs(said - row["n"])


def _line(rows: Sequence[Row]) -> list[object]:
    off = [_off(row) for row in rows]
    held = [(o, row["n"]) for o, row in zip(off, rows, strict=True) if o is not None]
    name = rows[0]["method"]
    interval = "none given"
    if name not in METHODS:
        ends = [answered(row).interval for row in rows]
        inside = sum(low <= row["n"] <= high for (low, high), row in zip(ends, rows, strict=True))
        interval = f"{inside} of {len(rows)}"
    return [
        name, len(rows), sum(o == 0 for o, _ in held), sum(o <= 1 for o, _ in held),
        sum(o <= max(1, 0.1 * n) for o, n in held),
        f"{statistics.fmean(o / n for o, n in held):.0%}" if held else "-",
        len(rows) - len(held), interval,
        f"{statistics.median(row['seconds'] for row in rows):.0f}",
    ]  # fmt: skip


def _show(rows: Sequence[Row], folder: Path, root: str | None) -> Shown:
    columns = ["method", "sets", "right", "within 1", "within 1 or 10 %", "mean error",
               "no answer", "interval holds n", "median seconds"]  # fmt: skip
    by = {method: held for (method,), held in grouped(rows, "method").items()}
    reported = {
        method: kept
        for method, held in by.items()
        if (kept := [row for row in held if row["seed"] in REPORTING])
    }
    text = table(columns, [_line(held) for method, held in reported.items() if method != "joint"])
    names = [method for method in reported if method != "joint"]
    strata = {stratum for held in reported.values() for stratum in (row["stratum"] for row in held)}
    lines = []
    for stratum in sorted(strata):
        line: list[object] = [stratum]
        for method in names:
            held = [row for row in reported[method] if row["stratum"] == stratum]
            right = sum((off := _off(row)) is not None and off <= 1 for row in held)
            line.append(f"{right} of {len(held)}")
        lines.append(line)
    text += f"\nWithin 1 of n:\n\n{table(['stratum', *names], lines)}"
    if masked := reported.get("joint"):
        text += f"\nMasks beside neighbours:\n\n{_masks(masked)}"
    return text, {}


def _masks(rows: Sequence[Row]) -> str:
    lines = []
    for row in rows:
        found, runs = answered(row), row["evidence"]["masks"]
        low, high = found.interval
        counts = ", ".join(
            f"{mask['active']} of {mask['latent']}" + (" (failed)" if mask["failed"] else "")
            for mask in runs
        )
        lines.append([row["data"], row["n"], counts, found.latent, f"{low} to {high}", found.sure,
                      f"{row['seconds']:.0f}"])  # fmt: skip
    return table(["set", "n", "masks", "answer", "interval", "sure", "seconds"], lines)


SIZE_METHODS = Study(
    "size-methods",
    "ours",
    "ours beside published ways to find a latent size, on sets of known dimension",
    _cells,
    _show,
)
