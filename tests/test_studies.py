"""Studies, scores and walks: resumed cells, what is recorded, what is drawn."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pytest
import torch

import latentfit.sizing.find  # noqa: F401  (the module, not the function)
from latentfit import metrics, schedules
from latentfit.checks import UserError
from latentfit.data import load
from latentfit.recipes import RECIPES, recipe
from latentfit.runs.cells import Cell
from latentfit.runs.pool import play_cells
from latentfit.scoring import walks
from latentfit.scoring.scores import evaluate
from latentfit.studies import SCALES, STUDIES, rates, reproduce
from latentfit.studies.base import opened

size_module = sys.modules["latentfit.sizing.find"]


def cells(*seeds, rounds=3):
    settings = {"width": 0.25, "batch": 16}
    data = "synthetic:n=2,d=8,count=600"
    return [Cell("ae", data, 2, seed, rounds, settings, ("fd",), "pixels") for seed in seeds]


SHAPES = {"synthetic": (128,), "mixture": (128,), "swiss-roll": (3,), "digits": (1, 8, 8),
          "mnist": (1, 28, 28), "fashion-mnist": (1, 28, 28), "cifar10": (3, 32, 32),
          "celeba": (3, 32, 32)}  # fmt: skip


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize(
    "study", sorted(STUDIES.keys() - {"anomalies", "late-priors", "size-cases", "size-methods"})
)  # questions
def test_every_cell_of_a_study_is_a_game_whose_players_all_move(study, scale, monkeypatch):
    monkeypatch.setattr(rates, "CHOSEN", dict.fromkeys(RECIPES, 3.0))
    seen = set()
    for cell in STUDIES[study].cells(scale):
        name = cell.data.split(":")[0]
        kind = (cell.recipe, SHAPES[name], cell.latent, str(cell.settings), cell.rounds)
        if kind in seen or cell.seed not in (0, 100):
            continue
        seen.add(kind)
        settings = {**cell.settings, "width": 1 / 64}
        model = RECIPES[cell.recipe].model(SHAPES[name], latent=cell.latent, data=name, **settings)
        for turn in model.turns():
            for player in turn.players.values():
                moments = range(0, cell.rounds, max(1, cell.rounds // 50))
                moves = any(
                    player.plays(step) and schedules.at(player.rate, step) > 0 for step in moments
                )
                assert moves or scale == "smoke", cell  # which ends before a mask begins


def test_cells_are_played_once_and_in_order(tmp_path):
    first = play_cells(cells(0), tmp_path, progress=False)
    both = play_cells(cells(1, 0), tmp_path, progress=False)
    assert [row["seed"] for row in both] == [1, 0]
    assert both[1] == first[0]  # also its seconds: it was not played again
    assert len((tmp_path / "cells.jsonl").read_text().splitlines()) == 2


def test_cells_are_the_same_in_other_processes(tmp_path):
    here = play_cells(cells(0, 1), tmp_path / "a", progress=False)
    there = play_cells(cells(0, 1), tmp_path / "b", workers=2, progress=False)
    assert [row["scores"] for row in here] == [row["scores"] for row in there]


def test_a_study_writes_its_table(tmp_path, monkeypatch):
    study = STUDIES["mask"]
    few = [
        Cell("maskaae", "synthetic:n=2,d=8,count=600", 2, seed, 3, {}, ("fd",)) for seed in (0, 1)
    ]
    monkeypatch.setitem(STUDIES, "mask", replace(study, cells=lambda _: few))
    text = reproduce("mask", tmp_path, scale="smoke").read_text()
    assert "2 trainings" in text
    assert "of 2" in text
    assert text.count("\n| 2 | 2 |") == 2


PANELS = {
    "mixture": ["true latent space", "WAE, FD", "WAE, mixture prior, FD"],
    "swiss-roll": ["AAE: data", "reconstructed", "generated", "mapped prior: data", "reconstructed",
                   "generated"],
}  # fmt: skip


@pytest.mark.parametrize("name", PANELS)
def test_studies_in_the_plane_draw_what_they_trained(name, tmp_path, monkeypatch):
    cells = [
        replace(cell, rounds=3, groups=("fd",))
        for cell in STUDIES[name].cells("smoke")
        if cell.recipe in ("wae-gan", "aae", "mapae")
    ]
    study, shown = STUDIES[name], []

    def shows(rows, folder, root):
        shown.append(study.shows(rows, folder, root))
        return shown[-1]

    monkeypatch.setitem(STUDIES, name, replace(study, cells=lambda _: cells, shows=shows))
    text = reproduce(name, tmp_path, scale="smoke").read_text()
    assert f"{len(cells)} trainings" in text
    ((table, figures),) = shown
    assert table in text
    panels = [axes for axes in figures[name].axes if axes.get_title("left") or axes.get_title()]
    titles = [axes.get_title("left") or axes.get_title() for axes in panels]
    for title, expected in zip(titles, PANELS[name], strict=True):
        assert title.startswith(expected)
    for axes in panels:  # each shows points, and not all in one place
        places = np.concatenate([part.get_offsets() for part in axes.collections])
        assert len(places) >= 500
        assert places.std(0).min() > 0
    assert {path.name for path in tmp_path.glob(f"{name}.*")} == {
        f"{name}.md", f"{name}.png", f"{name}.pdf",
    }  # fmt: skip
    shutil.rmtree(tmp_path / "runs")  # rows from another machine: the table is the same
    assert table in reproduce(name, tmp_path, scale="smoke").read_text()


def test_a_model_without_its_run_is_asked_for(tmp_path):
    with pytest.raises(UserError, match=r"the row ae-3 of .* take it out, and the same command"):
        opened({"key": "ae-3"}, tmp_path)


def test_evaluate_records_how_and_leaves_out_what_was_not_asked():
    data = load("digits")
    model = recipe("vae-bernoulli", data, latent=2, width=1 / 32)
    scores = evaluate(model, data, groups=("fd", "likelihood"), draws=2)
    assert {"fd_lenet", "fd_lenet_sd", "fd_lenet_floor", "elbo", "log_likelihood"} <= set(scores)
    assert scores["log_likelihood"] >= scores["elbo"]
    assert not {"coverage", "prd_recall", "pms_ratio"} & set(scores)
    assert scores["details"]["extractor_hash"] == metrics.lenet("digits").hash
    again = evaluate(model, data, groups=("fd", "likelihood"), draws=2)  # features from the cache
    assert again == scores


def test_traversals_start_with_the_dimension_that_matters():
    model = recipe("ae", (12,), latent=3, width=1 / 64).eval()
    with torch.no_grad():
        codes = torch.randn(200, 3) * torch.tensor([1.0, 5.0, 1e-3])
        samples, order = walks.traverse(model, codes, codes[0], dimensions=3, steps=5)
    assert samples.shape == (3, 5, 12)
    assert order[0] == 1
    assert order[2] == 2


def test_a_direction_separates_what_it_was_made_of():
    codes = torch.tensor([[0.0, 1.0], [0.0, 3.0], [4.0, 1.0], [4.0, 3.0]])
    has = torch.tensor([False, False, True, True])
    assert walks.direction(codes, has).tolist() == [4.0, 0.0]
    with pytest.raises(UserError, match="without"):
        walks.direction(codes, torch.ones(4, dtype=torch.bool))


def test_neighbours_of_training_samples_are_themselves():
    data = load("digits")
    x = data.train.first(3)
    found = walks.neighbours(data, x, metrics.pixels(), k=2)
    assert found.shape == (3, 3, 1, 8, 8)
    assert torch.equal(found[:, 0], found[:, 1])


def test_ctrl_c_ends_a_study_and_its_workers_at_once(tmp_path):
    words = ["reproduce", "mask", "--scale", "short", "--workers", "2", "--out", str(tmp_path)]
    process = subprocess.Popen(
        [sys.executable, "-m", "latentfit", *words],
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,  # a terminal sends Ctrl-C to the whole group
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    try:
        deadline = time.monotonic() + 120
        while len(list(tmp_path.glob("runs/*/metrics.jsonl"))) < 2:
            assert time.monotonic() < deadline
            assert process.poll() is None
            time.sleep(0.2)
        os.killpg(process.pid, signal.SIGINT)
        _, said = process.communicate(timeout=60)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    assert process.returncode == 130
    assert "Give the same command to go on" in said
    # The cell that the pool held ahead was not begun.
    assert len(list(tmp_path.glob("runs/*"))) == 2
