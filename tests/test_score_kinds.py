"""Scores of tables and of signals: replayed training rows, fresh rows, wrong rows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch

import latentfit as lf

COUNT = 800
RNG = np.random.default_rng(0)


def people(count, seed):
    generator = np.random.default_rng(seed)
    age = generator.normal(40, 12, count)
    town = generator.choice(["a", "b", "c"], count, p=[0.5, 0.3, 0.2])
    return pd.DataFrame({
        "age": age, "income": 2 * age + generator.normal(0, 5, count), "town": town,
        "gap": np.where(generator.random(count) < 0.2, np.nan, generator.normal(size=count)),
    })  # fmt: skip


class Replays:
    """A model's prior and decoder that give rows which lie ready."""

    def __init__(self, model, rows):
        self.rows = rows
        model.sample = lambda n, **rest: rows[torch.arange(n) % len(rows)]


@pytest.fixture(scope="module")
def data():
    return lf.data.load(people(COUNT, 0))


def scored(data, rows):
    model = lf.recipe("wae-mmd", data, latent=2, width=1 / 16, batch=32).eval()
    Replays(model, rows)
    return lf.evaluate(model, data, groups=["columns", "memorisation", "signals"], draws=1)


def test_fresh_rows_are_at_the_floor(data):
    fresh = data.schema.apply(people(400, 1))
    found = scored(data, fresh)
    for name in ("columns", "pairs", "correlations", "two_sample"):
        assert found[name] < 1.6 * found[f"{name}_floor"], name
    assert found["copies"] == found["copies_floor"] == 0
    assert abs(found["nearer"] - 0.5) < 0.2
    assert abs(found["membership"] - 0.5) < 0.15


def test_copies_of_training_rows_are_seen(data):
    found = scored(data, data.train.some(len(data.test)))
    assert found["copies"] == 1
    assert found["nearer"] > 0.9
    assert found["membership"] > 0.9
    assert found["columns"] == pytest.approx(found["columns_floor"])


def test_wrong_rows_are_seen(data):
    wrong = people(400, 2)
    wrong["income"] = RNG.permutation(wrong["income"])
    wrong["gap"] = 0.0
    wrong["town"] = "c"
    found = scored(data, data.schema.apply(wrong))
    assert found["columns"] > 3 * found["columns_floor"]
    assert found["pairs"] > 3 * found["pairs_floor"]
    assert found["two_sample"] > 0.95


def test_signals_have_scores_of_their_own():
    x = RNG.normal(size=(300, 2, 32)).cumsum(-1)
    data = lf.data.load({"signals": x})
    fresh = data.schema.apply(np.random.default_rng(1).normal(size=(100, 2, 32)).cumsum(-1))
    noise = torch.randn(100, 2, 32)
    good, bad = scored(data, fresh), scored(data, noise)
    assert good["spectrum"] < 4 * good["spectrum_floor"]
    assert good["autocorrelation"] < 4 * good["autocorrelation_floor"]
    assert bad["spectrum"] > 3 * good["spectrum"]
    assert bad["autocorrelation"] > 3 * good["autocorrelation"]
    assert "columns" not in good
