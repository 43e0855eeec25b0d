"""What metrics and parts refuse or leave undefined, since it would give a wrong number."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

import latentfit as lf
from latentfit import metrics, networks
from latentfit.checks import UserError
from latentfit.likelihoods import Gaussian
from latentfit.posteriors import Code
from latentfit.priors import KernelDensity
from latentfit.scoring.table import METRICS
from latentfit.shapes import as_array

NAN, INF = math.nan, math.inf
X = torch.linspace(0, 1, 40).reshape(10, 4).cos()
EQUAL = torch.full((300, 3), 0.1)  # whose mean is not quite 0.1
FAR = torch.linspace(0, 1, 900).reshape(300, 3).cos()
NETWORKS = (networks.encoder, networks.decoder)


def density(codes: int, count: int) -> None:
    KernelDensity(2, count=count).fit(torch.zeros(codes, 2))


@pytest.mark.parametrize(("call", "message"), [
    (lambda: metrics.manifold(X, X, near=0), "'near' must be between 1 and 9, got 0; give more"),
    (lambda: metrics.manifold(X, X, near=10), "'near' must be between 1 and 9, got 10"),
    (lambda: metrics.manifold(X, X, far=0), "'far' must be between 1 and 9, got 0"),
    (lambda: metrics.manifold(X[:4], X, far=4), "'far' must be between 1 and 3, got 4"),
    (lambda: metrics.precision_recall(X, X, k=0), "'k' must be between 1 and 9, got 0"),
    (lambda: metrics.density_coverage(X, X[:5]), "'k' must be between 1 and 4, got 5"),
    (lambda: metrics.intrinsic_dimension(EQUAL), "at least 200 distinct rows, got 1 among 300; g"),
    (lambda: metrics.intrinsic_dimension(FAR, count=0), "'count' must be at least 200, got 0; "),
    (lambda: metrics.intrinsic_dimension(FAR, estimator="local-pca", count=150), "'count' must"),
    (lambda: metrics.parzen(X, X, INF), "'sigma' must be above 0 and finite, got inf; give a"),
    (lambda: metrics.parzen(X, X, 0.0), "'sigma' must be above 0 and finite, got 0; give a"),
    (lambda: metrics.parzen_width(X, X[:1]), "'deviation' must be above 0 .*, got 0; samples must"),
    (lambda: metrics.parzen_width(FAR, EQUAL), "samples must differ .* else give 'candidates'"),
    (lambda: metrics.parzen_width(X, X, []), "'candidates' must hold at least one width, got none"),
    (lambda: metrics.parzen_width(X, X, [INF]), "'sigma' must be above 0 and finite, got inf"),
    (lambda: metrics.kl_profile(X, X[:1]), "'mean' and 'scale' need as many rows, got 10 and 1; "),
    (lambda: metrics.kl_profile(X, 0 * X), "'scale' must be above 0 and finite, got 0; give dev"),
    (lambda: metrics.knee([2, 4], [NAN, 1.0]), r"'errors' must be finite, .* at \[2\]; leave"),
    (lambda: metrics.knee([2, 4], [1.0, INF]), r"'errors' must be finite, .* at \[4\]; leave"),
    (lambda: metrics.knee([2, 4, 8], [1.0, 0.5]), "must be equally many, .* got 3 and 2; give"),
    (lambda: metrics.knee([], []), "at least one, got 0 and 0; give one error for each size"),
    (lambda: as_array(torch.eye(2).to_sparse(), "x"), "'x' cannot be read as an array .* dense"),
    (lambda: Gaussian(bounded=False, deviation=0), "'deviation' must be above 0 .* got 0; give"),
    (lambda: Gaussian(bounded=False, deviation=NAN), "'deviation' must be above 0 .* got nan"),
    (lambda: density(1, 10), "at least 2 codes for its width, got 1 and keeps 10; use more"),
    (lambda: density(0, 10), "at least 2 codes for its width, got 0"),
    (lambda: density(9, 1), "at least 2 codes for its width, got 9 and keeps 1; .* raise 'count'"),
    *((lambda make=make: make((5,), 3, family="flexea"), "unknown family 'flexea'; did you mean f")
      for make in NETWORKS),
    *((lambda make=make: make((1, 8, 8), 3, family="flexea"), "unknown family 'flexea'")
      for make in NETWORKS),
    *((lambda make=make: make((5,), 3, family="sngan"), "'sngan' is one of images; leave it out")
      for make in NETWORKS),
    *((lambda name=name: metrics.from_module(name, nn.Flatten()), f"name '{name}' is taken; give")
      for name in ("auto", "lenet", "pixels", "inception")),
])  # fmt: skip
def test_what_would_give_a_wrong_number_is_refused_in_one_line(call, message):
    with pytest.raises(UserError, match=message) as caught:
        call()
    assert "\n" not in str(caught.value)


def test_what_is_just_allowed_gives_a_number():
    copies = metrics.manifold(X, X, near=9, far=9)
    assert (copies.precision, copies.recall, copies.coverage) == (1, 1, 1)
    for estimator in metrics.ESTIMATORS:
        points = torch.randn(200, 2, generator=torch.Generator().manual_seed(0))
        found = metrics.intrinsic_dimension(
            points, estimator=estimator, count=200, repeats=2, calibrate=False
        )
        assert 1 < found.value < 3
    assert metrics.parzen_width(X, X[:1], (0.1, 1.0)) in (0.1, 1.0)
    assert metrics.knee([4], [1.0]) == 4
    assert metrics.from_module("mine", nn.Flatten()).name == "mine"


def test_finite_features_whose_sum_overflows_are_finite():
    rows = np.full((4, 3), 1e308)
    assert metrics.nearest_distance(rows, rows).value == 0
    for bad in (NAN, INF):
        rows[2, 1] = bad
        with pytest.raises(UserError, match="features hold NaN or infinity"):
            metrics.nearest_distance(rows, rows)


@pytest.mark.parametrize("kind", [torch.bfloat16, torch.float16, torch.float64, torch.uint8])
def test_a_tensor_of_any_type_becomes_an_array(kind):
    x = torch.tensor([[0, 1], [2, 3]]).to(kind)
    held = as_array(x.requires_grad_(x.is_floating_point()), "x")
    assert held.tolist() == [[0, 1], [2, 3]]
    name = "float32" if kind == torch.bfloat16 else str(kind).removeprefix("torch.")
    assert held.dtype == name


@pytest.mark.parametrize("zero", ["train_train", "train_test", "generated_test"])
def test_memorisation_divided_by_a_distance_of_zero_is_not_defined(zero):
    one = metrics.Estimate(1.0, 0.0, 9)
    parts = dict.fromkeys(("train_train", "generated_train", "train_test", "generated_test"), one)
    none = metrics.Estimate(0.0, 0.0, 9)
    assert metrics.Memorisation(**parts).ratio == 1
    assert metrics.Memorisation(**parts | {"generated_train": none}).ratio == 0
    assert math.isnan(metrics.Memorisation(**parts | {zero: none}).ratio)


@pytest.mark.parametrize("value", [0.0, 0.1])
def test_codes_that_are_all_equal_carry_nothing(value):
    codes = torch.full((300, 3), value)
    assert not metrics.open_dimensions(codes, None).any()
    assert metrics.spectral_dimension(codes) == 0
    assert math.isnan(metrics.nac(FAR, active=torch.zeros(3, dtype=torch.bool)))
    codes[0, 1] = 1.0
    assert metrics.open_dimensions(codes, None).tolist() == [False, True, False]
    assert metrics.spectral_dimension(codes) == 1


@pytest.mark.parametrize(("scale", "expected"), [(0.0, None), (0.1, 1)])
def test_points_have_no_dimensions_by_nats(scale, expected):
    code = Code(torch.zeros(5, 2), torch.tensor([1.0, scale]).repeat(5, 1))
    subject = SimpleNamespace(code=code, model=SimpleNamespace(encodes=True))
    assert METRICS["kl_dimensions"].of(subject) == expected


@pytest.mark.parametrize("features", ["pixels", "lenet"])
def test_a_model_of_constant_data_is_scored(features):
    data = lf.data.arrays(np.zeros((300, 8, 8), np.uint8))
    model = lf.recipe("ae", data, latent=4, width=1 / 64)
    lf.train(model, data, rounds=2, progress=False, device="cpu")
    extractor = metrics.lenet("digits") if features == "lenet" else features
    scores = lf.evaluate(model, data, features=extractor, draws=1)
    undefined = {name for name, value in scores.items() if value is None}
    others = {"ms_lenet_ratio"} if features == "lenet" else set()
    assert undefined == others | {
        "pms_ratio", "novelty", "authenticity_se", "explained", "nac", "nac_covariance",
        "non_normality", "prior_sliced_wasserstein", "prior_wasserstein", "code_dimension",
    }  # fmt: skip
    assert (scores["active"], scores["active_units"], scores["code_spectral_95"]) == (0, 0, 0)
    assert scores["pms_train_train"] == scores["pms_train_test"] == 0
