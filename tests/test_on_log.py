"""Who listens to a training: told what the log holds, and what it raises is seen."""

from __future__ import annotations

import json
import traceback

import pytest
import torch

import latentfit as lf
from contract import toy
from latentfit.data import order
from latentfit.storage import RunFolder
from latentfit.training import distributed
from shell import QUIET

DATA = toy((6,))
TOLD = {**QUIET, "log_every": 5, "validate_every": 10}


def model(name="wae-gan"):
    return lf.recipe(name, DATA, latent=3, width=1 / 16, batch=16, average=0.9)


class Own(Exception):
    """An error of the person's own."""


def test_it_is_told_the_numbers_of_the_log_and_validation_scores(tmp_path):
    heard = []
    listens = {"on_log": lambda *told: heard.append(told)}
    lf.train(model("maskaae"), DATA, rounds=25, out=tmp_path, **listens, **TOLD)
    lines = RunFolder(tmp_path).lines
    numbers = [
        (line["round"], {n: v for n, v in line.items() if n not in ("round", "mask/values")})
        for line in lines
    ]
    assert heard == numbers
    assert [step for step, told in heard if "validation" in told] == [10, 20, 25]
    assert any("mask/values" in line for line in lines)
    again = []  # without a folder
    lf.train(
        model("maskaae"), DATA, rounds=25, on_log=lambda *told: again.append(told), **TOLD
    )  # no folder
    without = [{n: v for n, v in told.items() if n != "seconds"} for _, told in again]
    assert without == [{n: v for n, v in told.items() if n != "seconds"} for _, told in heard]


@pytest.mark.parametrize("when", [10, 25])
def test_what_it_raises_is_seen_after_a_checkpoint_and_the_run_goes_on(tmp_path, when):
    """In a line of terms, of validation, and in the last round."""
    heard = []

    def fails(step, numbers):
        heard.append(step)
        if step == when:
            raise Own("of the person")

    with pytest.raises(Own) as caught:
        lf.train(model(), DATA, rounds=25, out=tmp_path, on_log=fails, **TOLD)
    assert "fails" in [frame.name for frame in traceback.extract_tb(caught.tb)]
    assert heard[-1] == when
    assert heard.count(when) == 1  # told no more, though validation was due
    assert RunFolder(tmp_path).played == when
    lf.train(model(), DATA, rounds=25, out=tmp_path, **TOLD)
    lf.train(model(), DATA, rounds=25, out=tmp_path / "other", **TOLD)
    gone_on, at_once = RunFolder(tmp_path).weights, RunFolder(tmp_path / "other").weights
    assert all(torch.equal(value, at_once[name]) for name, value in gone_on.items())


def test_without_a_folder_the_model_holds_the_last_weights():
    def fails(step, numbers):
        raise Own

    broken, whole = model(), model()
    with pytest.raises(Own):
        lf.train(broken, DATA, rounds=25, on_log=fails, **TOLD)
    lf.train(whole, DATA, rounds=5, validate=False, **TOLD)
    assert all(
        torch.equal(value, whole.state_dict()[name])
        for name, value in broken.state_dict().items()
        if name.startswith("critic")  # never averaged
    )


def test_only_the_main_process_tells(monkeypatch):
    from latentfit.training import loop

    monkeypatch.setattr(distributed, "rank", lambda: 1)
    monkeypatch.setattr(loop, "order", lambda *count, rank, **more: order(*count, **more))
    heard = []
    lf.train(model(), DATA, rounds=5, on_log=lambda *told: heard.append(told), **TOLD)
    assert heard == []


def test_an_interrupt_that_it_raises_is_one(tmp_path):
    """As of a second Ctrl-C while it waits."""

    def fails(step, numbers):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        lf.train(model(), DATA, rounds=25, out=tmp_path, on_log=fails, **TOLD)
    assert RunFolder(tmp_path).played == 5
    assert json.loads((tmp_path / "metrics.jsonl").read_text().splitlines()[-1])["round"] == 5
