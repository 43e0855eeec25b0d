"""Pages that need no other file and no network: templates, and pictures inside of them."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any, NamedTuple

from jinja2 import Environment, PackageLoader
from matplotlib import rc_context
from matplotlib.figure import Figure
from PIL import Image

from latentfit.pictures.figures import STYLE
from latentfit.pictures.sheets import Sheet


class Picture(NamedTuple):
    """A figure on a page: PNG as base64, and the width in CSS pixels of a sheet of images."""

    name: str
    caption: str
    data: str
    width: int
    enlarged: bool


def rendered(template: str, **values: Any) -> str:
    """A page of one of the templates; text from data is escaped.

    Arguments:
        template: Its name, such as `report`.
        values: What it shows.
    """
    loader = PackageLoader("latentfit.report")
    environment = Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True)
    return environment.get_template(f"{template}.html.j2").render(**values)


@rc_context(STYLE)
def picture(name: str, caption: str, figure: Figure, *, file: Path | None = None) -> Picture:
    """A figure as a page shows it.

    Of a sheet of images these are its own pixels, enlarged by the browser: small, sharp, and
    without the caption that is part of its file.

    Arguments:
        name: Of the figure.
        caption: Written below.
        figure: What is shown.
        file: A .png of it, where that is written already: it need not be drawn again.
    """
    held = io.BytesIO()
    if not isinstance(figure, Sheet):
        if file is None:
            figure.savefig(held, format="png")
        else:
            held.write(file.read_bytes())
        width, enlarged = round(figure.get_figwidth() * 100), False
    else:
        pixels = figure.pixels
        Image.fromarray(pixels).save(held, format="png")
        factor = max(1, min(720 // pixels.shape[1], 900 // pixels.shape[0]))
        width, enlarged = pixels.shape[1] * factor, factor > 1
    data = base64.b64encode(held.getvalue()).decode()
    return Picture(name, caption, data, width, enlarged)
