"""Samples of exported files are in the units of the data's file."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import latentfit as lf
from latentfit.exporting.export import FORMS, made
from latentfit.exporting.pieces import Decoding, Encoding, Sampling
from latentfit.exporting.units import units_of
from latentfit.schema import Choice, Date, Number, Numbers, Table

onnxruntime = pytest.importorskip("onnxruntime", reason="needs onnxruntime")
pytest.importorskip("onnxscript", reason="needs onnxscript")

TABLE = Table((
    Number(name="age", dtype="int64", seen=(-1.6, 0, 2), held=(18, 50, 90), unit=20, decimals=0),
    Number(name="income", dtype="float64", seen=(-3, -1, -0.9, 0, 3),
           held=(100, 100, 110, 3e3, 1e5), unit=4e3),
    Number(name="size", dtype="float64", seen=(-4, 3), held=(130, 200), unit=10, missing=True),
    Choice(name="sex", dtype="str", levels=("f", "m")),
    Choice(name="colour", dtype="str", levels=("blue", "green", "red")),
    Date(name="day", dtype="datetime64[us]", seen=(-5, 5), held=(1.5e9, 1.7e9), unit=2e7,
         step=86400),
))  # fmt: skip


def test_entries_of_a_table_are_in_the_units_of_the_file():
    seen = torch.randn(50, 9)
    seen[:, 3:8] = (seen[:, 3:8] > 0.5).float()
    seen[seen[:, 3] == 0, 2] = 0
    units = units_of(TABLE)
    held, frame = units.held(seen), TABLE.restore(seen)
    np.testing.assert_allclose(held[:, 0].round(), frame["age"])
    np.testing.assert_allclose(held[:, 1], frame["income"])
    there = held[:, 3] >= 0.5
    np.testing.assert_allclose(held[there, 2], frame["size"][there.numpy()])
    assert frame["size"].isna().tolist() == (~there).tolist()
    days = held[:, 8].div(86400).round() * 86400
    np.testing.assert_allclose(days, frame["day"].astype("datetime64[us]").astype("int64") / 1e6)
    within = (held == units.held(units.seen(held))).all(1)
    assert within.float().mean() > 0.9
    torch.testing.assert_close(units.seen(held)[within], units.seen(held)[within])
    free = (seen[:, [0, 1, 8]].abs() < 1).all(1) & (seen[:, 2].abs() < 1)
    assert free.sum() > 2
    torch.testing.assert_close(units.seen(held)[free], seen[free])
    assert units.told["entries"] == ["age", "income", "size", "size is there", "sex = m",
        "colour = blue", "colour = green", "colour = red", "day"]  # fmt: skip


def test_a_sampler_of_a_table_draws_rows():
    model = lf.recipe("wae-mmd", TABLE, latent=3, width=1 / 64, batch=16).eval()
    held, told = made(Sampling, model, FORMS["onnx"])
    sizes = {port["name"]: port["shape"][1] for port in told["inputs"]}
    assert sizes == {"normal": 3 + 4, "uniform": 9}
    run = onnxruntime.InferenceSession(held, providers=["CPUExecutionProvider"])
    rng = np.random.default_rng(0)
    rows = run.run(None, {"normal": rng.normal(size=(400, 7)).astype(np.float32),
                          "uniform": rng.random((400, 9)).astype(np.float32)})[0]  # fmt: skip
    assert rows.dtype == np.float64
    assert set(np.unique(rows[:, 3:8])) == {0.0, 1.0}
    assert (rows[:, 5:8].sum(1) == 1).all()
    assert rows[:, 8].min() >= 1.5e9


@pytest.mark.parametrize("schema", [
    Numbers((2, 40), (2, 40), torch.full((2, 1), 1e4, dtype=torch.float64),
            torch.tensor([[2.0], [3.0]], dtype=torch.float64), dtype="float64"),
    Numbers((3, 2), (6,), torch.ones(6, dtype=torch.float64), torch.ones(6, dtype=torch.float64),
            dtype="int64", low=0, high=99, counts=True),
    Numbers((12,), (12,)),
], ids=["signals", "counts", "neutral"])  # fmt: skip
def test_numbers_are_in_the_units_of_the_file(schema):
    model = lf.recipe("vae-fixed-variance", schema, latent=3, width=1 / 64).eval()
    units = units_of(schema)
    assert units.dtype == (torch.float32 if schema.neutral else torch.float64)
    held = units.some(5).round() if schema.counts else units.some(5)
    with torch.no_grad():
        codes = Encoding(model, units)(held)
        made = Decoding(model, units)(codes).numpy()
    np.testing.assert_allclose(codes, model.encode(held.numpy()), rtol=1e-4, atol=1e-5)
    made = made.round() if schema.counts else made
    np.testing.assert_allclose(made, model.reconstruct(held.numpy()), rtol=1e-6, atol=1e-5)


def test_a_signal_is_exported(tmp_path):
    schema = Numbers((40,), (1, 40), torch.full((1, 1), 1e4, dtype=torch.float64),
                     torch.full((1, 1), 2.0, dtype=torch.float64), dtype="float64")  # fmt: skip
    model = lf.recipe("wae-mmd", schema, latent=3, width=1 / 64).eval()
    done = lf.export(model, to="torch", out=tmp_path)
    assert [port["shape"] for row in done.told["files"] for port in row["outputs"]] == [
        ["batch", 3], ["batch", 40], ["batch", 40]]  # fmt: skip
    codes = torch.randn(4, 3)
    made = torch.export.load(tmp_path / "decoder.pt2").module()(codes)
    with torch.no_grad():
        expected = schema.restore(model.decode(codes))
    assert made.dtype == torch.float64
    np.testing.assert_allclose(made.detach(), expected, rtol=1e-9)
