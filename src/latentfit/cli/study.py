"""Commands that play many trainings: the right latent size, published tables."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from latentfit.cli.app import DataOption, Json, Root, Seed, app
from latentfit.cli.options import plays, reads_data
from latentfit.cli.shared import kept_in, load_data, say

if TYPE_CHECKING:
    from latentfit.sizing import Size


MASKED = {"joint": True, "neighbours": False}  # methods that say whether masks are played


@app.command()
@reads_data
@plays
def size(
    data: DataOption,
    max_latent: Annotated[
        int | None, typer.Option(help="Largest size to try; default: half of the entries, or 64.")
    ] = None,
    budget: Annotated[
        float | None, typer.Option(help="Minutes it may take, about; default 5, for images 25.")
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder of the runs, the figure, size.json.")] = Path(
        "size"
    ),
    seed: Seed = 0,
    method: Annotated[
        str, typer.Option(help="auto, neighbours, joint, or a published one; see below.")
    ] = "auto",
    data_root: Root = None,
    as_json: Json = False,
    *,
    reading: dict[str, Any],
    engine: Any,  # an `Engine`
) -> None:
    """How many latent dimensions do the data need? One number, an interval, the evidence.

    Nearest neighbours, of samples and of what an auto-encoder makes of them; where these are not
    sure, the dimensions that a learned mask leaves open; and short trainings around the answer.
    Give the same command again to go on where it stopped.

    `--method joint` plays masks in any case, `neighbours` never. Published methods say a number,
    but not how far off it may be: maskaae, irmae-wd, ard-vae, fondue, two-nn, mle, moments,
    local-pca.

    Example: `latentfit size --data synthetic:n=8`
    """
    import json

    from latentfit.checks import UserError, one_of
    from latentfit.pictures import sizes
    from latentfit.pictures.figures import save
    from latentfit.runs import Local
    from latentfit.sizing import METHODS, published_size
    from latentfit.sizing import size as find
    from latentfit.storage.files import write_json
    from latentfit.storage.made import must_be_ours, remember

    one_of("method", method, ("auto", *MASKED, *METHODS))
    answer, picture = out / "size.json", out / "size.png"
    for path in (answer, picture):
        must_be_ours(path)
    loaded = load_data(data, data_root, **reading)
    given: dict[str, Any] = {
        "max_latent": max_latent, "budget": budget, "seed": seed, "folder": out,
        "progress": not as_json,
    }  # fmt: skip
    with kept_in(out):
        if method in METHODS:
            if not isinstance(engine, Local):
                raise UserError("published methods train one after the other; use --engine local.")
            found = published_size(loaded, method, **given)
            figure = sizes.reading(found.curve, found.axes, found.latent, title=method)
            lines = [f"{found.latent} latent dimensions by {method}, which says not how surely"]
        else:
            found = find(loaded, masks=MASKED.get(method), workers=engine, **given)
            figure = sizes.sizing(found.evidence, found.latent, found.interval)
            lines = [_headline(found), *(f"  {sentence}" for sentence in found.why)]
    write_json(answer, found.to_json())
    save(figure, picture)
    for path in (answer, picture):
        remember(path)
    if as_json:
        typer.echo(json.dumps(found.to_json()))
        return
    for line in lines:
        typer.echo(line)
    say(f"Evidence: {answer}, {picture}")


def _headline(found: Size) -> str:
    low, high = found.interval
    if found.sure == "none":
        return f"Between {low} and {high} latent dimensions; which, the evidence cannot say:"
    return f"{found.latent} latent dimensions ({low} to {high}), {found.sure} confidence"


@app.command()
@plays
def reproduce(
    name: Annotated[str, typer.Argument(help="A study; `latentfit list studies`.")],
    scale: Annotated[str, typer.Option(help="smoke, short or paper.")] = "short",
    out: Annotated[
        Path | None,
        typer.Option(help="Folder; default reproduce/SCALE, where studies share cells."),
    ] = None,
    seeds: Annotated[
        int | None, typer.Option(help="Fewer seeds than the scale has; default: all.")
    ] = None,
    compile: Annotated[
        bool, typer.Option("--compile", help="Compile each player's terms.")
    ] = False,
    data_root: Root = None,
    *,
    engine: Any,  # an `Engine`
) -> None:
    """Play a published table or figure: ours beside the published values.

    Give the same command again to go on where it stopped, cell by cell.
    """
    from latentfit.studies import reproduce as play

    folder = out or Path("reproduce") / scale
    root = str(data_root.resolve()) if data_root else None
    with kept_in(folder):
        path = play(
            name, folder, scale=scale, workers=engine, seeds=seeds, compile=compile, root=root
        )
    typer.echo(path.read_text(encoding="utf-8"))
    say(f"Table and figures: {path.parent}")
