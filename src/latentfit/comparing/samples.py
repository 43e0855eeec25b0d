"""Uncurated samples of compared systems, side by side, at the same noise."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd
import torch

from latentfit.checks import UserError
from latentfit.comparing.rows import ENTRY
from latentfit.models import Model
from latentfit.pictures import sheets
from latentfit.report.build import KINDS, kind_of
from latentfit.report.html import Picture, picture
from latentfit.runs.run import load
from latentfit.scoring import Subject
from latentfit.seeds import seeded

if TYPE_CHECKING:
    from latentfit.data.base import Data

COUNT = 10  # images of an entry


def samples(frame: pd.DataFrame, entries: Sequence[str], data: Data | None) -> list[Picture]:
    """Samples of each entry's first seed that came through.

    Arguments:
        frame: As `compare` gives; entries without a run folder are left out.
        entries: In the order in which they are shown.
        data: What was trained on; without it only images are shown.
    """
    models, lost = {}, []
    for name in entries:
        try:
            model = _first(frame, name)
        except UserError:  # one with parts of its own, which are not at hand here
            lost.append(name)
            continue
        if model is not None:
            models[name] = model
    if not models:
        return []
    more = f" Not shown, as they cannot be loaded alone: {'; '.join(lost)}." if lost else ""
    kind = kind_of(next(iter(models.values())))
    if kind == "images":
        drawn = []
        for model in models.values():
            with seeded(0, "shown"):
                drawn.append(model.sample(COUNT).cpu())
        caption = f"Uncurated samples at the same noise, from the top: {'; '.join(models)}.{more}"
        return [
            picture("samples", caption, sheets.rows_grid(torch.stack(drawn), names=list(models)))
        ]
    if data is None:
        return []
    count, draw = KINDS[kind]
    found = []
    for name, model in models.items():
        with seeded(0, "shown"):
            made = model.sample(count).cpu()
        for _, (caption, figure) in draw(Subject(model, data, draws=1), made, 0):
            found.append(picture("samples", f"{name}. {caption}{more}", figure))
            break
    return found


def _first(frame: pd.DataFrame, entry: str) -> Model | None:
    for name, run, error in zip(frame[ENTRY], frame["run"], frame["error"], strict=True):
        if name == entry and run and not error:
            return load(run, device="cpu")
    return None
