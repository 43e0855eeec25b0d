"""Commands that use a trained model: draw, encode, walk through the latent space."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from latentfit.cli.app import (
    Count,
    DataOption,
    Device,
    Out,
    Root,
    RunFolder,
    Seed,
    Split,
    Weights,
    app,
)
from latentfit.cli.shared import load_data, model_and_split, say


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
    from latentfit.cli.outputs import write_samples
    from latentfit.runs import load

    within("count", count, 1, 10_000_000, remedy="give -n 1 or more")
    model = load(run, weights=weights, device=device)
    write_samples(model.units.restore(model.sample(count, seed=seed).cpu()), out)
    say(f"Wrote {count} samples to {out}.")


@app.command()
def encode(
    run: RunFolder,
    data: DataOption,
    out: Annotated[Path, typer.Option(help="An .npz file.")] = Path("codes.npz"),
    split: Split = "test",
    data_root: Root = None,
    device: Device = "auto",
) -> None:
    """Write the codes of data, with labels where there are any."""
    from latentfit.cli.outputs import write_arrays
    from latentfit.training import encode_all

    model, chosen = model_and_split(run, data, data_root, split, device)
    codes = encode_all(model, chosen).centre().cpu()
    labels = {} if chosen.labels is None else {"labels": chosen.labels.cpu()}
    write_arrays(out, codes=codes, **labels)
    say(f"Wrote {len(codes)} codes of {codes.shape[1]} dimensions to {out}.")


@app.command()
def reconstruct(
    run: RunFolder,
    data: DataOption,
    count: Count = 32,
    out: Out = Path("pairs.png"),
    split: Split = "test",
    data_root: Root = None,
    device: Device = "auto",
) -> None:
    """Write data beside their reconstructions."""
    import torch

    from latentfit.cli.outputs import write_pairs

    model, chosen = model_and_split(run, data, data_root, split, device)
    inputs = chosen.some(count)
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
    out: Out = Path("lines.png"),
    split: Split = "test",
    data_root: Root = None,
    device: Device = "auto",
) -> None:
    """Decode straight lines between the codes of pairs of samples."""
    from latentfit.checks import within
    from latentfit.cli.outputs import write_lines
    from latentfit.scoring import walks

    model, chosen = model_and_split(run, data, data_root, split, device)
    within("steps", steps, 2, 1000, remedy="a line has two ends")
    within("pairs", pairs, 1, len(chosen) // 2, remedy="each pair needs two samples of the split")
    ends = chosen.some(2 * pairs)
    lines = walks.interpolate(model, ends[:pairs], ends[pairs:], steps=steps)
    write_lines(model.units.restore(lines.cpu()), out)
    say(f"Wrote {pairs} lines of {steps} points to {out}.")


@app.command()
def traverse(
    run: RunFolder,
    data: DataOption,
    number: Annotated[int, typer.Option(help="Which sample of the split to start from.")] = 0,
    dimensions: Annotated[int, typer.Option(help="Dimensions, the most important ones.")] = 8,
    steps: Annotated[int, typer.Option(help="Points of each dimension's range.")] = 9,
    out: Out = Path("traversals.png"),
    split: Split = "test",
    data_root: Root = None,
    device: Device = "auto",
) -> None:
    """Move one latent dimension at a time, a row each, the one that changes most first."""
    from latentfit.checks import within
    from latentfit.cli.outputs import write_lines
    from latentfit.scoring import walks
    from latentfit.training import encode_all

    model, chosen = model_and_split(run, data, data_root, split, device)
    within("number", number, 0, len(chosen) - 1, remedy="give a sample of the split")
    codes = encode_all(model, chosen).centre()
    count = min(dimensions, model.latent)
    lines, order = walks.traverse(model, codes, codes[number], dimensions=count, steps=steps)
    write_lines(model.units.restore(lines.cpu()), out)
    say(f"Wrote dimensions {', '.join(str(d) for d in order.tolist())} to {out}.")


@app.command()
def edit(
    run: RunFolder,
    data: DataOption,
    attribute: Annotated[
        str, typer.Option(help="An attribute of the data, a class's name or its number.")
    ],
    count: Annotated[int, typer.Option("--count", "-n", help="Samples, a row each.")] = 8,
    steps: Annotated[int, typer.Option(help="Points from without to with.")] = 9,
    out: Out = Path("edits.png"),
    split: Split = "test",
    data_root: Root = None,
    device: Device = "auto",
) -> None:
    """Move samples along an attribute: mean code with it minus mean code without it."""
    from latentfit.cli.outputs import write_lines
    from latentfit.scoring import walks

    model, chosen = model_and_split(run, data, data_root, split, device)
    (along,) = walks.attribute_directions(model, load_data(data, data_root), [attribute])
    lines = walks.edit(model, chosen.some(count), along, steps=steps)
    write_lines(model.units.restore(lines.cpu()), out)
    say(f"Wrote {len(lines)} samples along '{attribute}' to {out}.")


@app.command()
def neighbours(
    run: RunFolder,
    data: DataOption,
    count: Annotated[int, typer.Option("--count", "-n", help="Samples, a row each.")] = 8,
    k: Annotated[int, typer.Option("-k", help="Neighbours of each sample.")] = 8,
    features: Annotated[str, typer.Option(help="pixels, lenet, inception.")] = "pixels",
    out: Out = Path("neighbours.png"),
    seed: Seed = 0,
    data_root: Root = None,
    device: Device = "auto",
) -> None:
    """Show new samples beside the training data nearest to them: are they copies?"""
    from latentfit import metrics
    from latentfit.checks import within
    from latentfit.cli.outputs import write_lines
    from latentfit.scoring import walks

    within("count", count, 1, 10_000)
    model, _ = model_and_split(run, data, data_root, "train", device)
    loaded = load_data(data, data_root)
    extractor = metrics.extractor(features, loaded.shape, loaded.name)
    drawn = model.sample(count, seed=seed).cpu()
    rows = walks.neighbours(loaded, drawn, extractor, k=k)
    write_lines(model.units.restore(rows), out)
    say(f"Wrote {count} samples and their {k} nearest training samples to {out}.")
