"""The report of a run: its figures, made from the model, the data and the lines of the folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from latentfit import metrics
from latentfit.data.base import Data
from latentfit.experiments import charts, figures, sheets, walks
from latentfit.experiments.reference import reference
from latentfit.experiments.report import write_report
from latentfit.experiments.runs import load
from latentfit.models import Model
from latentfit.seeds import seeded
from latentfit.training import encode_all
from latentfit.training.checkpoint import read_json
from latentfit.training.folder import read_lines

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    Named = tuple[str, tuple[str, Figure]]  # key, caption and figure


def summarise(folder: Path, data: Data | None, *, seed: int = 0) -> Path:
    """Write `report.html` and the figures of a finished run.

    Arguments:
        folder: The run folder.
        data: What it was trained on; None leaves out what needs the data.
        seed: Of the uncurated samples.

    Returns:
        The path of the report.
    """
    model = load(folder)
    return write_report(folder, dict(_figures(folder, model, data, seed)))


@torch.no_grad()
def _figures(folder: Path, model: Model, data: Data | None, seed: int) -> Iterator[Named]:
    image = len(model.shape) == 3
    device = next(model.parameters()).device
    with seeded(seed, "figure"):
        generated = model.sample(64 if image else 2_000).cpu()
    if image:
        caption = f"Uncurated samples, seed {seed}."
        yield "samples", (caption, sheets.image_grid(generated, columns=8, caption=caption))
    if data is not None:
        test = data.test.first(2_000).to(device)
        if image and model.encodes:
            yield from _images(model, data, test)
        if image:
            yield from _neighbours(data, generated[:8], seed)
        else:
            caption = f"Test data and generated samples, seed {seed}, principal axes of the data."
            yield "samples", (caption, figures.vectors(test.cpu(), generated))
        yield from _scored(model, data, seed)
        yield from _covered(folder)
        if model.encodes and model.latent > 1:
            yield from _codes(model, data, seed)
    lines = read_lines(folder / "metrics.jsonl")
    masks = [
        {"round": line["round"], "mask": line["mask/values"]}
        for line in lines
        if "mask/values" in line
    ]
    if masks:
        caption = "The mask over the training; a dimension is active at 0.1 and above."
        yield "mask", (caption, figures.mask_trace(masks))
    plain = [{n: v for n, v in line.items() if not isinstance(v, list)} for line in lines]
    if plain:
        yield "curves", ("Every term of every player.", figures.curves(plain))


def _codes(model: Model, data: Data, seed: int) -> Iterator[Named]:
    codes = encode_all(model, data.test).centre().cpu()
    with seeded(seed, "figure"):
        draws = model.prior.sample(len(codes)).detach().cpu()
    caption = "Test codes and prior draws on the first two principal axes of the codes."
    yield "latent", (caption, figures.latent_scatter(codes, draws))
    yield "covariance", ("Covariance of the test codes.", figures.covariance(codes))


def _images(model: Model, data: Data, test: Tensor) -> Iterator[Named]:
    codes = encode_all(model, data.test).centre()
    inputs = test[:16]
    caption = "Test images (odd rows) and their reconstructions (even rows), the first sixteen."
    outputs = model.reconstruct(inputs)
    yield (
        "reconstructions",
        (caption, sheets.reconstructions(inputs.cpu(), outputs.cpu(), caption)),
    )
    rows = walks.interpolate(model, test[0:6], test[6:12], steps=9).cpu()
    caption = "Straight lines between the codes of pairs of test images, decoded."
    yield "interpolations", (caption, sheets.rows_grid(rows, caption))
    count = min(8, model.latent)
    moved, order = walks.traverse(model, codes, codes[0], dimensions=count, steps=9)
    caption = (
        "The first test image with one latent dimension moved through 2.5 deviations to each side; "
        f"a row for each of the {count} dimensions that change most, in order: "
        f"{', '.join(str(number) for number in order.tolist())}."
    )
    yield "traversals", (caption, sheets.rows_grid(moved.cpu(), caption))
    known = walks.attributes(data)[:6]
    if len(known) > 1:
        edited = [
            walks.edit(model, test[:1], walks.attribute_direction(model, data, name), steps=9)
            for name in known
        ]
        caption = (
            "The first test image moved against (left) and along (right) the direction of an "
            f"attribute, up to 1.5 times; a row for each of: {', '.join(known)}."
        )
        yield "directions", (caption, sheets.rows_grid(torch.cat(edited).cpu(), caption))


def _neighbours(data: Data, generated: Tensor, seed: int) -> Iterator[Named]:
    extractors = [metrics.pixels()]
    best = metrics.extractor("auto", data.shape, data.name)
    if best.name == "lenet":
        extractors.append(best)
    for extractor in extractors:
        rows = walks.neighbours(data, generated, extractor, k=8)
        caption = (
            f"Uncurated samples, seed {seed} (first column), and the training images nearest to "
            f"them by {extractor.name}, nearest first."
        )
        yield f"neighbours-{extractor.name}", (caption, sheets.rows_grid(rows, caption))


def _scored(model: Model, data: Data, seed: int) -> Iterator[Named]:
    extractor = metrics.extractor("auto", data.shape, data.name)
    if extractor.name == "inception":  # minutes on a CPU; `evaluate` keeps its numbers
        return
    device = next(model.parameters()).device
    count = min(5_000, len(data.test), len(data.train) // 2)
    held = reference(data, extractor, count, device)
    with seeded(seed, "figure"):
        drawn = extractor(model.sample(count)).cpu()
    curves = {
        "generated": metrics.prd(drawn, held.test, seed=seed),
        "training data (floor)": metrics.prd(held.train, held.test, seed=seed),
    }
    caption = (
        f"Precision and recall of {count:,} samples over 20 clusters of {extractor.name} features, "
        f"seed {seed}."
    )
    yield "prd", (caption, charts.prd_curves(curves))


def _covered(folder: Path) -> Iterator[Named]:
    path = folder / "evaluation.json"
    scores = read_json(path) if path.exists() else {}
    kinds = {"": "generated", "_reconstruction": "reconstructions", "_floor": "training data"}
    for key, across, up in (("coverage", "coverage", "density"), ("recall", "recall", "precision")):
        if f"{key}_floor" in scores:
            points = {
                kind: (scores[across + suffix], scores[up + suffix])
                for suffix, kind in kinds.items()
                if across + suffix in scores  # without an encoder nothing is reconstructed
            }
            caption = f"{across.capitalize()} and {up} of samples, reconstructions, training data."
            yield key, (caption, charts.fidelity_diversity(points, (across, up)))
