"""Priors that are fitted by class, and samples of one."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
import torch

import latentfit as lf
from latentfit.checks import UserError
from latentfit.expost import CodeMatching, refit
from latentfit.expost.classes import classes_of
from latentfit.priors import ByClass, GaussianMixture, Normal
from shell import QUIET, command, training


@pytest.fixture(scope="module")
def digits():
    data = lf.data.load("digits")
    model = lf.recipe("ae", data, latent=6, width=1 / 16, batch=64)
    lf.train(model, data, rounds=400, validate=False, **QUIET)
    return model, data


@pytest.mark.parametrize(("name", "rounds"), [("gmm", 1), ("kde", 1), ("matching", 3_000)])
def test_draws_of_a_class_lie_among_its_codes(digits, name, rounds):
    model, data = digits
    settings = {"components": 2} if name == "gmm" else {}
    settings = {"units": 64, "batch": 128} if name == "matching" else settings
    refit(model, data, name, rounds=rounds, by="label", progress=False, **settings)
    codes, labels = model.encode(data.train.first(len(data.train))).detach(), data.train.labels
    centres = torch.stack([codes[labels == k].mean(0) for k in range(10)])
    own = torch.cdist(codes, centres).argmin(1).eq(labels).float().mean()

    def right(label: int) -> float:
        torch.manual_seed(0)
        drawn = model.prior.sample_of(200, label)
        return float(torch.cdist(drawn, centres).argmin(1).eq(label).float().mean())

    assert np.mean([right(k) for k in range(10)]) > float(own) - 0.12
    torch.manual_seed(0)
    mixed = model.prior.sample(2_000)
    shares = torch.cdist(mixed, centres).argmin(1).bincount(minlength=10) / 2_000
    wanted = torch.cdist(codes, centres).argmin(1).bincount(minlength=10) / len(codes)
    assert float((shares - wanted).abs().max()) < 0.05
    assert model.sample(3, label=7).shape == (3, 1, 8, 8)
    assert torch.equal(model.sample(3, label="7", seed=1), model.sample(3, label=7, seed=1))
    assert not torch.equal(model.sample(3, label=7, seed=1), model.sample(3, label=1, seed=1))
    with pytest.raises(UserError, match=r"unknown label '11'.* Allowed: 0, 1, 2"):
        model.sample(1, label=11)


def test_guidance_leads_further_to_a_class(digits):
    model, data = digits
    codes, labels = model.encode(data.train.first(len(data.train))).detach(), data.train.labels
    away = codes[labels == 0].mean(0) - codes.mean(0)
    far = []
    for guidance in (1.0, 3.0):
        refit(model, data, "matching", rounds=800, by="label", progress=False, units=32,
              guidance=guidance)  # fmt: skip
        torch.manual_seed(0)
        drawn = model.prior.sample_of(300, 0)
        far.append(float(((drawn - codes.mean(0)) @ away).mean() / away.square().sum()))
    assert far[1] > far[0] + 0.1


def test_what_cannot_be_fitted_by_class_is_refused(digits):
    model, data = digits
    with pytest.raises(UserError, match="'flow' cannot be fitted by class; gaussian, gmm, kde and"):
        refit(model, data, "flow", rounds=1, by="label")
    with pytest.raises(UserError, match="fit the prior by class, --by label"):
        refit(model, data, "matching", rounds=1, guidance=2.0)
    with pytest.raises(UserError, match="'digits' is no table with a column 'age'"):
        refit(model, data, "gmm", rounds=1, by="age")
    with pytest.raises(UserError, match=r"class number 0 has \d+ codes: a mixture of 500"):
        refit(model, data, "gmm", rounds=1, by="label", components=500)
    refit(model, data, "gmm", rounds=1)
    with pytest.raises(UserError, match="the prior knows no classes; fit one by class"):
        model.sample(1, label=3)
    with pytest.raises(UserError, match="knows no classes"):
        Normal(2).sample_of(1, 0)
    with pytest.raises(UserError, match="has no labels to fit by"):
        classes_of(lf.data.load("synthetic:n=2"), "label")
    prior = ByClass([GaussianMixture(6, components=1) for _ in range(10)])
    model.prior = prior
    with pytest.raises(UserError, match="this prior is of classes"):
        lf.train(model, data, rounds=1, validate=False, **QUIET)


def test_a_folder_of_few_codes_is_one_batch(digits):
    _, data = digits
    few = lf.data.arrays(data.train.first(200).numpy(), name="few")
    model = lf.recipe("ae", few, latent=2, width=1 / 64, batch=16)
    refit(model, few, "matching", rounds=40, progress=False)
    assert model.prior.model.batch == len(few.train) < 512


def test_from_the_shell_and_again_from_the_folder(tmp_path):
    run, fitted = tmp_path / "run", tmp_path / "fitted"
    command(*training("ae", run, "--rounds", "300"), check=True)
    said = command("sample", run, "--label", "3", "--out", tmp_path / "x.npy")
    assert said.returncode == 2
    assert "knows no classes; fit one by class: latentfit fit-prior RUN" in said.stderr
    fit = ["fit-prior", run, "--prior", "matching", "--by", "label", "--out", fitted, "--quiet"]
    command(*fit, "--set", "units=16", "--rounds", "40", "--no-evaluate", check=True)
    for label in ("3", "4"):
        out = ["--out", tmp_path / f"{label}.npy", "-n", "5"]
        command("sample", fitted, "--label", label, *out, check=True)
    three, four = np.load(tmp_path / "3.npy"), np.load(tmp_path / "4.npy")
    assert len(three) == 5
    assert not np.array_equal(three, four)
    model = lf.load(fitted)
    assert model.classes == tuple("0123456789")
    assert isinstance(model.prior.model, CodeMatching)
    drawn = model.sample(5, label=3, seed=0, as_array=True)
    np.testing.assert_allclose(255 * drawn[:, 0], three, atol=1)
    assert json.loads((fitted / "model.json").read_text())["prior"][0] == "matching"
    said = command("sample", fitted, "--label", "ten", "--out", tmp_path / "x.npy")
    assert said.returncode == 2
    assert "unknown label 'ten'" in said.stderr


def test_classes_are_those_of_the_training():
    x = np.random.default_rng(0).normal(size=(300, 4)).astype(np.float32)
    y = np.where(np.arange(300) % 2, 7, 3)
    data = lf.data.arrays(x[:200], y[:200], validation=(x[200:250], y[200:250]),
                          test=(x[250:], np.full(50, 9)), name="odd")  # fmt: skip
    parts, names = classes_of(data, "label")
    assert names == ("3", "7")
    assert [sorted(part.unique().tolist()) for part in parts] == [[0, 1], [0, 1], [2]]
    assert torch.equal(parts[0], (data.train.labels == 7).long())


def test_a_column_of_a_table_is_a_class(tmp_path):
    random = np.random.default_rng(0)
    job = random.choice(["cook", "pilot"], 400, p=[0.7, 0.3])
    height = 150 + 40 * (job == "pilot") + random.normal(size=400)
    frame = pd.DataFrame({"job": job, "height": height, "age": random.integers(20, 60, 400)})
    data = lf.data.table(frame, name="people")
    parts, names = classes_of(data, "job")
    assert names == ("cook", "pilot")
    assert [len(part) for part in parts] == [len(data.train), len(data.validation), len(data.test)]
    restored = data.schema.restore(data.train.first(len(data.train)))
    assert (np.array(names)[parts[0]] == restored["job"].to_numpy()).all()
    with pytest.raises(
        UserError, match="'people' has no column 'jobs'; there are job, height, age"
    ):
        classes_of(data, "jobs")
    with pytest.raises(UserError, match="a label is a class"):
        classes_of(data, "height")
    model = lf.recipe("ae", data, latent=3, width=1 / 8, batch=32, rate=1e-3)
    lf.train(model, data, rounds=400, validate=False, **QUIET)
    refit(model, data, "gmm", rounds=1, by="job", components=1)
    drawn = {name: model.sample(200, label=name, as_array=True) for name in names}
    assert (drawn["pilot"]["job"] == "pilot").mean() > 0.9
    torch.testing.assert_close(model.prior.shares, parts[0].bincount() / len(parts[0]))
    assert drawn["pilot"]["height"].mean() > drawn["cook"]["height"].mean() + 25
