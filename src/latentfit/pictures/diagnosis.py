"""Figure of a latent space: deviations of its dimensions, and its first components."""

from __future__ import annotations

import torch
from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from torch import Tensor

from latentfit.pictures.figures import COLOURS, STYLE, legend_above
from latentfit.pictures.sheets import DPI

POINTS = 1_500


@rc_context(STYLE)
def latent_space(codes: Tensor, draws: Tensor | None) -> Figure:
    """Codes beside draws of the prior.

    Arguments:
        codes: With shape (N, m).
        draws: With shape (M, m); None where there is no prior yet.
    """
    figure = Figure(figsize=(8.0, 3.4), dpi=DPI, layout="constrained")
    left, right = figure.subplots(1, 2)
    sets = {"codes": (codes, COLOURS[0])} | (
        {} if draws is None else {"prior": (draws, COLOURS[1])}
    )
    order = codes.std(0).argsort(descending=True)
    for name, (rows, colour) in sets.items():
        left.plot(range(1, codes.shape[1] + 1), rows.std(0)[order], ".-", color=colour, label=name)
    left.set(xlabel="dimension, by deviation of the codes", ylabel="deviation")
    left.set_ylim(bottom=0)
    left.xaxis.set_major_locator(MaxNLocator(integer=True))
    legend_above(left, columns=2)
    middle = codes.mean(0)
    ways = torch.linalg.svd((codes - middle)[:4_000], full_matrices=False).Vh[:2]
    for name, (rows, colour) in reversed(sets.items()):
        at = (rows[:POINTS] - middle) @ ways.T
        across = at[:, 1] if at.shape[1] > 1 else torch.zeros(len(at))
        right.plot(at[:, 0], across, ".", color=colour, markersize=3, alpha=0.5, label=name)
    right.set(xlabel="first principal component of the codes", ylabel="second")
    return figure
