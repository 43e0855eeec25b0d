"""The right latent size: recognised failures, honest conclusions, nothing lost."""

from __future__ import annotations

import json
import sys
from dataclasses import replace

import pytest
import torch

import latentfit.sizing.find  # noqa: F401  (the module, not the function)
from latentfit import metrics, sizing
from latentfit.checks import UserError
from latentfit.data import arrays
from latentfit.data.synthetic import gaussian
from latentfit.sizing.conclude import conclude, settled

size_module = sys.modules["latentfit.sizing.find"]


@pytest.mark.parametrize(
    ("mask", "made", "expected"),
    [
        ([1.0, 1.0, 0.0], 2.0, ""),
        ([1.0, 0.5, 0.0], 2.0, "1 dimensions stayed"),
        ([0.0, 0.0, 0.0], 2.0, "every dimension closed"),
        ([1.0, 1.0, 0.0], 300.0, "exploded"),
    ],
)
def test_failed_runs_of_the_mask_are_recognised(mask, made, expected):
    row = {"mask": mask, "scores": {"fd_pixels": made, "fd_pixels_reconstruction": 1.5}}
    found = sizing.verdict(row)
    assert (expected in found.failed) if expected else not found.failed
    assert found.active == sum(m >= 0.1 for m in mask)


def test_a_perfect_reconstruction_does_not_make_samples_explode():
    scores = {"fd_pixels": 0.4, "fd_pixels_reconstruction": 1e-3, "fd_pixels_floor": 0.1}
    assert not sizing.verdict({"mask": [1.0, 0.0], "scores": scores}).failed


def test_a_mask_that_closes_nothing_is_a_lower_bound():
    masks = [mask_of(16) for _ in range(2)]
    found = conclude(WHOLE | {"masks": masks, "check": []}, NEAR_EIGHT)
    assert found.sure == "low"
    assert any("no dimension closed" in why and "--max-latent" in why for why in found.why)


def test_finished_masks_are_used_whatever_the_budget(monkeypatch, tmp_path):
    data = gaussian(n=4, d=64, count=3000, seed=5)
    waves = size_module._mask_cells(data, expected=4, most=32, seed=0)
    monkeypatch.setattr(size_module, "guess", lambda estimates: 4)
    monkeypatch.setattr(size_module, "_round_seconds", lambda data, cell: 1e6)
    scores = {"fd_pixels": 2.0, "fd_pixels_reconstruction": 1.9, "mse": 0.1}
    rows = [
        {
            "key": cell.key,
            **cell.identity,
            "scores": scores,
            "mask": [1.0] * 4 + [0.0] * 4,
            "seconds": 90.0,
        }
        for cell in waves[0]
    ]
    (tmp_path / "cells.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    check = {"latent": 4, "fd": 2.0, "mse": 0.1, "fd_reconstruction": 1.9, "codes": None}
    monkeypatch.setattr(size_module, "_check_cells", lambda *given: [])
    monkeypatch.setattr(size_module, "_checked", lambda row: check)
    found = sizing.size(data, budget=5, folder=tmp_path)
    assert [mask["active"] for mask in found.evidence["masks"]] == [4]


def test_cells_of_data_that_are_handed_over_are_known_by_their_content():
    here, there = (gaussian(n=4, d=16, count=600, seed=seed) for seed in (0, 1))
    keys = [
        {cell.key for wave in size_module._mask_cells(replace(data, name="x"), 4, 8, 0)
         for cell in wave}
        for data in (here, there)
    ]  # fmt: skip
    assert not keys[0] & keys[1]


def test_sizing_needs_points_that_differ():
    data = arrays(torch.randn(100, 8).repeat(10, 1).numpy())
    with pytest.raises(UserError, match="at least 200 distinct training samples, got"):
        sizing.size(data, budget=0)


def test_size_without_a_budget_rests_on_the_estimators():
    found = sizing.size(gaussian(n=4, d=24, count=4000, seed=5), budget=0)
    assert found.interval[0] <= 4 <= found.interval[1]
    assert found.sure == "low"
    assert any("the budget allowed no run of the mask; give --budget" in why for why in found.why)
    json.dumps(found.to_json())


def mask_of(active, failed=""):
    return {"latent": 16, "seed": 0, "active": active, "half_open": 0, "failed": failed}


def checked(latent, fd, mse):
    return {"latent": latent, "fd": fd, "mse": mse, "fd_reconstruction": fd, "codes": None}


WHOLE = {"samples": 1000, "copies": 0}
NEAR_EIGHT = {
    "two-nn": metrics.Dimension(8.4, 8.1, 8.7),
    "mle": metrics.Dimension(8.6, 8.4, 8.8),
    "local-pca": metrics.Dimension(12.0, 11.0, 13.0),
}


@pytest.mark.parametrize(
    ("masks", "expected"),
    [
        ([mask_of(9)], True),
        ([mask_of(8), mask_of(9)], True),
        ([mask_of(11)], False),  # alone, and apart from the neighbours
        ([mask_of(8), mask_of(11)], False),  # apart from each other
        ([mask_of(5), mask_of(5)], False),  # apart from the neighbours
        ([mask_of(8), mask_of(8, "exploded")], False),
        ([], False),
    ],
)
def test_masks_settle_only_in_agreement(masks, expected):
    assert settled(masks, NEAR_EIGHT) is expected


def test_a_mask_alone_settles_only_where_the_neighbours_leave_little_open():
    wide = NEAR_EIGHT | {"moments": metrics.Dimension(5.5, 5.1, 6.0)}
    assert not settled([mask_of(8)], wide)
    assert settled([mask_of(8), mask_of(9)], wide)


def test_conclusions_follow_the_evidence():
    curve = [checked(4, 15.8, 0.3), checked(8, 1.9, 0.05), checked(16, 2.7, 0.04)]
    sure = conclude(WHOLE | {"masks": [mask_of(8), mask_of(9)], "check": curve}, NEAR_EIGHT)
    assert (sure.latent, sure.interval, sure.sure) == (8, (8, 9), "high")
    assert any("generates best at 8" in why for why in sure.why)
    # A fixed prior that does better with more dimensions takes the certainty away.
    other = [checked(4, 15.8, 0.5), checked(8, 2.9, 0.3), checked(16, 1.7, 0.04)]
    doubted = conclude(WHOLE | {"masks": [mask_of(8), mask_of(9)], "check": other}, NEAR_EIGHT)
    assert (doubted.latent, doubted.sure) == (8, "medium")
    rising = [checked(8, 2, 0.3), checked(16, 3, 0.4)]
    single = conclude(WHOLE | {"masks": [mask_of(8)], "check": rising}, NEAR_EIGHT)
    assert (single.interval, single.sure) == ((7, 9), "high")  # one mask may be off by one
    assert any("error on test samples rises" in why for why in single.why)
    failed = conclude(WHOLE | {"masks": [mask_of(3, "exploded")], "check": []}, NEAR_EIGHT)
    assert (failed.latent, failed.interval, failed.sure) == (8, (8, 9), "low")
    assert any("no run of the mask came through" in why for why in failed.why)


@pytest.mark.parametrize(
    ("half", "quarter", "expected"),
    [
        ((1.0, 0.2), (2.0, 0.1), 4),  # better in both, then in one only
        ((1.0, 0.2), (0.5, 0.1), 2),
        ((1.0, 0.5), (0.5, 0.1), 8),  # samples are better, but less of the data is kept
        ((3.0, 0.2), (0.5, 0.1), 8),
    ],
)
def test_samples_that_do_not_fill_the_dimension_get_half_of_it(half, quarter, expected):
    check = [checked(16, 3.0, 0.4), checked(8, 2.0, 0.3), checked(4, *half), checked(2, *quarter)]
    found = conclude(WHOLE | {"masks": [mask_of(8), mask_of(8)], "check": check}, NEAR_EIGHT)
    assert found.latent == expected
    assert found.interval == (min(8, expected), 9)
    assert any("do not fill more" in why for why in found.why) is (expected < 8)


@pytest.mark.parametrize(("open_", "masks"), [(4, 1), (9, 3)])
def test_sizing_plays_more_masks_only_where_the_first_does_not_settle(
    open_, masks, monkeypatch, tmp_path
):
    played = []

    def play(cells, folder, **rest):
        played.extend((cell.recipe, cell.latent, cell.seed) for cell in cells)
        scores = {"fd_pixels": 2.0, "fd_pixels_reconstruction": 1.9, "mse": 0.1}
        mask = [1.0] * open_ + [0.0] * (16 - open_)
        return [
            {
                "key": cell.key,
                "latent": cell.latent,
                "seed": cell.seed,
                "scores": scores,
                "seconds": 90.0,
            }
            | ({"mask": mask} if cell.recipe == "maskaae" else {})
            for cell in cells
        ]

    monkeypatch.setattr(size_module, "play_cells", play)
    data = gaussian(n=4, d=64, count=3000, seed=5)
    found = sizing.size(data, budget=60, folder=tmp_path, workers=2)
    assert found.latent == open_
    assert 90 * len(played) <= found.evidence["core_seconds"] < 90 * len(played) + 60
    assert [recipe for recipe, _, _ in played] == ["maskaae"] * masks + ["wae-gan"] * 3
    assert len({seed for _, _, seed in played[:masks]}) == masks
    assert len({m for _, m, _ in played[:masks]}) == min(masks, 2)
    assert [m for _, m, _ in played[masks:]] == [open_ // 2, open_, 2 * open_]


def test_no_run_of_the_mask_counts_twice_where_the_sizes_meet():
    data = gaussian(n=4, d=16, count=600)
    waves = size_module._mask_cells(data, expected=20, most=8, seed=0)
    cells = [cell for wave in waves for cell in wave]
    assert {cell.latent for cell in cells} == {8}
    assert len({cell.key for cell in cells}) == len(cells) == 3


def test_sizing_refuses_too_few_samples():
    with pytest.raises(UserError, match="at least 200"):
        sizing.size(gaussian(n=2, d=8, count=120))


@pytest.mark.parametrize("estimator", ["two-nn", "mle", "moments"])
@pytest.mark.parametrize("n", [4, 12])
def test_calibrated_estimators_know_a_gaussian(estimator, n):
    generator = torch.Generator().manual_seed(n)
    plane = torch.randn(2000, n, generator=generator) @ torch.randn(n, 40, generator=generator)
    found = metrics.intrinsic_dimension(plane, estimator=estimator, repeats=4)
    assert found.value == pytest.approx(n, rel=0.12)
    raw = metrics.intrinsic_dimension(plane, estimator=estimator, repeats=4, calibrate=False)
    if n == 12 and estimator != "moments":
        assert raw.value < found.value  # the bias that is undone
