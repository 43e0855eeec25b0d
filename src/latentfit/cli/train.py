"""Commands that train."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import Annotated, Any

import typer

from latentfit.cli.app import DataOption, Device, Evaluate, Patience, Root, Seed, app
from latentfit.cli.options import reads_data
from latentfit.cli.shared import kept_in, load_data, say, score_and_report

# What `demo` trains: settings that suit 1,437 small digits and two CPU cores.
DEMO = ["width=0.125", "rate=5e-4", "batch=64", "average=0.995"]


@app.command()
@reads_data
def train(
    recipe: Annotated[str, typer.Argument(help="A system; see `latentfit list recipes`.")],
    data: DataOption,
    latent: Annotated[
        int | None, typer.Option(help="Latent dimensions; default: the paper's.")
    ] = None,
    rounds: Annotated[
        int, typer.Option(help="Rounds: passes through the players' turns.")
    ] = 20_000,
    seed: Seed = 0,
    out: Annotated[
        Path | None, typer.Option(help="Run folder; default runs/RECIPE-DATA-LATENT-SEED.")
    ] = None,
    device: Device = "auto",
    precision: Annotated[
        str, typer.Option(help="32, tf32 (GPUs), bf16 (mixed), or auto: tf32 on a GPU, else 32.")
    ] = "auto",
    compile: Annotated[
        bool, typer.Option("--compile", help="Compile each player's terms.")
    ] = False,
    patience: Patience = None,
    track: Annotated[
        str | None,
        typer.Option(help="Tell a tracker, on this machine: trackio, mlflow or wandb (extras)."),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", help="A setting of the recipe, name=value; may be repeated."),
    ] = None,
    data_root: Root = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")] = False,
    evaluate: Evaluate = True,
    *,
    reading: dict[str, Any],
) -> None:
    """Train a system, score it and write its report.

    Give the same command again to resume an interrupted run, with the same bits, or a larger
    `--rounds` to go on with a finished one. The papers train for 130,000 rounds and more.

    Example: `latentfit train flexae-sr --data digits --latent 16 --rounds 2000`
    """
    from latentfit.checks import one_of
    from latentfit.recipes import RECIPES
    from latentfit.recipes import recipe as build
    from latentfit.runs import run as runs
    from latentfit.settings import read
    from latentfit.storage import RunFolder
    from latentfit.tracking import Tracker
    from latentfit.training import distributed

    chosen = RECIPES[one_of("recipe", recipe, RECIPES)]
    given = read(settings or [], recipe, chosen.settings())
    loaded = load_data(data, data_root, **reading)
    model = build(recipe, loaded, latent=latent, seed=seed, **given)
    name = Path(data.split(":")[0]).stem
    size = model.recipe[1]["latent"] if model.recipe else model.latent
    folder = out or Path("runs") / f"{recipe}-{name}-{size}-{seed}"
    # Whole paths, so that `report` and `evaluate` find the data from any folder.
    source = {
        "data": whole(data),
        "root": str(data_root.resolve()) if data_root else None,
        "reading": reading or None,
    }
    notes = {"source": source, "command": runs.command_line()}
    kept = RunFolder(folder)
    before = kept.played
    tells = nullcontext() if track is None else Tracker(track, folder)
    with kept_in(folder), tells as told:
        run = runs.train(
            model,
            loaded,
            rounds=rounds,
            out=folder,
            notes=notes,
            on_log=told,
            seed=seed,
            device=device,
            precision=precision,
            compile=compile,
            patience=patience,
            progress=not quiet,
        )
        if before == run.rounds and kept.scores and kept.report.exists():
            say(f"Nothing was left to do. Report: {kept.report}")
        elif evaluate and distributed.first():
            score_and_report(folder, run.model, loaded, seed=seed, quiet=quiet)
            if told is not None:
                told.conclude(kept.scores)


def whole(data: str) -> str:
    """A name of data as it is, a path, also behind `hf:`, from the root on."""
    hub = "hf:" if data.startswith("hf:") else ""
    path = Path(data.removeprefix("hf:")).expanduser()
    return f"{hub}{path.resolve()}" if path.exists() else data


@app.command()
def demo(
    out: Annotated[Path, typer.Option(help="Run folder.")] = Path("demo"),
    rounds: Annotated[int, typer.Option(help="Rounds to train.")] = 1_000,
    seed: Seed = 0,
) -> None:
    """Train FlexAE-SR on real 8x8 digits, score it and write a report. No network, no GPU."""
    train(
        "flexae-sr",
        "digits",
        latent=16,
        rounds=rounds,
        seed=seed,
        out=out,
        settings=DEMO,
    )
