"""Published numbers, and how far ours are in their order."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Any

import numpy as np

TABLES = ("FlexAE, Table 1", "MaskAAE, Table 1", "Geng, Table 1", "Geng, Table 2")
"""Those that tell FIDs of generated samples."""
FAR = 5  # places that a rank may differ before a study names the recipe
REPEATS = 2_000  # bootstrap samples behind an interval
FEWEST = 4  # systems below which an order says nothing


def published(table: str, score: str) -> dict[tuple[str, str], float]:
    """Values of a table by recipe and data set.

    "VAE" of FlexAE and of Geng et al. stands as `vae-fixed-variance`: neither says which it is, and
    FlexAE's value is near MaskAAE's for that one. "WAE" of Geng et al. stands as `wae-gan`.

    Arguments:
        table: As in `published.csv`, such as "FlexAE, Table 1".
        score: `fid_gen`, `fid_rec`, `mse`, `prd_precision`, ...

    Example:
        >>> published("FlexAE, Table 1", "fid_gen")["flexae-sr", "mnist"]
        6.75
    """
    return {
        (row["recipe"], row["data"]): float(row["value"])
        for row in _rows()
        if (row["table"], row["score"]) == (table, score)
    }


def generated(table: str, data: str) -> dict[str, float]:
    """FID of generated samples of a data set by recipe, of systems that are here the same.

    MaskAAE's flow is planar, ours is not; it is left out.
    """
    found = {
        recipe: value
        for (recipe, other), value in published(table, "fid_gen").items()
        if other == data
    }
    return {
        name: v for name, v in found.items() if (table, name) != ("MaskAAE, Table 1", "vae-flow")
    }


def recipes_of(table: str) -> list[str]:
    """The systems of a table, in its order."""
    return list(dict.fromkeys(row["recipe"] for row in _rows() if row["table"] == table))


@lru_cache
def _rows() -> list[dict[str, str]]:
    text = files("latentfit.studies").joinpath("published.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(io.StringIO(text)))


def agreement(ours: Mapping[str, float], theirs: Mapping[str, float]) -> str:
    """Spearman's rank correlation with a 95 % interval, and who is far from their place.

    The interval is that of a bootstrap over systems; it says nothing of seeds.

    Arguments:
        ours: A score by system.
        theirs: The published one; systems of one side only are left out.

    Returns:
        A sentence; '' where fewer than four systems are in both.
    """
    from scipy.stats import rankdata, spearmanr

    both = [name for name in theirs if name in ours]
    if len(both) < FEWEST:
        return ""
    pair = np.array([[side[name] for name in both] for side in (ours, theirs)])

    def order(places: np.ndarray) -> float:
        a, b = pair[:, places]
        found: Any = spearmanr(a, b)[0] if np.ptp(a) and np.ptp(b) else math.nan
        return float(found)

    value = order(np.arange(len(both)))
    drawn = np.random.default_rng(0).integers(len(both), size=(REPEATS, len(both)))
    # A draw of one system alone, again and again, has no order; scipy's bootstrap ends there.
    low, high = np.nanpercentile([order(places) for places in drawn], [2.5, 97.5])
    text = f"{value:.2f} ({low:.2f} to {high:.2f}, n = {len(both)})"
    mine, other = (rankdata(side) for side in pair)
    far = [
        f"`{name}` {a:g} for {b:g}"
        for name, a, b in zip(both, mine, other, strict=True)
        if abs(a - b) > FAR
    ]
    return f"{text}; more than {FAR} places off: {', '.join(far)}" if far else text
