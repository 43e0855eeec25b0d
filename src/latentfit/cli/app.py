"""The application and the options that several commands share. Nothing heavy is imported here."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    help="Auto-encoders with a latent space of the right size that you can sample from.",
    no_args_is_help=True,
    add_completion=True,
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


def _had(run: Path) -> Path:
    """The folder of a run, that of a copy where it lies on the hub."""
    if not str(run).startswith("hf:"):
        return run
    from latentfit.runs.sharing import fetched

    return fetched(run)


def _own(run: Path) -> Path:
    if str(run).startswith("hf:"):
        from latentfit.checks import UserError

        raise UserError(
            f"this command needs the folder of a training, got {run}; sample, encode, reconstruct, "
            "neighbours, interpolate, traverse, edit and export take models of the hub."
        )
    return run


RunFolder = Annotated[
    Path,
    typer.Argument(metavar="RUN", callback=_had, help="Folder of a training, or hf:user/name."),
]
"""A run that is only read."""
OwnRun = Annotated[
    Path,
    typer.Argument(metavar="RUN", callback=_own, help="Folder of a finished training."),
]
"""A run that is written into, or whose training data are looked up."""
Device = Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:1, mps.")]
Seed = Annotated[int, typer.Option(help="Seed of everything random.")]
Weights = Annotated[
    str, typer.Option(help="auto (averaged where kept), raw (last), best (by validation).")
]
Evaluate = Annotated[bool, typer.Option(help="Score the model and write its report afterwards.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON value for scripts.")]
Features = Annotated[
    str, typer.Option(help="auto, lenet, pixels, inception, or a path of its weights.")
]
Patience = Annotated[
    int | None,
    typer.Option(
        help="Stop after so many validations (one each 1,000 rounds) without a better score, and "
        "end with the best weights; default: play all rounds."
    ),
]
Count = Annotated[int, typer.Option("--count", "-n", help="How many.")]
Out = Annotated[
    Path | None,
    typer.Option(help="A .png of images, an .npz of vectors and signals, a .csv of rows."),
]
Split = Annotated[str, typer.Option(help="train, validation or test.")]


def _version(asked: bool) -> None:
    if asked:
        from latentfit.version import __version__

        typer.echo(f"latentfit {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    """Options of the application itself."""
