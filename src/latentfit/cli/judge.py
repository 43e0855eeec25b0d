"""Commands that score, list and report."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from latentfit.cli.app import Device, Features, Json, OwnRun, Root, Seed, Weights, app
from latentfit.cli.options import reads_data
from latentfit.cli.shared import data_of, say, score_run, show_table


@app.command()
@reads_data
def evaluate(
    run: OwnRun,
    data: Annotated[str | None, typer.Option(help="Default: what the run was trained on.")] = None,
    metrics: Annotated[
        str, typer.Option(help="Comma-separated groups of scores, or all; see `list metrics`.")
    ] = "all",
    features: Features = "auto",
    count: Annotated[int, typer.Option(help="Samples to generate, at most.")] = 10_000,
    seed: Seed = 0,
    weights: Weights = "auto",
    data_root: Root = None,
    device: Device = "auto",
    as_json: Json = False,
    *,
    reading: dict[str, Any],
) -> None:
    """Score a trained model on the test split and write `evaluation.json`.

    Scores of earlier calls stay in the file where they are of the same weights and data.

    Example: `latentfit evaluate runs/digits --metrics fd,manifold --count 2000`
    """
    import json

    from latentfit.runs import load
    from latentfit.scoring import Subject

    model = load(run, weights=weights, device=device)
    loaded = data_of(run, model, data, data_root, **reading)
    kept = "raw" if weights == "raw" else None
    subject = Subject(model, loaded, features=features, count=count, seed=seed)
    scores = score_run(subject, run, groups=metrics, kept=kept, quiet=as_json)
    if as_json:
        typer.echo(json.dumps(scores))


SHOWN = ("year", "group", "idea", "what", "how")  # beside the name, where a row has it


@app.command(name="list")
def list_(
    what: Annotated[
        str, typer.Argument(help="recipes, data, priors, metrics or studies.")
    ] = "recipes",
    as_json: Json = False,
    games: Annotated[
        bool, typer.Option("--games", help="Of recipes: who moves what, in which order, for what.")
    ] = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="A Markdown table.")] = False,
) -> None:
    """List the systems, the data sets, priors to fit, scores or the studies of `reproduce`."""
    import json

    if games:
        _list_games(what, as_json)
        return

    from latentfit.cli.catalogue import catalogue

    rows = catalogue(what)
    if as_json:
        typer.echo(json.dumps(rows))
        return
    shown = ["name", *(key for key in SHOWN if key in rows[0] and (markdown or key != "how"))]
    cells = [[str(row[key]) for key in shown] for row in rows]
    if markdown:
        lines = [shown, ["---"] * len(shown), *cells]
        text = "\n".join(f"| {' | '.join(line)} |" for line in lines)
        typer.echo(text.replace("<", "\\<"))
    else:
        show_table(shown, cells)


def _list_games(what: str, as_json: bool) -> None:
    import json
    from dataclasses import asdict

    from latentfit.checks import UserError
    from latentfit.recipes import RECIPES, games

    if what != "recipes":
        raise UserError(
            f"--games shows those of recipes, got '{what}'; use `list recipes --games`."
        )
    if as_json:
        found = {name: [asdict(row) for row in games.box(name)[1]] for name in RECIPES}
        typer.echo(json.dumps(found))
        return
    for part in games.pages():
        typer.echo(part)


@app.command()
@reads_data
def report(
    run: OwnRun,
    data: Annotated[str | None, typer.Option(help="Default: what the run was trained on.")] = None,
    data_root: Root = None,
    *,
    reading: dict[str, Any],
) -> None:
    """Write `report.html` of a run: samples, reconstructions, curves, scores, settings."""
    from latentfit import metrics
    from latentfit.report import write_report
    from latentfit.runs import load
    from latentfit.scoring import Subject
    from latentfit.storage import RunFolder

    model = load(run)
    loaded = data_of(run, model, data, data_root, **reading)
    features = metrics.extractor("auto", loaded.seen, loaded.name)
    # No curve is drawn from Inception's features, so no more is made than the sheets show.
    count = 64 if features.name == "inception" else 5_000
    subject = Subject(model, loaded, features=features, count=count, draws=1)
    say(f"Report: {write_report(RunFolder(run), model, subject)}")
