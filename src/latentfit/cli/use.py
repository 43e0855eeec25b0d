"""Commands that use a trained model: draw, encode, reconstruct, show neighbours."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from latentfit.cli.app import Count, DataOption, Device, Out, Root, RunFolder, Seed, Weights, app
from latentfit.cli.options import reads_data
from latentfit.cli.shared import data_of, model_and_split, must_encode, say

if TYPE_CHECKING:
    from torch import Tensor

    from latentfit.models import Model
    from latentfit.schema import Schema


@app.command()
def sample(
    run: RunFolder,
    count: Count = 64,
    out: Annotated[
        Path | None,
        typer.Option(
            help="By its ending: .csv, .tsv, .parquet, .feather, .npz, .npy, .h5ad, a .png grid, "
            "or a folder of .png files; default: samples, as the data are."
        ),
    ] = None,
    label: Annotated[
        str | None, typer.Option(help="Draw of this class; for a prior that was fitted --by class.")
    ] = None,
    seed: Seed = 0,
    weights: Weights = "auto",
    device: Device = "auto",
) -> None:
    """Draw new samples from a trained model, as the file of its data holds them.

    They are never picked by hand. Of a prior of codes that was given a decoder, they are what that
    makes of drawn codes.
    """
    from latentfit.checks import within
    from latentfit.cli.outputs import must_be_writable, usual, write_samples
    from latentfit.runs import load

    within("count", count, 1, 10_000_000, remedy="give -n 1 or more")
    model = load(run, weights=weights, device=device)
    schema, draw = _drawing(
        run, model, pictured=out is not None and out.suffix.lower() in (".png", "")
    )
    where = out or usual(schema, "samples")
    must_be_writable(schema, where)
    write_samples(schema, draw(count, label=label, seed=seed), where)
    say(f"Wrote {count} samples to {where}.")


def _drawing(run: Path, model: Model, *, pictured: bool) -> tuple[Schema, Callable[..., Tensor]]:
    """What samples of a run are, and what draws them: its model, and the decoder of its codes."""
    import torch

    from latentfit.checks import UserError
    from latentfit.expost import OnnxDecoder
    from latentfit.schema import Numbers, plain
    from latentfit.storage import RunFolder

    if not (program := RunFolder(run).decoder).exists():
        return model.schema, lambda count, **of: model.sample(count, **of).cpu()
    decoder = OnnxDecoder.read(program)

    def drawn(count: int, **of: Any) -> Tensor:
        made = torch.from_numpy(decoder(model.sample(count, as_array=True, **of)))
        low, high = made.min().item(), made.max().item()
        if pictured and not -0.01 <= low <= high <= 1.01:
            raise UserError(
                f"a picture needs values from 0 to 1, the decoder gives {low:.3g} to {high:.3g}; "
                "write them as they are, --out samples.npz."
            )
        return made

    shape = tuple(drawn(1).shape[1:])
    return plain(shape) if pictured else Numbers(shape, shape), drawn


@app.command()
@reads_data
def encode(
    run: RunFolder,
    data: DataOption,
    out: Annotated[
        Path,
        typer.Option(help="An .npz, .csv, .tsv, .parquet or .feather file; .h5ad for cells."),
    ] = Path("codes.npz"),
    split: Annotated[str, typer.Option(help="all, train, validation or test.")] = "all",
    data_root: Root = None,
    device: Device = "auto",
    *,
    reading: dict[str, Any],
) -> None:
    """Write the codes of data, each with what its sample is called, its split and its class.

    A sample is called by its file, its key or the number of its row, from 0 on, so that codes join
    back to the data.
    """
    from latentfit.checks import one_of
    from latentfit.cli.codes import codes_of, must_be_writable, write_codes
    from latentfit.data.base import PARTS
    from latentfit.runs import load

    one_of("split", split, ("all", *PARTS))
    must_be_writable(out, data)
    model = load(run, device=device)
    must_encode(model, run)
    loaded = data_of(run, model, data, data_root, **reading)
    found = codes_of(model, loaded, PARTS if split == "all" else (split,))
    write_codes(found, out, data)
    codes = found["codes"]
    say(f"Wrote {len(codes):,} codes of {codes.shape[1]} dimensions to {out}.")


@app.command()
@reads_data
def reconstruct(
    run: RunFolder,
    data: DataOption,
    count: Annotated[
        int | None,
        typer.Option("--count", "-n", help="How many; default: 32 in a picture, else all."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="A .png or .npz of pairs, or a table of reconstructions."),
    ] = None,
    split: Annotated[str, typer.Option(help="train, validation or test.")] = "test",
    data_root: Root = None,
    device: Device = "auto",
    *,
    reading: dict[str, Any],
) -> None:
    """Write data beside their reconstructions; of a table, the reconstructed rows."""
    import torch

    from latentfit.checks import within
    from latentfit.cli.outputs import must_be_writable, usual, write_pairs

    model, _, chosen = model_and_split(run, data, data_root, split, device, **reading)
    where = out or usual(model.schema, "pairs")
    must_be_writable(model.schema, where)
    within("count", 1 if count is None else count, 1, remedy="give -n 1 or more")
    most = (32 if where.suffix == ".png" else len(chosen)) if count is None else count
    inputs = chosen.some(min(most, len(chosen)))
    with torch.no_grad():
        outputs = torch.cat([model.reconstruct(part).cpu() for part in inputs.split(512)])
    write_pairs(model.schema, inputs.cpu(), outputs, where)
    say(f"Wrote {len(inputs)} pairs to {where}.")


@app.command()
@reads_data
def neighbours(
    run: RunFolder,
    data: DataOption,
    count: Annotated[int, typer.Option("--count", "-n", help="Samples, a row each.")] = 8,
    k: Annotated[int, typer.Option("-k", help="Neighbours of each sample.")] = 8,
    features: Annotated[str, typer.Option(help="pixels, lenet, inception.")] = "pixels",
    out: Out = None,
    seed: Seed = 0,
    data_root: Root = None,
    device: Device = "auto",
    *,
    reading: dict[str, Any],
) -> None:
    """Show new samples beside the training data nearest to them: are they copies?"""
    from latentfit import metrics
    from latentfit.checks import within
    from latentfit.cli.outputs import lines_to, write_lines
    from latentfit.scoring import walks

    within("count", count, 1, 10_000)
    model, loaded, _ = model_and_split(run, data, data_root, "train", device, **reading)
    where = lines_to(model.schema, out, "neighbours")
    extractor = metrics.extractor(features, loaded.seen, loaded.name)
    drawn = model.sample(count, seed=seed).cpu()
    rows = walks.neighbours(loaded, drawn, extractor, k=k)
    write_lines(model.schema, rows, where)
    say(f"Wrote {count} samples and their {k} nearest training samples to {where}.")
