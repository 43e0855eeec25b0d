"""Which differences are real: paired over seeds, corrected for their number; ranks that follow."""

from __future__ import annotations

import itertools
import math
import statistics
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from latentfit.checks import UserError, within
from latentfit.comparing.rows import ENTRY, higher, must_have

LEVEL = 0.05


def differences(
    frame: pd.DataFrame, scores: Sequence[str], *, level: float = LEVEL
) -> pd.DataFrame:
    r"""Differences of every two entries, paired over seeds.

    Seeds share the order of the data and the draws that are scored. With d the n differences of a
    score over the seeds that both have, the interval is that of Student's t,

    .. math:: \bar d \pm t_{n-1,\,1 - \alpha / 2}\; s_d / \sqrt n

    for each difference by itself. A difference is `real` where its p-value, after Holm's correction
    for all pairs and scores of this call, is at most :math:`\alpha`: that one at least is declared
    where there is none has a chance of at most :math:`\alpha`.

    Arguments:
        frame: A row for each training, as `compare` gives, with `entry`, `seed` and the scores.
        scores: Whose differences are asked for.
        level: :math:`\alpha`.

    Raises:
        UserError: A score is no column, two rows are of one entry and seed, or the level is out of
            range.

    Returns:
        A row for each score and pair: `score`, `first`, `second`, `n`, `difference` (first minus
        second), `low`, `high`, `p`, `corrected`, `real`, and `better`, the entry that is better
        where the difference is real. With fewer than two common seeds only n and difference.

    References:
        | A Simple Sequentially Rejective Multiple Test Procedure (Holm, 1979)

    Example:
        >>> held = {"entry": ["a"] * 3 + ["b"] * 3, "seed": [0, 1, 2] * 2}
        >>> frame = pd.DataFrame(held | {"mse": [1.0, 1.1, 1.2, 2.0, 2.1, 2.21]})
        >>> found = differences(frame, ["mse"]).iloc[0]
        >>> round(float(found.low), 3), round(float(found.high), 3), found.better
        (-1.018, -0.989, 'a')
    """
    within("level", level, 1e-6, 0.5)
    must_have(frame, scores)
    names = list(dict.fromkeys(frame[ENTRY]))
    lines = []
    for score in scores:
        held = _over_seeds(frame, score)
        for first, second in itertools.combinations(names, 2):
            both = sorted(held[first].keys() & held[second].keys())
            d = np.array([held[first][seed] - held[second][seed] for seed in both])
            lines.append((score, first, second, len(both), *_paired(d, level)))
    columns = ["score", "first", "second", "n", "difference", "low", "high", "p"]
    found = pd.DataFrame(lines, columns=columns)
    found["corrected"] = holm(found["p"].to_numpy(dtype=float))
    found["real"] = found["corrected"].to_numpy() <= level
    better: list[str] = []
    told: list[Any] = list(found.itertuples())
    for line in told:
        ahead = (line.difference > 0) == higher(str(line.score))
        better.append((line.first if ahead else line.second) if line.real else "")
    return found.assign(better=better)


def _over_seeds(frame: pd.DataFrame, score: str) -> dict[str, dict[int, float]]:
    """A score by entry and seed, where it is defined."""
    held: dict[str, dict[int, float]] = {name: {} for name in frame[ENTRY]}
    for entry, seed, value in zip(frame[ENTRY], frame["seed"], frame[score], strict=True):
        if seed in held[entry]:
            raise UserError(f"two rows are of '{entry}' with seed {seed}; leave one out.")
        held[entry][seed] = value
    return {
        entry: {seed: value for seed, value in seeds.items() if not math.isnan(value)}
        for entry, seeds in held.items()
    }


def means(frame: pd.DataFrame, score: str) -> dict[str, float]:
    """The mean of a score by entry, the best first; without entries that never have it.

    It is over the seeds with which all of them came through, so that one that fails where others
    find it hard is not the better for it; over each one's own where there are none such.

    Arguments:
        frame: As for `differences`.
        score: A column.

    Raises:
        UserError: As `differences`.
    """
    must_have(frame, [score])
    held = {name: seeds for name, seeds in _over_seeds(frame, score).items() if seeds}
    shared = set.intersection(*(set(seeds) for seeds in held.values())) if held else set()
    found = {
        name: statistics.fmean(v for seed, v in seeds.items() if seed in shared or not shared)
        for name, seeds in held.items()
    }
    return dict(sorted(found.items(), key=lambda item: item[1], reverse=higher(score)))


def _paired(d: np.ndarray, level: float) -> tuple[float, float, float, float]:
    """Mean, ends of the interval, and the p-value of differences (n,)."""
    from scipy import stats

    n = len(d)
    mean = float(d.mean()) if n else math.nan
    if n < 2:
        return mean, math.nan, math.nan, math.nan
    error = float(d.std(ddof=1)) / math.sqrt(n)
    if error == 0:
        return mean, mean, mean, float(mean == 0)
    reach = float(stats.t.ppf(1 - level / 2, n - 1)) * error
    p = 2 * float(stats.t.sf(abs(mean) / error, n - 1))
    return mean, mean - reach, mean + reach, p


def holm(p: np.ndarray) -> np.ndarray:
    r"""Holm's corrected p-values, :math:`\max_{j \le i} \min(1, (k - j + 1)\, p_{(j)})`.

    Arguments:
        p: The p-values of k tests (k,); NaN is of no test.

    Example:
        >>> holm(np.array([0.01, 0.04, 0.03])).round(3).tolist()
        [0.03, 0.06, 0.06]
    """
    found = np.full(len(p), math.nan)
    held = np.flatnonzero(~np.isnan(p))
    order = held[np.argsort(p[held], kind="stable")]
    found[order] = np.maximum.accumulate(np.minimum(1.0, p[order] * np.arange(len(order), 0, -1)))
    return found


def ranks(
    frame: pd.DataFrame,
    score: str,
    *,
    level: float = LEVEL,
    pairs: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Ranks by `means`, and between which the true ones lie.

    Of k entries, one that w are really better than and that is really better than b ranks from
    1 + w to k - b: as all pairs are corrected together, all these intervals hold at once with a
    confidence of 1 - `level` at least. An interval has its rank in it in any case.

    Arguments:
        frame: As for `differences`.
        score: Its direction is that of `latentfit list metrics`.
        level: Of the test.
        pairs: What `differences` found of this score and perhaps of others, which then count in the
            correction; found here, of this score alone, where not given.

    Returns:
        A row for each entry that has the score, the best first: `entry`, `mean`, `rank`, `low`,
        `high`.

    Raises:
        UserError: As `differences`.

    References:
        | Inference for Ranks (Mogstad et al., 2024); by pairwise tests, Al Mohamad et al. (2022)

    Example:
        >>> held = {"entry": ["a"] * 3 + ["b"] * 3, "seed": [0, 1, 2] * 2}
        >>> frame = pd.DataFrame(held | {"mse": [1.0, 1.1, 1.2, 2.0, 2.1, 2.21]})
        >>> ranks(frame, "mse")[["entry", "rank", "low", "high"]].to_numpy().tolist()
        [['a', 1, 1, 1], ['b', 2, 2, 2]]
    """
    found = differences(frame, [score], level=level) if pairs is None else pairs
    told: list[Any] = list(found[found["score"] == score].itertuples())
    known, lines = means(frame, score), []
    real = [line for line in told if line.real]
    for rank, (entry, mean) in enumerate(known.items(), 1):
        mine = [line.better == entry for line in real if entry in (line.first, line.second)]
        low, high = 1 + mine.count(False), len(known) - mine.count(True)
        lines.append((entry, mean, rank, min(low, rank), max(high, rank)))
    return pd.DataFrame(lines, columns=["entry", "mean", "rank", "low", "high"])


def front(frame: pd.DataFrame, scores: tuple[str, str]) -> list[str]:
    """The entries that no other is better than in one score and at least as good in the other.

    Arguments:
        frame: As for `differences`.
        scores: Two, such as those of reconstruction and generation, compared by `means`.

    Raises:
        UserError: A score is no column.

    Example:
        >>> frame = pd.DataFrame({"entry": list("abc"), "seed": 0, "mse": [1.0, 2.0, 2.0],
        ...                       "fd_pixels": [3.0, 1.0, 4.0]})
        >>> front(frame, ("mse", "fd_pixels"))
        ['a', 'b']
    """
    must_have(frame, scores)
    one, two = (means(frame, score) for score in scores)
    signs = [-1.0 if higher(score) else 1.0 for score in scores]
    points = {
        name: (signs[0] * one[name], signs[1] * two[name])
        for name in dict.fromkeys(frame[ENTRY])
        if name in one and name in two
    }
    return [
        name
        for name, (x, y) in points.items()
        if not any(a <= x and b <= y and (a, b) != (x, y) for a, b in points.values())
    ]
