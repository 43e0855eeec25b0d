"""Line plots of signals: samples beside data, reconstructions over data, walks between codes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
from matplotlib import colormaps, rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike
from torch import Tensor

from latentfit.checks import UserError
from latentfit.pictures.figures import COLOURS, STYLE, legend_above
from latentfit.pictures.sheets import DPI

MOST = 6
"""Channels that are drawn."""
Signals = Tensor | ArrayLike


@rc_context(STYLE)
def overlaid(groups: Mapping[str, Signals], *, count: int = 24) -> Figure:
    """The first signals of each group over each other: a column for each group, a row a channel.

    Panels of a channel share their axes, so that groups compare by eye.

    Arguments:
        groups: By what they are, such as test data and generated: (N, C, T) or (N, T).
        count: Signals of each group.

    Raises:
        UserError: They are no signals, or there are none.

    Example:
        >>> figure = overlaid({"test data": np.zeros((3, 2, 9)), "generated": np.ones((5, 2, 9))})
        >>> [len(axes.lines) for axes in figure.axes]
        [3, 5, 3, 5]
    """
    held = {name: _stack(group)[:count] for name, group in groups.items()}
    channels = min(MOST, next(iter(held.values())).shape[1])
    wide = 4.2 if len(held) > 1 else 6.4
    figure, grid = _grid(channels, len(held), wide=wide, high=2.0, alike="row")
    for place, (name, group) in enumerate(held.items()):
        for channel in range(channels):
            axes = grid[channel][place]
            axes.plot(group[:, channel].T, linewidth=0.8, alpha=0.5, color=COLOURS[place])
            if channel == 0:
                axes.set_title(name, loc="left")
    return _finished(figure, grid, channels)


@rc_context(STYLE)
def reconstructed(inputs: Signals, outputs: Signals, *, count: int = 8) -> Figure:
    """Signals with their reconstructions over them: a row for each signal, a column a channel.

    Arguments:
        inputs: With shape (N, C, T) or (N, T).
        outputs: With the shape of `inputs`.
        count: Signals that are drawn.

    Raises:
        UserError: They are no signals, there are none, or shapes differ.
    """
    first, second = _stack(inputs), _stack(outputs)
    if first.shape != second.shape:
        raise UserError(f"inputs have shape {first.shape}, outputs {second.shape}; give pairs.")
    rows, channels = min(count, len(first)), min(MOST, first.shape[1])
    wide = 6.4 if channels == 1 else 3.2
    figure, grid = _grid(rows, channels, wide=wide, high=1.2, alike="col")
    for row in range(rows):
        for channel in range(channels):
            axes = grid[row][channel]
            axes.plot(first[row, channel], linewidth=1.4, color=COLOURS[7], label="data")
            axes.plot(second[row, channel], linewidth=0.9, color=COLOURS[0], label="reconstruction")
            if row == 0 and channels > 1:
                axes.set_title(f"channel {channel}", loc="right")
    legend_above(grid[0][0], columns=2)
    return _finished(figure, grid, 1)


@rc_context(STYLE)
def walked(lines: Signals, names: Sequence[str] = ()) -> Figure:
    """A row for each walk, its steps over each other from dark to light; a column a channel.

    Arguments:
        lines: Interpolations or traversals, with shape (rows, steps, C, T) or (rows, steps, T).
        names: Of the rows.

    Raises:
        UserError: They are no walks, or there are none.
    """
    held = np.asarray(lines.detach().cpu() if isinstance(lines, Tensor) else lines, np.float64)
    held = held[:, :, None] if held.ndim == 3 else held
    if held.ndim != 4 or held.size == 0:
        raise UserError(f"walks have shape (rows, steps, C, T), got {held.shape}; give such.")
    steps, channels = held.shape[1], min(MOST, held.shape[2])
    colours = colormaps["viridis"](np.linspace(0, 0.9, steps))
    wide = 6.4 if channels == 1 else 3.2
    figure, grid = _grid(len(held), channels, wide=wide, high=1.4, alike="col")
    for row, walk in enumerate(held):
        for channel in range(channels):
            for step in range(steps):
                grid[row][channel].plot(walk[step, channel], linewidth=0.9, color=colours[step])
        if names:
            grid[row][0].set_ylabel(names[row])
    return _finished(figure, grid, 1)


def _stack(signals: Signals) -> np.ndarray:
    """Signals as float64 (N, C, T)."""
    array = signals.detach().cpu() if isinstance(signals, Tensor) else signals
    held = np.asarray(array, np.float64)
    held = held[:, None] if held.ndim == 2 else held
    if held.ndim != 3 or held.size == 0:
        raise UserError(f"signals have shape (N, T) or (N, C, T), got {held.shape}; give such.")
    return held


def _grid(
    rows: int, columns: int, *, wide: float, high: float, alike: Literal["row", "col"]
) -> tuple[Figure, list[list[Axes]]]:
    """A figure and its panels; those of a channel, in a row or a column, share their axes."""
    size = (wide * columns, 0.4 + high * rows)
    figure = Figure(figsize=size, dpi=DPI, layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=alike)
    return figure, panels.tolist()


def _finished(figure: Figure, grid: list[list[Axes]], channels: int) -> Figure:
    """The figure, its axes named."""
    for axes in grid[-1]:
        axes.set_xlabel("position")
        axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    for number, row in enumerate(grid):
        row[0].yaxis.set_major_locator(MaxNLocator(3))
        if channels > 1:
            row[0].set_ylabel(f"channel {number}")
    return figure
