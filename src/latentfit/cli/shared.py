"""What several commands share: reading runs and data, scoring, tables. Imports stay lazy."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from latentfit.data.base import Data, Split
    from latentfit.models import Model
    from latentfit.scoring import Subject


@contextmanager
def kept_in(folder: Path) -> Iterator[None]:
    """Say after Ctrl-C what is kept, and how to go on."""
    try:
        yield
    except KeyboardInterrupt as stop:
        at = f" after round {stop.args[0]}" if stop.args else ""
        kept = f"everything is saved in {folder}" if folder.exists() else "nothing was begun yet"
        say(f"Stopped{at}; {kept}. Give the same command to go on.")
        raise typer.Exit(130) from None


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


def load_data(name: str, root: Path | None, **reading: Any) -> Data:
    """The data set of that name, read as a person says."""
    from latentfit.data import load

    return load(name, root=root, **reading)


def data_of(
    run: Path,
    model: Model,
    name: str | None,
    root: Path | None,
    *,
    lenient: bool = False,
    **reading: Any,
) -> Data:
    """The data set that a run was trained on, or another one, in the units of its model.

    A line says where they are other data than the run's, and where they lie far from them. Lenient
    reading makes NaN of cells of a table that the training never had.

    Raises:
        UserError: The run does not say what it was trained on, there are no such data, or they do
            not fit the model.
    """
    from latentfit.checks import UserError
    from latentfit.data import load
    from latentfit.data.compare import compare
    from latentfit.schema import Table
    from latentfit.storage import RunFolder

    folder = RunFolder(run)
    source = (folder.facts.source or {}) if folder.exists else {}  # the hub's say nothing of it
    for option in reading:
        if option not in ("label", "key"):
            raise UserError(
                f"'--{option}' was settled at the training of {run}; leave it out, or train anew."
            )
    if name is None and source.get("data") is None:
        raise UserError(f"{run} does not say what it was trained on; give --data.")
    if name is None:
        root = root or (Path(source["root"]) if source.get("root") else None)
        reading = (source.get("reading") or {}) | reading
    roles = {role: reading[role] for role in ("label", "key") if role in reading}
    schema = model.schema
    if lenient and isinstance(schema, Table):
        schema = replace(schema, lenient=True)
    data = load(name or source["data"], root=root, schema=schema, **roles)
    for line in compare(folder.card.data, model.schema, data):
        say(f"latentfit: {line}")
    return data


def model_and_split(
    run: Path, data: str | None, root: Path | None, split: str, device: str, **reading: Any
) -> tuple[Model, Data, Split]:
    """A run's model, the data that are read for it, and one split of them on its device.

    Raises:
        UserError: There is no such split, it is empty, the model has no encoder, or the data do not
            fit it.
    """
    from latentfit.checks import UserError, one_of
    from latentfit.data.base import PARTS
    from latentfit.runs import load

    one_of("split", split, PARTS)
    model = load(run, device=device)
    must_encode(model, run)
    loaded = data_of(run, model, data, root, **reading).to(model.device)
    chosen = getattr(loaded, split)
    if len(chosen) == 0:
        raise UserError(f"the {split} split of '{loaded.name}' is empty; choose another --split.")
    return model, loaded, chosen


def must_encode(model: Model, run: Path) -> None:
    """Raise for a model that only samples.

    Raises:
        UserError: It has no encoder.
    """
    from latentfit.checks import UserError

    if not model.encodes:
        raise UserError(f"the model of {run} has no encoder; use sample, evaluate or report.")


def score_run(
    subject: Subject,
    run: Path,
    *,
    groups: str = "all",
    kept: str | None = None,
    quiet: bool = False,
) -> dict[str, Any]:
    """Score a run, add to its `evaluation.json`; print a table and the verdict unless quiet.

    Returns:
        The scores of this call, without earlier ones of the file.
    """
    from latentfit.report.page import score_rows
    from latentfit.scoring import score, verdict
    from latentfit.scoring.merge import merged
    from latentfit.scoring.scores import chosen, on
    from latentfit.storage import RunFolder

    kept = kept or ("raw" if subject.model.average is None else "averaged")
    names = None if groups == "all" else [name.strip() for name in groups.split(",")]
    folder, rows = RunFolder(run), chosen(names)
    old = folder.scores  # before the minutes that scores take: the file may be damaged
    scores = score(subject, rows, weights=kept)
    both, dropped = merged({n: value for n, value in old.items() if n != "verdict"}, scores)
    found = verdict(both, folder.lines)
    both["verdict"] = scores["verdict"] = found.to_json()
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
        features = on(details["extractor"], image=subject.image)
        features += f" ({details['extractor_hash']})"
        say(f"On {features}, {details['count']:,} samples of each set.")
        say(f"Verdict: {found.sentence}")
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
