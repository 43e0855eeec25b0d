"""Rows that other packages add: they are used like ours, and a broken one is left out."""

from __future__ import annotations

import functools
import json
import os
import re
import subprocess
import sys

import pytest

from shell import ENVIRONMENT, ROOT

MODULE = '''
from dataclasses import replace

import torch
from torch import nn

import latentfit as lf
from latentfit.checks import UserError
from latentfit.data import Source
from latentfit.expost import PriorRecipe
from latentfit.recipes import Paper, Parts, Preset, system
from latentfit.scoring import Comparison, Metric


class Points(lf.priors.Fitted):
    def __init__(self, latent, count):
        super().__init__()
        self.register_buffer("codes", torch.zeros(count, latent))

    def fit(self, codes, *, seed=0):
        self.codes.copy_(codes[: len(self.codes)])

    def sample(self, n):
        return self.codes[torch.randint(len(self.codes), (n,))]


def build(latent, width, *, count: int = 10):
    return Points(latent, count)


@system("linear", Paper("A note (Nobody)", 2026), "a linear map there and back", batch=16)
def linear(parts: Parts, *, rate: float = 1e-3):
    """Deviations: none, since there is no paper."""
    return lf.models.AutoEncoder(
        parts.points(), prior=lf.priors.Normal(parts.latent), optimizer=lf.optimizers.adam(rate)
    )


@system("lines", Paper("A note (Nobody)", 2026), "for vectors only", batch=16)
def lines(parts: Parts, *, rate: float = 1e-3):
    """Deviations: none, since there is no paper."""
    if parts.image:
        raise UserError("lines are vectors.")
    return linear.build(parts, rate=rate)


odd = replace(linear, name="odd", presets={"beta": Preset(1.0)})
points = PriorRecipe("points", build, "some of the codes themselves")
line = Source("line", lambda n=200: lf.data.load(torch.arange(6.0) * torch.rand(n, 1)), "a line")
scores = [
    Comparison("mean_gap", "gap", lambda pair: abs(float(pair.samples.mean() - pair.test.mean())),
               "distance of the means", "lower"),
    Metric("failing", "gap", lambda subject: 1 / 0, "nothing"),
    Metric("params", "gap", lambda subject: len(list(subject.model.parameters())), "how many"),
]
no_row = 3
'''
ENTRIES = """
[latentfit.recipes]
linear = mine:linear
lines = mine:lines
odd = mine:odd
broken = mine:not_there
taken = latentfit.recipes.papers:flexae
[latentfit.priors]
points = mine:points
[latentfit.data]
line = mine:line
number = mine:no_row
[latentfit.metrics]
scores = mine:scores
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with a package that is installed, as far as Python can tell."""
    root = tmp_path_factory.mktemp("site")
    (root / "mine.py").write_text(MODULE)
    facts = root / "mine-1.0.dist-info"
    facts.mkdir()
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: mine\nVersion: 1.0\n")
    (facts / "entry_points.txt").write_text(ENTRIES)
    return root


@pytest.fixture(scope="module")
def run(place):
    """Python with that package."""
    paths = os.pathsep.join([str(place), ENVIRONMENT["PYTHONPATH"]])
    return functools.partial(
        subprocess.run, capture_output=True, text=True, cwd=ROOT,
        env={**ENVIRONMENT, "PYTHONPATH": paths},
    )  # fmt: skip


@pytest.fixture(scope="module")
def shell(run):
    """The command line with that package."""
    return lambda *words: run([sys.executable, "-m", "latentfit", *map(str, words)])


def test_rows_of_a_package_are_listed_and_broken_ones_named(shell):
    listed = shell("list", "recipes", "--json")
    assert {"linear", "lines"} <= {row["name"] for row in json.loads(listed.stdout)}
    lines = listed.stderr.strip().splitlines()
    assert len(lines) == 3
    said = listed.stderr
    assert "'broken' (latentfit.recipes = mine:not_there) is left out: AttributeError" in said
    assert "plug-in 'odd' (latentfit.recipes = mine:odd) is left out: UserError" in said
    assert "unknown setting of odd 'beta'" in said
    assert "'flexae' is there already" in said
    data = shell("list", "data")
    assert "a line" in data.stdout
    assert "it gives a int, not a Source" in data.stderr
    names = [row["name"] for row in json.loads(shell("list", "metrics", "--json").stdout)]
    assert {"mean_gap", "params"} <= set(names)


def test_rows_of_a_package_are_trained_scored_and_fitted(shell, tmp_path):
    out = tmp_path / "run"
    words = [
        "train",
        "linear",
        "--data",
        "line:n=300",
        "--latent",
        "2",
        "--rounds",
        "20",
        "--quiet",
    ]
    done = shell(*words, "--set", "rate=0.01", "--out", out)
    assert done.returncode == 0, done.stderr
    scores = json.loads((out / "evaluation.json").read_text())
    assert {"mean_gap", "mean_gap_sd", "mean_gap_floor", "params"} <= set(scores)
    assert scores["failing"] is None
    assert "the score 'failing' of a plug-in failed: ZeroDivisionError" in done.stderr
    assert "distance of the means; lower is better" in (out / "report.html").read_text()
    fitted = shell("fit-prior", out, "--prior", "points", "--set", "count=5", "--quiet",
                   "--no-evaluate")  # fmt: skip
    assert fitted.returncode == 0, fitted.stderr
    sampled = shell("sample", f"{out}-points", "-n", "9", "--out", tmp_path / "s.npz")
    assert sampled.returncode == 0, sampled.stderr


def test_rows_of_a_package_keep_the_contracts_of_ours(run):
    """The contract tests take their cases from the table, so they play those of a package too."""
    chosen = "linear and (shapes or sampling or owns or bits)"
    done = run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:xdist", "-k", chosen,
         "tests/quick/test_small_contracts.py", "tests/test_contract.py", "-o", "addopts="]
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert int(re.findall(r"(\d+) passed", done.stdout)[0]) > 4
