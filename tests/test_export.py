"""Exported files compute what the model does, and say what they take and give."""

from __future__ import annotations

import json
import sys
import zipfile

import numpy as np
import pytest
import torch

import latentfit as lf
from contract import VECTOR, small, toy
from latentfit.checks import UserError
from latentfit.exporting.export import FORMS, made
from latentfit.exporting.forms import formed
from latentfit.exporting.graphs import captured
from latentfit.exporting.noise import NoGraphError
from latentfit.exporting.pieces import Decoding, Encoding, Sampling
from latentfit.exporting.units import units_of
from latentfit.priors import Prior
from latentfit.schema import Choice, Date, Number, Numbers, Table
from shell import command, training

onnx = pytest.importorskip("onnx", reason="needs onnx")
onnxruntime = pytest.importorskip("onnxruntime", reason="needs onnxruntime")
pytest.importorskip("onnxscript", reason="needs onnxscript")
BRIEF = ["--quiet", "--no-evaluate", "--device", "cpu", "--prior", "gaussian"]


def session(path):
    found = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return lambda **given: found.run(None, given)[0]


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    """A short training, and its export by the command."""
    place = tmp_path_factory.mktemp("digits")
    command(*training("wae-mmd", place / "run", "--rounds", "5"), check=True)
    said = command("export", place / "run", "--to", "onnx", "--out", place / "out", check=True)
    return place, lf.load(place / "run", device="cpu"), said


def test_the_files_compute_what_the_model_does(digits):
    place, model, said = digits
    told = json.loads((place / "out" / "export.json").read_text())
    names = [row["file"] for row in told["files"]]
    assert names == ["encoder.onnx", "decoder.onnx", "sampler.onnx"]
    assert told["left_out"] == []
    assert all(row["difference"] <= 1e-5 for row in told["files"])
    assert told["files"][0]["inputs"][0]["shape"] == ["batch", 1, 8, 8]
    assert "encoder.onnx" in said.stdout
    images = np.random.default_rng(0).random((5, 1, 8, 8)).astype(np.float32)
    codes = session(place / "out" / "encoder.onnx")(samples=images)
    np.testing.assert_allclose(codes, model.encode(images), rtol=1e-4, atol=1e-5)
    samples = session(place / "out" / "decoder.onnx")(codes=codes)
    np.testing.assert_allclose(samples, model.reconstruct(images), rtol=1e-4, atol=1e-5)
    torch.manual_seed(0)
    drawn = model.sample(6)
    torch.manual_seed(0)
    found = session(place / "out" / "sampler.onnx")(normal=torch.randn(6, 4).numpy())
    np.testing.assert_allclose(found, drawn.numpy(), rtol=1e-4, atol=1e-5)


def test_graphs_of_images_are_convolutions_of_any_batch(digits):
    graph = onnx.load(digits[0] / "out" / "decoder.onnx").graph
    kinds = {node.op_type for node in graph.node}
    assert {"Conv", "ConvTranspose"} <= kinds
    assert "Col2Im" not in kinds
    sides = graph.output[0].type.tensor_type.shape.dim
    assert [side.dim_param or side.dim_value for side in sides] == ["batch", 1, 8, 8]


def test_a_prior_of_codes_reads_the_exported_decoder(digits, monkeypatch):
    place, model, _ = digits
    monkeypatch.chdir(place)
    images = np.random.default_rng(1).random((200, 1, 8, 8)).astype(np.float32)
    np.save("codes.npy", model.encode(images))
    decoder = place / "out" / "decoder.onnx"
    command("fit-prior", "--codes", "codes.npy", "--decoder", decoder, "--out", "codes", *BRIEF,
            check=True)  # fmt: skip
    command("sample", "codes", "-n", "20", "--out", "s.npy", "--device", "cpu", check=True)
    drawn = lf.load("codes", device="cpu").sample(20, seed=0, as_array=True)
    with torch.no_grad():
        expected = model.decode(torch.from_numpy(drawn)).numpy()
    np.testing.assert_allclose(np.load("s.npy"), expected, rtol=1e-3, atol=1e-5)
    # Of such a run there is a sampler of codes, and nothing else.
    said = command("export", "codes", "--to", "torch", "--out", "pt", "--json", check=True)
    told = json.loads(said.stdout)
    assert [row["file"] for row in told["files"]] == ["sampler.pt2"]
    assert [row["file"] for row in told["left_out"]] == ["encoder.pt2", "decoder.pt2"]
    codes = torch.export.load("pt/sampler.pt2").module()(torch.zeros(3, 4))
    fitted = lf.load("codes", device="cpu")
    means = fitted.schema.restore(fitted.prior.means)
    np.testing.assert_allclose(codes, means.repeat(3, axis=0), atol=1e-5)


def test_nothing_is_written_over(digits):
    place, *_ = digits
    (place / "mine").mkdir()
    (place / "mine" / "decoder.onnx").write_text("mine")
    said = command("export", place / "run", "--out", place / "mine")
    assert said.returncode == 2
    assert "was not written by this command" in said.stderr
    said = command("export", place / "run", "--out", place / "out", "--to", "torch")
    assert "holds an export of another form (encoder.onnx)" in said.stderr
    assert [path.name for path in (place / "mine").iterdir()] == ["decoder.onnx"]
    said = command("export", place / "run", "--out", place / "new", "--to", "tensorrt")
    assert "unknown form 'tensorrt'" in said.stderr


def vector(name="wae-mmd", **more):
    return small(name, VECTOR, **more).eval()


def test_pytorchs_own_files_hold_no_code(tmp_path):
    done = lf.export(vector("gan"), to="torch", out=tmp_path / "gan")
    assert [path.name for path in done.files] == ["decoder.pt2", "sampler.pt2"]
    assert done.told["left_out"] == [
        {"file": "encoder.pt2", "reason": "a model of 'gan' has no encoder, it only samples."}
    ]
    assert [port["name"] for port in done.told["files"][1]["inputs"]] == ["uniform"]
    for path in done.files:
        with zipfile.ZipFile(path) as held:
            others = [name for name in held.namelist() if "/weight_" not in name]
            starts = {name: held.read(name)[:1] for name in others}
            settings = json.loads(held.read("archive/data/weights/model_weights_config.json"))
        assert len(others) > 5
        assert not {name: start for name, start in starts.items() if start in (b"P", b"\x80")}
        assert not any(row["use_pickle"] for row in settings["config"].values())


def test_a_run_in_memory_is_exported_and_a_prior_that_is_not_fitted_is_named(tmp_path):
    data = toy(VECTOR)
    run = lf.train(lf.recipe("ae", data, latent=2, width=1 / 64), data, rounds=1, progress=False,
                   device="cpu", validate=False)  # fmt: skip
    done = lf.export(run, to="torch", out=tmp_path / "run")
    assert len(done.files) == 3
    done = lf.export(vector("ae"), to="torch", out=tmp_path / "run")
    assert len(done.files) == 2
    assert "not fitted yet; finish training first." in done.told["left_out"][0]["reason"]
    assert not (tmp_path / "run" / "sampler.pt2").exists()  # that of another model


class Hidden(Prior):
    """Draws in a way that no input reaches."""

    def __init__(self, way):
        super().__init__()
        self.way = way

    def sample(self, n):
        return self.way(n)


def long(n):
    z = torch.randn(n, 4)
    for _ in range(10_001):
        z = z + 1
    return z


@pytest.mark.parametrize(("way", "reason"), [
    (lambda n: torch.nn.functional.dropout(torch.randn(n, 4), 0.5), "random numbers inside"),
    (lambda n: torch.normal(torch.zeros(n, 4), 1.0), "in a form that a graph cannot take"),
    (lambda n: torch.randn(n + 1, 4)[:n], "not as many random numbers for each sample"),
    (lambda n: torch.cat([torch.randn(1, 4) for _ in range(n)]), "random numbers"),
    (lambda n: torch.randn(n, 4) * float(torch.ones(1).sum()), "makes no graph of it"),
    (long, "steps, one after the other"),
])  # fmt: skip
def test_a_prior_without_a_graph_says_why(way, reason):
    model = vector()
    model.prior = Hidden(way)
    with pytest.raises(NoGraphError, match=reason):
        captured(Sampling(formed(model), units_of(model.schema)))


def test_what_has_no_graph_is_named_and_the_rest_is_written(tmp_path):
    model = vector()
    model.prior = Hidden(lambda n: torch.normal(torch.zeros(n, 4), 1.0))
    done = lf.export(model, to="torch", out=tmp_path)
    assert [path.stem for path in done.files] == ["encoder", "decoder"]
    assert done.told["left_out"][0]["file"] == "sampler.pt2"


def test_a_file_that_computes_something_else_is_an_error(tmp_path, monkeypatch):
    place = sys.modules["latentfit.exporting.export"]
    own = FORMS["torch"].read

    def read(held, piece):
        return lambda given: own(held, piece)(given) * (1 + 2e-5 * (len(given[0]) == 7))

    wrong = place.Form(".pt2", FORMS["torch"].write, read, ("torch",))
    monkeypatch.setitem(FORMS, "torch", wrong)
    with pytest.raises(UserError, match="the encoder as a file differs from PyTorch by 2e-05"):
        lf.export(vector(), to="torch", out=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_what_is_missing_or_too_large_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr("latentfit.exporting.graphs.MOST_BYTES", 100)
    with pytest.raises(UserError, match="use --to torch"):
        made(Decoding, vector(), FORMS["onnx"])
    monkeypatch.setitem(sys.modules, "onnxscript", None)
    with pytest.raises(UserError, match=r"pip install 'latentfit\[export\]'"):
        lf.export(vector(), out=tmp_path)


TABLE = Table((
    Number(name="age", dtype="int64", shift=50, scale=20, low=18, high=90, decimals=0),
    Number(name="income", dtype="float64", shift=8, scale=1.5, low=100, high=1e5, log=True),
    Number(name="size", dtype="float64", shift=170, scale=10, low=130, high=200, missing=True),
    Choice(name="sex", dtype="str", levels=("f", "m")),
    Choice(name="colour", dtype="str", levels=("blue", "green", "red")),
    Date(name="day", dtype="datetime64[us]", shift=1.6e9, scale=2e7, low=1.5e9, high=1.7e9,
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
