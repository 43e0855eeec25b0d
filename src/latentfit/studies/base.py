"""What a study is, and how its rows become a table."""

from __future__ import annotations

import logging
import statistics
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from latentfit.checks import UserError
from latentfit.runs.cells import Row, run_of, value
from latentfit.runs.pool import Playable

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from latentfit.models import Model

Shown = tuple[str, "dict[str, Figure]"]
Kind = TypeVar("Kind")
LOG = logging.getLogger("latentfit")
COLUMNS = 10  # images in a row of a figure


@dataclass(frozen=True)
class Study:
    """A published table or figure.

    Attributes:
        name: What a person types.
        source: Where it was published.
        what: What it shows, in a line.
        cells: From a scale to the trainings.
        shows: From rows, the folder of their runs and that of data sets to a text (Markdown) and
            figures by name.
        prepare: From a scale, the folder and that of data sets: makes what the cells need there.
    """

    name: str
    source: str
    what: str
    cells: Callable[[str], Sequence[Playable]]
    shows: Callable[[Sequence[Row], Path, str | None], Shown]
    prepare: Callable[[str, Path, str | None], object] = lambda *_: None


def pick(scale: str, *, smoke: Kind, short: Kind, paper: Kind) -> Kind:
    """The value for a scale: `smoke`, `short` or `paper`."""
    return {"smoke": smoke, "short": short, "paper": paper}[scale]


def table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A Markdown table."""
    lines = ["| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]
    return "\n".join(lines + ["| " + " | ".join(map(str, row)) + " |" for row in rows]) + "\n"


def spread(values: Sequence[float | None], digits: int = 3) -> str:
    """Mean, to `digits` significant digits, and standard deviation; how many failed if any."""
    held = [v for v in values if v is not None]
    if not held:
        return "failed"
    text = f"{statistics.fmean(held):.{digits}g}"
    if len(held) > 1:
        text += f" ± {statistics.stdev(held):.2g}"
    lost = len(values) - len(held)
    return f"{text} ({lost} failed)" if lost else text


def told(held: Sequence[Row], score: str, digits: int = 3) -> str:
    """A score over seeds, as `spread`; a dash where the system has no such thing."""
    played = [row for row in held if "error" not in row]
    if played and all(score not in row["scores"] for row in played):
        return "-"
    return spread([value(row, score) for row in held], digits)


def grouped(rows: Sequence[Row], *by: str) -> dict[tuple[Any, ...], list[Row]]:
    """Rows by the values of some of their fields, in the order of first appearance."""
    found: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
    for row in rows:
        found[tuple(row[name] for name in by)].append(row)
    return dict(found)


def by_latent(rows: Sequence[Row], score: str) -> dict[int, list[float]]:
    """What came out for a score at each latent size, ascending."""
    return {
        m: [found for row in held if (found := value(row, score)) is not None]
        for (m,), held in sorted(grouped(rows, "latent").items())
    }


def samples(rows: Mapping[str, Row], folder: Path, caption: str) -> Figure:
    """Uncurated samples, a line for each system.

    Arguments:
        rows: Of trainings that came through, at least one, by what is written beside the line.
        folder: Where the cells were played.
        caption: Written above.
    """
    import torch

    from latentfit.pictures import sheets
    from latentfit.seeds import seeded

    made = []
    for row in rows.values():
        with seeded(0, "shown"):
            made.append(opened(row, folder).sample(COLUMNS))
    return sheets.rows_grid(torch.stack(made), caption, names=list(rows))


def first(held: Sequence[Row], folder: Path) -> Row | None:
    """The first row that came through and whose run is there, which stands for all in a figure.

    Rows may come from another machine without their runs.

    Arguments:
        held: Rows of trainings that differ in their seeds only.
        folder: Where the cells were played.
    """
    came = [row for row in held if "error" not in row]
    found = next((row for row in came if run_of(row["key"], folder).finished), None)
    if came and found is None:
        LOG.warning("a figure goes without %s: its run is not in %s.", came[0]["key"], folder)
    return found


def opened(row: Row, folder: Path) -> Model:
    """The model of a row that came through, on the CPU in evaluation mode.

    Arguments:
        row: Of `cells.play`, without `error`.
        folder: Where the cells were played.

    Raises:
        UserError: The run is missing, or cannot be read.
    """
    from latentfit.runs import load

    run = run_of(row["key"], folder)
    if not run.finished:
        raise UserError(
            f"the row {row['key']} of {folder / 'cells.jsonl'} has no run in {folder / 'runs'}; "
            "take it out, and the same command plays it again."
        )
    return load(run.path, device="cpu")
