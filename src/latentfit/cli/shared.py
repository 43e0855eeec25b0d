"""What several commands share: reading runs and data, scoring, tables. Imports stay lazy."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from latentfit.data.base import Data, Split
    from latentfit.models import Model
    from latentfit.scoring import Subject


def say(text: str) -> None:
    """Tell the person something, on the error stream so that pipes stay clean."""
    typer.echo(text, err=True)


def show_table(columns: list[str], rows: list[list[str]]) -> None:
    """Print a table."""
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, header_style="bold")
    for column in columns:
        table.add_column(column)
    for row in rows:
        table.add_row(*row)
    Console().print(table)


def load_data(name: str, root: Path | None) -> Data:
    """The data set of that name."""
    from latentfit.data import load

    return load(name, root=root)


def data_of(run: Path, name: str | None, root: Path | None) -> Data:
    """The data set that a run was trained on, or another one.

    Raises:
        UserError: The run does not say what it was trained on, or there are no such data.
    """
    from latentfit.checks import UserError
    from latentfit.storage import RunFolder

    if name is not None:
        return load_data(name, root)
    source = RunFolder(run).facts.source
    if source is None or source["data"] is None:
        raise UserError(f"{run} does not say what it was trained on; give --data.")
    return load_data(source["data"], root or (Path(source["root"]) if source["root"] else None))


def model_and_split(
    run: Path, data: str, root: Path | None, split: str, device: str
) -> tuple[Model, Split]:
    """A run's model and one split of data, both on the model's device.

    Raises:
        UserError: There is no such split, the model has no encoder, or the data do not fit it.
    """
    from latentfit.checks import UserError, one_of
    from latentfit.data.base import PARTS, must_have_shape
    from latentfit.runs import load

    one_of("split", split, PARTS)
    model = load(run, device=device)
    if not model.encodes:
        raise UserError(f"the model of {run} has no encoder; use sample, evaluate or report.")
    loaded = load_data(data, root)
    must_have_shape(loaded, model.shape)
    return model, getattr(loaded.to(next(model.parameters()).device), split)


def score_run(
    subject: Subject,
    run: Path,
    *,
    groups: str = "all",
    kept: str | None = None,
    quiet: bool = False,
) -> dict[str, Any]:
    """Score a run, add to its `evaluation.json` and print a table unless quiet.

    Returns:
        The scores of this call, without earlier ones of the file.
    """
    from latentfit.report.page import score_rows
    from latentfit.scoring import score
    from latentfit.scoring.merge import merged
    from latentfit.scoring.scores import chosen
    from latentfit.storage import RunFolder

    kept = kept or ("raw" if subject.model.average is None else "averaged")
    names = None if groups == "all" else [name.strip() for name in groups.split(",")]
    folder, rows = RunFolder(run), chosen(names)
    old = folder.scores  # before the minutes that scores take: the file may be damaged
    scores = score(subject, rows, weights=kept)
    both, dropped = merged(old, scores)
    folder.write_scores(both)
    if dropped:
        say(
            f"latentfit: dropped from evaluation.json, as of other weights or data: "
            f"{', '.join(dropped[:5])}{f' and {len(dropped) - 5} more' * (len(dropped) > 5)}."
        )
    if not quiet:
        shown = [[row.name, row.value, row.floor] for row in score_rows(scores)]
        show_table(["score", "value", "floor"], shown)
        details = scores["details"]
        on = f"{details['extractor']} features ({details['extractor_hash']})"
        say(f"On {on}, {details['count']:,} samples of each set.")
    return scores


def score_and_report(run: Path, model: Model, data: Data, *, seed: int, quiet: bool) -> None:
    """Score a run that is in memory and write its report; nothing is made twice."""
    from latentfit.report import write_report
    from latentfit.scoring import Subject
    from latentfit.storage import RunFolder

    subject = Subject(model, data, seed=seed)
    score_run(subject, run, quiet=quiet)
    page = write_report(RunFolder(run), model, subject, seed=seed)
    if not quiet:
        say(f"Report: {page}")
