"""Columns of numbers become nearly normal, and come back."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from latentfit.schema.curves import FEW, POINTS, STEP, bent, rise

RNG = np.random.default_rng(0)
COUNT = 20_000
COLUMNS = {
    "normal": RNG.normal(5, 3, COUNT),
    "tail": RNG.lognormal(0, 2, COUNT),
    "uniform": RNG.random(COUNT),
    "two modes": np.append(RNG.normal(-9, 1, COUNT // 4), RNG.normal(4, 2, 3 * COUNT // 4)),
    "half": np.abs(RNG.normal(size=COUNT)),
}  # fmt: skip


def wanted(values):
    """What the formula says, in its own units."""
    ranks = (stats.rankdata(values, "max") + stats.rankdata(values, "min") - 1) / 2
    straight = ((values - values.mean()) / values.std(ddof=1)).clip(-5, 5)
    return 0.75 * stats.norm.ppf(ranks / len(values)) + 0.25 * straight


@pytest.mark.parametrize("name", COLUMNS)
def test_a_column_becomes_nearly_normal_and_comes_back(name):
    values = COLUMNS[name]
    seen, held = bent(values)
    assert (np.diff(seen) > 0).all()
    assert (np.diff(held) > 0).all()
    assert (held[0], held[-1]) == (values.min(), values.max())
    assert len(seen) <= 2 * POINTS
    scores = rise(values, seen, held, 1.0)
    assert (scores.mean(), scores.std(ddof=1)) == pytest.approx((0, 1))
    exact = wanted(values)
    gap = np.abs(scores - (exact - exact.mean()) / exact.std(ddof=1))
    assert np.quantile(gap, [0.5, 0.99]) == pytest.approx([0, 0], abs=0.02)
    assert gap.max() < 0.1
    np.testing.assert_allclose(np.interp(scores, seen, held), values, rtol=1e-9, atol=1e-9)


def test_kinds_of_rows_that_lie_apart_stay_apart():
    values = np.append(RNG.normal(150, 1, 700), RNG.normal(190, 1, 300))
    seen, held = bent(values)
    low, high = rise(np.array([values[:700].max(), values[700:].min()]), seen, held, 1.0)
    assert high - low > 0.4


def test_levels_are_flat_for_their_share():
    counts = [10, 20, 40, 20, 10]
    values = np.repeat(np.arange(5.0), counts)
    seen, held = bent(values)
    edges, (left, right) = stats.norm.ppf([0.1, 0.3, 0.7, 0.9]), stats.norm.ppf([0.05, 0.95])
    straight = (np.arange(5.0) - 2) / values.std(ddof=1)
    # Interior levels stand in the middle of their part, not of their ranks.
    inner = np.array([left, edges[:2].mean(), 0, edges[2:].mean(), right])
    inner = 0.75 * inner + 0.25 * straight
    spread = np.std(np.repeat(inner, counts), ddof=1)
    outer = 2 * left - edges[0]
    ranks = np.array([outer, *np.repeat(edges, 2), -outer]) + np.tile([STEP, -STEP], 5)
    points = (0.75 * ranks + 0.25 * np.repeat(straight, 2)) / spread
    np.testing.assert_allclose(seen, points, atol=1e-9)
    assert held.tolist() == np.repeat(np.arange(5.0), 2).tolist()
    np.testing.assert_allclose(rise(np.arange(5.0), seen, held, 1.0), inner / spread, atol=1e-9)


def test_a_value_that_few_cells_hold_is_no_level():
    values = np.concatenate([RNG.normal(size=1_000), [2.5, 2.5]])
    assert (np.diff(bent(values)[1]) > 0).all()
    values = np.concatenate([RNG.normal(size=1_000), np.full(20, 0.5)])
    held = bent(values)[1]
    assert held[:-1][np.diff(held) == 0].tolist() == [0.5]


def test_nothing_comes_back_from_between_a_level_and_the_next_value():
    below, above = RNG.uniform(0, 1, 500), RNG.uniform(100, 101, 500)
    values = np.concatenate([below, np.full(6, 50.0), above, [1e6]])
    held = np.unique(bent(values)[1]).tolist()
    place = held.index(50)
    assert held[place - 1 : place + 2] == [below.max(), 50, above.min()]


def test_few_cells_have_few_points():
    assert FEW - 1 <= len(bent(RNG.normal(size=40))[0]) <= 2 * FEW
    assert len(bent(RNG.normal(size=2))[0]) == 2
    assert len(bent(RNG.normal(size=500))[0]) <= 100


def test_what_is_beyond_all_cells_is_far():
    values = COLUMNS["half"]
    curve = bent(values)
    top, above = rise(np.array([values.max(), values.max() + 30]), *curve, 2.0)
    assert above - top == pytest.approx(15)
    low, below = rise(np.array([values.min(), values.min() - 7]), *curve, 2.0)
    assert low - below == pytest.approx(3.5)
    assert np.isnan(rise(np.array([np.nan]), *curve, 2.0)).all()


def test_a_long_column_is_looked_at_in_part(monkeypatch):
    monkeypatch.setattr("latentfit.schema.curves.LOOKED_AT", 2_000)
    values = COLUMNS["tail"]
    _, held = bent(values)
    assert (held[0], held[-1]) == (values.min(), values.max())
    assert len(held) <= 2 * POINTS
