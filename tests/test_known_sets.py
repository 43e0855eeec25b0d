"""The sets of known dimension are what their names say."""

from __future__ import annotations

import pytest
import torch

from latentfit.studies import STUDIES
from latentfit.studies.known_sets import (
    CASES,
    CHOOSING,
    MAKERS,
    OTHERS,
    REPORTING,
    UNSEEN,
    KnownSet,
)


def rank(x):
    return int(torch.linalg.matrix_rank(x - x.mean(0), rtol=1e-4))


def test_there_are_three_hundred_and_ten_and_none_is_asked_twice():
    cells = STUDIES["size-cases"].cells("short")
    assert len(cells) == len({cell.key for cell in cells}) == 310
    assert {case[0] for case in UNSEEN} == set(MAKERS)
    assert {case[0] for case in CASES} == set(MAKERS) - {"saturated", "tiny"}  # only reported
    assert not set(CASES) & set(UNSEEN)
    assert len({*CHOOSING, *REPORTING, *OTHERS}) == 6


@pytest.mark.parametrize("stratum", MAKERS)
def test_a_set_has_its_shape_and_its_seed(stratum):
    level = next(case[4] for case in (*CASES, *UNSEEN) if case[0] == stratum)
    held = KnownSet(stratum, 4, 24, 600, level, seed=3)
    x = held.points()
    assert x.shape == (600, 24)
    assert bool(x.isfinite().all())
    assert torch.equal(x, held.points())
    assert not torch.equal(x, KnownSet(stratum, 4, 24, 600, level, seed=4).points())
    assert held.data().seen == (24,)


def test_sets_with_edges_and_filled_ones():
    flat = KnownSet("filled", 5, 5, 3_000, 0.5).points()
    deviations = torch.linalg.svdvals(flat - flat.mean(0)) / 3_000**0.5
    assert deviations.tolist() == pytest.approx([1, 0.84, 0.71, 0.59, 0.5], rel=0.05)
    ends = KnownSet("saturated", 3, 20, 2_000).points()
    assert rank(ends) == 3
    assert float(ends.norm(dim=1).max()) < 3**0.5
    assert float(KnownSet("bounded", 3, 20, 2_000).points().std()) == pytest.approx(
        float(KnownSet("clean", 3, 20, 2_000).points().std()), rel=0.15
    )


def test_linear_sets_and_spheres_have_their_rank():
    assert rank(KnownSet("linear", 5, 30, 400).points()) == 5
    ball = KnownSet("sphere", 5, 30, 400).points()
    assert rank(ball) == 6
    assert torch.allclose(ball.norm(dim=1), torch.ones(400), atol=1e-5)
    circles = KnownSet("torus", 3, 30, 400).points()
    assert rank(circles) == 6
    assert torch.allclose(circles.norm(dim=1), torch.full((400,), 3**0.5), atol=1e-5)


def test_what_makes_them_hard_is_there():
    copied = KnownSet("copies", 5, 30, 1_000, 0.2).points()
    near = torch.cdist(copied, copied).fill_diagonal_(torch.inf).min(1).values
    assert 150 < int((near[:200] < 0.05 * near.median()).sum()) <= 200  # each copies a later row
    whole = KnownSet("rounded", 4, 30, 400, 2.0).points()
    assert torch.equal(whole, whole.round())
    assert whole.std(0).mean() == pytest.approx(2, rel=0.1)
    clean, noisy = (KnownSet("noise", 3, 30, 4_000, level, seed=1) for level in (0.0, 0.3))
    more = noisy.points().var(0).mean() / clean.points().var(0).mean()
    assert float(more) == pytest.approx(1 + 0.09, rel=0.15)
    counts = KnownSet("counts", 3, 30, 400, 2.0).points().expm1()
    assert torch.allclose(counts, counts.round(), atol=1e-3)
    assert counts.mean() == pytest.approx(2, rel=0.3)
