"""Unusual samples: what is measured, how surely, and the command."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

import latentfit as lf
from latentfit.checks import UserError
from latentfit.expost import refit
from latentfit.priors import GaussianMixture
from latentfit.scoring.anomaly import Detector
from latentfit.studies import STUDIES, anomalies
from shell import QUIET, command


def samples(count, seed=0):
    """Rows of two factors in six entries, with a little noise."""
    random = np.random.default_rng(seed)
    ways = np.random.default_rng(9).normal(size=(2, 6))
    return (random.normal(size=(count, 2)) @ ways + 0.1 * random.normal(size=(count, 6))).astype(
        np.float32
    )


@pytest.fixture(scope="module")
def trained():
    data = lf.data.arrays(samples(1_500), name="usual")
    model = lf.recipe("ae", data, latent=2, width=1 / 8, batch=64, rate=1e-3)
    lf.train(model, data, rounds=500, validate=False, **QUIET)
    return model, data, Detector(model, data)


def test_error_and_surprise_are_what_they_say(trained):
    model, data, detector = trained
    x = data.test.first(7)
    found = detector.judge(x)
    torch.testing.assert_close(found.error, (x - model.reconstruct(x)).double().square().mean(1))
    # The prior of `ae` is a Gaussian, which has a density.
    law = torch.distributions.MultivariateNormal(
        model.prior.means[0], scale_tril=model.prior.factors[0]
    )
    torch.testing.assert_close(found.surprise, -law.log_prob(model.encode(x)).double())


def test_scores_are_distances_from_what_is_usual(trained):
    _, data, detector = trained
    known = data.train.first(len(data.train))
    usual = detector.judge(known)
    away = []
    for values in (usual.error.log(), usual.surprise):
        middle = values.median()
        deviation = 1.4826 * (values - middle).abs().median()
        away.append(((values - middle) / deviation).exp().log1p())
    torch.testing.assert_close(usual.score, (away[0] ** 2 + away[1] ** 2).sqrt())


def test_the_entry_is_told_whose_error_is_most_beyond_its_own(trained):
    model, data, detector = trained
    known = data.train.first(len(data.train))
    usual = (known - model.reconstruct(known)).double().square().mean(0)
    x = data.test.first(40).clone()
    shares = (x - model.reconstruct(x)).double().square() / usual
    assert detector.entries(x).tolist() == shares.argmax(1).tolist()
    x[3, 4] = torch.nan
    assert int(detector.entries(x)[3]) == 4


def test_p_counts_held_out_samples_that_score_as_high(trained):
    _, data, detector = trained
    held = torch.cat([data.validation.first(10**6), data.test.first(10**6)])
    scores = detector.judge(held).score
    some = detector.judge(torch.cat([held[:9], data.train.first(20)]))
    wanted = [(1 + int((scores >= s).sum())) / (len(held) + 1) for s in some.score]
    assert detector.held == len(held)
    assert some.p.tolist() == pytest.approx(wanted)
    far = detector.judge(50 * data.test.first(3))
    assert far.p.tolist() == pytest.approx([1 / (len(held) + 1)] * 3)


def test_alarms_are_false_at_the_rate_that_was_asked_for(trained):
    """Two deviations of the count of alarms, and of the held-out samples behind the threshold."""
    _, data, detector = trained
    fresh = data.schema.apply(samples(4_000, seed=5))
    p = detector.judge(fresh).p
    for rate in (0.05, 0.2, 0.5):
        spread = math.sqrt(rate * (1 - rate) * (1 / 4_000 + 1 / detector.held))
        assert abs(float((p <= rate).double().mean()) - rate) < 2.5 * spread
    odd = data.schema.apply(samples(500, seed=6)[:, ::-1].copy())
    assert float((detector.judge(odd).p <= 0.05).double().mean()) > 0.7


def test_a_prior_without_a_density_is_stood_for_by_a_mixture(trained):
    _, data, _ = trained
    model = lf.recipe("wae-gan", data, latent=2, width=1 / 32, batch=32)
    detector = Detector(model, data)
    assert detector.usual.mixture is None  # N(0, I) has a density of its own
    x = data.test.first(4)
    z = model.eval().encode(x)
    wanted = 0.5 * (z.square() + math.log(2 * math.pi)).sum(1)
    torch.testing.assert_close(detector.judge(x).surprise, wanted.double(), rtol=1e-5, atol=1e-5)
    refit(model, data, "kde", rounds=1)
    assert isinstance(Detector(model, data).usual.mixture, GaussianMixture)


def test_what_it_cannot_tell_is_refused(trained):
    _, _, detector = trained
    with pytest.raises(UserError, match=r"no p is below 0\.00.*raise it, or hold out more"):
        detector.must_reach(1e-4)
    assert detector.must_reach(0.3) is None
    with pytest.raises(UserError, match="'rate' must be"):
        detector.must_reach(1.5)
    with pytest.raises(UserError, match="no encoder"):
        Detector(lf.recipe("gan", (1, 8, 8), latent=2, width=1 / 64), lf.data.load("digits"))
    few = lf.data.arrays(samples(60), name="few")
    with pytest.raises(UserError, match="p-values need 20 held-out samples at least, 'few' has"):
        Detector(lf.recipe("ae", few, latent=2, width=1 / 64), few)


def test_the_command_says_which(tmp_path):
    names = [f"c{k}" for k in range(6)]
    pd.DataFrame(samples(600), columns=names).to_csv(tmp_path / "known.csv", index=False)
    new = samples(90, seed=3)
    new[[4, 50]] *= -8
    new[[4, 50], 0] += 30
    pd.DataFrame(new, columns=names).to_csv(tmp_path / "new.csv", index=False)
    run, out = tmp_path / "run", tmp_path / "scores.csv"
    command("train", "ae", "--data", tmp_path / "known.csv", "--latent", "2", "--rounds", "300",
            "--set", "batch=32", "--set", "width=0.125", "--out", run, "--quiet", "--device", "cpu",
            "--no-evaluate", check=True)  # fmt: skip
    words = ["score", run, "--data", tmp_path / "new.csv", "--out", out]
    said = command(*words, "--rate", "0.1", check=True)
    frame = pd.read_csv(out)
    assert list(frame.columns) == ["row", "error", "surprise", "score", "p", "column", "alarm"]
    assert frame["row"].tolist() == list(range(90))
    assert set(frame.nlargest(2, "score")["row"]) == {4, 50}
    assert frame["alarm"].equals(frame["p"] <= 0.1)
    assert f"{frame['alarm'].sum()} alarms among 90 samples" in said.stderr
    assert "usual ones alone would raise about 9" in said.stderr
    assert (tmp_path / "scores.png").exists()
    facts = json.loads(command(*words, "--json", check=True).stdout)
    assert facts["samples"] == 90
    assert facts["alarms"] < frame["alarm"].sum()  # at 5 %
    for more, told in [
        (["--out", tmp_path / "x.txt"], "scores do not go into x.txt; use .csv"),
        (["--rate", "0"], "no p is below"),
        (["--data", tmp_path / "none.csv"], "no file or folder"),
    ]:
        wrong = command(*words, *more)
        assert wrong.returncode == 2
        assert told in wrong.stderr


def table(count, seed=0):
    """Rows of an amount that follows from its kind, and of a number that follows from nothing."""
    random = np.random.default_rng(seed)
    kinds = random.choice(["shop", "phone", "web"], count)
    amount = pd.Series(kinds).map({"shop": 10, "phone": 50, "web": 90}) + random.normal(size=count)
    return pd.DataFrame({"kind": kinds, "amount": amount.round(1), "of": "all",
                         "noise": random.normal(size=count).round(2)})  # fmt: skip


def test_a_cell_that_the_training_never_had_is_the_least_usual(tmp_path):
    table(600).to_csv(tmp_path / "known.csv", index=False)
    new = table(400, seed=1)
    new.loc[3, "kind"], new.loc[7, "noise"], new.loc[9, "of"] = "fax", np.nan, "none"
    new.loc[12, ["kind", "amount"]] = "shop", 400.0
    new.to_csv(tmp_path / "new.csv", index=False)
    run, out = tmp_path / "run", tmp_path / "scores.csv"
    command("train", "ae", "--data", tmp_path / "known.csv", "--latent", "2", "--rounds", "600",
            "--set", "batch=32", "--set", "width=0.125", "--set", "rate=1e-3", "--out", run,
            "--quiet", "--device", "cpu", "--no-evaluate", check=True)  # fmt: skip
    words = ["score", run, "--data", tmp_path / "new.csv", "--out", out]
    said = command(*words, "--rate", "0.02", check=True)
    assert "3 samples have a cell that the training never had" in said.stderr
    found = pd.read_csv(out).set_index("row")
    unknown = found.loc[[3, 7, 9]]
    assert np.isinf(unknown["score"]).all()
    assert unknown["alarm"].all()
    # Of the column that was constant nothing is seen, so it has no name here.
    assert unknown["column"].fillna("").tolist() == ["kind", "noise", ""]
    assert np.isfinite(found.drop(index=[3, 7, 9])["score"]).all()
    assert found.loc[12, "column"] in ("kind", "amount")
    assert found.loc[12, "alarm"]
    # Eight of 400 by chance, by 120 held-out rows; three deviations of both counts.
    assert found["alarm"].sum() <= 4 + 8 + 3 * math.sqrt(8 + 8 * 400 / 120)


@pytest.mark.parametrize(("column", "cell"), [
    ("amount", "n.v."), ("size", "x"), ("flag", "x"), ("year", "x"), ("day", "soon"),
    ("kind", "fax"), ("amount", "1e300"),
])  # fmt: skip
def test_one_cell_makes_one_row_unusual(tmp_path, column, cell):
    """As in a file, where a text among numbers makes texts of all."""
    count = 60
    frame = table(count).assign(
        amount=[f"1,{i // 2:03d}" for i in range(count)], size=np.arange(count) % 9 + 0.5,
        flag=np.arange(count) % 2, year=2020,
        day=[f"{i % 28 + 1:02}.01.2020" for i in range(count)],
    )  # fmt: skip
    path = tmp_path / "t.csv"
    frame.to_csv(path, index=False)
    schema = replace(lf.data.load(str(path)).schema, lenient=True)
    for rows, many in ((count, 1), (count, 6), (12, 1)):
        new = frame[:rows].astype(object)
        for k in range(many):
            new.loc[k, column] = cell if many == 1 or column == "kind" else f"{cell}{k}"
        new.to_csv(path, index=False)
        read = lf.data.load(str(path), schema=schema)
        odd = {
            int(row)
            for part in ("train", "validation", "test") if (split := getattr(read, part))
            for row, x in zip(split.ids, split.first(count), strict=True)
            if not bool(x.isfinite().all())
        }  # fmt: skip
        assert odd == set(range(many)), (rows, many)


def test_the_study_holds_out_a_class_and_counts_false_alarms(tmp_path):
    cells = STUDIES["anomalies"].cells("short")
    assert len({cell.key for cell in cells}) == len(cells) == 15
    row = anomalies.HeldOut("wine", 20, 1).play(tmp_path, None)
    assert row["odd"] == 1
    assert row["usual"] == (178 - 71) // 5
    assert row["auroc"].keys() == set(anomalies.WAYS)
    assert all(0 <= area <= 1 for area in row["auroc"].values())
    # Of 99 held-out samples the fifth lowest p has a Beta(5, 95) share of usual ones below it.
    many = [{"usual": 10**6, "held_out": 99}]
    low, high = anomalies._binomial(many)
    assert low / 10**6 == pytest.approx(0.0166, abs=0.001)
    assert high / 10**6 == pytest.approx(0.1000, abs=0.003)
    text, _ = STUDIES["anomalies"].shows([row], tmp_path, None)
    assert "| wine | 1 |" in text
