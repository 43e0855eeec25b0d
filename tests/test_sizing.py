"""The right latent size: recognised failures, honest conclusions, nothing lost."""

from __future__ import annotations

import json
import sys
from dataclasses import replace

import pytest
import torch

import latentfit.sizing.find  # noqa: F401  (the module, not the function)
from latentfit import sizing
from latentfit.checks import UserError
from latentfit.data import arrays, load
from latentfit.data.synthetic import gaussian
from latentfit.sizing.budget import Table
from latentfit.sizing.conclude import conclude
from sized import evidence, mask_of, near

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
    found = conclude(evidence(near(15.0), [mask_of(16), mask_of(16)]))
    assert found.sure == "low"
    assert any("no dimension closed" in why and "--max-latent" in why for why in found.why)


def test_finished_trainings_are_used_whatever_the_budget(monkeypatch, tmp_path):
    data = gaussian(n=4, d=64, count=3000, seed=5)
    monkeypatch.setattr(Table, "_round", lambda self, cell: 1e6)
    asked = sizing.size(data, budget=5, folder=tmp_path)
    assert asked.evidence["neighbours"]["latent"] is None
    assert not asked.evidence["masks"]
    waves = size_module._mask_cells(data, expected=4, most=32, seed=0)
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
    found = sizing.size(data, budget=5, folder=tmp_path)
    assert [mask["active"] for mask in found.evidence["masks"]] == [4]
    assert found.evidence["core_seconds"] == 90


def test_cells_of_data_that_are_handed_over_are_known_by_their_content():
    here, there = (gaussian(n=4, d=16, count=600, seed=seed) for seed in (0, 1))
    keys = [
        {cell.key for wave in size_module._mask_cells(replace(data, name="x"), 4, 8, 0)
         for cell in wave}
        for data in (here, there)
    ]  # fmt: skip
    assert not keys[0] & keys[1]


def test_sizing_needs_points_that_differ():
    data = arrays(torch.randn(80, 8).repeat(10, 1).numpy())
    with pytest.raises(UserError, match="at least 100 training samples that differ, got"):
        sizing.size(data, budget=0)


def test_size_without_a_budget_rests_on_the_samples():
    found = sizing.size(gaussian(n=4, d=24, count=4000, seed=5), budget=0)
    assert found.latent == 4
    assert found.interval[0] < 4 < found.interval[1]
    assert found.sure == "low"
    assert any("neighbours of the samples say" in why for why in found.why)
    assert any("the budget allowed no run of the mask; give --budget" in why for why in found.why)
    json.dumps(found.to_json())


@pytest.mark.parametrize(("open_", "masks"), [(4, 1), (9, 3)])
def test_sizing_plays_more_masks_only_where_the_first_contradicts(
    open_, masks, monkeypatch, tmp_path
):
    played = []

    def play(cells, folder, **rest):
        played.extend((cell.recipe, cell.latent, cell.seed) for cell in cells)
        scores = {"fd_pixels": 2.0, "fd_pixels_reconstruction": 1.9}
        mask = [1.0] * open_ + [0.0] * (16 - open_)
        return [
            {
                "key": cell.key,
                "latent": cell.latent,
                "seed": cell.seed,
                "scores": scores | {"explained": 1 - 0.4 / cell.latent},  # fewer keep less
                "seconds": 90.0,
            }
            | ({"mask": mask} if cell.recipe == "maskaae" else {})
            for cell in cells
        ]

    monkeypatch.setattr("latentfit.sizing.budget.play_cells", play)
    monkeypatch.setattr(sizing.neighbourhood.View, "denoised", lambda self, *_: near(4.0))
    data = gaussian(n=4, d=64, count=3000, seed=5)
    found = sizing.size(data, budget=60, folder=tmp_path, workers=2, masks=True)
    assert found.sure == ("high" if masks == 1 else "none")
    assert found.evidence["core_seconds"] == 90 * len(played)
    recipes = [recipe for recipe, _, _ in played]
    assert recipes[:masks] == ["maskaae"] * masks
    assert set(recipes[masks:]) == {"wae-gan"}
    assert len({seed for _, _, seed in played[:masks]}) == masks
    assert len({m for _, m, _ in played[:masks]}) == min(masks, 2)
    sizes = [m for _, m, _ in played[masks:]]
    assert sizes == [found.latent // 2, found.latent, 2 * found.latent]


@pytest.fixture
def asked(monkeypatch):
    """The recipes that time is asked for; there is none."""
    found = []

    class Asked(Table):
        def affords(self, cells, *, whole=False):
            found.extend(cell.recipe for cell in cells)
            return False

        def seconds(self, cells):
            return 90.0

    monkeypatch.setattr(size_module, "Table", Asked)
    return found


@pytest.mark.parametrize(("error", "played"), [(0.05, False), (0.6, True)])
def test_masks_are_played_where_neighbours_are_not_sure(
    error, played, monkeypatch, tmp_path, asked
):
    found = near(4.0, 30.0, error=error, entries=64)
    monkeypatch.setattr(sizing.neighbourhood.View, "denoised", lambda self, *_: found)
    data = gaussian(n=4, d=64, count=3000, seed=5)
    said = sizing.size(data, folder=tmp_path)
    assert ("maskaae" in asked) == played
    assert any(("--budget" if played else "--method joint") in why for why in said.why)
    asked.clear()
    sizing.size(data, folder=tmp_path, masks=False)
    assert "maskaae" not in asked


def test_short_trainings_go_on_as_far_as_more_dimensions_serve(monkeypatch, tmp_path):
    played = []

    def play(cells, folder, **rest):
        played.extend(cell.latent for cell in cells)
        return [
            {"key": cell.key, "latent": m, "seed": 0, "seconds": 9.0,
             "scores": {"fd_pixels": 40.0 + abs(m - 20), "explained": 1 - 0.9 / m}}
            for cell in cells for m in (cell.latent,)
        ]  # fmt: skip

    monkeypatch.setattr("latentfit.sizing.budget.play_cells", play)
    monkeypatch.setattr(sizing.neighbourhood.View, "denoised", lambda self, *_: near(4.0))
    found = sizing.size(gaussian(n=4, d=64, count=3000, seed=5), budget=60, folder=tmp_path)
    assert played == [2, 4, 8, 16, 32]
    assert (found.latent, found.interval) == (16, (4, 16))


def test_masks_of_images_are_played_where_they_are_asked_for(monkeypatch, tmp_path, asked):
    """What they leave open of photographs is not calibrated."""
    found = near(4.0, 30.0, error=0.6, entries=64)
    monkeypatch.setattr(sizing.neighbourhood.View, "denoised", lambda self, *_: found)
    for masks in (None, True):
        sizing.size(load("digits"), folder=tmp_path, masks=masks)
        assert ("maskaae" in asked) is (masks is True)


def test_no_run_of_the_mask_counts_twice_where_the_sizes_meet():
    data = gaussian(n=4, d=16, count=600)
    waves = size_module._mask_cells(data, expected=20, most=8, seed=0)
    cells = [cell for wave in waves for cell in wave]
    assert {cell.latent for cell in cells} == {8}
    assert len({cell.key for cell in cells}) == len(cells) == 3


def test_no_check_is_larger_than_the_bound():
    data = gaussian(n=4, d=16, count=600)
    for answer, sizes in ((12, [6, 8]), (3, [1, 3, 6]), (20, [8]), (1, [1, 2])):
        cells = size_module._check_cells(data, answer, most=8, seed=0)
        assert [cell.latent for cell in cells] == sizes


def test_sizing_refuses_too_few_samples():
    with pytest.raises(UserError, match="at least 100"):
        sizing.size(gaussian(n=2, d=8, count=120))
