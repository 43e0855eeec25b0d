"""Rows that estimators for scikit-learn are fitted on in tests, and a quick estimator."""

from __future__ import annotations

import numpy as np
import pandas as pd

from latentfit.sklearn import LatentFit

LOOP = {"device": "cpu"}
SHIFT, UNITS = np.arange(6) * 100.0, np.array([1, 10, 100, 1, 10, 100.0])
WAYS = np.random.default_rng(9).normal(size=(2, 6))


def flat(count, seed=0):
    """Rows of two factors in six columns, each with its own shift and unit, and a little noise."""
    draw = np.random.default_rng(seed)
    rows = draw.normal(size=(count, 2)) @ WAYS + 0.05 * draw.normal(size=(count, 6))
    return SHIFT + UNITS * rows


def people(count, seed=0):
    draw = np.random.default_rng(seed)
    tall = draw.random(count) < 0.5
    height = np.where(tall, 185, 165) + draw.normal(0, 3, count)
    return pd.DataFrame({
        "height": height.round(1),
        "build": np.where(tall, "tall", "short"),
        "town": pd.Categorical(draw.choice(["Bonn", "Cologne", "Trier"], count)),
        "age": draw.integers(18, 80, count),
        "weight": np.where(draw.random(count) < 0.3, np.nan, height - 100),
        "member": draw.choice(["yes", "no"], count) == "yes",
        "paid": draw.choice(["true", "false"], count),
    })  # fmt: skip


X = flat(600)
SETTINGS = {"width": 1 / 8, "batch": 64, "rate": 2e-3}


def estimator(**more):
    asked = {"rounds": 250, "settings": SETTINGS, "training": LOOP, "random_state": 3}
    return LatentFit("ae", 2, **asked | more)
