"""Dimension over scales, near copies, parts, components above noise, and reconstructions."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from latentfit import metrics
from latentfit.checks import UserError
from latentfit.data import arrays
from latentfit.data.synthetic import gaussian
from latentfit.sizing.budget import Table
from latentfit.sizing.neighbourhood import View

ALL = {"calibrate": False, "central": 1.0}


def normal(count, n, seed=0):
    return torch.randn(count, n, generator=torch.Generator().manual_seed(seed)).double()


def test_the_curve_is_levina_and_bickels():
    x = normal(300, 4)
    distance = torch.cdist(x, x).sort(1).values[:, 1:]
    for k, found in metrics.scale_curve(x, scales=(2, 9), **ALL).items():
        ratios = (distance[:, k - 1 : k] / distance[:, : k - 1]).log()
        assert found == pytest.approx(1 / float(ratios.mean()), rel=1e-9)
    # A grid on a line: the 2nd neighbour is as far as the 1st but at the ends, the 4th twice.
    line = torch.arange(1000.0)[:, None].double()
    assert metrics.scale_curve(line, scales=(2,), **ALL)[2] > 100
    expected = 3 / (2 * math.log(2))
    assert metrics.scale_curve(line, scales=(4,), **ALL)[4] == pytest.approx(expected, rel=0.02)


def test_central_samples_have_their_neighbours_all_around():
    x = torch.cat([torch.linspace(0, 1, 1001), torch.linspace(5, 6, 1001)])[:, None].double() ** 2
    distance = torch.cdist(x, x)
    distance.fill_diagonal_(math.inf)
    near, places = distance.topk(80, largest=False)
    off = (x[places].mean(1) - x).square().sum(1) / near.square().mean(1)
    near = near[off.argsort()[:500], :20]  # a quarter of 2,002
    expected = 1 / float((near[:, 19:] / near[:, :19]).log().mean())
    found = metrics.scale_curve(x, scales=(20,), calibrate=False)[20]
    assert found == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("n", [3, 8, 12])
def test_edges_do_not_lower_the_dimension(n):
    edged = torch.rand(4000, n, generator=torch.Generator().manual_seed(n)).double()
    for value in metrics.scale_curve(edged).values():
        assert value == pytest.approx(n, rel=0.05)
    assert metrics.scale_curve(edged, central=1.0)[20] < (0.95 if n == 3 else 0.91) * n


@pytest.mark.parametrize("n", [2, 7, 20, 50])
def test_calibrated_curves_know_a_gaussian_at_every_scale(n):
    plane = normal(3000, n, seed=n) @ torch.linalg.qr(normal(80, n))[0].T
    found = metrics.scale_curve(plane, seed=1)
    assert list(found) == [5, 20, 80]
    for value in found.values():
        assert value == pytest.approx(n, rel=0.08)
    if n >= 20:
        assert max(metrics.scale_curve(plane, calibrate=False).values()) < 0.95 * n


def test_noise_shows_among_few_neighbours():
    x = torch.cat([normal(3000, 2), torch.zeros(3000, 30)], 1)
    noisy = x + 0.02 * normal(3000, 32, seed=1)
    few, _, many = metrics.scale_curve(noisy).values()
    assert few > 1.5 * many
    assert many < 3.3


def test_scales_that_few_samples_do_not_allow_are_left_out():
    assert list(metrics.scale_curve(normal(30, 2))) == [5, 20]
    assert metrics.scale_curve(normal(5, 2)) == {}
    assert metrics.scale_curve(torch.eye(90), scales=(5,)) == {5: math.inf}  # all distances tie
    with pytest.raises(UserError, match="scales"):
        metrics.scale_curve(normal(30, 2), scales=(1,))


@pytest.mark.parametrize("n", [1, 2, 5, 12])
def test_near_copies_are_found_and_nothing_else(n):
    x = normal(2000, n, seed=n)
    least = 1980 if n == 1 else 2000  # on a line some lie as near as rounding
    assert len(metrics.without_near_copies(x)) >= least
    near = x[:400] + {1: 1e-7, 2: 1e-5}.get(n, 1e-4) * normal(400, n, seed=9)
    kept = metrics.without_near_copies(torch.cat([x, near]))
    assert abs(len(kept) - len(metrics.without_near_copies(x))) <= 2
    assert (kept < 2000).float().mean() > 0.99  # of two the later one goes


def test_of_a_heap_of_copies_one_stays():
    x = normal(50, 3)
    assert len(metrics.without_near_copies(x.repeat(20, 1))) == 50
    assert len(metrics.without_near_copies(torch.zeros(30, 2))) == 1
    assert len(metrics.without_near_copies(x + 1e-9 * normal(50, 3))) == 50


def test_parts_of_different_dimensions_are_told_apart():
    low = torch.nn.functional.pad(normal(700, 2), (0, 8))
    high = 50 + normal(900, 10, seed=1)
    x = torch.cat([low, high])
    small, large = metrics.parts(x)
    assert small.dimension == pytest.approx(2, rel=0.1)
    assert large.dimension == pytest.approx(8.5, rel=0.15)  # not calibrated
    assert (small.rows < 700).float().mean() > 0.98
    assert (large.rows >= 700).float().mean() > 0.98


def test_one_law_is_one_part():
    heavy = torch.from_numpy(np.random.default_rng(0).standard_t(3, (2000, 6)))
    for x in (normal(2000, 3), normal(2000, 12), heavy, normal(240, 3)):
        (whole,) = metrics.parts(x)
        assert len(whole.rows) == len(x)
    few = torch.cat([torch.nn.functional.pad(normal(700, 2), (0, 8)), 50 + normal(60, 10)])
    assert len(metrics.parts(few)) == 1  # a tenth and 400 make a part
    with pytest.raises(UserError, match="more than 80 points"):
        metrics.parts(normal(80, 2))


@pytest.mark.parametrize("shape", [(2000, 100), (150, 400)])
def test_components_above_noise_are_counted(shape):
    count, d = shape
    strong = 5 * normal(count, 6) @ normal(6, d, seed=1)
    assert metrics.outstanding_components(strong + normal(count, d, seed=2)) == 6
    assert metrics.outstanding_components(normal(count, d, seed=3)) == 0


def table(data, tmp_path):
    return Table(data, tmp_path, math.inf, 1, False)


@pytest.mark.claim  # half a minute of trainings
def test_reconstructions_lose_noise_and_not_dimensions(tmp_path):
    clean = gaussian(n=4, d=64, count=3000, seed=2)
    x = torch.cat([part.first(5000) for part in (clean.train, clean.validation, clean.test)])
    noisy = arrays((x + 0.3 * torch.randn_like(x)).numpy())
    data = table(noisy, tmp_path)
    view = View(noisy)
    assert view.curve["20"] > 7
    found = view.denoised(32, 0, data.affordable)
    assert found["rebuilt"]["20"] == pytest.approx(4, rel=0.15)
    assert found["error"] == pytest.approx(0.09 / 1.09, rel=0.4)  # the noise
    again = view.denoised(32, 0, lambda cell: None)
    assert again["latent"] is None
    assert again["curve"] == view.curve


def test_a_smaller_auto_encoder_that_loses_more_than_noise_is_not_taken(monkeypatch):
    data = gaussian(n=4, d=64, count=2000, seed=2)
    view, played = View(data), []
    # By size: error on test samples, dimension of samples and of reconstructions.
    errors = {8: (0.3, 20.0, 5.0)}

    def through(self, row, folder):
        error, raw, rebuilt = errors[row["latent"]]
        curve = {"20": raw, "80": raw}
        return {**self.alone(), "curve": curve, "latent": row["latent"], "error": error,
                "rebuilt": {"20": rebuilt, "80": rebuilt}}  # fmt: skip

    def play(cell):
        played.append(cell.latent)
        return {"latent": cell.latent}, None

    monkeypatch.setattr(View, "_through", through)
    view.curve = {"20": 4.0, "80": 4.0}
    errors[4] = (0.31, 20.0, 4.0)
    assert view.denoised(32, 0, play)["latent"] == 4
    assert played == [8, 4]  # four dimensions show four: no smaller network has four fifths
    errors[4] = (0.6, 20.0, 4.0)  # as of signal
    assert view.denoised(32, 0, play)["latent"] == 8
    # Each loses a little more than the last: what counts is how much more than the largest.
    errors.update({4: (0.38, 20.0, 3.0), 3: (0.44, 20.0, 2.0)})
    assert view.denoised(32, 0, play)["latent"] == 4
    errors[3] = (0.39, 20.0, 3.0)
    assert view.denoised(32, 0, play)["latent"] == 3
    # Where the largest is the worse one, as with too few rounds, the best of them counts.
    errors.update({8: (0.6, 20.0, 5.0), 4: (0.3, 20.0, 3.0), 3: (0.4, 20.0, 3.0)})
    assert view.denoised(32, 0, play)["latent"] == 4
    # And the last one, against which fewer dimensions are lacking.
    errors.update({8: (0.5, 20.0, 5.0), 4: (0.51, 20.0, 3.0), 3: (0.65, 20.0, 3.0)})
    assert view.denoised(32, 0, play)["latent"] == 4


def test_no_auto_encoder_is_larger_than_allowed():
    sizes = []
    data = arrays(normal(600, 3).numpy())
    View(data).denoised(2, 0, lambda cell: sizes.append(cell.latent))
    assert sizes == [2]
