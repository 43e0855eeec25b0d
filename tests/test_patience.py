"""A run that gets no better stops early, and ends with its best weights."""

from __future__ import annotations

import copy

import pytest
import torch

import latentfit as lf
from latentfit.checks import UserError
from latentfit.storage import RunFolder
from latentfit.training import Settings
from latentfit.training import train as play

SCORES = {2: 5.0, 4: 3.0, 6: 4.0, 8: 3.5, 10: 2.0, 12: 9.0}
NAME = "decoder.layers.1.weight"


def trained(out=None, *, rounds=12, patience=None, average=None):
    """The model, where the run stands, and the weights at each validation."""
    data = lf.data.load("synthetic:n=2,d=6,count=600")
    model = lf.recipe("ae", data, latent=2, width=1 / 8, batch=16, average=average)
    seen = {}

    def look(m):
        step = 2 * (len(seen) + 1)
        seen[step] = copy.deepcopy(m.state_dict())
        return SCORES.get(step, 9.0)  # at the end the last weights are looked at, too

    settings = Settings(rounds=rounds, validate_every=2, patience=patience, progress=False,
                        device="cpu")  # fmt: skip
    folder = None if out is None else RunFolder(out)
    return model, play(model, data, settings, folder=folder, validate=look), seen


@pytest.mark.parametrize(("patience", "stops", "best"), [(1, 6, 4), (2, 8, 4), (3, 12, 10)])
@pytest.mark.parametrize("kept", [True, False])
@pytest.mark.parametrize("average", [None, 0.5])
def test_it_stops_and_has_its_best_weights(tmp_path, patience, stops, best, kept, average):
    model, done, seen = trained(tmp_path if kept else None, patience=patience, average=average)
    assert (done.step, done.best) == (stops, (SCORES[best], best))
    assert torch.equal(model.state_dict()[NAME], seen[best][NAME])
    assert not model.training


def test_without_patience_all_rounds_are_played_and_the_last_weights_stay():
    model, done, seen = trained()
    assert done.step == 12
    assert not torch.equal(model.state_dict()[NAME], seen[10][NAME])


def test_given_again_it_stays_and_with_more_patience_it_goes_on(tmp_path):
    first, _, _ = trained(tmp_path, patience=2)
    again, done, seen = trained(tmp_path, patience=2)
    assert done.step == 8
    assert seen == {}
    assert torch.equal(again.state_dict()[NAME], first.state_dict()[NAME])
    data = lf.data.load("synthetic:n=2,d=6,count=600")
    model = lf.recipe("ae", data, latent=2, width=1 / 8, batch=16, average=None)
    settings = Settings(rounds=12, validate_every=2, patience=3, progress=False, device="cpu")
    scores = iter([SCORES[10], SCORES[12]])
    more = play(model, data, settings, folder=RunFolder(tmp_path), validate=lambda _: next(scores))
    assert (more.step, more.best) == (12, (2.0, 10))


def test_patience_does_not_change_what_was_finished_without(tmp_path):
    data = lf.data.load("synthetic:n=2,d=6,count=600")

    def run(**more):
        model = lf.recipe("ae", data, latent=2, width=1 / 8, batch=16, rate=0.1)
        return lf.train(model, data, rounds=8, out=tmp_path, validate_every=2, progress=False,
                        device="cpu", **more).model.state_dict()[NAME]  # fmt: skip

    first = run()
    assert torch.equal(run(patience=1), first)
    assert torch.equal(lf.load(tmp_path, device="cpu").state_dict()[NAME], first)
    assert RunFolder(tmp_path).card.round == 8


def test_patience_is_a_number_of_validations():
    with pytest.raises(UserError, match="'patience' must be at least 1"):
        Settings(rounds=1, patience=0)
    data = lf.data.load("synthetic:n=2,d=6,count=600")
    with pytest.raises(UserError, match="'patience' counts validations"):
        lf.train(lf.recipe("ae", data, latent=2), data, rounds=1, validate=False, patience=1)
