"""Where fewer than all samples of a split are taken, the order of the files does not matter."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

import latentfit as lf
from latentfit.data.base import spread
from latentfit.report import build
from latentfit.scoring import Subject, walks
from latentfit.scoring.scores import validation_score

LEVEL = np.repeat(np.arange(10), 60)
"""Ten classes of grey levels, sorted as files often lie."""
IN_TURN = np.tile(np.arange(10), 60)


def images(level: np.ndarray) -> np.ndarray:
    noise = np.random.default_rng(0).integers(0, 10, (len(level), 8, 8))
    return (20 * level[:, None, None] + noise).astype(np.uint8)


def held(level: np.ndarray) -> lf.Data:
    x = images(level)
    return lf.data.arrays(x, level, test=(x, level), classes=tuple("abcdefghij"))


def classes(x: torch.Tensor) -> int:
    """How many of the ten levels are among some images."""
    return len((x.flatten(1).mean(1) * 255 / 20).long().unique())


def head(features: torch.Tensor) -> torch.Tensor:
    level = ((features.mean(1) * 255 - 4.5) / 20).round().long().clamp(0, 9)
    return 50 * nn.functional.one_hot(level, 10).float()


def test_places_are_fixed_and_of_all_where_there_are_no_more():
    assert spread(7, 7).tolist() == spread(7, 99).tolist() == list(range(7))
    assert len(spread(1000, 40).unique()) == 40
    assert torch.equal(spread(1000, 40), spread(1000, 40).sort().values)
    assert set(spread(1000, 40).tolist()) < set(spread(1000, 41).tolist())


@pytest.mark.parametrize("level", [LEVEL, IN_TURN], ids=["sorted", "in turn"])
def test_scores_and_pictures_see_all_classes(level):
    data = held(level)
    model = lf.recipe("vae-fixed-variance", data, latent=2, width=1 / 64, batch=16)
    mine = lf.metrics.from_module("mine", nn.Flatten(), head=head)
    subject = Subject(model, data, features=mine, count=60, draws=1)
    for features in (subject.test, *vars(subject.reference).values()):
        assert classes(features) >= 9
    assert classes(subject.test[spread(60, 16)]) >= 6
    assert lf.evaluate(model, data, features=mine, groups=["fd"], count=60)["fd_mine_floor"] < 0.5
    train, other = (
        {row.numpy().tobytes() for row in part}
        for part in (subject.reference.train, subject.reference.other)
    )
    assert not train & other
    assert len(walks.directed(data, count=60)) == 10


def test_half_of_the_training_samples_of_two_classes_in_turn_is_not_one_class():
    level = np.tile([0, 9], 100)
    data = lf.data.arrays(images(level), test=(images(level), None))
    model = lf.recipe("vae-fixed-variance", data, latent=2, width=1 / 64, batch=16)
    reference = Subject(model, data, features="pixels").reference
    assert classes(reference.train) == classes(reference.other) == 2


def test_splits_of_the_classifier_score_hold_all_classes():
    level = np.repeat(np.arange(10), 100)
    x, y = images(np.repeat(np.arange(10), 240)), np.repeat(np.arange(10), 240)
    data = lf.data.arrays(x, y, test=(images(level), level))
    model = lf.recipe("vae-fixed-variance", data, latent=2, width=1 / 64, batch=16)
    mine = lf.metrics.from_module("mine", nn.Flatten(), head=head)
    scores = lf.evaluate(model, data, features=mine, groups=["classifier"], draws=1)
    assert scores["classifier_score_floor"] > 9  # ten splits, 10 where each holds all evenly


def test_pictures_show_all_classes(monkeypatch):
    data = held(LEVEL)
    model = lf.recipe("vae-fixed-variance", data, latent=2, width=1 / 64, batch=16).eval()
    shown = []
    monkeypatch.setattr(build.sheets, "reconstructions", lambda x, *rest: shown.append(x))
    with torch.no_grad():
        next(build._rebuilt(Subject(model, data, features="pixels", draws=1)))
    assert classes(shown[0]) >= 6
    codes = torch.randn(6000, 2) + torch.arange(6000.0)[:, None]
    figure = build.figures.latent_scatter(codes, codes)
    for points in figure.axes[0].collections:
        assert np.ptp(np.asarray(points.get_offsets())[:, 0]) > 1.4 * 5900


def test_checkpoints_and_bounds_look_at_all_classes(monkeypatch):
    data = held(LEVEL)
    model = lf.recipe("vae-learned-variance", data, latent=2, width=1 / 64, batch=16)
    seen = []
    own = type(model).log_weights
    monkeypatch.setattr(
        type(model), "log_weights", lambda m, x, n: (seen.append(x), own(m, x, 2))[1]
    )
    assert Subject(model, data).bounds is not None
    assert classes(torch.cat(seen)) == 10
    assert len(torch.cat(seen)) == 500
    drawn = []
    monkeypatch.setattr(
        data.validation, "take", lambda places: (drawn.append(places), torch.rand(9, 1, 8, 8))[1]
    )
    validation_score(data, count=10)
    assert torch.equal(drawn[0], spread(len(data.validation), 10))


def test_files_that_are_streamed_give_the_same_samples(tmp_path):
    for number, image in enumerate(images(LEVEL)):
        place = tmp_path / f"{LEVEL[number]}" / f"{number:03}.png"
        place.parent.mkdir(exist_ok=True)
        Image.fromarray(image).save(place)
    here, there = (lf.data.load(tmp_path, limit=limit) for limit in (1 << 30, 1))
    assert type(here.train) is not type(there.train)
    assert torch.equal(here.train.some(50), there.train.some(50))
    assert classes(here.train.some(50)) == 10


def test_a_dimension_is_as_important_in_any_order():
    data = held(LEVEL)
    model = lf.recipe("ae", data, latent=2, width=1 / 64, batch=16).eval()
    codes = torch.cat([torch.zeros(200, 2), torch.randn(200, 2)])
    worth = walks.importance(model, codes)
    again = walks.importance(model, codes.flip(0))
    assert torch.allclose(worth, again, rtol=0.5)


def test_size_looks_at_rows_from_everywhere(monkeypatch):
    x = np.random.default_rng(0).normal(size=(8000, 3))
    x[:, 0] += 10 * np.repeat(np.arange(10), 800)
    seen = []
    own = lf.metrics.without_near_copies
    monkeypatch.setattr(
        lf.metrics, "without_near_copies", lambda rows: (seen.append(rows), own(rows))[1]
    )
    lf.size(lf.data.arrays(x), budget=0)
    assert seen[0].shape == (5000, 3)
    assert float(seen[0][:, 0].mean()) == pytest.approx(0, abs=0.05)  # standardised
