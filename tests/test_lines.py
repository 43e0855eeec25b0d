"""What lies between codes, and whether codes keep neighbourhoods."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import nn

import latentfit as lf
from latentfit import metrics
from latentfit.checks import UserError
from latentfit.scoring.scores import evaluate
from latentfit.seeds import seeded


def trustworthiness(x, z, k):
    """By the formula, with loops."""
    n, total = len(x), 0.0
    for i in range(n):
        others = [j for j in range(n) if j != i]
        by_x = sorted(others, key=lambda j: np.linalg.norm(x[i] - x[j]))
        by_z = sorted(others, key=lambda j: np.linalg.norm(z[i] - z[j]))
        for j in set(by_z[:k]) - set(by_x[:k]):
            total += by_x.index(j) + 1 - k
    return 1 - 2 / (n * k * (2 * n - 3 * k - 1)) * total


def test_neighbourhoods_are_those_of_the_formula():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(40, 3))
    z = x[:, :2] + 0.2 * rng.normal(size=(40, 2))
    found = metrics.neighbourhoods(x, z, k=5)
    assert found.trustworthiness == pytest.approx(trustworthiness(x, z, 5))
    assert found.continuity == pytest.approx(trustworthiness(z, x, 5))
    assert found.trustworthiness != pytest.approx(found.continuity)
    for wrong in ((x, z[:30]), (x[:4], z[:4])):
        with pytest.raises(UserError):
            metrics.neighbourhoods(*wrong)


class Bend(nn.Module):
    """Two entries from one code: a line, or a step at 0."""

    def __init__(self, step):
        super().__init__()
        self.step = step
        self.weight = nn.Parameter(torch.zeros(1))

    def forward(self, z):
        x = z.sign() if self.step else z
        return torch.cat([x, z], 1) + 0 * self.weight


@pytest.mark.parametrize("step", [False, True])
def test_lines_are_those_of_the_decoder(step):
    generator = torch.Generator().manual_seed(0)
    first = torch.randn(40_000, 1, generator=generator)
    rows = torch.cat([first.sign() if step else first, first], 1)
    data = lf.data.arrays(rows.numpy(), name="line", fixed=True)
    encoder = nn.Linear(2, 1)
    with torch.no_grad():
        encoder.weight.copy_(torch.tensor([[0.0, 1.0]]))
        encoder.bias.zero_()
    model = lf.recipe("wae-gan", data, latent=1, encoder=encoder, decoder=Bend(step))
    scores = evaluate(model, data, features="pixels", groups=("lines", "neighbourhoods"), draws=1)
    if not step:  # a straight line has even steps, and every neighbour stays one
        assert scores["jumps_pixels"] == pytest.approx(1, abs=1e-4)
        assert scores["trustworthiness"] == scores["continuity"] == 1
        # Midpoints of independent pairs have half the variance, in the one direction there is.
        ends = model.encode(data.test.first(99_999)).detach()
        spread = float(ends.std() * math.sqrt(2))
        expected = (spread * (1 - math.sqrt(0.5))) ** 2
        assert scores["midpoints_pixels"] == pytest.approx(expected, rel=0.1)
    else:
        assert scores["jumps_pixels"] > 2
    few = lf.data.arrays(rows[:600].numpy(), name="line", fixed=True)
    assert not {"jumps_pixels", "continuity"} & set(evaluate(model, few, draws=1))


def test_parzen_is_that_of_the_generated_samples():
    data = lf.data.load("synthetic:n=2,d=4,count=2000")
    model = lf.recipe("wae-gan", data, latent=2, width=1 / 64)
    scores = evaluate(model, data, features="pixels", groups=("parzen",), draws=1)
    test, validation = (part.first(9999) for part in (data.test, data.validation))
    with seeded(0, "evaluation", 0):
        made = model.eval().sample(len(test))
    width = metrics.parzen_width(validation, made)
    assert scores["parzen"] == pytest.approx(metrics.parzen(test, made, width).value)
    assert scores["parzen_floor"] > scores["parzen"]
    digits = lf.data.load("digits")
    assert "parzen" not in evaluate(lf.recipe("wae-gan", digits, latent=2, width=1 / 64), digits,
                                    groups=("parzen",), draws=1)  # fmt: skip
