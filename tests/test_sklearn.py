"""The estimator for scikit-learn: the numbers of the library, in scikit-learn's terms."""

from __future__ import annotations

import copy
import json
import pickle
import random

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone

import latentfit as lf
from estimators import LOOP, SETTINGS, SHIFT, UNITS, WAYS, X, estimator, flat, people
from latentfit.checks import UserError
from latentfit.scoring import Detector
from latentfit.sklearn import LatentFit


@pytest.fixture(scope="module")
def fitted():
    return estimator().fit(X)


@pytest.fixture(scope="module")
def by_hand():
    data = lf.data.load(X, kind="vectors")
    model = lf.recipe("ae", data, latent=2, seed=3, **SETTINGS)
    lf.train(model, data, rounds=250, seed=3, progress=False, **LOOP)
    return model, data


@pytest.fixture(scope="module")
def table():
    found = LatentFit("sigma-vae", 3, rounds=1500, settings=SETTINGS, training=LOOP, random_state=0)
    return found.fit(people(400))


def test_it_gives_the_numbers_of_the_library(fitted, by_hand):
    model, data = by_hand
    codes = fitted.transform(X)
    np.testing.assert_array_equal(codes, model.encode(X))
    np.testing.assert_array_equal(fitted.inverse_transform(codes), model.reconstruct(X))
    np.testing.assert_array_equal(fitted.sample(7, 5), model.sample(7, seed=5, as_array=True))
    found = Detector(model, data, seed=3).judge(data.schema.apply(X)).score.numpy()
    np.testing.assert_array_equal(fitted.score_samples(X), -found)
    assert fitted.score(X) == pytest.approx(-found.mean())
    assert (fitted.latent_, fitted.size_, fitted.rounds_, fitted.seed_) == (2, None, 250, 3)


def test_reconstructions_and_samples_are_in_the_units_of_x(fitted):
    fresh = flat(300, seed=1)
    lost = fitted.inverse_transform(fitted.transform(fresh)) - fresh
    assert (lost.std(0) / fresh.std(0)).max() < 0.1
    drawn = fitted.sample(4_000)
    assert drawn.shape == (4_000, 6)
    assert (np.abs(drawn.mean(0) - X.mean(0)) / X.std(0)).max() < 0.15
    np.testing.assert_allclose(drawn.std(0), X.std(0), rtol=0.15)
    np.testing.assert_allclose(np.corrcoef(drawn.T), np.corrcoef(X.T), atol=0.1)


def test_unusual_rows_score_lower(fitted):
    scores = fitted.score_samples(flat(200, seed=2))
    off = flat(200, seed=3) + UNITS * np.random.default_rng(0).normal(size=(200, 6))
    turn = np.linspace(0, 2 * np.pi, 50)
    far = SHIFT + UNITS * (7 * np.stack([np.cos(turn), np.sin(turn)], 1) @ WAYS)
    assert (scores <= 0).all()
    assert not np.signbit(scores[scores == 0]).any()
    assert np.median(fitted.score_samples(off)) < scores.min()
    assert fitted.score_samples(far).max() < np.quantile(scores, 0.05)


def test_the_seed_decides_and_global_streams_stay(fitted):
    def streams():
        return torch.get_rng_state().tolist(), np.random.get_state()[1].tolist(), random.getstate()

    before = streams()
    again = clone(fitted).fit(X)
    fitted.sample(3)
    LatentFit("flexae", 2, rounds=2, settings={"width": 1 / 64}, training=LOOP).fit(X).sample(2)
    assert streams() == before
    np.testing.assert_array_equal(again.transform(X), fitted.transform(X))
    np.testing.assert_array_equal(again.sample(5), fitted.sample(5))
    states = (3, 4, None, None, np.random.RandomState(0), np.random.RandomState(0))
    short = [estimator(rounds=2, random_state=state).fit(X).transform(X) for state in states]
    equal = {(i, j) for i in range(6) for j in range(i) if (short[i] == short[j]).all()}
    assert equal == {(5, 4)}


def test_samples_are_drawn_as_by_scikit_learns_own(fitted):
    assert fitted.sample().shape == (1, 6)
    np.testing.assert_array_equal(fitted.sample(4), fitted.sample(4, random_state=3))
    stream = np.random.RandomState(0)
    first, second = fitted.sample(4, stream), fitted.sample(4, random_state=stream)
    assert (first != second).any()
    np.testing.assert_array_equal(first, fitted.sample(4, np.random.RandomState(0)))


def test_a_folder_holds_all_of_it(fitted, table, tmp_path):
    for held, x in ((fitted, X), (table, people(50))):
        place = tmp_path / held.recipe
        held.save(place)
        again = LatentFit.load(place, device="cpu")
        np.testing.assert_array_equal(again.transform(x), held.transform(x))
        np.testing.assert_array_equal(again.score_samples(x), held.score_samples(x))
        pd.testing.assert_frame_equal(pd.DataFrame(again.sample(9)), pd.DataFrame(held.sample(9)))
        assert again.get_params() == held.get_params()
        assert {name for name in vars(again)} == {name for name in vars(held)}
        for name in ("latent_", "rounds_", "seed_", "n_features_in_", "size_"):
            assert getattr(again, name) == getattr(held, name)
        again.save(place)  # the same one
        kinds = {path.suffix for path in place.iterdir() if path.name != ".lock"}
        assert kinds == {".json", ".safetensors"}
    assert list(again.feature_names_in_) == list(people(20).columns)
    model = lf.load(tmp_path / "ae", device="cpu")
    np.testing.assert_array_equal(model.encode(X), fitted.transform(X))
    with pytest.raises(UserError, match="holds another run"):
        table.save(tmp_path / "ae")


def test_a_prior_without_a_density_is_kept_too(tmp_path):
    """Its codes are stood for by a mixture, which is learned; a stream is kept as its seed."""
    stream = np.random.RandomState(0)
    held = LatentFit("flexae", np.int64(2), rounds=2, settings={"width": np.float32(1 / 64)},
                     training=LOOP, random_state=stream).fit(X)  # fmt: skip
    held.save(tmp_path / "run")
    again = LatentFit.load(tmp_path / "run", device="cpu")
    np.testing.assert_array_equal(again.score_samples(X), held.score_samples(X))
    assert again.random_state == held.seed_
    np.testing.assert_array_equal(clone(again).fit(X).transform(X), held.transform(X))


def test_folders_without_an_estimator_are_refused(by_hand, fitted, tmp_path):
    model, data = by_hand
    lf.save(model, data, tmp_path / "run")
    with pytest.raises(UserError, match="holds a run that no estimator has saved"):
        LatentFit.load(tmp_path / "run")
    with pytest.raises(UserError, match="no run folder at"):
        LatentFit.load(tmp_path / "none")
    fitted.save(tmp_path / "mine")
    facts = tmp_path / "mine" / "estimator.json"
    told = json.loads(facts.read_text())
    facts.write_text(json.dumps(told | {"format": 99}))
    with pytest.raises(UserError, match="written in format 99"):
        LatentFit.load(tmp_path / "mine")
    facts.write_text(json.dumps(told))
    (tmp_path / "mine" / "estimator.safetensors").write_bytes(b"no tensors")
    with pytest.raises(UserError, match="cannot be read"):
        LatentFit.load(tmp_path / "mine")


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda held: pickle.loads(pickle.dumps(held))])
def test_copies_in_memory_give_the_same(fitted, table, copied):
    for held, x in ((fitted, X), (table, people(50))):
        again = copied(held)
        np.testing.assert_array_equal(again.transform(x), held.transform(x))
        np.testing.assert_array_equal(again.score_samples(x), held.score_samples(x))
        assert again.model_ is not held.model_
    assert copied(estimator()).get_params() == estimator().get_params()


def test_a_table_goes_round(table):
    frame = people(200, seed=1)
    back = table.inverse_transform(table.transform(frame))
    assert list(back.columns) == list(frame.columns)
    told = frame.dtypes.to_dict() | {"paid": np.dtype(bool)}  # texts that are truths become such
    for made in (back, table.sample(300)):
        assert made.dtypes.to_dict() == told
        assert set(made["town"]) <= {"Bonn", "Cologne", "Trier"}
    assert (back["build"] == frame["build"]).mean() > 0.95
    assert np.corrcoef(back["height"], frame["height"])[0, 1] > 0.95
    drawn = table.sample(2_000, random_state=1)
    assert abs(drawn["weight"].isna().mean() - 0.3) < 0.1
    tall = drawn.groupby("build")["height"].mean()
    assert tall["tall"] - tall["short"] == pytest.approx(20, abs=5)
    odd = frame.assign(height=np.where(frame["build"] == "tall", 140.0, 210.0))
    assert (table.score_samples(odd) < table.score_samples(frame)).mean() > 0.9


def test_names_and_tables_come_out(table, fitted):
    frame = people(30).set_index(pd.Index(range(100, 130)))
    assert list(table.get_feature_names_out()) == ["latentfit0", "latentfit1", "latentfit2"]
    shown = (
        clone(table)
        .set_params(rounds=2, settings={})
        .set_output(transform="pandas")
        .fit(people(60))
    )
    codes = shown.transform(frame)
    assert list(codes.columns) == list(table.get_feature_names_out())
    assert list(codes.index) == list(frame.index)
    assert codes.dtypes.unique() == [np.float32]
    assert shown.inverse_transform(codes).shape == (30, 7)
    assert not hasattr(fitted, "feature_names_in_")
    with pytest.raises(ValueError, match="feature names should match"):
        table.transform(frame[frame.columns[::-1]])


@pytest.mark.parametrize("names", [[*"abcdef"], range(6)])
def test_a_table_of_numbers_takes_arrays(names):
    frame = pd.DataFrame(X, columns=names)
    held = estimator(rounds=2).fit(frame)
    assert list(held.inverse_transform(held.transform(frame[:3])).columns) == list(names)
    plain = clone(held).fit(X)
    if isinstance(names, range):  # names that are numbers are none to scikit-learn
        np.testing.assert_array_equal(held.transform(X), held.transform(frame))
        return
    with pytest.warns(UserWarning, match="does not have valid feature names"):
        np.testing.assert_array_equal(held.transform(X), held.transform(frame))
    with pytest.warns(UserWarning, match="fitted without feature names"):
        np.testing.assert_array_equal(plain.transform(frame), plain.transform(X))


def test_the_latent_size_is_found(monkeypatch, tmp_path):
    x = np.random.default_rng(0).normal(size=(400, 3)) @ np.random.default_rng(1).normal(
        size=(3, 9)
    )
    # Rounds are timed to say what would fit a larger budget.
    monkeypatch.setattr("latentfit.sizing.budget.seconds_a_round", lambda cell, data: 1.0)
    held = LatentFit("ae", rounds=1, training=LOOP, random_state=2).fit(x)
    told = lf.size(lf.data.load(x, kind="vectors"), budget=0, seed=2)
    assert held.latent_ == told.latent == held.transform(x).shape[1] == 3
    assert held.size_.interval == told.interval
    held.save(tmp_path / "run")
    again = LatentFit.load(tmp_path / "run", device="cpu")
    assert (again.size_.latent, again.size_.interval) == (3, told.interval)
    assert again.latent == "auto"
    with pytest.raises(UserError, match="'budget' must be at least 0"):
        clone(held).set_params(budget=-1).fit(x)
