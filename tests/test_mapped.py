"""Arrays that stay on disk: the same data set as one in memory."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
import torch

from latentfit import data as lfdata
from latentfit.checks import UserError
from latentfit.data import mapped
from latentfit.data.base import PARTS
from latentfit.schema import Numbers

DRAWN = np.random.default_rng(0)
ARRAYS = {
    "vectors": (3 + DRAWN.normal(size=(300, 6)), {}),
    "common": (3 + DRAWN.normal(size=(300, 6)), {"scale": "common"}),
    "big-endian": (DRAWN.normal(size=(90, 4)).astype(">f4"), {}),
    "whole numbers": (DRAWN.integers(0, 9, (300, 5)), {}),
    "doubles": (np.repeat(DRAWN.normal(size=(100, 3)), 2, 0), {}),
    "signals": (DRAWN.normal(size=(200, 40)).cumsum(1), {"kind": "signals"}),
    "two channels": (DRAWN.normal(size=(200, 2, 40)), {}),
    "grey": (DRAWN.integers(0, 256, (120, 8, 8), np.uint8), {}),
    "colour last": (DRAWN.integers(0, 256, (120, 8, 8, 3), np.uint8), {}),
    "twelve bits": (DRAWN.integers(0, 4000, (120, 8, 8)).astype(np.uint16), {}),
    "shares": (DRAWN.random((120, 1, 8, 8)), {}),
    "truths": (DRAWN.random((120, 8, 8)) > 0.5, {}),
}


@pytest.fixture
def pair(request, tmp_path, monkeypatch):
    array, options = ARRAYS[request.param]
    np.save(tmp_path / "held.npy", array)
    monkeypatch.setattr(mapped, "ROWS", 32)
    held = lfdata.load(tmp_path / "held.npy", **options)
    return held, lfdata.load(tmp_path / "held.npy", limit=100, **options)


@pytest.mark.parametrize("pair", ARRAYS, indirect=True)
def test_a_mapped_array_is_the_data_set_of_the_array(pair):
    held, read = pair
    assert isinstance(read.train, mapped.Mapped)
    assert not isinstance(held.train, mapped.Mapped)
    assert read.fingerprint == held.fingerprint
    assert read.notes[:-1] == held.notes
    assert read.notes[-1].endswith("are read from disk as they are needed.")
    for key, value in held.schema.to_json().items():
        found = read.schema.to_json()[key]
        if key in ("shift", "scale", "mean", "spread"):
            np.testing.assert_allclose(found, value, rtol=1e-12)
        else:
            assert found == value, key
    order = torch.tensor([3, 0, 3])
    for part in PARTS:
        one, other = getattr(held, part), getattr(read, part)
        assert len(one) == len(other) > 0
        assert one.ids.tolist() == other.ids.tolist()
        for some, same in zip(one.chunks(7), other.chunks(7), strict=True):
            torch.testing.assert_close(some, same, rtol=1e-6, atol=1e-6)
        torch.testing.assert_close(one.take(order), other.take(order), rtol=1e-6, atol=1e-6)


def test_a_mapped_array_is_read_in_a_models_units(tmp_path):
    array = ARRAYS["vectors"][0]
    schema = lfdata.arrays(array).schema
    np.save(tmp_path / "new.npy", 10 * array)
    found = lfdata.load(tmp_path / "new.npy", schema=schema, limit=0)
    assert found.schema is schema
    row = found.test.ids[0]
    torch.testing.assert_close(found.test.first(1), schema.apply(10 * array[row : row + 1]))
    np.save(tmp_path / "other.npy", array[:, :5])
    with pytest.raises(UserError, match=r"shape \(5,\), the model takes \(6,\)"):
        lfdata.load(tmp_path / "other.npy", schema=schema, limit=0)


@pytest.mark.parametrize(
    ("array", "options", "said"),
    [
        (np.zeros((10, 3)), {}, "at least 20 samples"),
        (np.where(np.arange(90) == 71, np.nan, 1.0).reshape(30, 3), {}, "the first in sample 23"),
        (np.full((30, 8, 8), 300.0), {}, r"must lie in \[0, 1\]"),
        (np.zeros((30, 8, 8), np.uint8), {"scale": "each"}, "says nothing of images"),
        (np.zeros((30, 3)), {"label": "a"}, "says nothing of arrays"),
        (np.array(["a"] * 60).reshape(30, 2), {}, "numbers are needed"),
    ],
)
def test_what_is_no_data_set_is_refused(array, options, said, tmp_path, monkeypatch):
    monkeypatch.setattr(mapped, "ROWS", 8)
    np.save(tmp_path / "held.npy", array)
    with pytest.raises(UserError, match=said):
        lfdata.load(tmp_path / "held.npy", limit=0, **options)


def test_little_of_a_mapped_array_is_in_memory(tmp_path):
    array = np.lib.format.open_memmap(tmp_path / "held.npy", "w+", np.float32, (20_000, 64))
    for start in range(0, 20_000, 1000):
        array[start : start + 1000] = DRAWN.normal(size=(1000, 64))
    del array
    tracemalloc.start()
    data = lfdata.load(tmp_path / "held.npy", limit=0)
    sum(float(x.sum()) for x in data.train.chunks())
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 20_000 * 64 * 8  # one copy in double precision is 10 MB


@pytest.mark.parametrize(("scale", "axes"), [("each", (0,)), ("common", (0, 2))])
def test_mean_and_deviation_are_those_of_all_parts(scale, axes):
    x = 5 + DRAWN.normal(size=(90, 2, 12)) * np.array([1, 30])[:, None]
    parts = np.array_split(x, 7)
    schema = Numbers.fit_in_parts(lambda: parts, scale=scale, signal=True)
    mean, spread = x.mean(axes, keepdims=True)[0], x.std(axes, ddof=1, keepdims=True)[0]
    np.testing.assert_allclose(schema.shift, mean, rtol=1e-12)
    np.testing.assert_allclose(schema.scale, spread, rtol=1e-12)
    assert (schema.low, schema.high) == (x.min(), x.max())
