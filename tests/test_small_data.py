"""A few samples are enough for a training with its scores and its report."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

import latentfit as lf
from latentfit.checks import UserError
from latentfit.pictures import sheets
from latentfit.scoring import Subject, walks
from shell import command, training


def trained(recipe, data, place):
    """A training of two rounds on some data, with its scores and its report."""
    words = [word for word in training(recipe, place, "--rounds", "2") if word != "--no-evaluate"]
    words[words.index("digits")] = str(data)
    words[words.index("batch=16")] = "batch=8"
    command(*words, check=True)
    return json.loads((place / "evaluation.json").read_text())


def images(count):
    return np.random.default_rng(0).integers(0, 256, (count, 8, 8), dtype=np.uint8)


@pytest.mark.parametrize(("recipe", "count"), [("ae", 20), ("flexae", 24), ("flexae", 60),
                                               ("ae", 119)])  # fmt: skip
def test_few_images_are_scored_and_reported(recipe, count, tmp_path, monkeypatch):
    seen = []
    own = sheets.image_grid

    def grid(shown, **rest):
        seen.append(shown)
        return own(shown, **rest)

    monkeypatch.setattr(sheets, "image_grid", grid)
    np.savez(tmp_path / "x.npz", x=images(count), y=np.arange(count) % 3)
    scores = trained(recipe, tmp_path / "x.npz", tmp_path / "run")
    assert 0 <= scores["prd_recall_floor"] <= 1
    tests = len(lf.data.load(tmp_path / "x.npz").test)
    assert (scores["prior_wasserstein"] is None) == (tests < 4)
    made = {path.stem for path in (tmp_path / "run" / "figures").iterdir()}
    assert {"samples", "prd", "interpolations", "reconstructions", "directions"} <= made
    # Those of the scores, one for each test image, and others drawn apart.
    assert seen[0].shape == (64, 1, 8, 8)
    assert len(seen[0].unique(dim=0)) == 64
    page = (tmp_path / "run" / "report.html").read_text()
    assert f"over {min(20, tests)} clusters" in page


def test_few_vectors_are_scored_and_reported(tmp_path):
    np.save(tmp_path / "x.npy", np.random.default_rng(0).normal(size=(20, 6)))
    count = trained("ae", tmp_path / "x.npy", tmp_path / "run")["details"]["count"]
    assert count == len(lf.data.load(tmp_path / "x.npy").test) >= 2


def test_a_class_without_training_images_has_no_direction():
    # Some classes are in the test split alone.
    names = tuple(f"class{number:02}" for number in range(24))
    data = lf.data.arrays(images(24), range(24), classes=names)
    assert len(data.classes) == 24
    assert len(walks.directed(data)) == len(data.train) < 24
    missing = set(data.classes) - set(walks.directed(data))
    assert data.test.labels is not None
    assert {data.classes[label] for label in data.test.labels.tolist()} <= missing


def test_one_test_sample_is_not_scored():
    x = torch.rand(30, 6)
    data = lf.data.arrays(x, name="mine", test=(x[:1], None))
    with pytest.raises(UserError, match="scores need two test samples, 'mine' has 1"):
        Subject(lf.recipe("ae", data, latent=2, width=1 / 64), data)
