"""Attributes edited in the latent space, and the training images next to samples."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from latentfit import metrics
from latentfit.data import Data, load
from latentfit.metrics.lenet import read_lenet
from latentfit.models import Model
from latentfit.runs.cells import Cell, Row
from latentfit.scoring import walks
from latentfit.seeds import seeded
from latentfit.studies.base import Shown, Study, grouped, opened, pick, spread, table
from latentfit.studies.features import FACES
from latentfit.studies.priors import reported
from latentfit.studies.sets import SETS, prepare

if TYPE_CHECKING:
    from matplotlib.figure import Figure

EDITED = ("flexae-sr", "flexae", "wae-gan", "rae-l2", "vae-learned-variance")
ATTRIBUTES = ("Big_Nose", "Heavy_Makeup", "Black_Hair", "Smiling", "Male")  # FlexAE, Figure 5 c
FEW = 20  # test images of a class that are turned into each other class
MANY = 200  # test images without an attribute that are given it
SAMPLES, NEAR = 8, 4  # samples whose neighbours are shown, and how many

Classify = Callable[[Tensor], Tensor]


def _cells(scale: str) -> list[Cell]:
    return [
        reported(name, data, seed, scale)
        for seed in range(pick(scale, smoke=1, short=3, paper=3))
        for data in SETS
        for name in EDITED
    ]


@torch.no_grad()
def classes(model: Model, data: Data, tell: Classify) -> dict[str, float]:
    """Share of test images that a classifier tells right: rebuilt, and turned into other classes.

    A code of class a is moved by the mean code of class b minus that of a.

    Arguments:
        model: In evaluation mode.
        data: With labels.
        tell: From images to logits of the classes.
    """
    labels, train = data.test.labels, data.train.labels
    if labels is None or train is None:
        raise ValueError("classes need labels")
    places = data.train.spread(10_000)
    codes = torch.cat([model.encode(data.train.take(p)) for p in places.split(512)])
    kinds = train.unique().tolist()
    means = {kind: codes[train[places] == kind].mean(0) for kind in kinds}
    right: dict[str, list[Tensor]] = {"rebuilt": [], "edited": []}
    for a in kinds:
        chosen = (labels == a).nonzero()[:, 0][:FEW]
        z = model.encode(data.test.take(chosen))
        right["rebuilt"].append(tell(model.decode(z)).argmax(1) == a)
        for b in kinds:
            if b != a:
                moved = model.decode(z + means[b] - means[a])
                right["edited"].append(tell(moved).argmax(1) == b)
    return {name: float(torch.cat(found).float().mean()) for name, found in right.items()}


@torch.no_grad()
def attribute(model: Model, data: Data, name: str, tell: Classify) -> dict[str, float]:
    """Test faces without an attribute, as a classifier sees them: rebuilt, and given it.

    Arguments:
        model: In evaluation mode.
        data: With attributes.
        name: Of the attribute.
        tell: From images to logits of all attributes.

    Returns:
        Shares that are told to have it, and the share of the other attributes that change.
    """
    number = list(data.attributes).index(name)
    (along,) = walks.attribute_directions(model, data, [name])
    x = data.test.take((data.attributes[name][2] <= 0).nonzero()[:, 0][:MANY])
    z = model.encode(x)
    before, after = (tell(model.decode(moved)) > 0 for moved in (z, z + along))
    others = torch.arange(before.shape[1]) != number
    return {
        "rebuilt": float(before[:, number].float().mean()),
        "edited": float(after[:, number].float().mean()),
        "others": float((before != after)[:, others].float().mean()),
    }


def _show(rows: Sequence[Row], folder: Path, root: str | None) -> Shown:
    told: dict[tuple[str, str, str], dict[str, list[float | None]]] = {}
    figures: dict[str, Figure] = {}
    for (name, seed), held in grouped(rows, "data", "seed").items():
        data = load(name, root=root, **held[0].get("options", {}))
        for row in held:
            if "error" in row:
                continue
            model = opened(row, folder)
            for what, shares in _edited(model, data, folder).items():
                kept = told.setdefault((SETS[name].title, what, row["recipe"]), {})
                for score, share in shares.items():
                    kept.setdefault(score, []).append(share)
            if seed == 0 and row["recipe"] == "flexae-sr":
                figures[f"neighbours-{name}"] = _neighbours(model, data, row, folder)
    columns = ["rebuilt", "edited", "others"]
    lines = [
        [*key, *(spread(found[name]) if name in found else "-" for name in columns)]
        for key, found in told.items()
    ]
    heads = ["data", "edit", "system", "told so before", "told so after", "others that change"]
    return table(heads, lines), figures


def _edited(model: Model, data: Data, folder: Path) -> dict[str, dict[str, float]]:
    if not data.attributes:
        found = metrics.extractor("lenet", data.seen, data.name)
        if found.head is None:
            raise ValueError(f"the features of '{data.name}' know no classes")
        head = found.head
        return {"class": classes(model, data, lambda x: head(found(x)))}
    held = read_lenet(folder / FACES, data.seen[0])
    if held is None:
        raise ValueError(f"{folder / FACES} holds no classifier")
    return {name: attribute(model, data, name, held[0]) for name in ATTRIBUTES}


def _neighbours(model: Model, data: Data, row: Row, folder: Path) -> Figure:
    """Samples, and their nearest training images by pixels, then by features."""
    from latentfit.pictures import sheets

    features = str(folder / FACES) if data.attributes else "lenet"
    with seeded(0, "shown"):
        made = model.sample(SAMPLES).cpu()
    pixels, others = (
        walks.neighbours(data, made, metrics.extractor(name, data.seen, data.name), k=NEAR)
        for name in ("pixels", features)
    )
    lines = torch.cat([pixels, others[:, 1:]], 1)
    caption = (
        f"{row['recipe']}, {SETS[row['data']].title}: samples of one seed, uncurated, their {NEAR} "
        f"nearest training images by pixels, then by features."
    )
    return sheets.rows_grid(lines, caption)


EDITS = Study(
    "edits",
    "FlexAE, Figure 5 c, d and e",
    "classes and attributes edited in the latent space, told by a classifier; and the training "
    "images next to samples",
    _cells,
    _show,
    prepare=prepare,
)
