"""The command that fits another prior to codes, of a run or of any encoder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from latentfit.cli.app import Device, Evaluate, Root, Seed, app
from latentfit.cli.options import reads_data
from latentfit.cli.shared import data_of, kept_in, load_data, say, score_and_report

if TYPE_CHECKING:
    from latentfit.data import Data
    from latentfit.models import Model
    from latentfit.storage import Facts


@app.command(name="fit-prior")
@reads_data
def fit_prior(
    run: Annotated[
        Path | None, typer.Argument(metavar="[RUN]", help="Folder of a finished training.")
    ] = None,
    prior: Annotated[str, typer.Option(help="See `latentfit list priors`.")] = "matching",
    codes: Annotated[
        str | None,
        typer.Option(help="In place of RUN: codes of any encoder, an .npy, .npz or table."),
    ] = None,
    labels: Annotated[
        Path | None, typer.Option(help="An .npy of their classes, beside an .npy of codes.")
    ] = None,
    decoder: Annotated[
        Path | None,
        typer.Option(help="An .onnx of the codes' decoder, so that `sample` gives samples."),
    ] = None,
    by: Annotated[
        str | None,
        typer.Option(help="Fit it by class, for `sample --label`: label, or a column of a table."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Run folder; default RUN-PRIOR, or runs/CODES-PRIOR.")
    ] = None,
    data: Annotated[str | None, typer.Option(help="Default: what the run was trained on.")] = None,
    rounds: Annotated[
        int | None,
        typer.Option(help="Rounds that a trained prior counts by; default: the run's, or 20,000."),
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

    The new folder samples, scores and reports as every other; encoder and decoder are the same. Of
    codes that another program made, it samples codes, or with --decoder what that makes of them.

    Examples: `latentfit fit-prior runs/ae-digits-16-0 --prior gmm --set components=20`,
    `latentfit fit-prior --codes codes.npy --prior matching --decoder decoder.onnx`
    """
    from dataclasses import replace

    from latentfit.checks import UserError, one_of
    from latentfit.expost import PRIORS, refit
    from latentfit.runs.run import card, command_line
    from latentfit.settings import read
    from latentfit.storage import RunFolder
    from latentfit.storage.files import atomically

    given = read(settings or [], prior, PRIORS[one_of("prior", prior, PRIORS)].settings())
    if (run is None) == (codes is None):
        raise UserError("give the folder of a run, or --codes with a file of codes, one of them.")
    program: bytes | None = None
    if run is not None:
        if labels is not None:
            raise UserError("--labels goes with --codes; a run knows its labels, give --by label.")
        if decoder is not None:
            raise UserError("--decoder goes with --codes; a run has a decoder of its own.")
        model, loaded, facts, played = _of_run(run, data, data_root, device, reading)
        folder = RunFolder(out or run.with_name(f"{run.name}-{prior}"))
    else:
        model, loaded, facts = _of_codes(str(codes), labels, data_root, device, seed, reading)
        program = None if decoder is None else _program(decoder, loaded)
        played = 0  # nothing is trained but the prior
        folder = RunFolder(out or Path("runs") / f"{Path(str(codes)).stem}-{prior}")
    if folder.exists and folder.facts.parent != facts.parent:
        raise UserError(f"{folder.path} holds another run; choose another --out.")
    counted = (played or 20_000) if rounds is None else rounds
    with kept_in(folder.path):
        refit(model, loaded, prior, rounds=counted, by=by, seed=seed, progress=not quiet,
              folder=folder, **given)  # fmt: skip
    folder.export(card(model, loaded, played), model.state_dict())
    folder.write_facts(replace(facts, prior=[prior, given], command=command_line(), tracked=None))
    if program is None:
        folder.decoder.unlink(missing_ok=True)
    else:
        atomically(folder.decoder, lambda draft: draft.write_bytes(program))
    if evaluate:
        score_and_report(folder.path, model, loaded, seed=seed, quiet=quiet)
    else:
        say(f"Run folder: {folder.path}")


def _of_run(
    run: Path, data: str | None, root: Path | None, device: str, reading: dict[str, Any]
) -> tuple[Model, Data, Facts, int]:
    """Model, data and facts of a run, and the rounds that it played."""
    from dataclasses import replace

    from latentfit.runs import load
    from latentfit.storage import RunFolder

    model, first = load(run, device=device), RunFolder(run)
    loaded = data_of(run, model, data, root, **reading)
    return model, loaded, replace(first.facts, parent=str(run.resolve())), first.card.round


def _program(decoder: Path, codes: Data) -> bytes:
    """What a decoder's file holds, once it has decoded two of the codes."""
    from latentfit.expost import OnnxDecoder

    found = OnnxDecoder.read(decoder)
    found(codes.schema.restore(codes.train.first(2)))
    return found.program


def _of_codes(
    codes: str, labels: Path | None, root: Path | None, device: str, seed: int,
    reading: dict[str, Any],
) -> tuple[Model, Data, Facts]:  # fmt: skip
    """A model of codes, these as data, and facts."""
    from latentfit.checks import UserError
    from latentfit.data.numpy_files import from_arrays, read
    from latentfit.data.options import Options
    from latentfit.expost import of_codes
    from latentfit.runs.run import commit, versions
    from latentfit.storage import Facts
    from latentfit.training import Settings, pick_device
    from latentfit.training.identity import identity

    reading = {"kind": "vectors"} | reading
    if labels is None:
        loaded = load_data(codes, root, **reading)
    elif Path(codes).suffix == ".npy" and labels.suffix == ".npy":
        held = {"codes": read(Path(codes)), "labels": read(labels)}
        loaded = from_arrays(held, Path(codes).name, Options(**reading))
    else:
        raise UserError("--labels is an .npy beside --codes of an .npy; an .npz holds both.")
    model = of_codes(loaded.schema).to(pick_device(device))
    whole = str(Path(codes).resolve())
    facts = Facts(
        identity=identity(model, loaded, Settings(rounds=1, seed=seed)),
        versions=versions(),
        commit=commit(),
        source={"data": whole, "root": None, "reading": reading},
        parent=whole,
    )
    return model, loaded, facts
