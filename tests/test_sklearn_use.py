"""The estimator in use: scikit-learn's own checks, searches, what is said, the page."""

from __future__ import annotations

import copy
import re
from pathlib import Path

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from estimators import LOOP, SETTINGS, X, estimator, flat, people
from latentfit import metrics
from latentfit.checks import UserError
from latentfit.recipes import RECIPES
from latentfit.sklearn import LatentFit, neg_frechet_distance

PAGE = Path(__file__).parents[1] / "docs" / "sklearn.md"
FEW = "20 rows at least are needed: a tenth each is held out, for scores and reports"
EXPECTED = {
    "check_estimators_nan_inf": f"it fits 10 rows; {FEW}",
    "check_n_features_in_after_fitting": f"it fits 15 rows; {FEW}",
    "check_methods_subset_invariance": "codes are float32, to the bit as latentfit encodes them: "
    "how a product is summed hangs on the number of rows, and 1e-7 is less than that rounding",
}
REFUSED = ("gan", "vae-bernoulli", "vq-vae")  # no encoder, or images only


def test_a_search_finds_the_setting_by_held_out_rows():
    pipe = make_pipeline(StandardScaler(), estimator(rounds=150))
    grid = {"latentfit__latent": [1, 2]}
    search = GridSearchCV(pipe, grid, scoring=neg_frechet_distance, cv=2).fit(X)
    assert search.best_params_ == {"latentfit__latent": 2}
    held = search.best_estimator_[-1]
    seen = held.seen(search.best_estimator_[:-1].transform(flat(80, 5)))
    wanted = -metrics.frechet(held.model_.sample(80, seed=3), seen)
    assert neg_frechet_distance(search.best_estimator_, flat(80, 5)) == pytest.approx(wanted)
    scores = cross_val_score(estimator(rounds=2), X, cv=2)  # by its own score
    assert np.isfinite(scores).all()


@pytest.mark.claim
def test_a_search_in_processes_gives_the_same():
    """Two workers, whose estimators are copied there and back."""
    search = GridSearchCV(estimator(rounds=20), {"latent": [1, 2]}, cv=2)
    alone = search.fit(X).cv_results_["mean_test_score"]
    both = clone(search).set_params(n_jobs=2).fit(X).cv_results_["mean_test_score"]
    np.testing.assert_allclose(both, alone, rtol=1e-12)


def test_training_is_as_asked():
    short = estimator(rounds=60, training=LOOP | {"patience": 1, "validate_every": 10},
                      settings=SETTINGS | {"rate": 1e-12}).fit(X)  # fmt: skip
    assert short.rounds_ < 60
    few = LatentFit("ae", 2, rounds=1, training=LOOP).fit(X[:60])
    assert few.model_.batch < 60 <= clone(few).fit(X).model_.batch == 128


def test_progress_is_shown_when_asked_for(capsys):
    estimator(rounds=2).fit(X)
    assert capsys.readouterr() == ("", "")
    estimator(rounds=2, verbose=1).fit(X)
    assert "2 of 2 rounds" in capsys.readouterr().err


@pytest.mark.parametrize(("more", "said"), [
    ({"recipe": "flexea"}, "did you mean flexae"),
    ({"recipe": "gan"}, "'gan' has no encoder"),
    ({"latent": "all"}, "'latent' must be a number, 'auto' or None, got 'all'"),
    ({"latent": 0}, "'latent' must be"),
    ({"rounds": 0}, "'rounds' must be"),
    ({"settings": {"widht": 1.0}}, "did you mean width"),
    ({"settings": {"seed": 1}}, "unknown setting of ae 'seed'"),
    ({"settings": ["width=1"]}, "'settings' must be a dictionary or None"),
    ({"training": "cpu"}, "'training' must be a dictionary or None, got 'cpu'"),
    ({"training": {"rounds": 1}}, "unknown setting of the training 'rounds'"),
    ({"training": {"save_seconds": 1.0}}, "unknown setting of the training 'save_seconds'"),
    ({"training": {"device": "cdua"}}, "device 'cdua'"),
])  # fmt: skip
def test_what_does_not_fit_is_said(more, said):
    held = estimator(rounds=1, settings={"width": 1 / 64}).set_params(**more)
    with pytest.raises(UserError, match=said):
        held.fit(X[:60])


def test_what_was_not_fitted_or_does_not_fit_is_said(tmp_path):
    fitted = estimator(rounds=1).fit(X)
    table = LatentFit("ae", 2, rounds=1, training=LOOP).fit(people(60))
    for call in (LatentFit().sample, lambda: LatentFit().save(tmp_path / "x"),
                 lambda: LatentFit().inverse_transform(X)):  # fmt: skip
        with pytest.raises(NotFittedError):
            call()
    with pytest.raises(UserError, match="codes have 6 dimensions, the model takes 2"):
        fitted.inverse_transform(X)
    with pytest.raises(UserError, match="'n_samples' must be at least 1"):
        fitted.sample(0)
    with pytest.raises(UserError, match="row 0, column 'town': 'Rome' is none of the values"):
        table.transform(people(20).assign(town="Rome"))


@parametrize_with_checks(
    [LatentFit("ae", 2, rounds=2, settings={"width": 1 / 64}, training=LOOP, random_state=0)],
    expected_failed_checks=lambda held: EXPECTED,
)
def test_scikit_learn_finds_no_other_fault(estimator, check):
    check(estimator)


def test_the_page_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert len(blocks) >= 5
    held: dict[str, object] = {}
    for number, block in enumerate(blocks):
        exec(compile(block, f"sklearn.md, block {number}", "exec"), held)


@pytest.mark.claim
@pytest.mark.parametrize("name", [name for name in RECIPES if name not in REFUSED])
def test_every_system_with_an_encoder_is_copied_and_kept(name, tmp_path):
    held = LatentFit(name, 2, rounds=1, settings={"width": 1 / 64}, training=LOOP, random_state=0)
    held.fit(X[:200])
    held.save(tmp_path / "run")
    for again in (copy.deepcopy(held), LatentFit.load(tmp_path / "run", device="cpu")):
        for call in ("transform", "score_samples"):
            np.testing.assert_array_equal(getattr(again, call)(X), getattr(held, call)(X))
        np.testing.assert_array_equal(again.sample(5), held.sample(5))
