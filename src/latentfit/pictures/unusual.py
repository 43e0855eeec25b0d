"""Figure of unusual samples: error against surprise, and their p-values."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib import rc_context
from matplotlib.figure import Figure

from latentfit.pictures.figures import COLOURS, STYLE, legend_above
from latentfit.pictures.sheets import DPI

if TYPE_CHECKING:
    import pandas as pd

MOST = 20_000  # points that are drawn


@rc_context(STYLE)
def unusual(frame: pd.DataFrame, rate: float) -> Figure:
    """What `latentfit score` finds of samples; those whose error is infinite have no point.

    Arguments:
        frame: With the columns `error`, `surprise`, `p` and `alarm`.
        rate: At most as high p raise an alarm.
    """
    figure = Figure(figsize=(8.0, 3.4), dpi=DPI, layout="constrained")
    left, right = figure.subplots(1, 2)
    for alarm, label, colour in ((False, "usual", COLOURS[0]), (True, "alarm", COLOURS[1])):
        part = frame[frame["alarm"] == alarm].iloc[:MOST]
        left.plot(part["error"], part["surprise"], ".", color=colour, markersize=4, alpha=0.6,
                  label=f"{label} ({(frame['alarm'] == alarm).sum():,})")  # fmt: skip
    left.set(xlabel="error of the reconstruction", ylabel="surprise of the code, nats")
    if frame["error"].to_numpy().min() > 0:
        left.set_xscale("log")
    surprise = frame["surprise"].to_numpy()
    held = surprise[np.isfinite(surprise)]
    low, high = np.quantile(held, [0.05, 0.95]) if len(held) else (0.0, 0.0)
    if len(held) and held.max() - high > 10 * (high - low) > 0 and high > 0:
        left.set_yscale("symlog", linthresh=high)  # few that are far would squeeze all others
    legend_above(left, columns=2)
    right.hist(frame["p"], bins=20, range=(0, 1), color=COLOURS[0])
    right.axhline(len(frame) / 20, color="black", linestyle=":", linewidth=0.9,
                  label="usual samples alone")  # fmt: skip
    right.axvline(rate, color=COLOURS[1], linewidth=1.2, label=f"alarm: p at most {rate:g}")
    right.set(xlabel="p", ylabel="samples")
    legend_above(right, columns=2)
    return figure
