"""The command that writes a model as files that run without this package."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from latentfit.cli.app import Json, RunFolder, app
from latentfit.cli.share import Licence
from latentfit.cli.shared import say, show_table


@app.command()
def export(
    run: RunFolder,
    out: Annotated[Path, typer.Option(help="Folder of the files.")],
    to: Annotated[str, typer.Option(help="onnx, or torch for torch.export.load.")] = "onnx",
    licence: Licence = None,
    as_json: Json = False,
) -> None:
    """Write encoder, decoder and sampler as files that run without this package.

    Samples are in the units of the data's file, images in [0, 1]; the sampler takes its random
    numbers as inputs. Each file is compared with PyTorch before any is written; export.json says
    what it takes and gives, README.md (a model card) what it is and what it is worth.

    Example: `latentfit export runs/photos --to onnx --out photos-onnx`
    """
    import json

    from latentfit.exporting import export as write
    from latentfit.report import model_card
    from latentfit.report.card import must_be_licence
    from latentfit.runs import load
    from latentfit.storage import RunFolder
    from latentfit.storage.made import must_be_ours, write_over

    page = out / "README.md"
    must_be_ours(page)
    if licence is not None:
        must_be_licence(licence)
    done = write(load(run, device="cpu"), to=to, out=out)
    text = model_card(RunFolder(run), licence=licence, exported=done.told)
    write_over(page, lambda draft: draft.write_text(text, encoding="utf-8"))
    if as_json:
        typer.echo(json.dumps(done.told))
        return
    rows = [
        [row["file"], _ports(row["inputs"]), _ports(row["outputs"]), f"{row['difference']:.1e}"]
        for row in done.told["files"]
    ]
    show_table(["file", "from", "to", "difference"], rows)
    for row in done.told["left_out"]:
        say(f"No {row['file']}: {row['reason']}")
    say(f"Wrote {', '.join(path.name for path in done.files)}, export.json and README.md to {out}.")


def _ports(ports: list[dict[str, Any]]) -> str:
    return ", ".join(f"{port['name']} ({' x '.join(map(str, port['shape']))})" for port in ports)
