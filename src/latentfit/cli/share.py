"""Commands that share a trained model: its card, and the hub."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from latentfit.cli.app import OwnRun, app
from latentfit.cli.shared import say

Licence = Annotated[
    str | None,
    typer.Option(help="Of the model, an identifier such as mit or cc-by-4.0; default: none."),
]


@app.command()
def card(
    run: OwnRun,
    out: Annotated[Path | None, typer.Option(help="Write it there; default: print it.")] = None,
    licence: Licence = None,
) -> None:
    """Print the model card of a run, Markdown: what `push` would publish of it, to read before.

    Example: `latentfit card runs/digits --licence mit`
    """
    from latentfit.report import model_card
    from latentfit.storage import RunFolder
    from latentfit.storage.made import write_over

    text = model_card(RunFolder(run), licence=licence)
    if out is None:
        typer.echo(text, nl=False)
        return
    write_over(out, lambda draft: draft.write_text(text, encoding="utf-8"))
    say(f"Wrote {out}.")


@app.command()
def push(
    run: OwnRun,
    name: Annotated[str, typer.Argument(metavar="USER/NAME", help="Where, on the hub.")],
    private: Annotated[bool, typer.Option("--private", help="Make a new place private.")] = False,
    licence: Licence = None,
    message: Annotated[str | None, typer.Option(help="Of the commit.")] = None,
) -> None:
    """Share a model on the Hugging Face hub: weights, scores and a card, in one commit.

    Checkpoints, data, curves and paths of this machine stay here. The token is that of `hf auth
    login` or HF_TOKEN.

    Example: `latentfit push runs/digits me/digits --licence mit`
    """
    from latentfit.runs import push as share

    page = share(run, name, private=private, licence=licence, message=message)
    say(f"Pushed to {page}; latentfit sample hf:{name} draws from it.")
