"""Figures of comparisons and searches: trade-offs, ranks, what was tried."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter

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
    looks = itertools.product("os^Dv", COLOURS)  # another mark where colours come again
    for (name, (x, y)), (mark, colour) in zip(points.items(), itertools.cycle(looks), strict=False):
        axes.errorbar(x[0], y[0], xerr=x[1], yerr=y[1], fmt=mark, markersize=5, color=colour,
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


@rc_context(STYLE)
def tried(
    panels: Mapping[str, Sequence[float | str]],
    values: Sequence[float],
    label: str,
    early: Sequence[bool],
    marked: Mapping[str, int],
) -> Figure:
    """Scores of the trials of a search, against each setting; some are marked.

    Arguments:
        panels: Values of each setting, a trial each.
        values: Scores of the trials.
        label: What they are.
        early: Which were given up, so that their scores are of fewer rounds.
        marked: Places of some by what they are.
    """
    every = range(len(values))
    played, gone = ([k for k in every if early[k] is given_up] for given_up in (False, True))
    figure = Figure(figsize=(3.4 * len(panels), 3.2), dpi=DPI, layout="constrained")
    for axes, (name, held) in zip(figure.subplots(1, len(panels), squeeze=False)[0],
                                  panels.items(), strict=True):  # fmt: skip
        for places, said, fill in ((played, None, "full"), (gone, "given up early", "none")):
            if places:
                axes.plot([held[k] for k in places], [values[k] for k in places], "o", label=said,
                          color=COLOURS[0], markersize=4, alpha=0.6, fillstyle=fill)  # fmt: skip
        for (said, place), colour in zip(marked.items(), COLOURS[1:], strict=False):
            axes.plot(held[place], values[place], "o", color=colour, markersize=7, label=said)
        if all(isinstance(one, int | float) for one in held):
            axes.set_xscale("log")
            axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
            axes.xaxis.set_major_formatter("{x:g}")
            axes.xaxis.set_minor_formatter(NullFormatter())
        if min(values) > 0 and max(values) > 10 * min(values):
            axes.set_yscale("log")
        axes.set(xlabel=name, ylabel=label)
    legend_above(figure.axes[0], columns=2)
    return figure
