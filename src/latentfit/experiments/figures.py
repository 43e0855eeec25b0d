"""Figures of a run. Each function returns a matplotlib figure; nothing global is touched."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import Any

import numpy as np
import torch
from cycler import cycler
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

# Okabe and Ito's palette: told apart by colour-blind readers and in print.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#999999")
STYLE: dict[Any, Any] = {
    "font.size": 9,
    "axes.titlesize": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
    "legend.fontsize": 8,
    "axes.prop_cycle": cycler(color=COLOURS),
}


def tile(images: Tensor, columns: int, *, gap: int = 1) -> np.ndarray:
    """Lay images out in rows on white.

    Arguments:
        images: With shape (N, C, H, W) in [0, 1], C 1 or 3.
        columns: Images in a row.
        gap: Pixels between images.

    Returns:
        uint8 pixels, with shape (H', W') for grey and (H', W', 3) for colour.

    Example:
        >>> tile(torch.zeros(3, 1, 4, 4), columns=2).shape
        (9, 9)
    """
    pixels = (images.detach().cpu().clamp(0, 1) * 255).round().byte().movedim(1, -1).numpy()
    count, height, width, channels = pixels.shape
    columns = min(columns, count)
    rows = math.ceil(count / columns)
    sheet = np.full(
        (rows * (height + gap) - gap, columns * (width + gap) - gap, channels), 255, np.uint8
    )
    for number, image in enumerate(pixels):
        row, column = divmod(number, columns)
        top, left = row * (height + gap), column * (width + gap)
        sheet[top : top + height, left : left + width] = image
    return sheet[..., 0] if channels == 1 else sheet


def image_grid(images: Tensor, *, columns: int, caption: str = "") -> Figure:
    """A sheet of images (N, C, H, W) in [0, 1], pixels shown as they are."""
    return _sheet(tile(images, columns), caption)


def reconstructions(inputs: Tensor, outputs: Tensor, caption: str = "") -> Figure:
    """Eight columns; rows of inputs alternate with rows of their reconstructions."""
    rows = [part for pair in zip(inputs.split(8), outputs.split(8), strict=True) for part in pair]
    return _sheet(tile(torch.cat(rows), 8), caption)


def interpolation_grid(lines: Tensor, caption: str = "") -> Figure:
    """A row for each line (rows, steps, C, H, W)."""
    return _sheet(tile(lines.flatten(0, 1), lines.shape[1]), caption)


def curves(records: list[dict[str, Any]]) -> Figure:
    """Every term over the rounds, a panel for each player, and the validation score.

    Arguments:
        records: Lines of `metrics.jsonl`; terms are named 'player/term'.
    """
    panels: dict[str, dict[str, list[tuple[int, float]]]] = defaultdict(lambda: defaultdict(list))
    for record in records:
        for name, value in record.items():
            if name in ("round", "seconds") or not isinstance(value, int | float):
                continue
            player, _, term = name.rpartition("/")
            panels[player or name][term].append((record["round"], value))
    columns = min(3, len(panels)) or 1
    rows = math.ceil(len(panels) / columns) or 1
    with rc_context(STYLE):
        figure = Figure(figsize=(3.1 * columns, 2.2 * rows), layout="constrained")
        grid = iter(figure.subplots(rows, columns, squeeze=False).flat)
        for (player, terms), axes in zip(panels.items(), grid, strict=False):
            for term, points in terms.items():
                steps, values = zip(*points, strict=True)
                axes.plot(steps, values, label=term, linewidth=1.1)
            axes.set_title(player.replace("_", " "), loc="left", fontweight="bold")
            axes.set_xlabel("round")
            _scale(axes, [v for points in terms.values() for _, v in points])
            axes.legend(loc="best", handlelength=1.2)
            if player == "validation":
                best = min(terms["validation"], key=lambda point: point[1])
                axes.plot(*best, "o", color=COLOURS[1], markersize=4)
                axes.annotate(
                    f"best {best[1]:.4g}", best, textcoords="offset points", xytext=(0, 7),
                    ha="center", fontsize=8,
                )  # fmt: skip
        for axes in grid:  # what no player fills
            axes.axis("off")
    return figure


def mask_trace(records: list[dict[str, Any]]) -> Figure:
    """The mask's entries over the rounds, and how many are at 0.1 or above.

    Arguments:
        records: With `round` and `mask`, a list of m numbers in [0, 1).
    """
    steps = [record["round"] for record in records]
    values = np.array([record["mask"] for record in records])
    with rc_context(STYLE):
        figure = Figure(figsize=(6.4, 3.0), layout="constrained")
        axes = figure.subplots()
        axes.plot(steps, values, color=COLOURS[0], linewidth=0.8, alpha=0.7)
        axes.axhline(0.1, color=COLOURS[7], linewidth=0.8, linestyle=":")
        axes.set(xlabel="round", ylabel="mask", ylim=(-0.02, 1.02))
        other = axes.twinx()
        other.spines["right"].set_visible(True)
        active = (values >= 0.1).sum(1)
        other.plot(steps, active, color=COLOURS[1], linewidth=1.8)
        other.set_ylabel(f"active dimensions (last: {active[-1]})", color=COLOURS[1])
        other.set_ylim(0, values.shape[1] * 1.02)
    return figure


def latent_scatter(codes: Tensor, draws: Tensor) -> Figure:
    """Codes and prior draws on the first two principal axes of the codes."""
    return _scatter(codes, draws, "test codes", "prior draws")


def vectors(real: Tensor, generated: Tensor) -> Figure:
    """Data and generated vectors on the first two principal axes of the data."""
    return _scatter(real, generated, "test data", "generated")


def covariance(codes: Tensor) -> Figure:
    """Covariance matrix of codes (N, m) as a heat map, centred on zero."""
    table = torch.cov(codes.T.double()).reshape(codes.shape[1], -1).numpy()
    reach = max(1e-12, float(np.abs(table).max()))
    with rc_context(STYLE):
        figure = Figure(figsize=(3.8, 3.2), layout="constrained")
        axes = figure.subplots()
        shown = axes.imshow(table, cmap="RdBu_r", vmin=-reach, vmax=reach)
        axes.set(xlabel="dimension", ylabel="dimension")
        figure.colorbar(shown, ax=axes, label="covariance")
    return figure


def _sheet(pixels: np.ndarray, caption: str) -> Figure:
    height, width = pixels.shape[:2]
    with rc_context(STYLE):
        size = 5.2
        figure = Figure(figsize=(size, size * height / width + 0.35), layout="constrained")
        axes = figure.subplots()
        axes.imshow(pixels, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
        axes.axis("off")
        if caption:
            axes.set_title(caption, loc="left", fontsize=8, color="#444444")
    return figure


def _scale(axes: Axes, values: list[float]) -> None:
    # Terms of one player can be apart by decades and of either sign.
    size = [abs(v) for v in values if v and math.isfinite(v)]
    if size and max(size) / np.median(size) > 30:
        axes.set_yscale("symlog", linthresh=max(1e-6, float(np.quantile(size, 0.1))))


def _scatter(a: Tensor, b: Tensor, first: str, second: str) -> Figure:
    mean = a.mean(0)
    axes_of_a = torch.linalg.svd((a - mean).double(), full_matrices=False).Vh[:2].T.to(a)
    with rc_context(STYLE):
        figure = Figure(figsize=(4.2, 3.8), layout="constrained")
        axes = figure.subplots()
        for points, colour, label in ((a, COLOURS[0], first), (b, COLOURS[1], second)):
            place = ((points - mean) @ axes_of_a)[:2_000].numpy()
            axes.scatter(*place.T, s=5, alpha=0.35, color=colour, label=label, linewidths=0)
        axes.set(xlabel="first principal axis", ylabel="second principal axis")
        axes.set_aspect("equal", adjustable="datalim")
        axes.legend(markerscale=2.5, loc="upper right")
    return figure
