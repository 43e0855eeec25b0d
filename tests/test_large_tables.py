"""A text file that is read a piece at a time gives what it gives as a whole."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch

from latentfit.data import load, pieces, tables

COUNT = 500
RNG = np.random.default_rng(0)
FRAMES = {
    "numbers": {"a": RNG.normal(size=COUNT), "b": RNG.integers(0, 99, COUNT)},
    "texts": {"a": RNG.choice(["x", "y", "z"], COUNT), "b": RNG.normal(size=COUNT)},
    "gaps": {"a": np.where(np.arange(COUNT) == 400, np.nan, np.arange(COUNT) % 17),
             "b": RNG.normal(size=COUNT)},
    "a late fraction": {"a": [*(np.arange(COUNT - 1) % 7), 0.5], "b": RNG.normal(size=COUNT)},
    "truths": {"a": RNG.random(COUNT) > 0.5, "b": RNG.normal(size=COUNT)},
    "truths with gaps": {"a": [*(RNG.random(COUNT - 1) > 0.5), None], "b": RNG.normal(size=COUNT)},
    "texts among numbers": {"a": ["v1" if i % 3 == 0 and i > 300 else i % 9 for i in range(COUNT)],
                            "b": RNG.normal(size=COUNT)},
    "nothing at first": {"a": [*[None] * 300, *["x", "y"] * 100], "b": RNG.normal(size=COUNT)},
    "texts with gaps": {"a": ["x", None, "y", "z"] * 125, "b": RNG.normal(size=COUNT)},
    "words for none": {"a": ["x", "?", "y", "x"] * 125, "b": RNG.normal(size=COUNT)},
    "many texts": {"a": [f"t{i % 199}" for i in range(COUNT)], "b": RNG.normal(size=COUNT)},
    "codes": {"a": [f"{i % 9:03}" for i in range(COUNT)], "b": RNG.normal(size=COUNT)},
    "numbers among texts": {"a": [*["x", "1.50"] * 32, *["1.50", "2"] * 218],
                            "b": RNG.normal(size=COUNT)},
    "groups": {"a": [f"{i % 21 + 1},000" for i in range(COUNT)], "b": RNG.normal(size=COUNT)},
    "days that repeat": {"a": [["2020-01-05", "2021-02-07", None][i % 3] for i in range(COUNT)],
                         "b": RNG.normal(size=COUNT)},
    "dates": {"a": pd.date_range("2020-01-01", periods=COUNT).astype(str),
              "b": RNG.normal(size=COUNT)},
}  # fmt: skip


@pytest.mark.parametrize("name", FRAMES)
def test_pieces_make_the_whole(name, tmp_path, monkeypatch):
    path = tmp_path / "x.csv"
    pd.DataFrame(FRAMES[name]).to_csv(path, index=False)
    whole = load(path)
    monkeypatch.setattr(tables, "LARGE", 10)
    monkeypatch.setattr(pieces, "ROWS", 64)
    parts = load(path)
    assert parts.schema == whole.schema
    assert parts.fingerprint == whole.fingerprint
    for split, other in ((parts.train, whole.train), (parts.test, whole.test)):
        assert torch.equal(split.take(torch.arange(len(split))), other.first(10**6))
        assert (split.ids == other.ids).all()


def test_a_table_that_is_handed_over_is_left_as_it_is():
    frame = pd.DataFrame(FRAMES["texts"])
    kept = frame.copy()
    load(frame)
    pd.testing.assert_frame_equal(frame, kept)
