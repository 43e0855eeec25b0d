"""Figures of latent sizes: what `size` rests on, how often it is right, what masks leave open."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from latentfit.pictures.charts import grid
from latentfit.pictures.figures import COLOURS, STYLE, legend_above
from latentfit.pictures.sheets import DPI


@rc_context(STYLE)
def intervals(panels: dict[str, list[tuple[int, int, int, int]]]) -> Figure:
    """Answers with their intervals against the truth, a panel for each title.

    Arguments:
        panels: By title: true number, answer, and the lower and the upper end of its interval.
    """
    figure, panes = grid(len(panels), min(5, len(panels)), (2.2, 2.2))
    for axes, (title, found) in zip(panes, panels.items(), strict=True):
        ends = [1, 1.15 * max(max(n, high) for n, _, _, high in found)]
        axes.plot(ends, ends, color="black", linestyle=":", linewidth=0.9)
        for place, (n, answer, low, high) in enumerate(sorted(found)):
            across = n * (1 + 0.02 * (place % 3 - 1))  # sets of one dimension side by side
            colour = COLOURS[0] if low <= n <= high else COLOURS[1]
            axes.plot([across, across], [low, high], color=colour, linewidth=1.5, alpha=0.7)
            axes.plot(across, answer, "o", color=colour, markersize=3)
        axes.set(xscale="log", yscale="log", title=title, xlabel="true", ylabel="said")
        ticks = [n for n in (1, 2, 4, 8, 16, 32, 64) if n <= ends[1]]
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_ticks(ticks, [str(n) for n in ticks])
        axes.minorticks_off()
    return figure


@rc_context(STYLE)
def calibrated(curves: Mapping[str, Sequence[tuple[float, float]]]) -> Figure:
    """How often intervals hold the truth, against how often they should; above the line: too wide.

    Arguments:
        curves: By title: pairs of a level and the share of truths that are held.
    """
    figure = Figure(figsize=(4.0, 3.8), dpi=DPI, layout="constrained")
    axes = figure.subplots()
    axes.plot([0.4, 1], [0.4, 1], ":", color="black", linewidth=0.9)
    for (title, points), colour in zip(curves.items(), itertools.cycle(COLOURS), strict=False):
        axes.plot(*zip(*points, strict=True), "o-", color=colour, markersize=4, label=title)
    axes.set(xlabel="level of the interval", ylabel="share of sets that it holds",
             xlim=(0.45, 1.01), ylim=(0.45, 1.01))  # fmt: skip
    axes.set_aspect("equal")
    legend_above(axes, columns=1)
    return figure


Trace = Sequence[tuple[int, int]]


@rc_context(STYLE)
def mask_traces(panels: dict[str, dict[int, list[Trace]]], true: Sequence[int]) -> Figure:
    """Open dimensions over the rounds, a panel for each title, a colour for each latent size.

    Arguments:
        panels: By title, by latent size: a trace (round, open) for each seed.
        true: What each panel should end at.
    """
    figure = Figure(figsize=(4.2 * len(panels), 3.2), dpi=DPI, layout="constrained")
    grid = figure.subplots(1, len(panels), squeeze=False)[0]
    for axes, (title, sizes), n in zip(grid, panels.items(), true, strict=True):
        for (latent, traces), colour in zip(sizes.items(), itertools.cycle(COLOURS)):
            for number, steps in enumerate(traces):
                label = f"m = {latent}" if number == 0 else None
                axes.plot(*zip(*steps, strict=True), color=colour, linewidth=1.1, label=label)
        axes.axhline(n, color="black", linestyle=":", linewidth=0.9)
        axes.set_yscale("log", base=2)
        ticks = sorted({n, *sizes})
        axes.set_yticks(ticks, [str(tick) for tick in ticks])
        axes.minorticks_off()
        axes.set(xlabel="round", ylabel="open in the mask")
        axes.set_title(title, loc="right")
        axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
        legend_above(axes, columns=len(sizes))
    return figure


@rc_context(STYLE)
def sizing(evidence: Mapping[str, Any], answer: int, interval: tuple[int, int]) -> Figure:
    """What `size` rests on: neighbours, open dimensions of the masks, errors around the answer.

    Evidence that was not gathered has no panel.

    Arguments:
        evidence: Of `sizing.Size`.
        answer: The recommendation, in dimensions.
        interval: Its ends, in dimensions.
    """
    near, masks = evidence["neighbours"], evidence["masks"]
    check = [row for row in evidence["check"] if row["lost"] is not None and row["fd"] is not None]
    count = 1 + bool(masks) + 2 * bool(check)
    figure = Figure(figsize=(3.4 * count, 3.2), dpi=DPI, layout="constrained")
    panels = list(figure.subplots(1, count, squeeze=False)[0])
    curves = {"samples": near["curve"], "reconstructed": near["rebuilt"]}
    for (name, curve), colour in zip(curves.items(), COLOURS, strict=False):
        if curve:
            places = [int(k) for k in curve]
            panels[0].plot(
                places, list(curve.values()), "o-", color=colour, markersize=4, label=name
            )
    panels[0].set(xlabel="neighbours", ylabel="dimension by neighbours", xscale="log")
    ticks = sorted({int(k) for curve in curves.values() for k in curve})
    panels[0].set_xticks(ticks, [str(k) for k in ticks])
    panels[0].minorticks_off()
    legend_above(panels[0], columns=2)
    if masks:
        for mask, colour in zip(masks, itertools.cycle(COLOURS)):
            label = f"m = {mask['latent']}" + (", failed" if mask["failed"] else "")
            panels[1].plot(*zip(*mask["trace"], strict=True), color=colour, linewidth=1.2,
                           label=label, linestyle=":" if mask["failed"] else "-")  # fmt: skip
        panels[1].set(xlabel="round", ylabel="open in the mask")
        panels[1].xaxis.set_major_locator(MaxNLocator(4, integer=True))
        legend_above(panels[1], columns=2, handlelength=1.2)
    upright = panels[: 1 + bool(masks)]
    for axes in upright:  # dimensions go up
        axes.axhspan(*interval, color=COLOURS[2], alpha=0.15, linewidth=0)
        axes.axhline(answer, color=COLOURS[2], linewidth=1)
        axes.yaxis.set_major_locator(MaxNLocator(5, integer=True))
    costs = (("lost", "variance that is lost"), ("fd", "Fréchet distance, fixed prior"))
    for axes, (key, title) in zip(panels[len(upright) :], costs, strict=False):
        values = [r[key] for r in check]
        axes.plot([r["latent"] for r in check], values, "o-", markersize=4)
        axes.set(title=title, xlabel="latent size m", ylim=(0, 1.08 * max(values) or None))
        axes.axvspan(*interval, color=COLOURS[2], alpha=0.15, linewidth=0)
        axes.axvline(answer, color=COLOURS[2], linewidth=1)
        axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
    return figure


@rc_context(STYLE)
def reading(
    curve: Sequence[tuple[float, float]], axes: tuple[str, str], answer: int, *, title: str
) -> Figure:
    """What a published method reads the latent size off.

    Arguments:
        curve: Pairs of a place and a value.
        axes: What they are.
        answer: The latent size, drawn where places are sizes.
        title: The method.
    """
    figure = Figure(figsize=(4.2, 3.2), dpi=DPI, layout="constrained")
    panel = figure.subplots()
    places, values = zip(*curve, strict=True)
    panel.plot(places, values, "o-", color=COLOURS[0], markersize=3, linewidth=1)
    panel.set(xlabel=axes[0], ylabel=axes[1])
    if min(values) > 0 and max(values) > 100 * min(values):
        panel.set_yscale("log")
    if axes[0] == "samples":
        panel.axhline(answer, color=COLOURS[2], linewidth=1)
    else:
        panel.axvline(answer, color=COLOURS[2], linewidth=1)
        panel.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    panel.set_title(f"{title}: {answer}", loc="right")
    return figure
