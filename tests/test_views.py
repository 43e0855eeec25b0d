"""Scores take any array, and give the value of a plain copy."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch

from latentfit import metrics
from latentfit.checks import UserError
from latentfit.schema import plain
from latentfit.shapes import as_tensor

RNG = np.random.default_rng(0)
A = RNG.normal(size=(240, 4))
B = RNG.normal(size=(240, 4)) + 0.5
POSITIVE = np.exp(A)


def read_only(x):
    held = x.copy()
    held.setflags(write=False)
    return held


VIEWS = {
    "reversed rows": lambda x: x[::-1],
    "reversed columns": lambda x: x[:, ::-1],
    "one row less, reversed": lambda x: x[:-1][::-1],
    "big-endian": lambda x: x.astype(">f8"),
    "big-endian halves, reversed": lambda x: x.astype(">f2")[::-1, ::-1],
    "read-only": read_only,
    "column order": np.asfortranarray,
    "every second column": lambda x: np.repeat(x, 2, 1)[:, ::2],
    "broadcast": lambda x: np.broadcast_to(x, x.shape),
    "float16": lambda x: x.astype(np.float16),
    "big-endian integers": lambda x: (10 * x).astype(">i4"),
    "booleans": lambda x: x > np.median(x),
    "extended": lambda x: x.astype(np.longdouble),
    "lists": lambda x: x.tolist(),
    "table": lambda x: pd.DataFrame(x[::-1]),
    "table of several types": lambda x: pd.DataFrame(
        {"a": x[:, 0], "b": (10 * x[:, 1]).astype(int), "c": x[:, 2] > 0, "d": x[:, 3]}
    ),
    "transposed tensor": lambda x: torch.from_numpy(x.T.copy()).T,
    "bfloat16 tensor": lambda x: torch.from_numpy(x).bfloat16(),
}
CALLS = {
    "frechet": lambda x: metrics.frechet(x, B),
    "frechet, second": lambda x: metrics.frechet(B, x),
    "moments": lambda x: metrics.moments(x).covariance.tolist(),
    "kid": lambda x: metrics.kid(x, B),
    "prd": lambda x: metrics.prd(x, x, repeats=1).f8,
    "manifold": lambda x: metrics.manifold(x, B),
    "density_coverage": lambda x: metrics.density_coverage(x, B),
    "precision_recall": lambda x: metrics.precision_recall(B, x),
    "memorisation": lambda x: metrics.memorisation(x, B, B + 1, B - 1),
    "nearest": lambda x: metrics.nearest(x, B)[0].tolist(),
    "nearest_distance": lambda x: metrics.nearest_distance(B, x),
    "without_near_copies": lambda x: metrics.without_near_copies(x).tolist(),
    "sliced_wasserstein": lambda x: metrics.sliced_wasserstein(x, x),
    "wasserstein": lambda x: metrics.wasserstein(x, x),
    "critic_wasserstein": lambda x: metrics.critic_wasserstein(x, B, rounds=2),
    "parzen": lambda x: metrics.parzen(x, B, 0.5),
    "parzen_width": lambda x: metrics.parzen_width(B, x, np.array([0.5, 1.0])[::-1]),
    "inception_score": metrics.inception_score,
    "nac": lambda x: metrics.nac(x, active=[True, True, False, True]),
    "variances": lambda x: metrics.variances(x).tolist(),
    "active_units": metrics.active_units,
    "open_dimensions": lambda x: metrics.open_dimensions(x, prior=B[::-1]).tolist(),
    "kl_profile": lambda x: metrics.kl_profile(x, np.ones_like(np.asarray(x), float)).tolist(),
    "non_normality": lambda x: metrics.non_normality(x).tolist(),
    "spectral_dimension": metrics.spectral_dimension,
    "errors": lambda x: metrics.errors(x, np.zeros_like(np.asarray(x), float)).tolist(),
    "mse": lambda x: metrics.mse(x, np.zeros_like(np.asarray(x), float)),
    "psnr": lambda x: metrics.psnr(x, np.zeros_like(np.asarray(x), float)),
    "elbo": metrics.elbo,
    "importance_weighted": metrics.importance_weighted,
    "bootstrap": lambda x: metrics.bootstrap(lambda rows: float(rows.mean()), x, repeats=3),
    "extractor": lambda x: metrics.pixels()(np.asarray(x)).tolist(),
}
TORCH_ONLY = ("transposed tensor", "bfloat16 tensor")


@pytest.mark.parametrize("kind", VIEWS)
@pytest.mark.parametrize("name", CALLS)
def test_a_view_scores_as_a_plain_copy_does(name, kind):
    view = VIEWS[kind](A)
    if kind in TORCH_ONLY:
        plain = view.double().contiguous().numpy()
        if name in ("kl_profile", "errors", "mse", "psnr", "extractor"):
            return  # these make an array of it
    else:
        plain = np.ascontiguousarray(np.asarray(view).astype(np.float64))
    assert CALLS[name](view) == CALLS[name](plain)


@pytest.mark.parametrize("kind", ["reversed rows", "big-endian", "read-only", "lists"])
def test_dimensions_of_a_view(kind):
    view = VIEWS[kind](A)
    plain = np.ascontiguousarray(np.asarray(view).astype(np.float64))
    for estimator in metrics.ESTIMATORS:
        one, other = (
            metrics.intrinsic_dimension(x, estimator=estimator, repeats=2, calibrate=False)
            for x in (view, plain)
        )
        assert one == other


def test_histograms_and_knees_of_arrays():
    shares = np.array([0.5, 0.3, 0.2], ">f8")
    plain = metrics.prd_curve(shares.astype(float), shares.astype(float))
    for view in (
        shares,
        shares[::-1][::-1],
        shares.tolist(),
        torch.from_numpy(shares.astype(float)),
    ):
        assert (metrics.prd_curve(view, view).precision == plain.precision).all()
    assert metrics.knee(np.array([2, 4, 8]), np.array([0.8, 0.4, 0.05], ">f4")) == 8
    assert type(metrics.knee(np.array([4]), np.array([1.0]))) is int
    assert metrics.Estimate.mean(np.arange(4.0)[::-1]).value == 1.5


@pytest.mark.parametrize(("bad", "message"), [
    (np.array([["a", "b"]]), "hold <U1 values; numbers are needed"),
    (np.ones((3, 2)) * 1j, "hold complex128 values; numbers are needed"),
    (torch.ones(3, 2) * 1j, "give dense real ones"),
    (torch.eye(3).to_sparse(), "give dense real ones"),
    (pd.DataFrame({"a": [1.0, 2.0], "b": ["x", "y"]}), "hold object values; numbers are needed"),
    ([[1, 2], [3]], "no array of one shape"),
    (np.ma.masked_array(np.ones((3, 2)), np.eye(3, 2)), "has masked entries; fill them"),
])  # fmt: skip
def test_what_are_no_numbers_is_refused(bad, message):
    with pytest.raises(UserError, match=message) as caught:
        metrics.nearest_distance(bad, bad)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("kind", ["reversed rows", "big-endian", "read-only", "column order"])
def test_samples_of_a_view(kind):
    x = VIEWS[kind](RNG.random((6, 8)))
    held = plain((8,)).apply(x)
    assert torch.equal(held, torch.tensor(np.asarray(x).astype(np.float32).tolist()))
    held[0] = 0  # the array is not what is written to
    assert np.asarray(x)[0].any()


def test_one_row_of_a_reversed_array():
    row = np.arange(4.0).reshape(1, 4)[::-1]
    assert as_tensor(row).tolist() == [[0, 1, 2, 3]]
    assert as_tensor(np.arange(3, dtype=">i2")).tolist() == [0, 1, 2]
    assert as_tensor(np.zeros((0, 3))).shape == (0, 3)


def test_an_extractor_reads_pixels_of_arrays():
    x = RNG.integers(0, 256, (5, 8, 8), dtype=np.uint8)
    features = metrics.lenet("digits")
    expected = features(torch.from_numpy(x)[:, None].float() / 255)
    for view in (x, np.flip(np.flip(x, 0), 0), (x / 255).astype(">f4")):
        torch.testing.assert_close(features(view), expected)
