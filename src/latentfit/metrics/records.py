"""Scores of mixed tables by their rows: can they be told from real ones, and are they copies?"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from latentfit.metrics.memorisation import told_apart
from latentfit.metrics.mixed import Column, aligned, spread

if TYPE_CHECKING:
    import pandas as pd

TOLD = 5_000  # rows of a side that the classifier learns from
QUERIES, POINTS = 2_000, 10_000  # rows whose nearest is looked for, and among which
CATEGORIES = 254  # that the classifier takes, less one for all the rarer ones
BLOCK = 2**17  # distances at a time that stay in a core's cache


@dataclass(frozen=True)
class Records:
    """How near generated rows come to training rows, beside fresh rows.

    Attributes:
        nearer: Share of generated rows that are nearer to a training row than to any of equally
            many test rows, ties counted half: 0.5 where nothing is memorised, 1 for copies.
        ratio: Fifth percentile of the distance of generated rows to the nearest training row, over
            that of test rows: 1 where generated rows keep as far as fresh ones, 0 for copies; None
            where that of the test rows is 0.
        copies: Share of generated rows that are training rows to the last digit.
        fresh_copies: The same share of test rows; above 0 where few different rows exist.
    """

    nearer: float
    ratio: float | None
    copies: float
    fresh_copies: float


def two_sample(
    real: pd.DataFrame, made: pd.DataFrame, discrete: Collection[Any], *, seed: int = 0
) -> float | None:
    """How well a classifier tells generated rows from real ones: 0.5 where it cannot, 1 at worst.

    Area under the ROC curve on rows that it has not learned from, mean of five folds. Lower is
    better. Well below 0.5 means that rows of one side lie among those of the other, as where many
    are copies. Chance spreads it by about 0.5 / sqrt(n) with n rows a side, and a level of fewer
    than about ten rows is not seen.

    The classifier is scikit-learn's boosting of trees on histograms at its defaults (leaves of
    fewer than 20 rows where a side has fewer than 200): it sees interactions, needs no scales,
    takes levels and missing cells as they are, and is hard to beat on tables. A linear one, as that
    of SDMetrics, sees little but means.

    Both sides give equally many rows, at most 5,000, evenly spread. Levels beyond the 253 most
    frequent ones count as one.

    Arguments:
        real: Real rows that the generator was not trained on.
        made: Generated rows, with the same columns.
        discrete: Names of the columns whose cells are levels.
        seed: Of the folds.

    Returns:
        The area, in 0 to 1; None with fewer than two rows on a side.

    Raises:
        UserError: The tables have different columns or one twice, `discrete` names none of them,
            or a column that should be numeric has a cell that is no finite number.

    References:
        | Revisiting Classifier Two-Sample Tests (Lopez-Paz and Oquab, 2017)

    Example:
        >>> import pandas as pd
        >>> real = pd.DataFrame({"x": [0.0, 1.0] * 50})
        >>> two_sample(real, real + 5, [])
        1.0
    """
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import StratifiedKFold
    from threadpoolctl import threadpool_limits

    columns = aligned(discrete, real, made)
    count = min(len(real), len(made), TOLD)
    if count < 2:
        return None
    kept = [spread(len(side), count) for side in (real, made)]
    x = np.column_stack([_input(column, kept) for column in columns])
    y = np.repeat([0, 1], count)
    settings: dict[str, Any] = {
        "categorical_features": [column.levels is not None for column in columns],
        "min_samples_leaf": max(1, min(20, count // 10)),
        "early_stopping": False,
        "random_state": seed,
    }
    areas: list[float] = []
    folds = StratifiedKFold(min(5, count), shuffle=True, random_state=seed)
    # One thread: the same sums on every machine, and threads wait for each other on a busy one.
    with threadpool_limits(1, user_api="openmp"):
        for learn, judge in folds.split(x, y):
            trees = HistGradientBoostingClassifier(**settings).fit(x[learn], y[learn])
            areas.append(float(roc_auc_score(y[judge], trees.predict_proba(x[judge])[:, 1])))
    return float(np.mean(areas))


def nearest_record(
    train: pd.DataFrame, test: pd.DataFrame, made: pd.DataFrame, discrete: Collection[Any]
) -> Records | None:
    r"""Are generated rows copies of training rows, or nearer to them than fresh rows are?

    Distances are Gower's: the mean over columns of :math:`|a - b|` in units of the range of the
    training rows, of 0 or 1 for levels, and of 1 where only one of two cells is missing.

    Rows beyond 2,000 whose nearest is looked for and 10,000 among which are left out, evenly
    spread; copies are counted over all.

    Arguments:
        train: Rows that the generator was trained on.
        test: Rows that it was not trained on, of the same source.
        made: Generated rows, all with the same columns.
        discrete: Names of the columns whose cells are levels.

    Returns:
        The comparisons; None where a table has no rows.

    Raises:
        UserError: As `two_sample`.

    References:
        | A General Coefficient of Similarity (Gower, 1971), 1 minus it; holdout-based assessment of
          Platzer and Reutterer (2021)

    Example:
        >>> import pandas as pd
        >>> train, test = pd.DataFrame({"x": [0.0, 4.0]}), pd.DataFrame({"x": [1.0, 3.0]})
        >>> nearest_record(train, test, train, []).nearer
        1.0
    """
    columns = aligned(discrete, train, test, made)
    if min(len(train), len(test), len(made)) == 0:
        return None
    scaled = [_scaled(column) for column in columns]
    few = min(len(train), len(test), POINTS)
    near, far = (_nearest(scaled, 2, side, few) for side in (0, 1))
    own, fresh = (_nearest(scaled, side, 0) for side in (2, 1))
    low, usual = (float(np.percentile(distances, 5)) for distances in (own, fresh))
    known = _digests(columns, 0)
    copies, fresh_copies = (
        float(np.isin(_digests(columns, side), known).mean()) for side in (2, 1)
    )
    return Records(
        nearer=float(((near < far) + (near == far) / 2).mean()),
        ratio=low / usual if usual > 0 else None,
        copies=copies,
        fresh_copies=fresh_copies,
    )


def membership_attack(
    train: pd.DataFrame, test: pd.DataFrame, made: pd.DataFrame, discrete: Collection[Any]
) -> float | None:
    """How well the distance to the nearest generated row tells training from test rows.

    Area under the ROC curve: 0.5 where who was trained on does not leak, 1 where it leaks wholly.
    Lower is better; chance spreads it by about 0.4 / sqrt(n) with n rows a side. Distances and
    rows that are left out are those of `nearest_record`.

    Arguments:
        train: Rows that the generator was trained on.
        test: Rows that it was not trained on, of the same source.
        made: Generated rows, all with the same columns.
        discrete: Names of the columns whose cells are levels.

    Returns:
        The area, in 0 to 1; None where a table has no rows.

    Raises:
        UserError: As `two_sample`.

    References:
        | GAN-Leaks (Chen et al., 2020), the full black-box attack

    Example:
        >>> import pandas as pd
        >>> train, test = pd.DataFrame({"x": [0.0, 4.0]}), pd.DataFrame({"x": [1.0, 3.0]})
        >>> membership_attack(train, test, train, []), membership_attack(train, test, test, [])
        (1.0, 0.0)
    """
    columns = [_scaled(column) for column in aligned(discrete, train, test, made)]
    if min(len(train), len(test), len(made)) == 0:
        return None
    return told_apart(*(_nearest(columns, side, 2) for side in (0, 1)))


def _input(column: Column, kept: list[NDArray[np.intp]]) -> NDArray[np.float64]:
    """A column as the classifier takes it, both sides one after the other."""
    joined = np.concatenate(
        [side[rows] for side, rows in zip(column.sides, kept, strict=True)]
    ).astype(np.float64)
    if column.levels is None:
        return joined
    _, place, counts = np.unique(joined, return_inverse=True, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    return np.minimum(rank[place], CATEGORIES - 1).astype(np.float64)


def _digests(columns: list[Column], side: int) -> NDArray[np.uint64]:
    """A number for each row of one table, equal for equal rows and else as good as never."""
    import pandas as pd
    from pandas.util import hash_pandas_object

    cells = {
        place: np.where(column.known[side], column.sides[side] + 0.0, np.nan)  # 0.0 for -0.0
        for place, column in enumerate(columns)
    }
    digest: Any = hash_pandas_object
    return digest(pd.DataFrame(cells), index=False).to_numpy()


def _nearest(
    columns: Sequence[Column], queries: int, points: int, most: int = POINTS
) -> NDArray[np.float64]:
    """Distance of rows of one table to the nearest of at most `most` rows of another."""
    ask = spread(len(columns[0].sides[queries]), QUERIES)
    among = spread(len(columns[0].sides[points]), most)
    found = np.empty(len(ask))
    step = max(1, BLOCK // len(among))
    for start in range(0, len(ask), step):
        rows = ask[start : start + step, None]
        total = np.zeros((len(rows), len(among)))
        for column in columns:
            total += _cellwise(column, column.sides[queries][rows], column.sides[points][among])
        found[start : start + step] = total.min(axis=1) / len(columns)
    return found


def _scaled(column: Column) -> Column:
    """Numbers in units of the range of the first table, as levels where it has none."""
    first = column.sides[0][column.known[0]]
    if column.levels is not None:
        return column
    width = np.ptp(first) if len(first) else 0.0
    if width > 0:
        return Column(column.name, None, tuple(side / width for side in column.sides))
    levels, place = np.unique(np.concatenate(column.sides), return_inverse=True)
    cuts = np.cumsum([len(side) for side in column.sides])[:-1]
    return Column(column.name, len(levels), tuple(np.split(place, cuts)))


def _cellwise(column: Column, a: NDArray[Any], b: NDArray[Any]) -> NDArray[Any]:
    """Gower's distance of cells that are broadcast against each other."""
    if column.levels is not None:
        return a != b
    apart = np.abs(a - b)
    missing = np.isnan(apart)
    return np.where(missing, np.isnan(a) != np.isnan(b), apart) if missing.any() else apart
