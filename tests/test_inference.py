"""Differences, corrections, ranks and fronts, against scipy and by hand."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from latentfit.checks import UserError
from latentfit.comparing import differences, front, ranks
from latentfit.comparing.inference import holm
from latentfit.comparing.rows import floor, framed, higher, main_scores


def frame(scores, name="mse"):
    """A row for each entry and seed: `scores` has values over seeds by entry."""
    rows = [(e, s, v) for e, values in scores.items() for s, v in enumerate(values)]
    return pd.DataFrame(rows, columns=["entry", "seed", name])


def drawn(k=3, n=5, seed=0, gap=0.0):
    generator = np.random.default_rng(seed)
    return {f"s{i}": generator.normal(i * gap, 1 + i, n) for i in range(k)}


def test_a_difference_is_a_paired_t_test():
    held = drawn()
    found = differences(frame(held), ["mse"])
    assert len(found) == 3
    for line in found.itertuples():
        theirs = stats.ttest_rel(held[line.first], held[line.second])
        ends = theirs.confidence_interval(0.95)
        assert line.n == 5
        got = (line.difference, line.low, line.high, line.p)
        mean = held[line.first].mean() - held[line.second].mean()
        np.testing.assert_allclose(got, (mean, ends.low, ends.high, theirs.pvalue), rtol=1e-9)


def test_pairs_are_of_common_seeds_and_failed_ones_count_nothing():
    held = frame({"a": [1.0, 2.0, 4.0, math.nan], "b": [2.0, 2.5, math.nan, 1.0]})
    (line,) = differences(held, ["mse"]).itertuples()
    assert (line.n, line.difference) == (2, -0.75)
    (line,) = differences(frame({"a": [1.0], "b": [2.0]}), ["mse"]).itertuples()
    assert line.n == 1
    assert math.isnan(line.p)
    assert math.isnan(line.low)
    assert not line.real


def test_a_system_and_itself_are_not_told_apart():
    same = [1.0, 2.0, 3.0]
    (line,) = differences(frame({"a": same, "b": same}), ["mse"]).itertuples()
    assert (line.difference, line.low, line.high, line.p) == (0, 0, 0, 1)
    assert not line.real


def test_holm_by_hand():
    p = np.array([0.04, 0.001, math.nan, 0.02, 0.3])
    np.testing.assert_allclose(holm(p), [0.08, 0.004, math.nan, 0.06, 0.3])
    np.testing.assert_allclose(holm(np.array([0.03, 0.03, 0.9])), [0.09, 0.09, 0.9])
    assert holm(np.array([0.9, 0.8])).tolist() == [1.0, 1.0]


def test_all_pairs_and_scores_are_corrected_together():
    held = frame(drawn(seed=1, gap=8.0, n=6))
    held["explained"] = np.random.default_rng(5).normal(size=len(held))
    alone, both = differences(held, ["mse"]), differences(held, ["mse", "explained"])
    np.testing.assert_allclose(both["corrected"], holm(both["p"].to_numpy()))
    assert (both["corrected"][:3].to_numpy() >= alone["corrected"].to_numpy()).all()
    assert (both["corrected"][:3].to_numpy() > alone["corrected"].to_numpy()).any()
    assert (both["real"] == (both["corrected"] <= 0.05)).all()


@pytest.mark.parametrize(("score", "best"), [("mse", "s0"), ("explained", "s2")])
def test_ranks_follow_the_direction_and_the_real_differences(score, best):
    values = {
        "s0": [1.0, 1.1, 0.9, 1.0],
        "s1": [1.02, 1.08, 0.95, 1.0],
        "s2": [5.0, 5.1, 4.9, 5.02],
    }
    found = ranks(frame(values, score), score)
    told = {line.entry: (line.rank, line.low, line.high) for line in found.itertuples()}
    assert found["entry"].iloc[0] == best
    # Only s2 is really different from the others.
    if score == "mse":
        assert told == {"s0": (1, 1, 2), "s1": (2, 1, 2), "s2": (3, 3, 3)}
    else:
        assert told == {"s2": (1, 1, 1), "s1": (2, 2, 3), "s0": (3, 2, 3)}


def test_a_seed_that_failed_is_no_advantage():
    held = frame({"a": [1.0, 1.0, 10.0], "b": [2.0, 2.001, math.nan], "c": [9.0, 9.1, 9.0]})
    found = ranks(held, "mse")
    assert found["entry"].tolist() == ["a", "b", "c"]  # by the seeds that all have
    assert (found["low"] <= found["rank"]).all()
    assert (found["rank"] <= found["high"]).all()
    with pytest.raises(UserError, match="two rows are of 'a' with seed 0"):
        ranks(pd.concat([held, held]), "mse")


def test_ranks_follow_from_the_differences_that_are_told():
    held = frame(drawn(seed=1, gap=8.0, n=4))
    held["explained"] = np.random.default_rng(5).normal(size=len(held))
    both = differences(held, ["mse", "explained"])
    found = ranks(held, "mse", pairs=both)
    real = int(both[both["score"] == "mse"]["real"].sum())
    open_pairs = int((found["high"] - found["low"]).sum())
    assert open_pairs == 2 * (3 - real)


def test_the_front_has_what_nothing_beats_in_both():
    held = frame({"a": [1.0], "b": [2.0], "c": [3.0], "d": [2.0], "e": [0.5]})
    held["explained"] = [0.5, 0.8, 0.7, 0.9, math.nan]
    assert front(held, ("mse", "explained")) == ["a", "d"]


def test_scores_that_do_not_compare_are_refused():
    held = frame(drawn())
    with pytest.raises(UserError, match="unknown score 'msee'; did you mean mse"):
        differences(held, ["msee"])
    for name in ("nac", "entry"):
        with pytest.raises(UserError, match="neither more nor less is better"):
            higher(name)
    with pytest.raises(UserError, match="'level' must be between"):
        differences(held, ["mse"], level=0.9)


def rows():
    scores = {"fd_lenet": 3.0, "fd_lenet_sd": 0.1, "fd_lenet_floor": 0.5, "mse": 0.1,
              "details": {"count": 3}, "fd_lenet_reconstruction": 2.0}  # fmt: skip
    held = {"recipe": "ae", "rounds": 5, "parameters": 7, "train_seconds": 1.0}
    first = {**held, "latent": 2, "seed": 0, "scores": scores}
    second = {**first, "seed": 1, "scores": {**scores, "fd_lenet_floor": 0.7}}
    return [first, second, {**held, "latent": 2, "seed": 2, "error": "it diverged"}]


def test_rows_become_a_frame():
    held = framed(rows())
    assert held["entry"].tolist() == ["ae"] * 3
    assert held["error"].tolist() == ["", "", "it diverged"]
    assert main_scores(held) == ("fd_lenet", "mse")
    assert floor(held, "fd_lenet") == pytest.approx(0.6)
    assert floor(held, "mse") is None
    assert "details" not in held
    sizes = framed([*rows(), {**rows()[0], "latent": 4}])
    assert sizes["entry"].tolist() == ["ae, m = 2"] * 3 + ["ae, m = 4"]
    with pytest.raises(UserError, match="no training has a distance"):
        main_scores(framed(rows()[2:]))
