"""The path of a run: what is averaged, exported, fitted afterwards and scored is what should be."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from moves import Copy
from played import QUIET, apart, split_of

import latentfit as lf
from latentfit.data.base import shuffled
from latentfit.data.splits import by_position
from latentfit.expost import CodeMixture, Codes, fit_prior, refit
from latentfit.posteriors import Code
from latentfit.priors import GaussianMixture
from latentfit.schema import Numbers, plain
from latentfit.scoring import subject
from latentfit.scoring.scores import evaluate, validation_score
from latentfit.storage import RunFolder
from latentfit.training import Settings

pytestmark = pytest.mark.usefixtures("single")


# Priors that are fitted afterwards


def noting(monkeypatch, kind, name):
    """What codes a method is called with, from now on."""
    own, seen = getattr(kind, name), []

    def noted(prior, codes, **rest):
        seen.append(codes)
        noted.rest = rest
        return own(prior, codes, **rest)

    monkeypatch.setattr(kind, name, noted)
    return seen


def test_a_prior_in_closed_form_is_fitted_on_training_codes(monkeypatch):
    data, seen = apart(), noting(monkeypatch, GaussianMixture, "fit")
    model = lf.recipe("ae", data, latent=2, width=1 / 8, batch=16)
    lf.train(model, data, rounds=2, seed=7, **QUIET)
    with torch.no_grad():
        expected = model.encode(data.train.first(10**6))
    torch.testing.assert_close(seen, [expected])
    assert GaussianMixture.fit.rest == {"seed": 7}
    assert split_of(data, data.train.first(10**6)) == [0]


@pytest.mark.parametrize(
    ("prior", "kind", "name"), [("gmm", GaussianMixture, "fit"), ("vamp", CodeMixture, "fit")]
)
def test_a_late_prior_sees_training_codes_only(prior, kind, name, monkeypatch):
    data, seen = apart(), noting(monkeypatch, kind, name)
    model = lf.recipe("ae", data, latent=6, width=1 / 8, batch=16).eval()
    model.posterior = Copy()
    refit(model, data, prior, rounds=40, progress=False, components=3)
    assert seen
    assert [split_of(data, codes) for codes in seen] == [[0]] * len(seen)


def test_a_learned_prior_goes_on_in_its_folder_and_starts_anew_with_others(tmp_path):
    data = apart()
    model = lf.recipe("ae", data, latent=2, width=1 / 8, batch=16)
    place = tmp_path / "prior"

    def fitted(seed):
        refit(model, data, "vamp", rounds=40, progress=False, seed=seed, folder=RunFolder(tmp_path))
        held = json.loads((place / "run.json").read_text())["identity"]
        assert (held["seed"], held["data"]["name"]) == (seed, f"codes of {data.name}")
        return (place / "checkpoints" / "last.pt").stat().st_mtime_ns

    first = fitted(3)
    assert fitted(3) == first
    assert fitted(4) != first


def test_codes_that_a_prior_is_fitted_on_are_drawn_by_the_seed(monkeypatch):
    data, seen = apart(), noting(monkeypatch, GaussianMixture, "fit")
    model = lf.recipe("vae-fixed-variance", data, latent=2, width=1 / 8).eval()
    model.prior = GaussianMixture(2, components=1)
    for number, seed in enumerate((3, 4, 3)):
        torch.manual_seed(number)
        fit_prior(model, data, Settings(rounds=1, seed=seed, progress=False, device="cpu"))
    assert torch.equal(seen[0], seen[2])
    assert not torch.isclose(seen[0], seen[1]).any()


def test_codes_of_a_split_are_drawn_anew():
    code = Code(torch.arange(10.0).reshape(5, 2), torch.ones(5, 2))
    split, places = Codes(code), torch.tensor([1, 3])
    first, second = split.take(places), split.take(places)
    assert not torch.equal(first, second)
    assert ((first - code.mean[places]).abs() < 6).all()


# Scores


def test_evaluate_scores_the_test_split(monkeypatch):
    data = apart()
    model = lf.recipe("wae-gan", data, latent=2, width=1 / 8, batch=16)
    seen, encoded = [], []
    monkeypatch.setattr(model, "reconstruct", lambda x: (seen.append(x), torch.zeros_like(x))[1])
    own = subject.encode_all
    monkeypatch.setattr(
        subject, "encode_all", lambda m, split: (encoded.append(split), own(m, split))[1]
    )
    scores = evaluate(model, data, groups=("fd",), draws=1)
    test = data.test.first(scores["details"]["count"])
    torch.testing.assert_close(torch.cat(seen), test)
    assert split_of(data, torch.cat(seen)) == [2]
    assert scores["mse"] == pytest.approx(float(test.square().mean()), rel=1e-5)
    assert encoded == [data.test]


def test_generated_samples_are_compared_with_test_samples():
    data = apart()
    model = lf.recipe("wae-gan", data, latent=2, width=1 / 8, batch=16)
    test = data.test.first(10**6)
    model.sample = lambda n: test[:n]
    assert evaluate(model, data, groups=("fd",), draws=1)["fd_pixels"] == pytest.approx(0, abs=1e-6)
    train = data.train.first(10**6)
    model.sample = lambda n: train[:n]
    assert evaluate(model, data, groups=("fd",), draws=1)["fd_pixels"] > 1


def test_memorisation_compares_disjoint_training_samples():
    data = apart()
    model = lf.recipe("wae-gan", data, latent=2, width=1 / 8, batch=16)
    count = len(data.test)
    places = shuffled(len(data.train))
    train, other = (data.train.take(part) for part in places[: 2 * count].split(count))
    test = data.test.first(count)
    made = train + 0.01  # copies, nearly
    model.sample = lambda n: made[:n]
    scores = evaluate(model, data, groups=("memorisation",), draws=1)

    def nearest(a, b):
        return float(torch.cdist(a.double(), b.double()).amin(1).mean())

    expected = {
        "train_train": nearest(other, train),
        "generated_train": nearest(made, train),
        "train_test": nearest(train, test),
        "generated_test": nearest(made, test),
    }
    for name, value in expected.items():
        assert scores[f"pms_{name}"] == pytest.approx(value, rel=1e-4), name
    ratio = (expected["generated_train"] / expected["generated_test"]) / (
        expected["train_train"] / expected["train_test"]
    )
    assert scores["pms_ratio"] == pytest.approx(ratio, rel=1e-4)
    assert ratio < 0.1


def test_checkpoints_are_chosen_on_the_validation_split():
    data = apart()
    for name in ("wae-gan", "ae"):
        model = lf.recipe(name, data, latent=2, width=1 / 8, batch=16)
        seen = []
        held = data.validation.first(10**6)
        model.sample = lambda n, held=held: held[:n]
        model.reconstruct = lambda x, seen=seen: (seen.append(x), x)[1]
        assert validation_score(data)(model) == pytest.approx(0, abs=1e-6)
        for x in seen:
            assert split_of(data, x) == [1]


# Splits and units


def contents(split):
    return {row.numpy().tobytes() for row in split.first(10**6)}


@pytest.mark.parametrize("name", ["digits", "synthetic:n=2,d=6,count=500", "swiss-roll"])
def test_splits_are_disjoint_by_content(name):
    data = lf.data.load(name)
    parts = [contents(part) for part in (data.train, data.validation, data.test)]
    assert [len(part) for part in parts] == [
        len(part) for part in (data.train, data.validation, data.test)
    ]
    assert len(set.union(*parts)) == sum(map(len, parts))


def test_splits_by_number_are_whole_disjoint_and_fixed():
    rest, chosen, held = by_position(1_000, test=True)
    assert sorted(torch.cat([rest, chosen, held]).tolist()) == list(range(1_000))
    assert (len(rest), len(chosen), len(held)) == (800, 100, 100)
    assert torch.equal(chosen, chosen.sort().values)
    assert held[:5].tolist() == by_position(1_000, test=True)[2][:5].tolist()
    rest, chosen, held = by_position(1_000, test=False)
    assert (len(rest), len(chosen), len(held)) == (900, 100, 0)
    assert [len(part) for part in by_position(300_000, test=True)] == [280_000, 10_000, 10_000]


def test_units_are_those_of_the_training_split():
    data = apart()
    x = torch.from_numpy(data.schema.restore(data.train.first(10**6))).double()
    torch.testing.assert_close(data.schema.shift, x.mean(0), rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(data.schema.scale, x.std(0), rtol=1e-5, atol=1e-5)
    assert split_of(data, data.test.first(9)) == [2]


def test_units_are_an_affine_map_and_its_inverse():
    shift, scale = (torch.tensor(v, dtype=torch.float64) for v in ([1.0, -2.0], [4.0, 0.5]))
    units = Numbers((2,), (2,), shift, scale)
    assert units.apply(np.array([[3.0, 5.0]])).tolist() == [[0.5, 14.0]]
    assert units.restore(torch.tensor([[0.5, 14.0]])).tolist() == [[3.0, 5.0]]
    assert plain((2,)).apply(np.array([[3.0, 5.0]])).tolist() == [[3.0, 5.0]]
