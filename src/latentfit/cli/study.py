"""Commands that play many trainings: the right latent size, published tables."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from latentfit.cli.app import DataOption, Json, Root, Seed, app
from latentfit.cli.reading import reads_data
from latentfit.cli.shared import load_data, say


@contextmanager
def kept_in(folder: Path) -> Iterator[None]:
    """Say after Ctrl-C what is kept, and how to go on."""
    try:
        yield
    except KeyboardInterrupt:
        say(f"Stopped; everything is saved in {folder}. Give the same command to go on.")
        raise typer.Exit(130) from None


Workers = Annotated[int, typer.Option(help="Trainings at a time, a thread each.")]


@app.command()
@reads_data
def size(
    data: DataOption,
    max_latent: Annotated[
        int | None, typer.Option(help="Largest size to try; default: half of the entries.")
    ] = None,
    budget: Annotated[
        float | None, typer.Option(help="Minutes it may take, about; default 5, for images 25.")
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder of the runs, the figure, size.json.")] = Path(
        "size"
    ),
    seed: Seed = 0,
    workers: Workers = 2,
    data_root: Root = None,
    as_json: Json = False,
    *,
    reading: dict[str, Any],
) -> None:
    """How many latent dimensions do the data need? One number, an interval, the evidence.

    Nearest neighbours, of samples and of what an auto-encoder makes of them, the dimensions that a
    learned mask leaves open, and short trainings around the answer. Give the same command again to
    go on where it stopped.

    Example: `latentfit size --data synthetic:n=8`
    """
    import json

    from latentfit.pictures.charts import sizing
    from latentfit.pictures.figures import save
    from latentfit.sizing import size as find
    from latentfit.storage.files import write_json
    from latentfit.storage.made import must_be_ours, remember

    answer, picture = out / "size.json", out / "size.png"
    for path in (answer, picture):
        must_be_ours(path)
    with kept_in(out):
        found = find(
            load_data(data, data_root, **reading),
            max_latent=max_latent,
            budget=budget,
            seed=seed,
            workers=workers,
            folder=out,
            progress=not as_json,
        )
    write_json(answer, found.to_json())
    save(sizing(found.evidence, found.latent, found.interval), picture)
    for path in (answer, picture):
        remember(path)
    if as_json:
        typer.echo(json.dumps(found.to_json()))
        return
    low, high = found.interval
    if found.sure == "none":
        typer.echo(f"Between {low} and {high} latent dimensions; which, the evidence cannot say:")
    else:
        typer.echo(f"{found.latent} latent dimensions ({low} to {high}), {found.sure} confidence")
    for sentence in found.why:
        typer.echo(f"  {sentence}")
    say(f"Evidence: {answer}, {picture}")


@app.command()
def reproduce(
    name: Annotated[str, typer.Argument(help="A study; `latentfit list studies`.")],
    scale: Annotated[str, typer.Option(help="smoke, short or paper.")] = "short",
    out: Annotated[
        Path | None,
        typer.Option(help="Folder; default reproduce/SCALE, where studies share cells."),
    ] = None,
    workers: Workers = 2,
    seeds: Annotated[
        int | None, typer.Option(help="Fewer seeds than the scale has; default: all.")
    ] = None,
    compile: Annotated[
        bool, typer.Option("--compile", help="Compile each player's terms.")
    ] = False,
    data_root: Root = None,
) -> None:
    """Play a published table or figure: ours beside the published values.

    Give the same command again to go on where it stopped, cell by cell.
    """
    from latentfit.studies import reproduce as play

    folder = out or Path("reproduce") / scale
    root = str(data_root.resolve()) if data_root else None
    with kept_in(folder):
        path = play(
            name, folder, scale=scale, workers=workers, seeds=seeds, compile=compile, root=root
        )
    typer.echo(path.read_text(encoding="utf-8"))
    say(f"Table and figures: {path.parent}")
