"""The command that searches for settings."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from latentfit.cli.app import DataOption, Features, Json, Root, Seed, app
from latentfit.cli.options import plays, reads_data
from latentfit.cli.shared import kept_in, load_data, say, show_table

SHOWN = 5  # trials, the best first


@app.command()
@reads_data
@plays
def tune(
    recipe: Annotated[str, typer.Argument(help="A system; see `latentfit list recipes`.")],
    data: DataOption,
    latent: Annotated[int | None, typer.Option(help="Latent dimensions; default: 32, 64.")] = None,
    over: Annotated[
        list[str] | None,
        typer.Option(
            help="A setting to search, as name, name=low:high or name=one,two; may be repeated. "
            "Default: all learning rates and weights, a tenth to ten times of the system's own."
        ),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", help="A setting that is fixed, name=value; may be repeated."),
    ] = None,
    minutes: Annotated[
        float,
        typer.Option(help="Minutes of all trainings; trials that have begun by then are finished."),
    ] = 30.0,
    rounds: Annotated[int, typer.Option(help="Rounds of a trial.")] = 2_000,
    features: Features = "auto",
    seed: Seed = 0,
    out: Annotated[Path, typer.Option(help="Folder of the trainings and the answer.")] = Path(
        "tuning"
    ),
    data_root: Root = None,
    as_json: Json = False,
    *,
    reading: dict[str, Any],
    engine: Any,  # an `Engine`
) -> None:
    """Search for the settings with which a system generates best, by validation samples.

    The system's own settings come first, then what the trials before suggest; those that are worse
    than most are given up early. The answer is a command. Give the same command again to go on
    where it stopped, or with more --minutes to search longer.

    Example: `latentfit tune flexae --data digits --latent 8 --set width=0.125 --minutes 10`
    """
    import json
    import math

    from pandas import isna as missing

    from latentfit.pictures import comparison
    from latentfit.pictures.figures import save
    from latentfit.recipes import RECIPES
    from latentfit.settings import read
    from latentfit.storage.files import write_json
    from latentfit.storage.made import must_be_ours, remember, write_over
    from latentfit.tuning import tune as search

    paths = [out / f"tuning.{kind}" for kind in ("json", "csv", "png")]
    for path in paths:
        must_be_ours(path)
    fixed = read(settings or [], recipe, RECIPES[recipe].settings()) if recipe in RECIPES else {}
    loaded = load_data(data, data_root, **reading)
    with kept_in(out):
        found = search(
            recipe, loaded, latent=latent, over=over, settings=fixed, minutes=minutes,
            rounds=rounds, features=features, seed=seed, folder=out, workers=engine,
            progress=not as_json,
        )  # fmt: skip
    more = [word for name, value in reading.items() for word in _words(name, value)]
    if data_root is not None:
        more += ["--data-root", str(data_root)]
    more += ["--out", str(out / "best")]
    command = found.command(data, rounds, more)
    trials: list[dict[str, Any]] = found.trials.to_dict("records")  # type: ignore[assignment]
    answer = {
        "settings": found.settings, "latent": found.latent, "score": found.score,
        "value": found.value, "own": None if math.isnan(found.own) else found.own,
        "trials": len(trials), "searched": found.searched, "command": command,
    }  # fmt: skip
    write_over(paths[0], lambda draft: write_json(draft, answer))
    write_over(paths[1], lambda draft: found.trials.to_csv(draft, index=False))
    names = [n for n in found.trials if n not in ("number", "rounds", "value", "pruned")]
    came = [t for t in trials if not math.isnan(t["value"])]
    best = sorted((t for t in came if not t["pruned"]), key=lambda t: t["value"])
    if all(not missing(t[name]) for t in came for name in names):
        shown = {name: [t[name] for t in came] for name in names}
        values, marked = [t["value"] for t in came], {"best": came.index(best[0])}
        if came[0]["number"] == 0:
            marked["own settings"] = 0
        early = [bool(t["pruned"]) for t in came]
        save(comparison.tried(shown, values, found.score, early, marked), paths[2])
        remember(paths[2])
    else:  # a trial without all of the settings has no place in a panel
        paths.pop()
    if as_json:
        typer.echo(json.dumps(answer))
        return
    rows = [[*(f"{t[name]}" for name in names), f"{t['value']:.4g}"] for t in best[:SHOWN]]
    show_table([*names, found.score], rows)
    pruned = sum(1 for t in trials if t["pruned"])
    typer.echo(
        f"  {len(trials)} trials, {pruned} given up early; the system's own settings reach "
        f"{found.own:.4g}, the best {found.value:.4g} on validation samples"
    )
    typer.echo(command)
    say(
        f"All trials: {', '.join(map(str, paths[1:]))}. A trial had {rounds:,} rounds: what is "
        "best for few is not always so for many."
    )


def _words(name: str, value: Any) -> list[str]:
    """An option of reading as it was typed."""
    return [f"--{name}"] if value is True else [f"--{name}", str(value)]
