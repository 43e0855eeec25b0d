"""Commands that walk through the latent space of a trained model."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from latentfit.cli.app import DataOption, Device, Out, Root, RunFolder, Split, app
from latentfit.cli.options import reads_data
from latentfit.cli.shared import model_and_split, say


@app.command()
@reads_data
def interpolate(
    run: RunFolder,
    data: DataOption,
    pairs: Annotated[int, typer.Option(help="Pairs of samples, rows of the picture.")] = 8,
    steps: Annotated[int, typer.Option(help="Points on each line, ends included.")] = 9,
    out: Out = None,
    split: Split = "test",
    data_root: Root = None,
    device: Device = "auto",
    *,
    reading: dict[str, Any],
) -> None:
    """Decode straight lines between the codes of pairs of samples."""
    from latentfit.checks import within
    from latentfit.cli.outputs import lines_to, write_lines
    from latentfit.scoring import walks

    model, _, chosen = model_and_split(run, data, data_root, split, device, **reading)
    where = lines_to(model.schema, out, "lines")
    within("steps", steps, 2, 1000, remedy="a line has two ends")
    within("pairs", pairs, 1, len(chosen) // 2, remedy="each pair needs two samples of the split")
    ends = chosen.some(2 * pairs)
    lines = walks.interpolate(model, ends[:pairs], ends[pairs:], steps=steps)
    write_lines(model.schema, lines.cpu(), where)
    say(f"Wrote {pairs} lines of {steps} points to {where}.")


@app.command()
@reads_data
def traverse(
    run: RunFolder,
    data: DataOption,
    number: Annotated[int, typer.Option(help="Which sample of the split to start from.")] = 0,
    dimensions: Annotated[int, typer.Option(help="Dimensions, the most important ones.")] = 8,
    steps: Annotated[int, typer.Option(help="Points of each dimension's range.")] = 9,
    out: Out = None,
    split: Split = "test",
    data_root: Root = None,
    device: Device = "auto",
    *,
    reading: dict[str, Any],
) -> None:
    """Move one latent dimension at a time, a row each, the one that changes most first."""
    from latentfit.checks import within
    from latentfit.cli.outputs import lines_to, write_lines
    from latentfit.scoring import walks
    from latentfit.training import encode_all

    model, _, chosen = model_and_split(run, data, data_root, split, device, **reading)
    where = lines_to(model.schema, out, "traversals")
    within("number", number, 0, len(chosen) - 1, remedy="give a sample of the split")
    codes = encode_all(model, chosen).centre()
    count = min(dimensions, model.latent)
    lines, order = walks.traverse(model, codes, codes[number], dimensions=count, steps=steps)
    write_lines(model.schema, lines.cpu(), where)
    say(f"Wrote dimensions {', '.join(str(d) for d in order.tolist())} to {where}.")


@app.command()
@reads_data
def edit(
    run: RunFolder,
    data: DataOption,
    attribute: Annotated[
        str, typer.Option(help="An attribute of the data, a class's name or its number.")
    ],
    count: Annotated[int, typer.Option("--count", "-n", help="Samples, a row each.")] = 8,
    steps: Annotated[int, typer.Option(help="Points from without to with.")] = 9,
    out: Out = None,
    split: Split = "test",
    data_root: Root = None,
    device: Device = "auto",
    *,
    reading: dict[str, Any],
) -> None:
    """Move samples along an attribute: mean code with it minus mean code without it."""
    from latentfit.cli.outputs import lines_to, write_lines
    from latentfit.scoring import walks

    model, loaded, chosen = model_and_split(run, data, data_root, split, device, **reading)
    where = lines_to(model.schema, out, "edits")
    (along,) = walks.attribute_directions(model, loaded, [attribute])
    lines = walks.edit(model, chosen.some(count), along, steps=steps)
    write_lines(model.schema, lines.cpu(), where)
    say(f"Wrote {len(lines)} samples along '{attribute}' to {where}.")
