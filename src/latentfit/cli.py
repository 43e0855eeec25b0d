"""The command line. Nothing heavy is imported before a command runs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from latentfit.console import (
    data_of,
    load_data,
    model_and_split,
    must_fit,
    report_run,
    say,
    score_run,
    show_table,
)

app = typer.Typer(
    help="Auto-encoders with a latent space of the right size that you can sample from.",
    no_args_is_help=True,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)

DataOption = Annotated[
    str,
    typer.Option(
        "--data",
        help="A name (`latentfit list data`), or a file, archive or folder of your own.",
    ),
]
Root = Annotated[
    Path | None,
    typer.Option("--data-root", envvar="LATENTFIT_DATA", help="Folder of mnist, cifar10, ..."),
]
RunFolder = Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a finished training.")]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:1, mps.")]
Seed = Annotated[int, typer.Option(help="Seed of everything random.")]
Weights = Annotated[
    str, typer.Option(help="auto (averaged where kept), raw (last), best (by validation).")
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON value for scripts.")]
Count = Annotated[int, typer.Option("--count", "-n", help="How many.")]


@app.command()
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
    precision: Annotated[str, typer.Option(help="32, or bf16 for mixed precision.")] = "32",
    compile: Annotated[
        bool, typer.Option("--compile", help="Compile each player's terms.")
    ] = False,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", help="A setting of the recipe, name=value; may be repeated."),
    ] = None,
    data_root: Root = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")] = False,
) -> None:
    """Train a system, score it and write its report.

    Give the same command again to resume an interrupted run, with the same bits, or a larger
    `--rounds` to go on with a finished one. The papers train for 130,000 rounds and more.

    Example: `latentfit train flexae-sr --data digits --latent 16 --rounds 2000`
    """
    from latentfit.checks import one_of
    from latentfit.experiments import runs
    from latentfit.experiments.recipes import RECIPES
    from latentfit.experiments.recipes import recipe as build
    from latentfit.experiments.settings import parse

    given = parse(settings or [], RECIPES[one_of("recipe", recipe, RECIPES)])
    loaded = load_data(data, data_root)
    model = build(recipe, loaded, latent=latent, seed=seed, **given)
    name = Path(data.split(":")[0]).stem
    folder = out or Path("runs") / f"{recipe}-{name}-{model.latent}-{seed}"
    # Whole paths, so that `report` and `evaluate` find the data from any folder.
    source = {
        "data": str(Path(data).resolve()) if Path(data).exists() else data,
        "root": str(data_root.resolve()) if data_root else None,
    }
    notes = {"source": source, "command": runs.command_line()}
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

    if distributed.first():
        score_run(run.model, loaded, folder, seed=seed, features="auto", count=10_000)
        report_path = report_run(folder, loaded)
        if not quiet:
            say(f"Report: {report_path}")


@app.command()
def sample(
    run: RunFolder,
    count: Count = 64,
    out: Annotated[
        Path, typer.Option(help="A .png grid, an .npz of arrays, or a folder of .png files.")
    ] = Path("samples.png"),
    seed: Seed = 0,
    weights: Weights = "auto",
    device: Device = "auto",
) -> None:
    """Draw new samples from a trained model. They are never picked by hand."""
    from latentfit.checks import within
    from latentfit.experiments.outputs import write_samples
    from latentfit.experiments.runs import load
    from latentfit.seeds import seeded

    within("count", count, 1, 10_000_000, remedy="give -n 1 or more")
    model = load(run, weights=weights, device=device)
    with seeded(seed, "sample"):
        drawn = model.units.restore(model.sample(count).cpu())
    write_samples(drawn, out)
    say(f"Wrote {count} samples to {out}.")


@app.command()
def encode(
    run: RunFolder,
    data: DataOption,
    out: Annotated[Path, typer.Option(help="An .npz file.")] = Path("codes.npz"),
    split: Annotated[str, typer.Option(help="train, validation or test.")] = "test",
    data_root: Root = None,
    device: Device = "auto",
) -> None:
    """Write the codes of data, with labels where there are any."""
    from latentfit.experiments.outputs import write_arrays
    from latentfit.training import encode_all

    model, chosen = model_and_split(run, data, data_root, split, device)
    codes = encode_all(model, chosen).mean.cpu()
    labels = {} if chosen.labels is None else {"labels": chosen.labels.cpu()}
    write_arrays(out, codes=codes, **labels)
    say(f"Wrote {len(codes)} codes of {codes.shape[1]} dimensions to {out}.")


@app.command()
def reconstruct(
    run: RunFolder,
    data: DataOption,
    count: Count = 32,
    out: Annotated[Path, typer.Option(help="A .png or an .npz file.")] = Path("pairs.png"),
    split: Annotated[str, typer.Option(help="train, validation or test.")] = "test",
    data_root: Root = None,
    device: Device = "auto",
) -> None:
    """Write data beside their reconstructions."""
    import torch

    from latentfit.experiments.outputs import write_pairs

    model, chosen = model_and_split(run, data, data_root, split, device)
    inputs = chosen.first(count)
    with torch.no_grad():
        outputs = model.reconstruct(inputs)
    write_pairs(model.units.restore(inputs.cpu()), model.units.restore(outputs.cpu()), out)
    say(f"Wrote {len(inputs)} pairs to {out}.")


@app.command()
def interpolate(
    run: RunFolder,
    data: DataOption,
    pairs: Annotated[int, typer.Option(help="Pairs of samples, rows of the picture.")] = 8,
    steps: Annotated[int, typer.Option(help="Points on each line, ends included.")] = 9,
    out: Annotated[Path, typer.Option(help="A .png or an .npz file.")] = Path("lines.png"),
    split: Annotated[str, typer.Option(help="train, validation or test.")] = "test",
    data_root: Root = None,
    device: Device = "auto",
) -> None:
    """Decode straight lines between the codes of pairs of samples."""
    from latentfit.checks import within
    from latentfit.experiments.outputs import write_lines
    from latentfit.experiments.summary import interpolate as decode_lines

    model, chosen = model_and_split(run, data, data_root, split, device)
    within("steps", steps, 2, 1000, remedy="a line has two ends")
    within("pairs", pairs, 1, len(chosen) // 2, remedy="each pair needs two samples of the split")
    ends = chosen.first(2 * pairs)
    lines = decode_lines(model, ends[:pairs], ends[pairs:], steps=steps)
    write_lines(model.units.restore(lines.cpu()), out)
    say(f"Wrote {pairs} lines of {steps} points to {out}.")


@app.command()
def evaluate(
    run: RunFolder,
    data: Annotated[str | None, typer.Option(help="Default: what the run was trained on.")] = None,
    features: Annotated[str, typer.Option(help="auto, lenet, pixels.")] = "auto",
    count: Annotated[int, typer.Option(help="Samples to generate, at most.")] = 10_000,
    seed: Seed = 0,
    weights: Weights = "auto",
    data_root: Root = None,
    device: Device = "auto",
    as_json: Json = False,
) -> None:
    """Score a trained model on the test split and write `evaluation.json`."""
    import json

    from latentfit.experiments.runs import load

    model = load(run, weights=weights, device=device)
    loaded = data_of(run, data, data_root)
    must_fit(model, loaded)
    kept = "raw" if weights == "raw" or model.average is None else "averaged"
    scores = score_run(
        model, loaded, run, seed=seed, features=features, count=count, kept=kept, quiet=as_json
    )
    if as_json:
        typer.echo(json.dumps(scores))


@app.command(name="list")
def list_(
    what: Annotated[str, typer.Argument(help="recipes, data or metrics.")] = "recipes",
    as_json: Json = False,
) -> None:
    """List the systems, the data sets or the metrics."""
    import json

    from latentfit.experiments.catalogue import catalogue

    rows = catalogue(what)
    if as_json:
        typer.echo(json.dumps(rows))
        return
    shown = ["name", *([k for k in ("year", "idea", "what") if k in rows[0]])]
    show_table(shown, [[str(row[key]) for key in shown] for row in rows])


@app.command()
def report(
    run: RunFolder,
    data: Annotated[str | None, typer.Option(help="Default: what the run was trained on.")] = None,
    data_root: Root = None,
) -> None:
    """Write `report.html` of a run: samples, reconstructions, curves, scores, settings."""
    say(f"Report: {report_run(run, data_of(run, data, data_root))}")


@app.command()
def demo(
    out: Annotated[Path, typer.Option(help="Run folder.")] = Path("demo"),
    rounds: Annotated[int, typer.Option(help="Rounds to train.")] = 2_500,
    seed: Seed = 0,
) -> None:
    """Train FlexAE-SR on real 8x8 digits, score it and write a report. No network, no GPU."""
    from latentfit.experiments.demo import SETTINGS

    train(
        "flexae-sr",
        "digits",
        latent=16,
        rounds=rounds,
        seed=seed,
        out=out,
        settings=SETTINGS,
    )


def main() -> None:
    """Run a command; an error that a person can mend is one line and exit code 2."""
    try:
        code = app(standalone_mode=False)
    except Exception as error:
        _explain(error)
    except KeyboardInterrupt:
        say("Stopped.")
        sys.exit(130)
    else:
        sys.exit(code if isinstance(code, int) else 0)


def _explain(error: Exception) -> None:
    from latentfit.checks import UserError

    if isinstance(error, UserError):
        typer.echo(f"latentfit: {error}", err=True)
        sys.exit(2)
    message = getattr(error, "format_message", None)
    if message is not None:  # a wrong flag or a missing argument
        context = getattr(error, "ctx", None)
        usage = f" See: {context.command_path} --help" if context is not None else ""
        typer.echo(f"latentfit: {message()}{usage}", err=True)
        sys.exit(2)
    raise error
