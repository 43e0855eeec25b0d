"""Figures of a run. Each function returns a matplotlib figure; pyplot's state is not touched."""

from __future__ import annotations

import math
import warnings
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from cycler import cycler
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backend_bases import get_registered_canvas_class
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, SymmetricalLogLocator
from torch import Tensor

from latentfit.checks import one_of, within
from latentfit.data.base import spread
from latentfit.networks.mask import OPEN
from latentfit.pictures.sheets import DPI
from latentfit.storage.files import atomically

# Okabe and Ito's palette: told apart by colour-blind readers and in print.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#999999")
STYLE: dict[Any, Any] = {
    "font.size": 9,
    "axes.titlesize": 9,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
    "legend.fontsize": 8,
    "axes.prop_cycle": cycler(color=COLOURS),
    "svg.hashsalt": "latentfit",  # equal figures, equal files
}
Series = dict[str, list[tuple[int, float]]]


@rc_context(STYLE)
def save(figure: Figure, *paths: str | Path) -> None:
    """Write a figure as .png (160 dpi), .svg or .pdf, as the suffix of each path says.

    Raises:
        UserError: A suffix is another one, or a file cannot be written.
    """
    kinds = {
        Path(path): one_of("figure format", Path(path).suffix.lower(), (".png", ".svg", ".pdf"))[1:]
        for path in paths
    }
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph")  # names of data may be in any script
        if (engine := figure.get_layout_engine()) is not None:  # once for all files
            engine.execute(figure)
            figure.set_layout_engine("none")
        for path, kind in kinds.items():
            atomically(path, lambda draft, kind=kind: _write(figure, draft, kind))


def _write(figure: Figure, path: Path, kind: str) -> None:
    """Write a figure that is laid out; `Figure.savefig` would draw it once more for that."""
    figure.dpi = DPI  # a canvas of points changes it
    # Without a date the same figure gives the same bytes.
    dates = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}
    canvas: Any = get_registered_canvas_class(kind)(figure)
    getattr(canvas, f"print_{kind}")(path, metadata=dates.get(kind, {}))


@rc_context(STYLE)
def curves(records: list[dict[str, Any]]) -> Figure:
    """Every term over the rounds, a panel for each player, and the validation score.

    Arguments:
        records: Lines of `metrics.jsonl`; terms are named 'player/term'.

    Example:
        >>> figure = curves([{"round": 50, "critic/gap": -0.4}, {"round": 60, "validation": 2.0}])
        >>> [axes.get_title("left") for axes in figure.axes]
        ['critic', 'validation']
    """
    panels = _panels(records)
    columns = min(3, len(panels)) or 1
    rows = math.ceil(len(panels) / columns) or 1
    figure = Figure(figsize=(3.1 * columns, 2.1 * rows), dpi=DPI, layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False).flatten()
    for axes in grid[len(panels) :]:
        axes.set_axis_off()
    for (player, terms), axes in zip(panels.items(), grid, strict=False):
        _panel(axes, player, terms)
    return figure


@rc_context(STYLE)
def mask_trace(records: list[dict[str, Any]]) -> Figure:
    """The mask's entries over the rounds; above them how many are at 0.1 or above.

    Arguments:
        records: At least one, with `round` and `mask`, a list of m numbers in [0, 1).

    Raises:
        UserError: There are no records.
    """
    within("records of the mask", len(records), 1, remedy="train a recipe with a mask")
    steps = [record["round"] for record in records]
    values = np.array([record["mask"] for record in records], dtype=float)
    count, last = (values >= OPEN).sum(1), values[-1] >= OPEN
    figure = Figure(figsize=(6.4, 3.8), dpi=DPI, layout="constrained")
    top, bottom = figure.subplots(2, 1, sharex=True, height_ratios=(2, 3))
    top.plot(steps, count, color="black", linewidth=1.4, **_dot(steps))
    top.set(ylabel="active", ylim=(0, values.shape[1] * 1.05))
    top.yaxis.set_major_locator(MaxNLocator(4, integer=True))
    top.set_title(f"{count[-1]} of {values.shape[1]} active at round {steps[-1]:,}", loc="left")
    for chosen, colour, label in (
        (~last, COLOURS[7], "closed at the end"),
        (last, COLOURS[0], "active at the end"),
    ):
        drawn = bottom.plot(
            steps, values[:, chosen], color=colour, linewidth=0.9, alpha=0.75, **_dot(steps)
        )
        if drawn:
            drawn[0].set_label(label)
    bottom.axhline(OPEN, color="black", linewidth=0.8, linestyle=":", label="threshold 0.1")
    bottom.set(xlabel="round", ylabel="mask", ylim=(-0.02, 1.02))
    legend_above(bottom, columns=3)
    return figure


def latent_scatter(codes: Tensor, draws: Tensor) -> Figure:
    """Codes (N, m) and prior draws (M, m) on the first two principal axes of the codes."""
    return _scatter(codes, draws, "test codes", "prior draws")


def vectors(real: Tensor, generated: Tensor) -> Figure:
    """Data (N, d) and generated vectors (M, d) on the first two principal axes of the data."""
    return _scatter(real, generated, "test data", "generated")


@rc_context(STYLE)
def covariance(codes: Tensor) -> Figure:
    """Covariance matrix of codes (N, m) as a heat map, centred on zero."""
    table = torch.cov(codes.detach().cpu().T.double()).reshape(codes.shape[1], -1).numpy()
    reach = max(1e-12, float(np.abs(table).max()))
    figure = Figure(figsize=(3.9, 3.2), dpi=DPI, layout="constrained")
    axes = figure.subplots()
    shown = axes.imshow(table, cmap="RdBu_r", vmin=-reach, vmax=reach, interpolation="nearest")
    axes.set(xlabel="dimension", ylabel="dimension")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(6, integer=True))
    figure.colorbar(shown, ax=axes, label="covariance")
    return figure


def _panels(records: list[dict[str, Any]]) -> dict[str, Series]:
    panels: dict[str, Series] = defaultdict(lambda: defaultdict(list))
    for record in records:
        for name, value in record.items():
            if name in ("round", "seconds") or not isinstance(value, int | float):
                continue
            player, _, term = name.rpartition("/")
            panels[player or name][term].append((record["round"], value))
    if "validation" in panels:  # what a reader looks for last stands last
        panels["validation"] = panels.pop("validation")
    return panels


def _panel(axes: Axes, player: str, terms: Series) -> None:
    for term, points in terms.items():
        steps, values = zip(*points, strict=True)
        axes.plot(steps, values, label=term.replace("_", " "), linewidth=1.1, **_dot(steps))
    several = len(terms) > 1
    if several:  # above the lines, never on them
        legend_above(axes, columns=2, handlelength=1.2)
    height = 11 * math.ceil(len(terms) / 2) + 5 if several else 5
    axes.set_title(player.replace("_", " "), loc="left", fontweight="bold", pad=height)
    axes.set_xlabel("round")
    axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
    _scale(axes, terms)
    if player == "validation":
        _mark_best(axes, [point for points in terms.values() for point in points])
    elif not several:
        axes.set_ylabel(next(iter(terms)).replace("_", " "), fontsize=8)


def _mark_best(axes: Axes, points: list[tuple[int, float]]) -> None:
    finite = [point for point in points if math.isfinite(point[1])]
    if finite:
        best = min(finite, key=lambda point: point[1])
        axes.plot(*best, "o", color=COLOURS[1], markersize=4)
        label = f"best {best[1]:.4g} at {best[0]:,}"
        axes.set_title(label, loc="right", fontsize=8, color=COLOURS[1], pad=5)


def _scale(axes: Axes, terms: Series) -> None:
    # Terms of one player can be apart by decades and of either sign. A term is as large as its
    # median, so that one outlier does not decide.
    sizes = [
        [abs(value) for _, value in points if value and math.isfinite(value)]
        for points in terms.values()
    ]
    middles = [float(np.median(size)) for size in sizes if size]
    if not middles:
        return
    if max(map(max, filter(None, sizes))) > 30 * min(middles):
        # The power of ten at or below the smallest term bounds the linear part around zero.
        threshold = 10.0 ** math.floor(math.log10(max(min(middles), 1e-6)))
        axes.set_yscale("symlog", linthresh=threshold)
        ticks = SymmetricalLogLocator(base=10, linthresh=threshold)
        ticks.set_params(numticks=6)
        axes.yaxis.set_major_locator(ticks)


def _dot(steps: Sequence[int]) -> dict[str, Any]:
    # A line through one point would not be seen.
    return {"marker": "o", "markersize": 3} if len(steps) == 1 else {}


def legend_above(axes: Axes, *, columns: int, **options: Any) -> None:
    """A legend above the lines, never on them."""
    axes.legend(
        loc="lower left", bbox_to_anchor=(0, 1), ncols=columns, borderaxespad=0.2, borderpad=0.1,
        handletextpad=0.5, columnspacing=1.2, labelspacing=0.2, **options,
    )  # fmt: skip


@rc_context(STYLE)
def _scatter(first: Tensor, second: Tensor, *labels: str) -> Figure:
    first, second = (points.detach().cpu().double() for points in (first, second))
    if first.shape[1] == 1:  # no second axis to draw against
        return _lines_of(first, second, *labels)
    figure = Figure(figsize=(4.8, 2.7), dpi=DPI, layout="constrained")
    # A panel each: in one, those drawn last hide the others.
    left, right = figure.subplots(1, 2, sharex=True, sharey=True)
    mean, plane = first.mean(0), _principal_plane(first)
    places = [((points[spread(len(points), 2_000)] - mean) @ plane).numpy()
              for points in (first, second)]  # fmt: skip
    for axes, place, colour, label in zip((left, right), places, COLOURS, labels, strict=False):
        axes.scatter(*place.T, s=6, alpha=0.5, color=colour, linewidths=0)
        axes.set_title(label, loc="left")
        axes.set(xlabel="first principal axis")
        axes.xaxis.set_major_locator(MaxNLocator(4))
        axes.set_aspect("equal", adjustable="box")
    left.set(ylabel="second principal axis")
    return figure


def _lines_of(first: Tensor, second: Tensor, *labels: str) -> Figure:
    figure = Figure(figsize=(4.2, 3.9), dpi=DPI, layout="constrained")
    axes = figure.subplots()
    bins = np.histogram_bin_edges(torch.cat([first, second]).numpy(), 40).tolist()
    for points, label in zip((first, second), labels, strict=False):
        axes.hist(points[:, 0].numpy(), bins, density=True, histtype="step", label=label)
    axes.set(xlabel="value", ylabel="density")
    legend_above(axes, columns=2)
    return figure


def _principal_plane(points: Tensor) -> Tensor:
    centred = points - points.mean(0)
    plane = torch.linalg.eigh(centred.T @ centred).eigenvectors[:, -2:].flip(1)
    # An eigenvector has no sign of its own; its largest entry is made positive.
    largest = plane.gather(0, plane.abs().argmax(0, keepdim=True))
    return plane * largest.sign()
