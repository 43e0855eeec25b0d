"""The report of a run: its figures, made from the model, the data and the lines of the folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from latentfit.data.base import Data
from latentfit.experiments import figures, sheets
from latentfit.experiments.report import write_report
from latentfit.experiments.runs import load
from latentfit.models import Model
from latentfit.seeds import seeded
from latentfit.training import encode_all
from latentfit.training.folder import read_lines

if TYPE_CHECKING:
    from matplotlib.figure import Figure


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
def _figures(
    folder: Path, model: Model, data: Data | None, seed: int
) -> Iterator[tuple[str, tuple[str, Figure]]]:
    image = len(model.shape) == 3
    device = next(model.parameters()).device
    with seeded(seed, "figure"):
        generated = model.sample(64 if image else 2_000).cpu()
    if image:
        caption = f"Uncurated samples, seed {seed}."
        yield "samples", (caption, sheets.image_grid(generated, columns=8, caption=caption))
    if data is not None:
        test = data.test.first(2_000).to(device)
        if image:
            yield from _images(model, test)
        else:
            caption = f"Test data and generated samples, seed {seed}, principal axes of the data."
            yield "samples", (caption, figures.vectors(test.cpu(), generated))
        codes = encode_all(model, data.test).mean.cpu()
        if model.latent > 1:
            with seeded(seed, "figure"):
                draws = model.prior.sample(len(codes)).detach().cpu()
            caption = "Test codes and prior draws on the first two principal axes of the codes."
            yield "latent", (caption, figures.latent_scatter(codes, draws))
            caption = "Covariance of the test codes."
            yield "covariance", (caption, figures.covariance(codes))
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


def _images(model: Model, test: Tensor) -> Iterator[tuple[str, tuple[str, Figure]]]:
    inputs = test[:16]
    caption = "Test images (odd rows) and their reconstructions (even rows), the first sixteen."
    outputs = model.reconstruct(inputs)
    yield (
        "reconstructions",
        (caption, sheets.reconstructions(inputs.cpu(), outputs.cpu(), caption)),
    )
    rows = interpolate(model, test[0:6], test[6:12], steps=9).cpu()
    caption = "Straight lines between the codes of pairs of test images, decoded."
    yield "interpolations", (caption, sheets.interpolation_grid(rows, caption))


@torch.no_grad()
def interpolate(model: Model, left: Tensor, right: Tensor, *, steps: int) -> Tensor:
    """Decode straight lines between the codes of pairs of samples.

    Arguments:
        model: A trained model in evaluation mode.
        left: With shape (B, *shape).
        right: With shape (B, *shape).
        steps: Points on each line, the ends included; at least 2.

    Returns:
        With shape (B, steps, *shape).
    """
    a, b = model.encode(left), model.encode(right)
    share = torch.linspace(0, 1, steps, device=a.device)
    line = torch.lerp(a[:, None], b[:, None], share[None, :, None])
    return model.decode(line.flatten(0, 1)).unflatten(0, (len(left), steps))
