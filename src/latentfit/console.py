"""What several commands share: reading runs and data, scoring, tables. Imports stay lazy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer


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


def load_data(name: str, root: Path | None) -> Any:
    """The data set of that name."""
    from latentfit.data import load

    return load(name, root=root)


def data_of(run: Path, name: str | None, root: Path | None) -> Any:
    """The data set that a run was trained on, or another one."""
    from latentfit.checks import UserError
    from latentfit.training.checkpoint import read_json

    source = read_json(run / "run.json").get("source")
    if name is None and source is None:
        raise UserError(f"{run} does not say what it was trained on; give --data.")
    if name is not None:
        return load_data(name, root)
    return load_data(source["data"], root or (Path(source["root"]) if source["root"] else None))


def must_fit(model: Any, data: Any) -> None:
    """Raise unless the data have the shape that the model was trained on."""
    from latentfit.checks import UserError

    if tuple(model.shape) != tuple(data.shape):
        raise UserError(
            f"the model was trained on samples of shape {tuple(model.shape)}, "
            f"'{data.name}' has {tuple(data.shape)}; give data of the same shape."
        )


def model_and_split(
    run: Path, data: str, root: Path | None, split: str, device: str
) -> tuple[Any, Any]:
    """A run's model and one split of data, both on the model's device."""
    from latentfit.checks import UserError, one_of
    from latentfit.experiments.runs import load

    one_of("split", split, ("train", "validation", "test"))
    model = load(run, device=device)
    if not model.encodes:
        raise UserError(f"the model of {run} has no encoder; use sample, evaluate or report.")
    loaded = load_data(data, root)
    must_fit(model, loaded)
    return model, getattr(loaded.to(next(model.parameters()).device), split)


def score_run(
    model: Any,
    data: Any,
    run: Path,
    *,
    seed: int,
    features: str,
    count: int,
    groups: str = "all",
    kept: str | None = None,
    quiet: bool = False,
) -> dict[str, Any]:
    """Score a run, write `evaluation.json` and print a table unless quiet."""
    from latentfit.experiments.evaluate import evaluate as score
    from latentfit.experiments.report import score_rows
    from latentfit.experiments.scores import NAMES
    from latentfit.training.checkpoint import write_json

    kept = kept or ("raw" if model.average is None else "averaged")
    chosen = NAMES if groups == "all" else [name.strip() for name in groups.split(",")]
    scores = score(
        model, data, features=features, groups=chosen, count=count, seed=seed, weights=kept
    )
    write_json(run / "evaluation.json", scores)
    if not quiet:
        rows = [[row.name, row.value, row.floor] for row in score_rows(scores)]
        show_table(["score", "value", "floor"], rows)
        details = scores["details"]
        on = f"{details['extractor']} features ({details['extractor_hash']})"
        say(f"On {on}, {details['count']:,} samples of each set.")
    return scores


def report_run(run: Path, data: Any) -> Path:
    """Write the report of a run."""
    from latentfit.experiments.summary import summarise

    return summarise(run, data)
