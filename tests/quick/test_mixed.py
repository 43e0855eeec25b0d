"""Scores of mixed tables against values computed by hand and closed forms."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ks_2samp
from scipy.stats.contingency import association

from latentfit import metrics
from latentfit.checks import UserError
from latentfit.metrics import mixed, records

DATES = pd.to_datetime(["2020-01-01", "2020-01-02", None, "2020-01-04"])


def table(rows=200, seed=0):
    """A number with gaps, a number that follows it, a level that follows it, and a date."""
    generator = np.random.default_rng(seed)
    x = generator.normal(size=rows)
    return pd.DataFrame({
        "x": np.where(generator.random(rows) < 0.1, np.nan, x),
        "y": x + generator.normal(size=rows),
        "level": pd.Series(np.where(x > 0, "up", "down")).where(generator.random(rows) < 0.9),
        "day": pd.Timestamp("2020-01-01") + pd.to_timedelta(np.round(x), unit="D"),
    })  # fmt: skip


def frame(**columns):
    return pd.DataFrame(columns)


@pytest.mark.parametrize(
    ("real", "made", "discrete", "expected"),
    [
        # Missing: 1/4 and 0. At most 1: 1/4 and 1/2. Above 1: 1/2 and 1/2.
        ([1.0, 2.0, 3.0, None], [1.0, 1.0, 2.0, 3.0], False, 0.25),
        # At most 2: 1/2 and 0. Above 2: 1/4 and 3/4; missing: 1/4 and 1/4.
        ([1.0, 2.0, 3.0, None], [3.0, 3.0, 4.0, None], False, 0.5),
        ([1.0, 2.0], [None, None], False, 1.0),
        ([None, None], [None, None], False, 0.0),
        # The highest cells are lost: above 1: 1/2 and 0, at most 1: 1/2 and 1/2.
        ([1.0, 1.0, 2.0, 2.0], [1.0, 1.0, None, None], False, 0.5),
        # At most 1: 0 and 1/4, above 1: 1/2 and 0; and the other way about.
        ([3.0, 3.0, None, None], [1.0, None, None, None], False, 0.5),
        ([1.0, 1.0, None, None], [3.0, None, None, None], False, 0.5),
        (DATES, DATES + pd.Timedelta("2D"), False, 0.5),
        (DATES.as_unit("ns"), DATES.as_unit("s"), False, 0.0),
        (
            DATES.tz_localize("Asia/Tokyo"),
            DATES.tz_localize("UTC") - pd.Timedelta("9h"),
            False,
            0.0,
        ),
        (DATES - DATES[0], (DATES - DATES[0]).as_unit("s"), False, 0.0),
        # a: 1/2 and 1/4, b: 1/4 and 1/4, missing: 1/4 and 0, c: 0 and 1/2.
        (["a", "a", "b", None], ["a", "b", "c", "c"], True, 0.5),
        ([1, 2, 1, 2], pd.Series([1.0, 2.0, 1.0, None]), True, 0.25),
        ([True, False], ["x", "y"], True, 1.0),
    ],
)
def test_distance_of_a_column(real, made, discrete, expected):
    found = metrics.column_distance(frame(c=real), frame(c=made), ["c"] if discrete else [])
    assert found.parts == {"c": pytest.approx(expected)}
    back = metrics.column_distance(frame(c=made), frame(c=real), ["c"] if discrete else [])
    assert back.value == pytest.approx(expected)


def test_distance_of_a_full_column_is_that_of_scipy():
    real, made = table(seed=1), table(150, seed=2)
    found = metrics.column_distance(real, made, ["level"])
    assert found.parts["y"] == pytest.approx(ks_2samp(real.y, made.y).statistic)
    assert found.value == pytest.approx(np.mean(list(found.parts.values())))
    shuffled = made.sample(frac=1, random_state=0)[["day", "level", "y", "x"]]
    assert metrics.column_distance(real, shuffled, ["level"]) == found


def test_distance_of_pairs():
    real = frame(
        a=[0.0, 1.0, 2.0, None], b=[0.0, 1.0, 2.0, 9.0], c=["u", "u", "v", "v"], d=list("xyxy")
    )
    made = frame(
        a=[0.0, 1.0, 2.0, 3.0], b=[2.0, 1.0, 0.0, -1.0], c=["u", "v", "u", "v"], d=list("xyyx")
    )
    found = metrics.pair_distance(real, made, ["c", "d"])
    assert found.parts["a", "b"] == pytest.approx(1.0)  # r = 1 and -1
    # Real: ux, uy, vx, vy. Made: ux, vy, uy, vx.
    assert found.parts["c", "d"] == 0
    # Cuts of a lie between its real cells. Real: 0u, 1u, 2v, missing v. Made: 0u, 1v, 2u, 2v.
    assert found.parts["a", "c"] == pytest.approx(0.5)
    gone = made.assign(a=[0.0, 1.0, 2.0, 0.0], c=real.c)  # a missing cell is not the lowest bin
    assert metrics.pair_distance(real, gone, ["c", "d"]).parts["a", "c"] == pytest.approx(0.25)
    turned = real.assign(c=["u"] * 4, d=list("xyxy")), real.assign(c=list("uvuv"), d=["x"] * 4)
    assert metrics.pair_distance(*turned, ["c", "d"]).parts["c", "d"] == 0.5
    assert list(found.parts) == [(p, q) for p, q in ["ab", "ac", "ad", "bc", "bd", "cd"]]


def test_a_number_is_cut_at_the_tenths_of_its_real_cells():
    real = frame(x=np.arange(100.0), y=["a"] * 100)
    # Half the tenths, hit evenly, whatever the values within them are.
    made = frame(x=np.repeat(np.arange(0.0, 50, 10) + 5, 20), y=["a"] * 100)
    assert metrics.pair_distance(real, made, ["y"]).value == pytest.approx(0.5)
    tenths = frame(x=np.arange(11.0), y=["a"] * 11)  # 1 is a cut, and belongs with 0
    assert metrics.pair_distance(tenths, tenths.replace({"x": {1.0: 0.0}}), ["y"]).value == 0
    counts = frame(x=[0.0] * 90 + [1.0] * 10, y=["a"] * 100)  # all tenths but one are equal
    assert metrics.pair_distance(counts, counts + frame(x=[0], y=[""]).iloc[0], ["y"]).value == 0
    other = counts.assign(x=[0.0] * 40 + [1.0] * 60)
    assert metrics.pair_distance(counts, other, ["y"]).value == pytest.approx(0.5)


def test_associations_are_those_of_scipy():
    real, made = table(seed=1), table(seed=2)
    made["level"] = made.level.sample(frac=1, random_state=0).to_numpy()
    real["other"], made["other"] = (np.where(side.y > 0.3, 1, 2) for side in (real, made))
    found = metrics.correlation_difference(real, made, ["level", "other"])

    def cramer(side):
        return association(pd.crosstab(side.level.fillna("?"), side.other).to_numpy(), "cramer")

    def ratio(side):
        groups = side.groupby(side.level.fillna("?")).y
        between = (groups.size() * (groups.mean() - side.y.mean()) ** 2).sum()
        return (between / ((side.y - side.y.mean()) ** 2).sum()) ** 0.5

    assert found.parts["level", "other"] == pytest.approx(abs(cramer(real) - cramer(made)))
    assert found.parts["y", "level"] == pytest.approx(abs(ratio(real) - ratio(made)))
    pearson = abs(real.x.corr(real.y) - made.x.corr(made.y))
    assert found.parts["x", "y"] == pytest.approx(pearson)
    backwards = metrics.correlation_difference(real[real.columns[::-1]], made, ["level", "other"])
    assert backwards.parts["level", "y"] == found.parts["y", "level"]
    halved = metrics.pair_distance(real, made, ["level", "other"]).parts["x", "y"]
    assert halved == pytest.approx(pearson / 2)
    assert found.value == pytest.approx(np.mean(list(found.parts.values())))


@pytest.mark.parametrize(("scale", "offset"), [(1e-200, 0), (1, 1e12), (1e200, 0), (2e307, 0)])
def test_correlations_hold_at_any_scale(scale, offset):
    x = np.arange(8.0)
    real = frame(x=(x + offset) * scale, y=x)
    found = metrics.correlation_difference(real, real.assign(y=x[::-1]), [])
    assert found.value == pytest.approx(2.0, rel=1e-3)


def test_what_a_collapsed_table_lacks_counts_as_none():
    real = frame(x=[1.0, 2.0, 3.0], y=[1.0, 2.0, 3.0], c=["a", "b", "b"])
    flat = frame(x=[0.1] * 3, y=[1.0, 2.0, 3.0], c=["a"] * 3)
    found = metrics.pair_distance(real, flat, ["c"])
    assert found.parts["x", "y"] == 0.5
    assert metrics.correlation_difference(real, flat, ["c"]).parts["x", "y"] == 1.0
    lone = metrics.correlation_difference(flat, flat, ["c"])
    assert (lone.value, set(lone.parts.values())) == (None, {None})
    some = metrics.pair_distance(flat, flat, ["c"])
    assert (some.value, some.parts["x", "y"]) == (0, None)  # over what is defined


def test_nothing_to_score():
    rows, none = table(5), table(5).iloc[:0]
    for score in (metrics.column_distance, metrics.pair_distance, metrics.correlation_difference):
        assert score(rows, none, ["level"]).value is None
        assert score(rows[["x"]], rows[["x"]].iloc[:0], []).value is None
    assert metrics.two_sample(rows, rows.iloc[:1], ["level"]) is None
    assert metrics.nearest_record(rows, none, rows, ["level"]) is None
    assert metrics.membership_attack(rows, rows, none, ["level"]) is None


def test_two_samples_of_one_source_cannot_be_told():
    found = metrics.two_sample(table(1000, 3), table(1400, 4), ["level"])
    assert found == pytest.approx(0.5, abs=2 * 0.5 / 1000**0.5)
    assert metrics.two_sample(table(1000, 3), table(1400, 4), ["level"]) == found


@pytest.mark.parametrize("rows", [60, 600])
def test_two_sample_sees_what_differs(rows):
    real, made = table(rows, 1), table(rows, 2)
    apart = {
        "shift": made.assign(y=made.y + 20),
        "missing": made.assign(y=np.nan),
        "level": made.assign(level=np.where(made.level == "up", "left", "right")),
    }
    for name, held in apart.items():
        assert metrics.two_sample(real, held, ["level"]) > 0.95, name


def test_two_sample_of_few_rows():
    few = frame(x=[1.0, 2.0, 3.0], c=["a", "b", None])
    assert metrics.two_sample(few, few.iloc[:2].assign(x=9.0), ["c"]) == 1  # learns from one a side
    assert metrics.two_sample(table(10, 1)[["y"]], table(10, 2)[["y"]] + 20, []) == 1


def test_two_sample_sees_dependence_and_many_levels():
    real, made = table(1500, 1), table(1500, 2)
    broken = made.assign(y=made.y.sample(frac=1, random_state=0).to_numpy())
    assert metrics.two_sample(real, broken, ["level"]) > 0.6
    wide = frame(c=np.arange(1500).astype(str))
    assert metrics.two_sample(wide, wide, ["c"]) == pytest.approx(0.5, abs=0.05)
    assert metrics.two_sample(wide, frame(c=["0"] * 1500), ["c"]) > 0.9


def test_distances_are_those_of_gower():
    train = frame(x=[0.0, 10.0, 5.0], k=[7.0, 7.0, 7.0], c=["a", "b", None])
    test = frame(x=[1.0, None], k=[7.0, 8.0], c=["b", None])
    columns = [records._scaled(column) for column in mixed.aligned(["c"], train, test)]
    # 1, 7, b: from 0 a (0.1 + 1) / 3, from 10 b 0.9 / 3. Missing, 8, missing: from 5 (1 + 1) / 3.
    assert records._nearest(columns, 1, 0) == pytest.approx([0.9 / 3, 2 / 3])
    assert records._nearest(columns, 1, 1) == pytest.approx([0, 0])


def test_the_ratio_is_that_of_fifth_percentiles():
    train = frame(x=[0.0, 100.0])
    # Distances 0.01 to 0.41 and twice that: at 5 % of 40 steps, the third.
    test, made = frame(x=np.arange(1.0, 42)), frame(x=100 - np.arange(1.0, 42) / 2)
    found = metrics.nearest_record(train, test, made, [])
    assert found.ratio == pytest.approx(0.5)
    assert metrics.nearest_record(
        train, test.assign(x=[1.0, 1, 8] + [9.0] * 38), made, []
    ).ratio == (pytest.approx(1.5 / 8))


def test_rows_near_to_training_rows_are_seen():
    train, test, fresh = table(900, 1), table(300, 2), table(300, 3)
    copies = train.iloc[:300]
    shaken = copies.assign(y=copies.y + 1e-6)
    found = {
        name: metrics.nearest_record(train, test, made, ["level"])
        for name, made in (("fresh", fresh), ("copies", copies), ("shaken", shaken))
    }
    assert found["fresh"].nearer == pytest.approx(0.5, abs=0.1)
    assert found["fresh"].ratio == pytest.approx(1, abs=0.25)
    assert (found["fresh"].copies, found["fresh"].fresh_copies) == (0, 0)
    assert (found["copies"].ratio, found["copies"].copies) == (0, 1)
    assert (found["shaken"].ratio < 0.01, found["shaken"].copies) == (True, 0)
    mirror = metrics.nearest_record(test, test, test, ["level"])
    assert (mirror.nearer, mirror.ratio, mirror.fresh_copies) == (0.5, None, 1)
    assert metrics.nearest_record(train.iloc[:300], test, copies, ["level"]).nearer == 1


def test_copies_are_equal_rows():
    train = frame(x=[0.0, 1.0, None], c=["a", None, "b"])
    made = frame(x=[-0.0, 1, None, None, 1], c=["a", pd.NA, "b", None, "a"])
    found = metrics.nearest_record(train, train.iloc[[1, 1]], made, ["c"])
    assert (found.copies, found.fresh_copies) == (0.6, 1)


def test_membership_leaks_with_copies_alone():
    train, test = table(300, 1), table(300, 2)
    assert metrics.membership_attack(train, test, train, ["level"]) == 1
    assert metrics.membership_attack(train, test, table(300, 3), ["level"]) == pytest.approx(
        0.5, abs=0.08
    )
    half = pd.concat([train.iloc[:150], table(150, 3)])
    assert metrics.membership_attack(train, test, half, ["level"]) == pytest.approx(0.75, abs=0.08)


def test_rows_left_out_are_spread_evenly():
    assert mixed.spread(10, 4).tolist() == [0, 2, 5, 7]
    assert mixed.spread(3, 4).tolist() == [0, 1, 2]
    assert mixed.spread(0, 4).tolist() == []


@pytest.mark.parametrize(
    ("real", "made", "discrete", "told"),
    [
        (frame(a=[1]), frame(b=[1]), [], "same columns, each once; look at a, b"),
        (frame(a=[1]), pd.DataFrame([[1, 1]], columns=["a", "a"]), [], "look at a"),
        (frame(age=[1]), frame(age=[1]), ["aged"], "did you mean age"),
        (frame(a=[1, 2]), frame(a=[1, "x"]), [], "column 'a' holds 'x'"),
        (frame(a=[1.0, np.inf]), frame(a=[1.0]), [], "column 'a' holds 'inf'"),
    ],
)
def test_wrong_tables_are_told(real, made, discrete, told):
    with pytest.raises(UserError, match=told):
        metrics.column_distance(real, made, discrete)


def test_pandas_waits_until_a_table_comes():
    code = "import sys, latentfit.metrics; sys.exit('pandas' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
