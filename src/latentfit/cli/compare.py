"""The command that puts systems side by side."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from latentfit.cli.app import Features, Json, Root, app
from latentfit.cli.options import WORKERS, plays, reads_data
from latentfit.cli.shared import kept_in, load_data, say, show_table

if TYPE_CHECKING:
    import pandas as pd

    from latentfit.data.base import Data

FILES = ("html", "json", "csv", "md", "tex")
PASSED = ("latent", "seeds", "rounds", "minutes", "rates", "patience", "features")
SEEDS, RATES, METRICS, FEATURES = 5, "published", "fd", "auto"
TRAINING = {"seeds": SEEDS, "rates": RATES, "metrics": METRICS, "features": FEATURES}
"""Defaults of what is for trainings; None of all others."""


@app.command()
@reads_data
@plays
def compare(
    what: Annotated[
        list[str],
        typer.Argument(metavar="RECIPE... | RUN...", help="Systems, with --data; or run folders."),
    ],
    data: Annotated[
        str | None, typer.Option(help="A name, or a file, archive or folder of your own.")
    ] = None,
    latent: Annotated[
        list[int] | None,
        typer.Option(help="Latent size; may be repeated. Default: 32, of colour images 64."),
    ] = None,
    seeds: Annotated[int, typer.Option(help="Trainings of each.")] = SEEDS,
    rounds: Annotated[
        int | None, typer.Option(help="Rounds of each training; default 2,000.")
    ] = None,
    minutes: Annotated[
        float | None,
        typer.Option(help="Minutes of each training on one thread, in place of equal rounds."),
    ] = None,
    rates: Annotated[
        str,
        typer.Option(
            help="published, or search: 1, 3 or 10 times a system's own, by validation samples."
        ),
    ] = RATES,
    patience: Annotated[
        int | None,
        typer.Option(
            help="End a training after so many of its twenty validations without a better score, "
            "with the best weights; default: play all rounds."
        ),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", help="name=value for all that have it, or RECIPE.name=value."),
    ] = None,
    metrics: Annotated[str, typer.Option(help="Groups of scores, or all.")] = METRICS,
    features: Features = FEATURES,
    out: Annotated[Path, typer.Option(help="Folder of the trainings and tables.")] = Path(
        "comparison"
    ),
    data_root: Root = None,
    as_json: Json = False,
    *,
    reading: dict[str, Any],
    engine: Any,  # an `Engine`
) -> None:
    """Systems under equal conditions, and which differences are real.

    Networks, batch, sizes, seeds, rounds and averaging are equal; differences are paired over seeds
    and corrected for their number. The folder gets a page, and tables as .csv, .md and .tex. Give
    the same command again to go on where it stopped; finished trainings are kept.

    Examples: `latentfit compare ae-gmm wae-gan flexae --data digits --latent 8 --set width=0.125`,
    `latentfit compare runs/one runs/two`
    """
    import json
    from functools import partial

    from latentfit.checks import UserError
    from latentfit.comparing import Summary
    from latentfit.runs import Local
    from latentfit.storage.made import must_be_ours, write_over

    training = {
        "latent": latent, "seeds": seeds, "rounds": rounds, "minutes": minutes, "rates": rates,
        "patience": patience, "set": settings, "metrics": metrics, "features": features,
    } | reading  # fmt: skip
    paths = {kind: out / f"comparison.{kind}" for kind in FILES}
    for path in paths.values():
        must_be_ours(path)
    known: Data | None = None
    if data is not None:
        known = load_data(data, data_root, **reading)
        given: dict[str, Any] = {
            **{name: training[name] for name in PASSED}, "groups": _groups(metrics),
            "folder": out, "workers": engine, "progress": not as_json,
        }  # fmt: skip
        with kept_in(out):
            frame = _trained(what, known, settings or [], given)
    elif missing := [name for name in what if not Path(name).is_dir()]:
        raise UserError(
            f"'{missing[0]}' is no run folder; give --data to train systems, or folders of runs."
        )
    elif trained := [one for one, value in training.items() if value != TRAINING.get(one)]:
        raise UserError(
            f"'--{trained[0]}' is for trainings, but these runs are finished; leave it out, or "
            "name systems and give --data."
        )
    elif engine != Local(WORKERS):
        raise UserError("nothing is trained here; leave out --workers and --engine.")
    else:
        from latentfit.comparing import compare_runs

        frame = compare_runs(what)
    summary = Summary(frame)
    out.mkdir(parents=True, exist_ok=True)
    written = {
        "html": summary.page(known),
        "json": json.dumps(summary.to_json(), indent=2) + "\n",
        "csv": frame.to_csv(index=False),
        "md": summary.markdown(),
        "tex": summary.latex(),
    }
    for kind, path in paths.items():
        write_over(path, partial(Path.write_text, data=written[kind], encoding="utf-8"))
    if as_json:
        typer.echo(json.dumps(summary.to_json()))
        return
    shown = summary.table
    show_table(list(shown), shown.to_numpy().tolist())
    for line in (*summary.sentences(), *summary.conditions):
        typer.echo(f"  {line}")
    say(f"Page: {paths['html']}")


def _trained(
    recipes: list[str], data: Data, settings: list[str], given: dict[str, Any]
) -> pd.DataFrame:
    from latentfit.comparing import compare as play
    from latentfit.comparing.conditions import parsed

    return play(recipes, data, settings=parsed(settings, recipes), **given)


def _groups(names: str) -> tuple[str, ...]:
    from latentfit.scoring.scores import chosen

    if names == "all":
        return tuple(dict.fromkeys(row.group for row in chosen(None) if row.group))
    groups = tuple(name.strip() for name in names.split(","))
    chosen(groups)
    return groups if "fd" in groups else ("fd", *groups)
