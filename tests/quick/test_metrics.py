"""Scores against golden numbers, closed forms, brute force and reference packages."""

from __future__ import annotations

import contextlib
import io
import math

import numpy as np
import pytest
import torch
from scipy.linalg import sqrtm
from sklearn.neighbors import NearestNeighbors

from latentfit import metrics
from latentfit.checks import UserError
from latentfit.metrics.frechet import Moments, frechet_moments

ROW, COLUMN = np.arange(40)[:, None], np.arange(4)[None]
A = np.sin(1 + ROW + 2 * COLUMN) + 0.3 * np.sin(0.37 * ROW**2 * (1 + COLUMN))
B = 0.8 * np.cos(2 + 3 * ROW + COLUMN) + 0.2 * np.cos(0.21 * ROW**2 * (2 + COLUMN)) + 0.1
MIXED = A + 0.8 * B


def features(rows=600, columns=48, seed=0):
    generator = np.random.default_rng(seed)
    mix = np.random.default_rng(99).normal(size=(columns, columns)) / columns**0.5
    return np.maximum(generator.normal(size=(rows, columns)) @ mix + 0.2 * seed, 0)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (lambda: metrics.frechet(A, B), 1.6730589466),
        (lambda: metrics.frechet(A, MIXED), 0.3226243961),
        (lambda: metrics.kid(A, B).value, 0.4232566380),
        (lambda: metrics.nac(A), 0.5366776295),
        (lambda: metrics.nac(A, form="covariance"), 0.3030259807),
        (lambda: metrics.nearest_distance(A, B).value, 1.1635919793),
        (lambda: metrics.nearest_distance(B, A).value, 1.0769954103),
        (lambda: metrics.parzen(A, B, 0.2).value, -18.3321711963),
        (lambda: metrics.parzen(A, B, 0.5).value, -5.9008870678),
    ],
)
def test_golden_numbers(found, expected):
    assert found() == pytest.approx(expected, rel=1e-9)


def test_golden_neighbourhoods():
    three, five = (metrics.density_coverage(MIXED, A, k=k) for k in (3, 5))
    assert three == metrics.Manifold(0.35, 1.0, pytest.approx(0.225), 0.475)
    assert five == metrics.Manifold(0.725, 1.0, pytest.approx(0.345), 0.9)
    precision, recall = metrics.precision_recall(MIXED, A)
    both = metrics.manifold(MIXED, A)
    assert both == metrics.Manifold(precision, recall, five.density, five.coverage)


def test_golden_prd():
    eval_, real = np.array([0.5, 0.3, 0.2, 0.0]), np.full(4, 0.25)
    curve, swapped = metrics.prd_curve(eval_, real), metrics.prd_curve(real, eval_)
    assert (curve.f8, curve.f1_8) == pytest.approx((0.7471009, 0.9848289), abs=5e-8)
    assert (swapped.f8, swapped.f1_8) == pytest.approx((0.9848289, 0.7471009), abs=5e-8)


def test_frechet_of_two_gaussians_in_closed_form():
    one = Moments(2, torch.zeros(2).double(), torch.eye(2).double())
    other = Moments(2, torch.tensor([1.0, 0.0]).double(), torch.diag(torch.tensor([4.0, 1.0])))
    other.scatter = other.scatter.double()
    assert frechet_moments(one, other) == pytest.approx(2.0, abs=1e-12)


@pytest.mark.parametrize("rows", [600, 40])  # more rows than columns, and fewer
def test_frechet_agrees_with_the_matrix_root(rows):
    a, b = features(rows), features(rows, seed=1)
    gap = a.mean(0) - b.mean(0)
    one, other = (np.cov(x, rowvar=False) for x in (a, b))
    root = np.trace(sqrtm(one @ other).real)
    expected = gap @ gap + np.trace(one) + np.trace(other) - 2 * root
    # The root of a singular product is what the symmetric form avoids; it is good to few digits.
    assert metrics.frechet(a, b) == pytest.approx(expected, rel=1e-9 if rows > 48 else 1e-5)


@pytest.mark.parametrize("rank", [48, 5])
def test_frechet_of_a_set_with_itself_is_rounding(rank):
    low = features()[:, :rank] @ np.random.default_rng(3).normal(size=(rank, 48)) * 10
    # Traces that cancel, each a sum of n eigenvalues that are good to n eps of the largest.
    trace = np.trace(np.cov(low, rowvar=False))
    rounding = 48 * np.finfo(float).eps * trace
    assert abs(metrics.frechet(low, low)) < 4 * rounding
    assert metrics.frechet(low, low + 1.0) == pytest.approx(48.0, abs=4 * rounding)
    assert rounding < 1e-9


def test_frechet_survives_a_far_offset():
    a, b = features(), features(seed=1)
    assert metrics.frechet(a + 1e6, b + 1e6) == pytest.approx(metrics.frechet(a, b), rel=1e-5)


def test_moments_by_batches_equal_those_at_once():
    x = torch.from_numpy(features()) + 1e4
    parts = Moments()
    for part in x.split(77):
        parts.update(part)
    torch.testing.assert_close(parts.covariance, torch.cov(x.T), rtol=1e-10, atol=1e-9)


@pytest.mark.parametrize("apart", [False, True])
@pytest.mark.parametrize("offset", [0.0, 1e4])  # an offset would cost float32 its digits
def test_nearest_agrees_with_scikit_learn(apart, offset):
    points = features(2500) + offset
    queries = points if apart else features(700, seed=2) + offset
    distance, index = metrics.nearest(queries, points, 3, apart=apart)
    peer = NearestNeighbors(n_neighbors=3, algorithm="brute").fit(points - offset)
    near, places = peer.kneighbors(None if apart else queries - offset)
    np.testing.assert_allclose(distance.numpy(), near, rtol=1e-6)
    assert (index.numpy() == places).mean() > 0.999  # near ties may swap


def test_nearest_finds_copies_that_float32_cannot_tell_apart():
    points = torch.rand(300, 20, dtype=torch.float64) * 100
    close = points + 1e-7 * torch.randn(300, 20, dtype=torch.float64)
    both = torch.cat([points + 3e-7, close])
    distance, _ = metrics.nearest(points, both, 1)
    expected = torch.cdist(points, both, compute_mode="donot_use_mm_for_euclid_dist").amin(1)
    torch.testing.assert_close(distance[:, 0], expected, rtol=1e-9, atol=0)


def test_neighbourhood_scores_agree_with_prdc():
    compute_prdc = pytest.importorskip("prdc").compute_prdc
    real, generated = features(1300), features(1100, seed=1)
    with contextlib.redirect_stdout(io.StringIO()):
        expected = compute_prdc(real, generated, nearest_k=5)
    found = metrics.density_coverage(generated, real, k=5)
    for name, value in expected.items():
        assert getattr(found, name) == pytest.approx(float(value), rel=1e-9), name


def test_distances_agree_with_torch_fidelity():
    fid = pytest.importorskip("torch_fidelity.metric_fid", exc_type=ImportError)
    from torch_fidelity.metric_isc import isc_features_to_metric
    from torch_fidelity.metric_kid import kid_features_to_metric

    a, b = (torch.from_numpy(features(seed=seed)) for seed in (0, 1))
    stats = [fid.fid_features_to_statistics(x) for x in (a, b)]
    expected = fid.fid_statistics_to_metric(*stats, False)["frechet_inception_distance"]
    assert metrics.frechet(a, b) == pytest.approx(expected, rel=1e-6)
    kid = kid_features_to_metric(a, b, kid_subsets=2, kid_subset_size=600, verbose=False)
    expected = kid["kernel_inception_distance_mean"]
    assert metrics.kid(a, b).value == pytest.approx(expected, rel=1e-6)
    score = isc_features_to_metric(a, splits=10, shuffle=False)
    found = metrics.inception_score(a)
    assert found.value == pytest.approx(score["inception_score_mean"], rel=1e-6)


def test_two_gaussians_reach_the_published_anchors_of_density_and_coverage():
    # README of the reference: 0.477, 0.471, 1.056, 0.974 for 10,000 points; recall grows with N.
    generator = torch.Generator().manual_seed(0)
    a, b = (torch.randn(3000, 64, generator=generator) for _ in range(2))
    found = metrics.density_coverage(a, b)
    assert found.density == pytest.approx(1.0, abs=0.06)
    assert found.coverage == pytest.approx(1 - 2.0**-5, abs=0.015)  # Naeem et al., Eq. 8


def test_kernel_distance_has_no_bias():
    generator = torch.Generator().manual_seed(0)
    sets = [torch.randn(300, 4, generator=generator) for _ in range(2)]
    found = metrics.kid(*sets, subsets=50, size=100)
    assert abs(found.value) < 3 * found.spread / 50**0.5 + 0.05
    assert metrics.kid(sets[0], sets[1] + 1.0, subsets=50, size=100).value > 10 * found.spread


def test_sliced_and_exact_wasserstein_of_a_shift():
    x = torch.randn(200, 5, generator=torch.Generator().manual_seed(0))
    shift = torch.tensor([3.0, 0, 0, 0, 4.0])
    assert metrics.wasserstein(x, x + shift) == pytest.approx(5.0, rel=1e-6)
    assert metrics.wasserstein(x, x + shift, p=1) == pytest.approx(5.0, rel=1e-6)
    # The mean square of a direction's component is 1 / 5 of the whole.
    sliced = metrics.sliced_wasserstein(x, x + shift, directions=4000)
    assert sliced == pytest.approx(5 / math.sqrt(5), rel=0.05)


def test_memorisation_ratio_is_one_for_fresh_data_and_near_zero_for_copies():
    generator = torch.Generator().manual_seed(0)
    train, other, test, fresh = (torch.randn(600, 8, generator=generator) for _ in range(4))
    assert metrics.memorisation(fresh, train, other, test).ratio == pytest.approx(1, abs=0.05)
    assert metrics.memorisation(train + 1e-6, train, other, test).ratio < 0.001


def test_bounds_of_a_likelihood_known_in_closed_form():
    # x = z + 0.5 e: p(x) = N(0, 1.25). With the true posterior every weight is log p(x).
    x = torch.linspace(-2, 2, 9).double()
    z = 0.8 * x + math.sqrt(0.2) * torch.randn(50, 9, generator=torch.Generator().manual_seed(0))
    normal = torch.distributions.Normal
    weights = (
        normal(z, 0.5).log_prob(x) + normal(0.0, 1.0).log_prob(z)
        - normal(0.8 * x, math.sqrt(0.2)).log_prob(z)
    )  # fmt: skip
    expected = float(normal(0.0, math.sqrt(1.25)).log_prob(x).mean())
    assert metrics.elbo(weights).value == pytest.approx(expected, rel=1e-5)
    assert metrics.importance_weighted(weights).value == pytest.approx(expected, rel=1e-5)


def test_bootstrap_spread_is_the_standard_error_of_a_mean():
    x = features(400, 1)
    found = metrics.bootstrap(lambda rows: float(rows.mean()), x, repeats=400)
    assert found.spread == pytest.approx(x.std() / 20, rel=0.15)


def test_wrong_sets_are_explained():
    with pytest.raises(UserError, match="widths differ: 4 and 3"):
        metrics.frechet(A, B[:, :3])
    with pytest.raises(UserError, match="at least 2 rows"):
        metrics.frechet(A[:1], B)
    assert math.isnan(metrics.nac(A[:, :1]))
    with pytest.raises(UserError, match="NaN"):
        metrics.kid(A, np.where(B > 0.9, np.nan, B))
    with pytest.raises(UserError, match="equal counts"):
        metrics.prd(A, B[:20])
    with pytest.raises(UserError, match="'k'"):
        metrics.nearest(A, A, 40, apart=True)


def test_shipped_classifiers_reach_their_accuracy():
    digits = metrics.classifier("digits")
    from latentfit.data import load

    test = load("digits").test
    assert float((digits(test.first(179)).argmax(1) == test.labels).float().mean()) > 0.98


@pytest.mark.parametrize(
    "score",
    [
        metrics.frechet,
        lambda a, b: metrics.kid(a, b, subsets=3, size=100).value,
        metrics.sliced_wasserstein,
        lambda a, b: metrics.manifold(a, b).density,
        lambda a, b: metrics.manifold(a, b).recall,
    ],
)
def test_known_rows_give_the_scores_of_fresh_ones_with_every_set(score):
    real = torch.from_numpy(features(300, 8))
    known = metrics.Known(real)
    for seed in (1, 2):
        made = torch.from_numpy(features(300, 8, seed))
        assert score(made, known) == score(made, real)
        assert score(made.float(), real.float()) == pytest.approx(score(made, real), rel=1e-4)


def test_what_is_known_hangs_on_the_settings():
    made, known = features(300, 8, 1), metrics.Known(features(300, 8))
    found = [metrics.kid(made, known, subsets=3, size=100, seed=seed).value for seed in (0, 1)]
    assert found[0] != found[1]
    plain = [metrics.kid(made, known.rows, subsets=3, size=100, seed=seed).value for seed in (0, 1)]
    assert found == plain
