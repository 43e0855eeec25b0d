"""Figures that compare: scores of several systems, sizes and studies."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from torch import Tensor

from latentfit.metrics import PRD
from latentfit.pictures.figures import COLOURS, STYLE, legend_above
from latentfit.pictures.sheets import DPI


@rc_context(STYLE)
def prd_curves(curves: dict[str, PRD]) -> Figure:
    """Precision against recall of several sets of samples, with their F scores.

    Arguments:
        curves: By what the samples are.
    """
    figure = Figure(figsize=(4.2, 4.0), dpi=DPI, layout="constrained")
    axes = figure.subplots()
    for (name, curve), colour in zip(curves.items(), itertools.cycle(COLOURS), strict=False):
        label = f"{name}: $F_{{1/8}}$ {curve.f1_8:.3f}, $F_8$ {curve.f8:.3f}"
        axes.plot(curve.recall, curve.precision, color=colour, linewidth=1.5, label=label)
    axes.set(xlabel="recall", ylabel="precision", xlim=(0, 1.02), ylim=(0, 1.02))
    axes.set_aspect("equal")
    legend_above(axes, columns=1)
    return figure


@rc_context(STYLE)
def fidelity_diversity(points: dict[str, tuple[float, float]], labels: tuple[str, str]) -> Figure:
    """Two scores of several systems against each other, such as precision and recall.

    Arguments:
        points: The two scores by system.
        labels: What the two scores are.
    """
    figure = Figure(figsize=(4.2, 3.9), dpi=DPI, layout="constrained")
    axes = figure.subplots()
    for (name, place), colour in zip(points.items(), itertools.cycle(COLOURS), strict=False):
        axes.scatter(*place, s=30, color=colour, linewidths=0, label=name)
    axes.set(xlabel=labels[0], ylabel=labels[1], xlim=(-0.02, 1.12))
    axes.set_ylim(-0.02, max(1.05, 1.05 * max(up for _, up in points.values())))
    legend_above(axes, columns=3)
    return figure


Curves = dict[str, dict[str, dict[int, list[float]]]]


def against_latent(curves: Curves, true: int | None = None) -> Figure:
    """Scores against the latent size: a panel a score, a line a system, bars one deviation.

    Arguments:
        curves: By score, by system, by latent size: the values over seeds.
        true: The true dimension, drawn as a vertical line.
    """
    return _against(curves, "latent dimensions m", true)


def against_rounds(curves: Curves) -> Figure:
    """Scores over the rounds, as `against_latent`; curves by score, by system, by round."""
    return _against(curves, "round")


@rc_context(STYLE)
def _against(curves: Curves, along: str, mark: int | None = None) -> Figure:
    width = 5.6 if len(curves) == 1 else 4.2 * len(curves)
    figure = Figure(figsize=(width, 3.4), dpi=DPI, layout="constrained")
    panels = figure.subplots(1, len(curves), squeeze=False)[0]
    for axes, (score, systems) in zip(panels, curves.items(), strict=True):
        for (system, values), colour in zip(systems.items(), itertools.cycle(COLOURS)):
            held = {m: v for m, v in sorted(values.items()) if v}
            middle = [float(np.mean(v)) for v in held.values()]
            spread = [float(np.std(v, ddof=1)) if len(v) > 1 else 0.0 for v in held.values()]
            axes.errorbar(list(held), middle, spread, color=colour, label=system, marker="o",
                          markersize=3.5, linewidth=1.2, capsize=2)  # fmt: skip
        if mark is not None:
            axes.axvline(mark, color="black", linestyle=":", linewidth=0.9)
        axes.set_xscale("log", base=2)
        sizes = sorted({m for values in systems.values() for m in values})
        ticks = _apart(sizes)
        axes.set_xticks(ticks, [str(size) for size in ticks])
        axes.minorticks_off()
        axes.set(xlabel=along, ylabel=score)
        if (
            min((min(v) for values in systems.values() for v in values.values() if v), default=0)
            > 0
        ):
            axes.set_yscale("log")
    legend_above(panels[0], columns=2 if len(curves) == 1 else 3)
    return figure


def _apart(sizes: Sequence[int]) -> list[int]:
    """Those of ascending sizes whose labels do not lie on each other on a log axis."""
    found: list[int] = []
    for size in sizes:
        if not found or size >= found[-1] * (1 + 0.15 * len(str(size))):
            found.append(size)
    return found


@rc_context(STYLE)
def correlations(codes: dict[str, Tensor]) -> Figure:
    """How dimensions of codes go together: a panel for each title, of codes (N, m)."""
    figure = Figure(figsize=(3.2 * len(codes) + 0.6, 3.2), dpi=DPI, layout="constrained")
    panels, shown = figure.subplots(1, len(codes), squeeze=False)[0], None
    for axes, (title, rows) in zip(panels, codes.items(), strict=True):
        x = rows.detach().cpu().double()
        deviation = x.std(0)
        table = torch.cov(x.T) / deviation.clamp_min(1e-12).outer(deviation.clamp_min(1e-12))
        shown = axes.imshow(table.reshape(x.shape[1], -1).numpy(), cmap="RdBu_r", vmin=-1, vmax=1,
                            interpolation="nearest")  # fmt: skip
        axes.set_title(title, loc="left")
        axes.set(xlabel="dimension")
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_locator(MaxNLocator(6, integer=True))
    if shown is not None:
        figure.colorbar(shown, ax=list(panels), label="correlation of codes")
    return figure


@rc_context(STYLE)
def pairs(panels: dict[str, dict[str, tuple[float, float]]], labels: tuple[str, str]) -> Figure:
    """Two positive numbers of several systems against each other, on logarithmic axes.

    Arguments:
        panels: By title, by system: where it lies, across and up.
        labels: What the two numbers are.
    """
    figure, panes = grid(len(panels), min(2, len(panels)), (4.6, 4.0))
    for axes, (title, systems) in zip(panes, panels.items(), strict=True):
        for name, place in systems.items():
            axes.scatter(*place, s=14, color=COLOURS[0], linewidths=0)
            axes.annotate(name, place, (3, 3), textcoords="offset points", fontsize=6)
        axes.set(xlabel=labels[0], ylabel=labels[1], xscale="log", yscale="log")
        axes.set_title(title, loc="left")
        axes.margins(x=0.15)
    return figure


def grid(count: int, columns: int, size: tuple[float, float]) -> tuple[Figure, list[Axes]]:
    """A figure of `count` panels, each so many inches wide and high, in rows of `columns`."""
    rows = math.ceil(count / columns)
    width, height = size
    figure = Figure(figsize=(width * columns, height * rows), dpi=DPI, layout="constrained")
    grid = list(figure.subplots(rows, columns, squeeze=False).flatten())
    for axes in grid[count:]:
        axes.set_axis_off()
    return figure, grid[:count]


Layer = tuple[Tensor, Tensor | None]
CLASSES = (*COLOURS[:7], "#7B3F00")  # no grey, which is what points without a class are


@rc_context(STYLE)
def planes(panels: Sequence[tuple[str, Sequence[Layer]]], *, columns: int) -> Figure:
    """Points in the plane, a panel for each title.

    Arguments:
        panels: A title and layers: points (N, 2), and for each point a class (integers), a number,
            or None for grey points; later layers lie above.
        columns: Panels in a row.
    """
    figure, panes = grid(len(panels), columns, (2.3, 2.4))
    for axes, (title, layers) in zip(panes, panels, strict=True):
        for points, kinds in layers:
            place = points.detach().cpu().double().numpy().T
            look: dict[str, Any] = {"color": COLOURS[7]}
            if kinds is not None and kinds.is_floating_point():
                look = {"c": kinds.cpu().numpy(), "cmap": "viridis"}
            elif kinds is not None:
                look = {"color": [CLASSES[k % len(CLASSES)] for k in kinds.tolist()]}
            axes.scatter(*place, s=4, alpha=0.5, linewidths=0, rasterized=True, **look)
        axes.set_title(title)
        axes.set_aspect("equal", adjustable="datalim")
        axes.tick_params(labelsize=6)
    return figure
