"""Faults that are planted in a latent space are named first."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
import torch

import latentfit as lf
from latentfit.checks import UserError
from latentfit.diagnosis import diagnose, of_codes
from latentfit.diagnosis import model as model_module
from latentfit.diagnosis.findings import Finding, ranked
from latentfit.expost import of_codes as of_given
from latentfit.expost import refit
from latentfit.priors import Prior
from shell import QUIET, command

M = 8


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


Z, P = normal(2_000, M), normal(2_000, M, seed=1)


def dead():
    return torch.cat([1e-3 * Z[:, :2], Z[:, 2:]], 1)


def groups():
    centres = torch.nn.functional.normalize(normal(4, M, seed=3)) * 6
    z = Z + centres[torch.arange(2_000) % 4]
    return (z - z.mean(0)) / z.std(0)


def tails():
    torch.manual_seed(0)
    return Z * (3 / torch.distributions.Chi2(3.0).sample((2_000, 1))).sqrt() * 0.75


PLANTED = {
    "dead-dimensions": dead,
    "scale": lambda: 1.6 * Z,
    "unequal-scales": lambda: Z * torch.linspace(0.3, 2.2, M),
    "off-centre": lambda: Z + 0.6,
    "correlated": lambda: 0.8 * normal(2_000, 1, seed=2) + 0.6 * Z,
    "clusters": groups,
    "heavy-tails": tails,
    "shell": lambda: torch.nn.functional.normalize(Z) * M**0.5 * (1 + 0.03 * normal(2_000, 1)),
}


@pytest.mark.parametrize("fault", PLANTED)
def test_a_planted_fault_of_codes_comes_first(fault):
    found = of_codes(PLANTED[fault](), P)
    assert found[0].name == fault
    assert found[0].severity >= 1
    # A prior that has the same is no fault.
    same = PLANTED[fault]()
    torch.manual_seed(7)
    order = torch.randperm(len(same))
    left = {f.name for f in of_codes(same[order[:1_000]], same[order[1_000:]])}
    assert left <= {"dead-dimensions"}


def test_nothing_is_found_where_nothing_is_wrong():
    assert of_codes(Z, P) == []
    assert of_codes(Z) == []
    assert [f.name for f in of_codes(3 * Z + 5)] == []  # without a prior codes have no place


def test_holes_are_where_draws_have_no_codes_near():
    ring = torch.nn.functional.normalize(normal(2_000, 2)) * math.sqrt(2)
    ring = ring + 0.05 * normal(2_000, 2, seed=4)
    found = {f.name: f for f in of_codes(ring, normal(2_000, 2, seed=5))}
    assert found["holes"].severity > 2
    assert found["holes"].general
    assert "of the prior's draws lie where no codes are" in found["holes"].says


def test_general_findings_come_last():
    told = [Finding("a", 9.0, "", "", general=True), Finding("b", 1.0, "", ""),
            Finding("c", 0.9, "", ""), Finding("b", 1.5, "", ""),
            Finding("d", 2.0, "", "")]  # fmt: skip
    assert [f.name for f in ranked(told)] == ["d", "b", "a"]


def test_bad_codes_are_refused():
    with pytest.raises(UserError, match="codes must have at least 100 rows, got 50"):
        of_codes(Z[:50])
    with pytest.raises(UserError, match="codes have 8 dimensions, draws 3"):
        of_codes(Z, P[:, :3])
    with pytest.raises(UserError, match="all codes are the same"):
        of_codes(torch.ones(200, 3))


@pytest.fixture(autouse=True)
def few_priors(monkeypatch):
    """One that is trained takes half a minute."""
    monkeypatch.setattr(model_module, "TRIED", {"gaussian": 1, "matching": 40})


@pytest.fixture(scope="module")
def trained():
    data = lf.data.load("synthetic:n=2,d=12,count=2000")
    model = lf.recipe("ae", data, latent=2, width=1 / 8, batch=64, rate=1e-3)
    lf.train(model, data, rounds=800, validate=False, **QUIET)
    return model, data


def test_a_model_and_what_other_priors_would_reach(trained):
    model, data = trained
    found = diagnose(model, data, name="runs/x")
    assert found.findings == []
    assert found.advice == "Nothing is wrong that was looked for."
    assert found.priors.keys() == {"now", "gaussian", "matching"}
    assert found.numbers["entries"] == found.numbers["active"] == 2
    assert 1.5 < found.numbers["dimension"] < 2.5
    assert found.numbers["low"] <= found.numbers["distance"] <= found.numbers["high"]
    assert found.numbers["floor"] < found.numbers["distance"] < 0.6
    refit(model, data, "kde", rounds=1)
    model.prior.width.zero_()
    copied = diagnose(model, data, name="runs/x")
    assert copied.findings[0].name == "memorised"
    refit(model, data, "gaussian", rounds=1)
    model.prior.factors.mul_(3)
    far = diagnose(model, data, name="runs/x")
    assert far.findings[0].name == "scale"
    assert far.advice.startswith("Fit a prior that follows the codes: latentfit fit-prior runs/x")
    assert far.priors["gaussian"] < far.priors["now"] / 2
    with pytest.raises(UserError, match="no encoder"):
        diagnose(lf.recipe("gan", (1, 8, 8), latent=2, width=1 / 64), lf.data.load("digits"))


class Copies(Prior):
    """A Gaussian, of whose draws each third lies next to a code."""

    def __init__(self, codes, noise):
        super().__init__()
        self.codes, self.noise = codes, noise

    def sample(self, n):
        drawn = self.codes.mean(0) + self.codes.std(0) * torch.randn(n, self.codes.shape[1])
        at = torch.randint(len(self.codes), (n // 3,))
        drawn[: n // 3] = self.codes[at] + self.noise * torch.randn(n // 3, self.codes.shape[1])
        return drawn


@pytest.mark.parametrize(("noise", "named"), [(1e-3, ["memorised"]), (0.5, [])])
def test_a_third_of_near_copies_is_named(noise, named):
    data = lf.data.arrays(normal(4_000, 6).numpy(), kind="vectors", scale="none")
    model = of_given(data.schema)
    model.refitted = ("planted", {})
    model.prior = Copies(data.train.some(10_000), noise)
    found = diagnose(model, data).findings
    assert [f.name for f in found if f.name == "memorised"] == named
    for finding in found:
        if finding.name == "memorised":
            assert finding.severity > 2.8  # the mean nearness alone would be 2.2
            assert "% of them are near copies" in finding.says


def test_the_command_writes_a_page_and_json(tmp_path):
    np.save(tmp_path / "<b>.npy", groups().numpy())
    out = tmp_path / "out"
    said = command("diagnose", tmp_path / "<b>.npy", "--out", out, check=True)
    assert "clusters" in said.stdout
    assert "latentfit fit-prior --codes" in said.stdout
    page = (out / "diagnosis.html").read_text()
    assert "<b>.npy" not in page  # escaped
    assert "&lt;b&gt;" in page
    held = json.loads((out / "diagnosis.json").read_text())
    assert held["findings"][0]["name"] == "clusters"
    assert "now" not in held["priors"]
    printed = command("diagnose", tmp_path / "<b>.npy", "--out", out, "--json", check=True)
    assert json.loads(printed.stdout) == held
    wrong = command("diagnose", tmp_path / "none.npy", "--out", out)
    assert wrong.returncode == 2
    assert "no file or folder" in wrong.stderr
