"""The command that names what is wrong with a latent space."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from latentfit.cli.app import Device, Json, Root, Seed, app
from latentfit.cli.options import reads_data
from latentfit.cli.shared import data_of, load_data, must_encode, say, show_table

if TYPE_CHECKING:
    from latentfit.data import Data
    from latentfit.diagnosis import Diagnosis
    from latentfit.models import Model


@app.command()
@reads_data
def diagnose(
    what: Annotated[
        str, typer.Argument(metavar="RUN|CODES", help="A run folder, or a file of codes.")
    ],
    out: Annotated[Path, typer.Option(help="Folder of the page and the JSON.")] = Path("diagnosis"),
    seed: Seed = 0,
    data_root: Root = None,
    device: Device = "auto",
    as_json: Json = False,
    *,
    reading: dict[str, Any],
) -> None:
    """Name what is wrong with a latent space, the most severe first, and what to do about it.

    Dead and collapsed dimensions, scale, place, correlations, tails, clusters, holes, memorised
    samples, batch norm; and what each late prior would reach.

    Examples: `latentfit diagnose runs/photos`, `latentfit diagnose codes.npy`
    """
    import json

    from latentfit.diagnosis import diagnose as look
    from latentfit.storage.files import write_json
    from latentfit.storage.made import must_be_ours, write_over

    page, facts = out / "diagnosis.html", out / "diagnosis.json"
    for path in (page, facts):
        must_be_ours(path)
    model, loaded, name = _given(what, data_root, device, reading)
    found = look(model, loaded, name=name, seed=seed)
    out.mkdir(parents=True, exist_ok=True)
    shown = _page(model, loaded, found, seed)
    write_over(facts, lambda draft: write_json(draft, found.to_json()))
    write_over(page, lambda draft: draft.write_text(shown, encoding="utf-8"))
    if as_json:
        typer.echo(json.dumps(found.to_json()))
        return
    rows = [[f.name, f"{f.severity:.1f}", f.says] for f in found.findings]
    show_table(["finding", "severity", "how it shows"], rows or [["none", "", ""]])
    typer.echo(found.advice)
    say(f"Page: {page}")


def _given(
    what: str, root: Path | None, device: str, reading: dict[str, Any]
) -> tuple[Model, Data, str]:
    """Model, data, and how commands call them."""
    import shlex

    from latentfit.expost import of_codes
    from latentfit.runs import load
    from latentfit.training import pick_device

    if Path(what).is_dir():
        model = load(Path(what), device=device)
        must_encode(model, Path(what))
        return model, data_of(Path(what), model, None, root, **reading), shlex.quote(what)
    loaded = load_data(what, root, **({"kind": "vectors", "scale": "common"} | reading))
    model = of_codes(loaded.schema).to(pick_device(device))
    return model, loaded, f"--codes {shlex.quote(what)}"


def _page(model: Model, data: Data, found: Diagnosis, seed: int) -> str:
    from latentfit.networks import evaluating
    from latentfit.pictures.diagnosis import latent_space
    from latentfit.report.html import picture, rendered
    from latentfit.seeds import seeded
    from latentfit.training import encode_all

    with seeded(seed, "codes"):
        codes = encode_all(model, data.train).sample().cpu()
    draws = None
    if "now" in found.priors:  # codes of a file have no prior yet
        with seeded(seed, "draws"), evaluating(model):
            draws = model.prior.sample(min(4_000, len(codes))).detach().cpu()
    caption = "Deviations of the dimensions, and codes in the plane of their first components."
    return rendered(
        "diagnosis",
        title=f"The latent space of {data.name}",
        held=found,
        picture=picture("codes", caption, latent_space(codes, draws)),
        numbers=[(name, _short(value)) for name, value in found.numbers.items()],
        priors=[(name, _short(value)) for name, value in found.priors.items()],
    )


def _short(value: float | None) -> str:
    return "not defined" if value is None else f"{value:.3g}"
