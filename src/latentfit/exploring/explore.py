"""The page itself: one file, without a network."""

from __future__ import annotations

import base64
import copy
import hashlib
from pathlib import Path
from typing import Any

from jinja2 import ChoiceLoader, Environment, PackageLoader
from markupsafe import Markup

from latentfit.checks import UserError, one_of, within
from latentfit.data.base import PARTS, Data, must_be_data
from latentfit.exploring.page import contents, points_of
from latentfit.exploring.store import Store, script_json
from latentfit.models import Model
from latentfit.networks import evaluating
from latentfit.runs import Run, load
from latentfit.runs.sharing import on_hub
from latentfit.storage import RunFolder
from latentfit.storage.made import must_be_ours, write_over
from latentfit.training.matched import matched

SCRIPTS = ("kernels", "program", "values", "views", "map", "walk", "controls", "main")
MOST = 5_000


def explore(
    run: Model | Run | str | Path,
    data: Data,
    *,
    out: str | Path | None = None,
    count: int = 500,
    split: str = "test",
    title: str | None = None,
) -> Path:
    """Write one HTML file in which a person plays with a trained latent space.

    A map of codes, decoded wherever one drags; sliders for the latent dimensions, the most
    important first; walks between samples, directions of attributes, and new samples. The decoder
    runs in the page, which needs no other file and no network.

    Arguments:
        run: A trained model, a run, or its folder.
        data: Its data; or others of the same kind and shape.
        out: The file; `explore.html` in the run folder where not given.
        count: Samples on the map, at most 5,000.
        split: Which samples: `train`, `validation` or `test`.
        title: Of the page; what the run is where not given.

    Returns:
        The path of the page.

    Raises:
        UserError: The decoder uses an operation that a page cannot run, the data do not fit the
            model, a number is out of range, or the file is somebody else's.

    Example:
        >>> import tempfile
        >>> import latentfit as lf
        >>> data = lf.data.load("digits")
        >>> model = lf.recipe("wae-mmd", data, latent=2, width=1 / 64)
        >>> with tempfile.TemporaryDirectory() as place:
        ...     lf.explore(model, data, out=f"{place}/page.html", count=20).name
        'page.html'
    """
    within("count", count, 2, MOST, remedy="each sample makes the page larger")
    one_of("split", split, PARTS)
    must_be_data(data)
    model, folder = _model(run)
    if out is None:
        if folder is None:
            raise UserError("a model alone has no folder; say where the page goes with 'out'.")
        out = folder.path / "explore.html"
    where = Path(out)
    if where.suffix.lower() not in (".html", ".htm"):
        raise UserError(
            f"the page is HTML, got {where.name}; name it {where.stem or 'explore'}.html."
        )
    must_be_ours(where)
    data = matched(model, data)
    text = page(model, data, count=count, split=split, title=title or _title(model, data))
    write_over(where, lambda draft: draft.write_text(text, encoding="utf-8"))
    return where


def page(model: Model, data: Data, *, count: int, split: str, title: str) -> str:
    """The text of the page, of a model on the processor.

    Raises:
        UserError: As `explore`.
    """
    store = Store()
    with evaluating(model):
        held = contents(model, data, points_of(model, data, count, split), store)
    held["store"] = store.told()
    loaders = [PackageLoader(f"latentfit.{room}") for room in ("exploring", "report")]
    environment = Environment(
        loader=ChoiceLoader(loaders), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )

    parts = "\n".join(_source(environment, f"{name}.js") for name in SCRIPTS)
    script = f'"use strict";\n(() => {{\n{parts}\n}})();\n'
    style = _source(environment, "theme.css") + _source(environment, "explore.css")
    return environment.get_template("explore.html.j2").render(
        title=title,
        held=held,
        script=Markup(script),
        style=Markup(style),
        script_hash=_hash(script),
        style_hash=_hash(style),
        told=Markup(script_json(held)),
        arrays=store.text(),
    )


def _source(environment: Environment, name: str) -> str:
    """A file of the package as it is."""
    loader: Any = environment.loader
    return loader.get_source(environment, name)[0]


def _hash(text: str) -> str:
    """By which the policy of the page knows what may run in it."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _model(run: Model | Run | str | Path) -> tuple[Model, RunFolder | None]:
    """A copy of the model on the processor, and its folder; a copy of the hub's is no place."""
    if isinstance(run, Run):
        return copy.deepcopy(run.model).cpu(), run.folder
    if isinstance(run, Model):
        return copy.deepcopy(run).cpu(), None
    return load(run, device="cpu"), None if on_hub(run) else RunFolder(Path(run))


def _title(model: Model, data: Data) -> str:
    return f"The latent space of {model.recipe[0] if model.recipe else 'a model'} on {data.name}"
