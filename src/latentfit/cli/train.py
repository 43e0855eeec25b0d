"""Commands that train."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from latentfit.cli.app import DataOption, Device, Root, RunFolder, Seed, app
from latentfit.cli.reading import reads_data
from latentfit.cli.shared import data_of, load_data, say, score_and_report

# What `demo` trains: settings that suit 1,437 small digits and two CPU cores.
DEMO = ["width=0.125", "rate=5e-4", "batch=64", "average=0.995"]
Evaluate = Annotated[bool, typer.Option(help="Score the model and write its report afterwards.")]


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

    chosen = RECIPES[one_of("recipe", recipe, RECIPES)]
    given = read(settings or [], recipe, chosen.settings())
    loaded = load_data(data, data_root, **reading)
    model = build(recipe, loaded, latent=latent, seed=seed, **given)
    name = Path(data.split(":")[0]).stem
    size = model.recipe[1]["latent"] if model.recipe else model.latent
    folder = out or Path("runs") / f"{recipe}-{name}-{size}-{seed}"
    # Whole paths, so that `report` and `evaluate` find the data from any folder.
    source = {
        "data": str(Path(data).resolve()) if Path(data).exists() else data,
        "root": str(data_root.resolve()) if data_root else None,
        "reading": reading or None,
    }
    notes = {"source": source, "command": runs.command_line()}
    before = RunFolder(folder).played
    try:
        run = runs.train(
            model,
            loaded,
            rounds=rounds,
            out=folder,
            notes=notes,
            seed=seed,
            device=device,
            precision=precision,
            compile=compile,
            progress=not quiet,
        )
    except KeyboardInterrupt as stop:
        at = f" after round {stop.args[0]}" if stop.args else ""
        say(f"Stopped{at}; everything is saved in {folder}. Give the same command to go on.")
        raise typer.Exit(130) from None
    from latentfit.training import distributed

    kept = RunFolder(folder)
    if before == run.rounds and kept.scores and kept.report.exists():
        say(f"Nothing was left to do. Report: {kept.report}")
    elif evaluate and distributed.first():
        score_and_report(folder, run.model, loaded, seed=seed, quiet=quiet)


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


@app.command(name="fit-prior")
@reads_data
def fit_prior(
    run: RunFolder,
    prior: Annotated[str, typer.Option(help="A prior; see `latentfit list priors`.")],
    by: Annotated[
        str | None,
        typer.Option(help="Fit it by class, for `sample --label`: label, or a column of a table."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Run folder; default RUN-PRIOR.")] = None,
    data: Annotated[str | None, typer.Option(help="Default: what the run was trained on.")] = None,
    rounds: Annotated[
        int | None,
        typer.Option(help="Rounds that a trained prior counts by; default: the run's."),
    ] = None,
    seed: Seed = 0,
    device: Device = "auto",
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", help="A setting of the prior, name=value; may be repeated."),
    ] = None,
    data_root: Root = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")] = False,
    evaluate: Evaluate = True,
    *,
    reading: dict[str, Any],
) -> None:
    """Fit another prior on the codes of a trained encoder, into a run folder of its own.

    The new folder samples, scores and reports as every other; encoder and decoder are the same.

    Example: `latentfit fit-prior runs/ae-digits-16-0 --prior gmm --set components=20`
    """
    from dataclasses import replace

    from latentfit.checks import UserError, one_of
    from latentfit.expost import PRIORS, refit
    from latentfit.runs import load
    from latentfit.runs.run import card, command_line
    from latentfit.settings import read
    from latentfit.storage import RunFolder

    given = read(settings or [], prior, PRIORS[one_of("prior", prior, PRIORS)].settings())
    model, first = load(run, device=device), RunFolder(run)
    loaded = data_of(run, model, data, data_root, **reading)
    folder = RunFolder(out or run.with_name(f"{run.name}-{prior}"))
    parent = str(run.resolve())
    if folder.exists and folder.facts.parent != parent:
        raise UserError(f"{folder.path} holds another run; choose another --out.")
    played = first.card.round
    counted = played if rounds is None else rounds
    refit(model, loaded, prior, rounds=counted, by=by, seed=seed, progress=not quiet, folder=folder,
          **given)  # fmt: skip
    folder.export(card(model, loaded, played), model.state_dict())
    facts = replace(first.facts, prior=[prior, given], parent=parent, command=command_line())
    folder.write_facts(facts)
    if evaluate:
        score_and_report(folder.path, model, loaded, seed=seed, quiet=quiet)
