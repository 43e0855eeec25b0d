"""Cells that say more of a training: on the way, on validation, raw, on features of a file."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from safetensors.torch import save_file

import latentfit as lf
from latentfit import metrics
from latentfit.checks import UserError
from latentfit.metrics import LeNet
from latentfit.runs.cells import Cell, run_of
from latentfit.runs.pool import play_cells
from latentfit.scoring.scores import evaluate
from latentfit.studies import features, reproduce

DATA = "synthetic:n=2,d=8,count=600"
CELL = Cell("ae", DATA, 2, 0, 6, {"width": 0.25, "batch": 16, "average": 0.5}, ("fd",), "pixels")


def test_a_cell_is_scored_on_the_way_as_it_would_be_at_the_end(tmp_path):
    (long,) = play_cells([replace(CELL, at=(2, 4))], tmp_path / "a", progress=False)
    short = play_cells(
        [replace(CELL, rounds=rounds) for rounds in (2, 4, 6)], tmp_path / "b", progress=False
    )
    two, four, six = (row["scores"] for row in short)
    assert long["trace"] == {"2": two, "4": four}
    assert long["scores"] == six
    assert two["fd_pixels"] != four["fd_pixels"]
    # One that was stopped after the first of them goes on from there.
    cell = replace(CELL, at=(2, 4), seed=1)
    play_cells([replace(cell, at=(2,), rounds=4)], tmp_path / "c", progress=False)
    first = run_of(replace(cell, at=(2,), rounds=4).key, tmp_path / "c").path
    first.rename(run_of(cell.key, tmp_path / "c").path)
    (resumed,) = play_cells([cell], tmp_path / "c", progress=False)
    (whole,) = play_cells([cell], tmp_path / "d", progress=False)
    assert (resumed["trace"], resumed["scores"]) == (whole["trace"], whole["scores"])


def test_later_fields_of_a_cell_leave_older_keys_as_they_were():
    assert CELL.key == "ae-2-0-" + CELL.key[-8:]
    assert not {"at", "split", "raw", "draws", "options", "fingerprint"} & set(CELL.identity)
    for field in ({"at": (2,)}, {"split": "validation"}, {"raw": True}, {"draws": 1},
                  {"options": {"size": 8}}):  # fmt: skip
        assert replace(CELL, **field).key != CELL.key


def test_raw_weights_and_validation_samples_are_scored_apart(tmp_path):
    raw = replace(CELL, raw=True)
    judged = replace(CELL, split="validation")
    ours, theirs = play_cells([raw, judged], tmp_path, progress=False)
    data = lf.data.load(DATA)
    for weights, found in (("raw", ours["raw"]), ("auto", ours["scores"])):
        model = lf.load(run_of(raw.key, tmp_path).path, weights=weights, device="cpu")
        expected = evaluate(model, data, features="pixels", groups=("fd",))
        assert found["fd_pixels"] == expected["fd_pixels"]
    assert ours["raw"]["mse"] != ours["scores"]["mse"]
    model = lf.load(run_of(judged.key, tmp_path).path, device="cpu")
    x = data.validation.first(9999)
    mse = float((model.reconstruct(x) - x).square().mean().detach())
    assert theirs["scores"]["mse"] == pytest.approx(mse, rel=1e-5)
    assert theirs["scores"]["mse"] != ours["scores"]["mse"]


def test_features_of_a_file_give_scores_their_name(tmp_path):
    torch.manual_seed(0)
    model = LeNet(1, 3).eval()
    held = {key: value.contiguous() for key, value in model.state_dict().items()}
    save_file(held, tmp_path / "mine.safetensors")
    x = torch.rand(4, 1, 8, 8)
    found = metrics.extractor(str(tmp_path / "mine.safetensors"), (1, 8, 8), "digits")
    assert (found.name, found.distance) == ("mine", "fd_mine")
    torch.testing.assert_close(found(x), model.features(x).detach())
    torch.testing.assert_close(found.head(found(x)), model(x).detach())
    save_file(held, tmp_path / "several.safetensors", metadata={"kind": "attributes"})
    several = metrics.extractor(str(tmp_path / "several.safetensors"), (1, 8, 8), "digits")
    assert several.head is None
    with pytest.raises(UserError, match="1 channels, the data have 3"):
        metrics.extractor(str(tmp_path / "mine.safetensors"), (3, 8, 8), "x")
    save_file(held, tmp_path / "lenet.safetensors")
    with pytest.raises(UserError, match="'lenet' is taken"):
        metrics.extractor(str(tmp_path / "lenet.safetensors"), (1, 8, 8), "digits")
    cell = Cell("ae", "digits", 2, 0, 2, {"width": 1 / 64}, ("fd",), "mine.safetensors")
    (row,) = play_cells([cell], tmp_path, progress=False)
    assert row["scores"]["fd_mine"] > 0


def test_features_of_a_person_are_not_looked_for_among_the_cells(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    held = {key: value.contiguous() for key, value in LeNet(1, 3).state_dict().items()}
    save_file(held, tmp_path / "mine.safetensors")
    cell = Cell("ae", "digits", 2, 0, 2, {"width": 1 / 64}, ("fd",), "mine.safetensors")
    (row,) = play_cells([cell], tmp_path / "cells", progress=False)
    assert row["scores"]["fd_mine"] > 0


def test_a_file_of_other_tensors_is_no_classifier(tmp_path):
    held = {key: value.contiguous() for key, value in LeNet(1, 3).state_dict().items()}
    for name, wrong in (("body.0.weight", torch.zeros(3)), ("body.4.weight", torch.zeros(2, 2))):
        save_file(held | {name: wrong}, tmp_path / "odd.safetensors")
        with pytest.raises(UserError):
            metrics.extractor(str(tmp_path / "odd.safetensors"), (1, 8, 8), "digits")


def test_a_classifier_of_another_scale_is_not_taken(tmp_path):
    held = {key: value.contiguous() for key, value in LeNet(3, 40).state_dict().items()}
    save_file(held, tmp_path / features.FACES, metadata={"epochs": "1", "size": "32"})
    assert features.of_attributes(tmp_path, None, epochs=1, size=32).is_file()
    for epochs, size in ((30, 32), (1, None)):
        with pytest.raises(UserError, match="another scale"):
            features.of_attributes(tmp_path, None, epochs=epochs, size=size)


def test_a_folder_that_is_a_file_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    for study in ("mixture", "rates"):
        with pytest.raises(UserError):
            reproduce(study, tmp_path / "file", scale="smoke", root=str(tmp_path))
