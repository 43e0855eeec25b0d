"""The command that makes a page to play with a latent space."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from latentfit.cli.app import OwnRun, Root, Split, Weights, app
from latentfit.cli.options import reads_data
from latentfit.cli.shared import data_of, say


@app.command()
@reads_data
def explore(
    run: OwnRun,
    data: Annotated[str | None, typer.Option(help="Default: what the run was trained on.")] = None,
    out: Annotated[
        Path | None, typer.Option(help="The page; default: explore.html in the run folder.")
    ] = None,
    count: Annotated[int, typer.Option("--count", "-n", help="Samples on the map.")] = 500,
    split: Split = "test",
    weights: Weights = "auto",
    data_root: Root = None,
    *,
    reading: dict[str, Any],
) -> None:
    """Write a page to play with the latent space: one HTML file, without a network.

    A map of codes that is decoded wherever one drags, sliders, walks, attributes, new samples. The
    samples on the map, their labels and names are in the page: mail it only to whom may see them.

    Example: `latentfit explore runs/photos --count 1000`
    """
    from latentfit.exploring import explore as write
    from latentfit.runs import load
    from latentfit.storage import RunFolder

    model = load(run, weights=weights, device="cpu")
    loaded = data_of(run, model, data, data_root, **reading)
    where = out or RunFolder(run).path / "explore.html"
    page = write(model, loaded, out=where, count=count, split=split)
    say(f"Page: {page} ({page.stat().st_size / 1e6:.1f} MB).")
