"""Figures of tables: columns, pairs of columns, correlations; test rows beside generated ones."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.dates import DateFormatter
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from latentfit.data.base import spread
from latentfit.pictures.figures import COLOURS, DPI
from latentfit.schema.base import Frame

FIRST, LAST = -719_162, 2_932_896  # days from 1970 to the ends of the calendar
MOST_COLUMNS, MOST_LEVELS, MOST_PAIRS, MOST_POINTS = 24, 12, 9, 1_000


def plain(text: Any, most: int = 18) -> str:
    """A text of the data for a figure, where `$` and `_` mean nothing and long ones are cut."""
    held = " ".join(str(text).split())
    held = held if len(held) <= most else f"{held[: most - 1]}…"
    return held.replace("$", r"\$")


def marginals(real: Frame, made: Frame, discrete: Sequence[Any]) -> Figure:
    """Each column by itself: shares of the values of a choice, densities of numbers.

    Arguments:
        real: Test rows.
        made: Generated rows.
        discrete: Names of the columns that hold choices.
    """
    names = list(real.columns)[:MOST_COLUMNS]
    columns = min(4, len(names))
    rows = math.ceil(len(names) / columns)
    figure = Figure(figsize=(2.2 * columns, 1.7 * rows), dpi=DPI, layout="constrained")
    every = np.atleast_1d(figure.subplots(rows, columns)).ravel()
    for axes, name in zip(every, names, strict=False):
        draw = _shares if name in discrete else _densities
        draw(axes, real[name], made[name])
        axes.set_title(plain(name), fontsize=8)
        axes.tick_params(labelsize=6)
        axes.set_yticks([])
    for axes in every[len(names) :]:
        axes.set_visible(False)
    every[0].legend(["test", "generated"], fontsize=6)
    return figure


def _shares(axes: Axes, real: Any, made: Any) -> None:
    held = [side.astype(object).where(side.notna(), "missing").astype(str) for side in (real, made)]
    levels = list(held[0].value_counts().index[:MOST_LEVELS])
    places = np.arange(len(levels))
    for shift, side, colour in zip((-0.2, 0.2), held, COLOURS, strict=False):
        share = [float((side == level).mean()) for level in levels]
        axes.bar(places + shift, share, 0.4, color=colour)
    axes.set_xticks(places, [plain(level, 9) for level in levels], rotation=45, ha="right")


def _densities(axes: Axes, real: Any, made: Any) -> None:
    held = [_values(side) for side in (real, made)]
    known = [side[~np.isnan(side)] for side in held]
    edges = np.histogram_bin_edges(np.concatenate(known), 30)
    for side, rows, colour in zip(known, held, COLOURS, strict=False):
        # Of all its rows, so that what is missing lacks from the area.
        weights = np.full(len(side), 1 / max(1, len(rows)))
        axes.hist(side, edges.tolist(), weights=weights, histtype="step", color=colour)
    _mark(axes.xaxis, real)


def _mark(axis: Axis, cells: Any) -> None:
    """Dates along an axis of days since 1970, where the cells are dates."""
    import pandas as pd

    axes = axis.axes
    low, high = sorted(axes.get_xlim() if axis is axes.xaxis else axes.get_ylim())
    if not pd.api.types.is_numeric_dtype(cells.dtype) and low > FIRST and high < LAST:
        forms = ((3, "%H:%M"), (90, "%m-%d"), (2_000, "%Y-%m"), (math.inf, "%Y"))
        axis.set_major_locator(MaxNLocator(3))
        axis.set_major_formatter(DateFormatter(next(f for d, f in forms if high - low < d)))


def _values(cells: Any) -> np.ndarray:
    import pandas as pd

    if not pd.api.types.is_numeric_dtype(cells.dtype):
        found = pd.to_datetime(cells, errors="coerce")
        micro = found.to_numpy("datetime64[us]").astype(float)
        return np.where(found.isna(), np.nan, micro / (86_400 * 1e6))
    return cells.to_numpy(np.float64, na_value=np.nan)


def pairs(real: Frame, made: Frame, discrete: Sequence[Any]) -> Figure | None:
    """The pairs of numbers that go together most in the test rows; None below two numbers."""
    names = [name for name in real.columns if name not in discrete]
    held = {name: [_values(frame[name]) for frame in (real, made)] for name in names}
    found = _correlations([held[name][0] for name in names])
    order = sorted(
        ((abs(found[i, j]), i, j) for i in range(len(names)) for j in range(i)), reverse=True
    )[:MOST_PAIRS]
    if not order:
        return None
    columns = min(3, len(order))
    rows = math.ceil(len(order) / columns)
    figure = Figure(figsize=(2.4 * columns, 2.1 * rows), dpi=DPI, layout="constrained")
    every = np.atleast_1d(figure.subplots(rows, columns)).ravel()
    for axes, (_, i, j) in zip(every, order, strict=False):
        for side, colour in zip((0, 1), COLOURS, strict=False):
            x, y = held[names[j]][side], held[names[i]][side]
            some = spread(len(x), MOST_POINTS).numpy()
            axes.scatter(x[some], y[some], s=3, alpha=0.4, color=colour, linewidths=0)
        axes.set_xlabel(plain(names[j]), fontsize=7)
        axes.set_ylabel(plain(names[i]), fontsize=7)
        _mark(axes.xaxis, real[names[j]])
        _mark(axes.yaxis, real[names[i]])
        axes.tick_params(labelsize=6)
    for axes in every[len(order) :]:
        axes.set_visible(False)
    every[0].legend(["test", "generated"], fontsize=6)
    return figure


def correlations(real: Frame, made: Frame, discrete: Sequence[Any]) -> Figure | None:
    """Pearson's correlations of the numbers, of test and generated rows; None below two numbers."""
    names = [name for name in real.columns if name not in discrete][:MOST_COLUMNS]
    if len(names) < 2:
        return None
    figure = Figure(figsize=(7.2, 3.4), dpi=DPI, layout="constrained")
    image = None
    for axes, frame, title in zip(
        figure.subplots(1, 2), (real, made), ("test", "generated"), strict=True
    ):
        found = _correlations([_values(frame[name]) for name in names])
        image = axes.imshow(found, vmin=-1, vmax=1, cmap="RdBu_r")
        axes.set_title(title, fontsize=9)
        labels = [plain(name, 10) for name in names]
        axes.set_xticks(range(len(names)), labels, rotation=90, fontsize=6)
        axes.set_yticks(range(len(names)), labels, fontsize=6)
    if image is not None:
        figure.colorbar(image, ax=figure.axes, shrink=0.7)
    return figure


def _correlations(columns: Sequence[np.ndarray]) -> np.ndarray:
    """Pearson's correlations on the rows where both are known, 0 where there is none."""
    found = np.eye(len(columns))
    for i, x in enumerate(columns):
        for j, y in enumerate(columns[:i]):
            both = ~(np.isnan(x) | np.isnan(y))
            if both.sum() > 1 and x[both].std() > 0 and y[both].std() > 0:
                found[i, j] = found[j, i] = np.corrcoef(x[both], y[both])[0, 1]
    return found
