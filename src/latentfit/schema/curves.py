"""Rising curves between the numbers of a file and those that a network sees."""

from __future__ import annotations

import numpy as np

POINTS = 100
"""Points of a curve at even steps of the network's numbers, at most; half as many pairs of points
stand at even steps of the file's, and four at each level."""
FEW = 10
"""Cells for each of these, at least; and of these, at least."""
MANY = 0.005
"""Share of the cells from which on a value is a level of its own."""
LOOKED_AT = 100_000
"""Cells that a curve is fitted to, at most."""
STEP = 1e-5
"""From a level to the next, of the network's numbers, so that a curve rises."""
SHARE = 0.25
"""Share of the standardised numbers in a curve, beside their normal scores."""
FAR = 5.0
"""Deviations beyond which they rise no further, so that few cells do not lie far from all."""


def bent(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    r"""Points of the curve that makes a column nearly normal.

    .. math:: \text{seen}(v) = \tfrac{3}{4} \Phi^{-1}\big((\#\{v_i < v\} + \#\{v_i \leq v\})
              / 2 N\big) + \tfrac{1}{4} (v - \bar v) / s

    at some of the values, with the second summand within 5 of 0; brought to mean 0 and deviation 1
    over the column, and straight between them. Normal scores alone would leave no gap between
    values that lie far apart, as of two kinds of rows.

    Where many cells hold one value, a level, the curve is flat for as long as their share is wide,
    so that what a decoder gives near it comes back as that value.

    Arguments:
        values: Of a column, with shape (N,), at least two different ones.

    Returns:
        What a network sees and what the file holds there, each with shape (points,): the first
        rises, the second does not fall.

    References:
        | Order tests for the two-sample problem (van der Waerden, 1952): normal scores; for
          generated tables TabDDPM (Kotelnikov et al., 2023), Section 3

    Example:
        >>> values = np.arange(1000.0) ** 3
        >>> seen, held = bent(values)
        >>> scores = rise(values, seen, held, 1.0)
        >>> np.allclose(np.interp(scores, seen, held), values)
        True
    """
    from scipy.special import ndtr, ndtri

    if len(values) > LOOKED_AT:
        some = np.linspace(0, len(values) - 1, LOOKED_AT).astype(int)
        values = np.concatenate([values[some], [values.min(), values.max()]])
    each, counts = np.unique(values, return_counts=True)
    total, after = len(values), np.cumsum(counts)
    before, middle = after - counts, after - counts / 2
    level = (counts > 1) & (counts >= MANY * total)
    first, last = ndtri(middle[[0, -1]] / total)
    points = int(np.clip(total // FEW, FEW, POINTS))
    even = np.searchsorted(middle, ndtr(np.linspace(first, last, points)) * total)
    wide = np.searchsorted(each, np.linspace(each[0], each[-1], points // 2))
    levels = np.flatnonzero(level)
    # Both sides where cells are rare, so that little comes back from where none is.
    chosen = np.concatenate([even, wide, wide - 1, levels - 1, levels, levels + 1])
    chosen = np.unique(chosen.clip(0, len(each) - 1))
    left, at, right = (ndtri(count[chosen] / total) for count in (before, middle, after))
    # The outermost levels reach as far out as in: nothing lies there that would say how far.
    left[0], right[-1] = 2 * at[0] - right[0], 2 * at[-1] - left[-1]
    flat = level[chosen]
    both = np.where(flat, [left + STEP, right - STEP], at).T
    kept = np.stack([np.ones_like(flat), flat], 1)
    seen, held = both[kept], np.repeat(each[chosen], 2)[kept.ravel()]
    # Of the range first: squares of the tiniest numbers are 0.
    within, at = ((x - each[0]) / (each[-1] - each[0]) for x in (values, held))
    straight = ((at - within.mean()) / within.std(ddof=1)).clip(-FAR, FAR)
    seen = (1 - SHARE) * seen + SHARE * straight
    scores = rise(values, seen, held, 1.0)
    return (seen - scores.mean()) / scores.std(ddof=1), held


def rise(values: np.ndarray, seen: np.ndarray, held: np.ndarray, unit: float) -> np.ndarray:
    """From numbers of the file to those that a network sees.

    Where the curve is flat, the middle of that part; beyond its ends `unit` of the file is 1 of the
    network's, so that what is far from all that was known is seen to be so.

    Arguments:
        values: With shape (N,); NaN stays.
        seen: Of the points, rising.
        held: Of the points, not falling, at least two different ones.
        unit: Positive.

    Example:
        >>> curve = np.array([-1.0, 0.0, 1.0]), np.array([0.0, 0.0, 5.0])
        >>> rise(np.array([0.0, 2.5, 9.0]), *curve, 2.0)
        array([-0.5,  0.5,  3. ])
    """
    inside = values.clip(held[0], held[-1])
    first, after = (np.searchsorted(held, inside, side) for side in ("left", "right"))
    end = first.clip(1, len(held) - 1)  # held[end - 1] < value <= held[end], but at the lowest
    width = held[end] - held[end - 1]
    share = (inside - held[end - 1]) / np.where(width > 0, width, 1.0)
    between = seen[end - 1] + share * (seen[end] - seen[end - 1])
    flat = (seen[first.clip(max=len(held) - 1)] + seen[after - 1]) / 2
    return np.where(after > first, flat, between) + (values - inside) / unit
