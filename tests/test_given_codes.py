"""A prior for codes that another program made."""

from __future__ import annotations

import json
import os
import signal

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import load_file

import latentfit as lf
from latentfit.checks import UserError
from latentfit.expost import of_codes
from latentfit.training.rounds import Rounds
from shell import command

BRIEF = ["--quiet", "--no-evaluate", "--device", "cpu"]


def codes(count=400, classes=2):
    random = np.random.default_rng(0)
    y = random.integers(0, classes, count)
    z = random.normal(size=(count, 4, 2, 2)) * [[[0.5]], [[1.0]], [[2.0]], [[4.0]]] + 10
    return (z + 5 * y[:, None, None, None]).astype(np.float32), y


def test_spatial_codes_come_back_in_their_units_and_shape(tmp_path):
    z, y = codes()
    np.save(tmp_path / "z.npy", z)
    np.save(tmp_path / "y.npy", y)
    run, out = tmp_path / "run", tmp_path / "s.npy"
    fit = ["fit-prior", "--codes", tmp_path / "z.npy", "--labels", tmp_path / "y.npy", *BRIEF]
    said = command(*fit, "--prior", "gaussian", "--by", "label", "--out", run, check=True)
    assert f"Run folder: {run}" in said.stderr
    command("sample", run, "-n", "300", "--label", "1", "--out", out, check=True)
    drawn = np.load(out)
    assert drawn.shape == (300, 4, 2, 2)
    np.testing.assert_allclose(drawn.mean((0, 2, 3)), 15, atol=0.5)
    np.testing.assert_allclose(drawn.std((0, 2, 3)), [0.5, 1, 2, 4], rtol=0.15)
    scored = command("evaluate", run, "--json", check=True)
    held = json.loads(scored.stdout)
    assert held["fd_pixels"] < 3 * held["fd_pixels_floor"]
    assert held["fd_pixels_reconstruction"] < 1e-6  # codes are their own reconstruction
    facts = json.loads((run / "run.json").read_text())
    assert facts["prior"][0] == "gaussian"
    other = command(*fit, "--prior", "gmm", "--out", run)
    assert other.returncode == 0  # of the same codes
    np.save(tmp_path / "other.npy", z + 1)
    other = command("fit-prior", "--codes", tmp_path / "other.npy", *BRIEF, "--out", run)
    assert other.returncode == 2
    assert "holds another run" in other.stderr


def test_codes_of_encode_are_codes(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    z, y = codes(400)
    np.savez(tmp_path / "codes.npz", codes=z.reshape(400, -1), labels=y, split=y)
    command("fit-prior", "--codes", "codes.npz", "--by", "label", "--set", "units=8", "--rounds",
            "40", *BRIEF, check=True)  # fmt: skip
    model = lf.load(tmp_path / "runs" / "codes-matching")
    assert model.classes == ("0", "1")
    assert model.refitted == ("matching", {"units": 8})
    assert model.sample(3, label=1, as_array=True).shape == (3, 16)
    command("size", "--data", "codes.npz", "--method", "two-nn", "--out", "size", check=True)


def test_a_table_of_codes_keeps_its_columns(tmp_path):
    z, _ = codes(200)
    frame = pd.DataFrame(z.reshape(200, -1), columns=[f"z{k}" for k in range(16)])
    frame.to_csv(tmp_path / "codes.csv", index=False)
    run = tmp_path / "run"
    command("fit-prior", "--codes", tmp_path / "codes.csv", "--prior", "gmm", "--set",
            "components=2", "--out", run, *BRIEF, check=True)  # fmt: skip
    command("sample", run, "-n", "5", "--out", tmp_path / "s.csv", check=True)
    assert list(pd.read_csv(tmp_path / "s.csv").columns) == list(frame.columns)


def test_a_model_of_codes_has_no_network():
    z, _ = codes(200)
    data = lf.data.arrays(z, kind="vectors", name="z")
    assert (data.shape, data.seen) == ((4, 2, 2), (16,))
    model = of_codes(data.schema)
    assert not list(model.parameters())
    assert model.device == torch.device("cpu")
    x = data.test.first(5)
    torch.testing.assert_close(model.reconstruct(x), x)
    np.testing.assert_allclose(model.schema.restore(x), z[data.test.ids[:5].astype(int)], atol=1e-5)
    lf.refit(model, data, "kde", rounds=1)
    assert model.sample(2, as_array=True).shape == (2, 4, 2, 2)


def test_what_does_not_go_together_is_refused(tmp_path):
    np.save(tmp_path / "z.npy", codes(200)[0])
    for words, told in [
        ([], "give the folder of a run, or --codes with a file of codes"),
        (["run", "--codes", "z.npy"], "one of them"),
        (["run", "--labels", "y.npy"], "--labels goes with --codes"),
        (["--codes", "z.csv", "--labels", "y.npy"], "--labels is an .npy beside --codes of an"),
        (["--codes", tmp_path / "z.npy", "--by", "label"], "has no labels to fit by"),
        (["--codes", tmp_path / "z.npy", "--labels", tmp_path / "none.npy"], "cannot be read"),
    ]:
        said = command("fit-prior", *words, "--prior", "gmm", "--out", tmp_path / "run", *BRIEF)
        assert said.returncode == 2, words
        assert told in said.stderr
        assert said.stderr.count("\n") == 1
    assert not (tmp_path / "run").exists()
    with pytest.raises(UserError, match="holds no signals"):
        lf.data.arrays(codes(200)[0], kind="signals")


def play_nothing(monkeypatch, fit):
    """The fit, stopped before anything is written."""

    def stopped(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("latentfit.expost.refit", stopped)
        return command(*fit, "--out", "nowhere")


def test_a_fit_that_is_stopped_goes_on_to_the_same_bits(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.save("codes.npy", codes(200)[0].reshape(200, -1))
    fit = ["fit-prior", "--codes", "codes.npy", "--set", "units=8", "--rounds", "80", *BRIEF]
    command(*fit, "--out", "whole", check=True)
    played, play = [], Rounds.play

    def stopping(self, step):
        played.append(step)
        if len(played) == 9:
            os.kill(os.getpid(), signal.SIGINT)
        return play(self, step)

    monkeypatch.setattr(Rounds, "play", stopping)
    stopped = command(*fit, "--out", "halves")
    assert stopped.returncode == 130
    assert "Stopped after round 9; everything is saved in halves. Give the same" in stopped.stderr
    before = play_nothing(monkeypatch, fit)
    assert before.returncode == 130
    assert "Stopped; nothing was begun yet. Give the same" in before.stderr
    command(*fit, "--out", "halves", check=True)
    assert played == list(range(len(played)))  # none twice
    whole, halves = (load_file(f"{name}/model.safetensors") for name in ("whole", "halves"))
    assert all(torch.equal(whole[name], halves[name]) for name in whole)
