"""The mapped prior in 256 dimensions: what batch norm and the regulariser do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from latentfit.data import load
from latentfit.runs.cells import Cell, Row, value
from latentfit.scoring.walks import interpolate
from latentfit.seeds import seeded
from latentfit.studies.base import COLUMNS, Shown, Study, first, opened, pick, spread, table
from latentfit.studies.rates import factor
from latentfit.studies.sets import distance, on_images

DATA, LATENT = "mnist", 256
PLAIN: dict[str, Any] = {"interpolation": 0.0, "realism": 0.0}
FORMS: dict[str, dict[str, Any]] = {
    "neither": PLAIN | {"normalise": False},
    "batch norm": PLAIN,
    "regulariser": {"normalise": False},
    "both": {},
}
GROUPS = ("fd", "latent", "lines", "neighbourhoods")


def _cells(scale: str) -> list[Cell]:
    found = []
    for seed in range(pick(scale, smoke=1, short=3, paper=3)):
        usual = on_images(
            "mapae",
            DATA,
            seed,
            scale,
            latent=LATENT,
            factor=factor("mapae", scale),
            groups=GROUPS,
        )
        found += [replace(usual, settings=usual.settings | form) for form in FORMS.values()]
    return found


def _of(form: dict[str, Any], rows: Sequence[Row]) -> list[Row]:
    keys = {key for other in FORMS.values() for key in other}
    return [row for row in rows if {k: v for k, v in row["settings"].items() if k in keys} == form]


def _show(rows: Sequence[Row], folder: Path, root: str | None) -> Shown:
    from latentfit.pictures import sheets

    lines, pictures, names = [], [], []
    for name, form in FORMS.items():
        held = _of(form, rows)
        if not held:
            continue
        fd = distance(held[0])
        features = fd.removeprefix("fd_")
        scores = (fd, f"{fd}_reconstruction", "mse", f"midpoints_{features}", f"jumps_{features}",
                  "prior_wasserstein", "trustworthiness", "continuity")  # fmt: skip
        lines.append([name, *(spread([value(row, score) for row in held]) for score in scores)])
        row = first(held, folder)
        if row is not None:
            for what, images in _images(row, folder, root).items():
                pictures.append(images)
                names.append(f"{name}: {what}")
    columns = ["codes", "FD generated", "FD reconstructed", "MSE", "FD of midpoints",
               "largest step over mean step", "codes to prior", "trustworthiness",
               "continuity"]  # fmt: skip
    if not pictures:
        return table(columns, lines), {}
    caption = (
        f"Uncurated, {LATENT} dimensions, one seed each; each form: rebuilt, between two, made."
    )
    figure = sheets.rows_grid(torch.stack(pictures), caption, names=names)
    return table(columns, lines), {"mapped-prior": figure}


def _images(row: Row, folder: Path, root: str | None) -> dict[str, Tensor]:
    """Reconstructions, a line between two test images, and samples, each of `COLUMNS` images."""
    model = opened(row, folder)
    x = load(row["data"], root=root, **row.get("options", {})).test.first(COLUMNS)
    with torch.no_grad(), seeded(0, "shown"):
        between = interpolate(model, x[:1], x[1:2], steps=COLUMNS)[0]
        return {"rebuilt": model.reconstruct(x), "between": between, "made": model.sample(COLUMNS)}


MAPPED = Study(
    "mapped-prior",
    "Geng et al., Figure 6",
    "the mapped prior in 256 dimensions, with batch norm and regulariser and without",
    _cells,
    _show,
)
