"""Figures of a comparison: reconstruction against generation, and ranks."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from latentfit.pictures.figures import COLOURS, STYLE, legend_above
from latentfit.pictures.sheets import DPI
from latentfit.pictures.tables import plain

Spread = tuple[float, float]
"""Mean and standard deviation over seeds."""


@rc_context(STYLE)
def trade_off(
    points: Mapping[str, tuple[Spread, Spread]], front: Sequence[str], labels: tuple[str, str]
) -> Figure:
    """Two scores of every entry, with their spread; those of the front are joined.

    Arguments:
        points: The two scores by entry.
        front: The entries that no other is better than in both.
        labels: What the two scores are.
    """
    figure = Figure(figsize=(5.6, 4.2 + 0.12 * len(points)), dpi=DPI, layout="constrained")
    axes = figure.subplots()
    for (name, (x, y)), colour in zip(points.items(), itertools.cycle(COLOURS), strict=False):
        axes.errorbar(x[0], y[0], xerr=x[1], yerr=y[1], fmt="o", markersize=5, color=colour,
                      linewidth=1, label=plain(name, 32))  # fmt: skip
    ends = sorted((points[name][0][0], points[name][1][0]) for name in front)
    if len(ends) > 1:
        axes.plot(*zip(*ends, strict=True), color="#999999", linewidth=1, zorder=0)
    for axis, values in (("x", [x[0] for x, _ in points.values()]),
                         ("y", [y[0] for _, y in points.values()])):  # fmt: skip
        if min(values) > 0 and max(values) > 10 * min(values):
            getattr(axes, f"set_{axis}scale")("log")
    axes.set(xlabel=labels[0], ylabel=labels[1])
    legend_above(axes, columns=2)
    return figure


@rc_context(STYLE)
def ranked(rows: Sequence[tuple[str, int, int, int]], label: str) -> Figure:
    """Ranks of entries, the best at the top, and between which the true ones lie.

    Arguments:
        rows: Entry, rank, lowest and highest rank of each.
        label: What they are ranked by.
    """
    figure = Figure(figsize=(5.6, 0.9 + 0.26 * len(rows)), dpi=DPI, layout="constrained")
    axes = figure.subplots()
    for place, (_, rank, low, high) in enumerate(rows):
        axes.plot([low, high], [place, place], color=COLOURS[0], linewidth=2)
        axes.plot(rank, place, "o", color=COLOURS[0], markersize=5)
    axes.set_yticks(range(len(rows)), [plain(name, 32) for name, *_ in rows])
    axes.invert_yaxis()
    axes.set(xlabel=f"rank by {label}", xlim=(0.5, len(rows) + 0.5))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    return figure
