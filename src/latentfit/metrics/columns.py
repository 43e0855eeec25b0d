"""Scores of mixed tables by their columns and pairs of columns."""

from __future__ import annotations

from collections.abc import Callable, Collection
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from latentfit.metrics.mixed import Breakdown, Column, aligned

if TYPE_CHECKING:
    import pandas as pd

BINS = 10  # of a numeric column beside a discrete one


def column_distance(
    real: pd.DataFrame, made: pd.DataFrame, discrete: Collection[Any]
) -> Breakdown[Any]:
    r"""How far apart the distributions of each column are: 0 where equal, at most 1.

    .. math:: \max_{E} |P(E) - Q(E)|

    over all sets E of levels for a discrete column (the total variation, half the sum of the
    differences of shares), and over E = "missing", "at most t" and "above t" for a numeric one.
    Without missing cells that is the Kolmogorov-Smirnov distance. A missing cell is a level of its
    own. Lower is better.

    Arguments:
        real: Real rows.
        made: Generated rows, with the same columns.
        discrete: Names of the columns whose cells are levels.

    Returns:
        The mean over columns, and each by name; None where a table has no rows.

    Raises:
        UserError: The tables have different columns or one twice, `discrete` names none of them,
            or a column that should be numeric has a cell that is no finite number.

    References:
        | 1 minus SDMetrics' KSComplement and TVComplement, which leave out missing cells

    Example:
        >>> import pandas as pd
        >>> real = pd.DataFrame({"x": [1.0, 2.0, 3.0, 4.0], "y": ["a", "a", "b", None]})
        >>> made = pd.DataFrame({"x": [1.0, 1.0, 3.0, 4.0], "y": ["a", "a", "b", "b"]})
        >>> column_distance(real, made, ["y"])
        Breakdown(value=0.25, parts={'x': 0.25, 'y': 0.25})
    """
    whole = len(real) > 0 and len(made) > 0
    return Breakdown.of(
        {held.name: _apart(held) if whole else None for held in aligned(discrete, real, made)}
    )


def pair_distance(
    real: pd.DataFrame, made: pd.DataFrame, discrete: Collection[Any]
) -> Breakdown[tuple[Any, Any]]:
    r"""How far apart the dependences of each pair of columns are: 0 where equal, at most 1.

    Two numeric columns: :math:`|r - r'| / 2` of Pearson's correlations on the rows where both are
    known. Else: the total variation of the tables of counts, where a numeric column is cut at the
    tenths of its real cells and a missing cell is a level of its own. Lower is better.

    A correlation that a table does not have, since a column is constant or fewer than two rows are
    complete, counts as 0 beside one that the other table has.

    Arguments:
        real: Real rows.
        made: Generated rows, with the same columns.
        discrete: Names of the columns whose cells are levels.

    Returns:
        The mean over pairs, and each by names; None where neither table has a correlation, or one
        has no rows.

    Raises:
        UserError: As `column_distance`.

    References:
        | 1 minus SDMetrics' CorrelationSimilarity and ContingencySimilarity; there a numeric column
          has bins of equal width, and a pair is left out where a table lacks its correlation

    Example:
        >>> import pandas as pd
        >>> real = pd.DataFrame({"x": [1.0, 2.0, 3.0], "y": [1.0, 2.0, 3.0]})
        >>> pair_distance(real, real.assign(y=[3.0, 2.0, 1.0]), [])
        Breakdown(value=1.0, parts={('x', 'y'): 1.0})
    """

    def apart(a: Column, b: Column) -> float | None:
        if a.levels is None and b.levels is None:
            return _gap(_pearson, a, b, 2.0)
        cut = _binned(a), _binned(b)
        width = cut[1].levels or 1
        cells = tuple(x * width + y for x, y in zip(cut[0].sides, cut[1].sides, strict=True))
        return _variation(*cells)

    return _pairs(apart, real, made, discrete)


def correlation_difference(
    real: pd.DataFrame, made: pd.DataFrame, discrete: Collection[Any]
) -> Breakdown[tuple[Any, Any]]:
    r"""Mean absolute difference of the associations between columns: 0 where equal, at most 2.

    Pearson's correlation of two numeric columns, Cramer's V of two discrete ones,
    :math:`\sqrt{\chi^2 / (n (\min(k, l) - 1))}`, and the correlation ratio of a numeric with a
    discrete one, :math:`\sqrt{\mathrm{SS}_\text{between} / \mathrm{SS}_\text{total}}`. A
    missing number leaves its row out of that pair; a missing level is a level of its own. Lower is
    better.

    V and the ratio rise as rows become few: compare tables with equal numbers of rows. What one
    table does not have counts as 0, as in `pair_distance`.

    Arguments:
        real: Real rows.
        made: Generated rows, with the same columns.
        discrete: Names of the columns whose cells are levels.

    Returns:
        The mean over pairs, and each by names; None where neither table has an association, or one
        has no rows.

    Raises:
        UserError: As `column_distance`.

    References:
        | Mathematical Methods of Statistics (Cramer, 1946), Section 21.9, and the correlation ratio
          of Pearson (1905)

    Example:
        >>> import pandas as pd
        >>> real = pd.DataFrame({"x": [0.0, 0.0, 1.0, 1.0], "y": ["a", "a", "b", "b"]})
        >>> correlation_difference(real, real.assign(y=["a", "b", "a", "b"]), ["y"]).value
        1.0
    """

    def apart(a: Column, b: Column) -> float | None:
        if a.levels is not None and b.levels is None:
            a, b = b, a
        if a.levels is not None:
            return _gap(_cramer, a, b)
        return _gap(_pearson if b.levels is None else _ratio, a, b)

    return _pairs(apart, real, made, discrete)


def _pairs(
    apart: Callable[[Column, Column], float | None],
    real: pd.DataFrame,
    made: pd.DataFrame,
    discrete: Collection[Any],
) -> Breakdown[tuple[Any, Any]]:
    """A distance for each pair of columns."""
    whole = len(real) > 0 and len(made) > 0
    both = combinations(aligned(discrete, real, made), 2)
    return Breakdown.of({(a.name, b.name): apart(a, b) if whole else None for a, b in both})


def _apart(held: Column) -> float:
    """Distance of one column."""
    if held.levels is not None:
        return _variation(*held.sides)
    cells = [np.sort(side[known]) for side, known in zip(held.sides, held.known, strict=True)]
    at = np.unique(np.concatenate(cells))
    counts = [len(side) for side in held.sides]
    below, other = (
        np.searchsorted(part, at, "right") / count
        for part, count in zip(cells, counts, strict=True)
    )
    # "At most t" for t above all numbers is "known", the complement of "missing".
    above = (len(cells[0]) / counts[0] - below) - (len(cells[1]) / counts[1] - other)
    return float(max([0.0, *np.abs(below - other), *np.abs(above)]))


def _variation(a: NDArray[Any], b: NDArray[Any]) -> float:
    """Total variation of two samples of levels."""
    levels, places = np.unique(np.concatenate([a, b]), return_inverse=True)
    shares = [
        np.bincount(part, minlength=len(levels)) / len(part)
        for part in (places[: len(a)], places[len(a) :])
    ]
    return float(np.abs(shares[0] - shares[1]).sum() / 2)


def _binned(held: Column) -> Column:
    """A numeric column as levels, cut at the tenths of its real cells; 0 where missing."""
    if held.levels is not None:
        return held
    real = held.sides[0][held.known[0]]
    edges = np.quantile(real, np.arange(1, BINS) / BINS) if len(real) else np.empty(0)
    # A tenth itself belongs to the bin below it, so that one frequent value keeps to one bin.
    cut = (np.where(np.isnan(side), 0, np.searchsorted(edges, side) + 1) for side in held.sides)
    return Column(held.name, BINS + 1, tuple(cut))


def _gap(
    association: Callable[[NDArray[Any], NDArray[Any]], float | None],
    a: Column,
    b: Column,
    over: float = 1.0,
) -> float | None:
    """Difference of an association between two tables, on rows whose numbers are known."""
    found: list[float | None] = []
    for x, y, seen, too in zip(a.sides, b.sides, a.known, b.known, strict=True):
        kept = (seen | (a.levels is not None)) & (too | (b.levels is not None))
        found.append(association(x[kept], y[kept]) if kept.sum() > 1 else None)
    if found == [None, None]:
        return None
    return abs((found[0] or 0.0) - (found[1] or 0.0)) / over


def _deviation(x: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """Deviation from the mean in units of the largest one; None where the cells are all equal."""
    if x.min() == x.max():
        return None
    held = x / np.abs(x).max()  # squares of numbers near the ends of float64 are no numbers
    held = held - held.mean()
    return held / np.abs(held).max()


def _pearson(x: NDArray[np.float64], y: NDArray[np.float64]) -> float | None:
    a, b = _deviation(x), _deviation(y)
    if a is None or b is None:
        return None
    return float(np.clip(a @ b / np.sqrt((a @ a) * (b @ b)), -1, 1))


def _ratio(x: NDArray[np.float64], level: NDArray[np.int64]) -> float | None:
    a = _deviation(x)
    groups, place = np.unique(level, return_inverse=True)
    if a is None or len(groups) < 2:
        return None
    sums, counts = np.bincount(place, a), np.bincount(place)
    return float(np.sqrt(np.clip((sums**2 / counts).sum() / (a @ a), 0, 1)))


def _cramer(x: NDArray[np.int64], y: NDArray[np.int64]) -> float | None:
    rows, i = np.unique(x, return_inverse=True)
    columns, j = np.unique(y, return_inverse=True)
    least = min(len(rows), len(columns))
    if least < 2:
        return None
    table = np.zeros((len(rows), len(columns)))
    np.add.at(table, (i, j), 1)
    expected = table.sum(1, keepdims=True) * table.sum(0) / len(x)
    squared = ((table - expected) ** 2 / expected).sum() / len(x) / (least - 1)
    return float(np.sqrt(np.clip(squared, 0, 1)))
