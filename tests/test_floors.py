"""Copies up to rounding, ties, and codes that carry nothing: no number is made of them."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch

import latentfit as lf
from latentfit import metrics
from latentfit.checks import UserError
from latentfit.data import arrays
from latentfit.posteriors import Code
from latentfit.priors import Normal
from latentfit.scoring import Subject
from latentfit.scoring.table import METRICS

SIX = np.random.default_rng(0).normal(size=(1500, 6)) @ np.random.default_rng(1).normal(
    size=(6, 12)
)
TIED = np.stack(np.meshgrid(np.arange(30.0), np.arange(30.0)), -1).reshape(-1, 2)


def again(x: np.ndarray, noise: float, times: int) -> np.ndarray:
    """Rows measured several times."""
    draws = np.random.default_rng(2).normal(size=(times, *x.shape))
    return np.concatenate([x, *(x + noise * draws)])


@pytest.mark.parametrize(
    ("rows", "noise", "times", "far"),
    [
        (1500, 1e-6, 1, 0.0), (1500, 1e-4, 1, 1e6), (500, 1e-6, 4, 0.0), (500, 1e-6, 4, 1e6),
        (400, 1e-5, 20, 0.0),
    ],
)  # fmt: skip
def test_copies_up_to_rounding_are_left_out(rows, noise, times, far):
    x = again(SIX[:rows], noise, times)
    x[0] += far  # one row far off does not make the others copies
    assert len(metrics.without_near_copies(x)) == rows + (far > 0)
    once, several = (
        metrics.intrinsic_dimension(points, count=9000, repeats=2) for points in (SIX[:rows], x)
    )
    assert several.value == pytest.approx(once.value, abs=1)


def test_what_differs_by_more_is_kept():
    for points in (SIX, torch.rand(1000, 2), TIED, torch.arange(500.0)[:, None]):
        assert len(metrics.without_near_copies(points)) == len(points)
    line = torch.rand(5000, 1, generator=torch.Generator().manual_seed(0))
    assert 0.97 < len(metrics.without_near_copies(line)) / 5000 < 1


def test_size_leaves_copies_out_and_says_so():
    found = lf.size(arrays(again(SIX, 1e-6, 1)), budget=0)
    assert 5 <= found.latent <= 7
    copies = found.evidence["neighbours"]["copies"]
    assert copies > 800  # of 1,500 pairs those whose two rows fell to the training split
    count = found.evidence["neighbours"]["samples"]
    assert count == len(arrays(again(SIX, 1e-6, 1)).train)
    assert any(f"{copies:,} of {count:,} samples are left out" in why for why in found.why)
    clean = lf.size(arrays(SIX), budget=0)
    assert clean.evidence["neighbours"]["copies"] == 0
    assert not any("left out" in why for why in clean.why)
    with pytest.raises(UserError, match=r"at least 100 .* that differ, got .. among"):
        lf.size(arrays(again(SIX[:80], 1e-6, 9)), budget=0)


@pytest.mark.parametrize(("points", "estimator"), [(TIED, "two-nn"), (np.eye(400), "mle"),
                                                   (np.eye(400), "moments")])  # fmt: skip
def test_an_estimate_that_is_not_finite_is_refused_in_a_line(points, estimator):
    with pytest.raises(metrics.UndefinedError, match=r"finds no finite dimension .* tie") as caught:
        metrics.intrinsic_dimension(points, estimator=estimator, repeats=2)
    assert "\n" not in str(caught.value)


def test_size_of_rounded_data_rests_on_what_is_finite():
    x = np.random.default_rng(0).poisson(1.0, (3000, 2, 4)).astype(np.uint8)
    found = lf.size(arrays(x), budget=0)
    assert 5 <= found.latent <= 8  # no more than entries
    with pytest.raises(UserError, match="distances between samples tie"):
        lf.size(arrays(255 * np.eye(600, dtype=np.uint8).reshape(600, 20, 30)), budget=0)


def test_points_on_a_line_have_one_dimension():
    line = torch.randn(1000, 1, generator=torch.Generator().manual_seed(0))
    for estimator in metrics.ESTIMATORS:
        found = metrics.intrinsic_dimension(line, estimator=estimator, repeats=2)
        assert found.value == pytest.approx(1, abs=0.3)


def test_a_dimension_is_open_by_more_than_its_share_of_the_largest():
    codes = torch.randn(500, 3, generator=torch.Generator().manual_seed(0))
    some = codes * torch.tensor([1.0, 0.11, 0.03])
    noise = torch.ones(500, 3)
    assert metrics.open_dimensions(some).tolist() == [True, True, False]
    assert metrics.open_dimensions(some, deviation=noise).tolist() == [True, True, False]
    assert metrics.open_dimensions(1e-2 * some, deviation=noise).tolist() == [False] * 3
    assert metrics.open_dimensions(1e-2 * some, deviation=1e-3 * noise).tolist() == [
        True, True, False,
    ]  # fmt: skip
    assert metrics.open_dimensions(1e-3 * some, prior=codes).tolist() == [False] * 3
    assert metrics.open_dimensions(1e-1 * some, prior=codes).tolist() == [True, True, False]
    # What float32 makes of equal numbers.
    assert not metrics.open_dimensions(100 + 1e-5 * codes).any()
    assert metrics.open_dimensions(100 + 1e-5 * codes.double())[:2].tolist() == [True, True]
    with pytest.raises(UserError, match=r"'deviation' of shape .* does not fit codes"):
        metrics.open_dimensions(some, deviation=noise[:, :2])


@pytest.mark.parametrize("scale", [torch.ones(300, 4), None])
def test_codes_that_carry_nothing_have_no_dimensions(scale):
    model = SimpleNamespace(openness=lambda: None, encodes=True, prior=Normal(4))
    subject = object.__new__(Subject)
    subject.__dict__ |= {"model": model, "seed": 0, "code": Code(1e-4 * torch.randn(300, 4), scale)}
    assert not subject.active.any()
    found = {name: METRICS[name].of(subject) for name in ("active", "code_spectral_95")}
    assert found == {"active": 0, "code_spectral_95": 0}
    for name in ("code_dimension", "non_normality", "prior_sliced_wasserstein"):
        assert METRICS[name].of(subject) is None
    subject.__dict__["code"] = Code(torch.randn(300, 4), None if scale is None else 0.1 * scale)
    del subject.__dict__["active"]
    assert METRICS["active"].of(subject) == 4
