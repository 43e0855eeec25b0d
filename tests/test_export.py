"""Exported files compute what the model does, and say what they take and give."""

from __future__ import annotations

import json
import math
import sys
import zipfile

import numpy as np
import pytest
import torch

import latentfit as lf
from contract import IMAGE, VECTOR, small, toy
from latentfit.checks import UserError
from latentfit.exporting.export import FORMS, difference, made
from latentfit.exporting.forms import formed
from latentfit.exporting.graphs import captured
from latentfit.exporting.noise import NoGraphError
from latentfit.exporting.pieces import Decoding, Encoding, Sampling
from latentfit.exporting.units import units_of
from latentfit.priors import Prior
from shell import ROOT, command, training

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
    said = command(
        "export", place / "run", "--to", "onnx", "--out", place / "photos-onnx", check=True
    )
    return place, lf.load(place / "run", device="cpu"), said


def test_the_files_compute_what_the_model_does(digits):
    place, model, said = digits
    told = json.loads((place / "photos-onnx" / "export.json").read_text())
    names = [row["file"] for row in told["files"]]
    assert names == ["encoder.onnx", "decoder.onnx", "sampler.onnx"]
    assert told["left_out"] == []
    assert all(row["difference"] <= 1e-5 for row in told["files"])
    assert told["files"][0]["inputs"][0]["shape"] == ["batch", 1, 8, 8]
    assert "encoder.onnx" in said.stdout
    images = np.random.default_rng(0).random((5, 1, 8, 8)).astype(np.float32)
    codes = session(place / "photos-onnx" / "encoder.onnx")(samples=images)
    np.testing.assert_allclose(codes, model.encode(images), rtol=1e-4, atol=1e-5)
    samples = session(place / "photos-onnx" / "decoder.onnx")(codes=codes)
    np.testing.assert_allclose(samples, model.reconstruct(images), rtol=1e-4, atol=1e-5)
    torch.manual_seed(0)
    drawn = model.sample(6)
    torch.manual_seed(0)
    found = session(place / "photos-onnx" / "sampler.onnx")(normal=torch.randn(6, 4).numpy())
    np.testing.assert_allclose(found, drawn.numpy(), rtol=1e-4, atol=1e-5)


def test_graphs_of_images_are_convolutions_of_any_batch(digits):
    graph = onnx.load(digits[0] / "photos-onnx" / "decoder.onnx").graph
    kinds = {node.op_type for node in graph.node}
    assert {"Conv", "ConvTranspose"} <= kinds
    assert "Col2Im" not in kinds
    sides = graph.output[0].type.tensor_type.shape.dim
    assert [side.dim_param or side.dim_value for side in sides] == ["batch", 1, 8, 8]


def test_the_example_of_the_docs_runs(digits, monkeypatch):
    place, model, _ = digits
    monkeypatch.chdir(place)
    text = (ROOT / "docs" / "export.md").read_text()
    images = np.random.default_rng(0).random((5, 1, 8, 8)).astype(np.float32)
    held = {"images": images}
    exec(text.split("```python\n")[1].split("```")[0], held)
    np.testing.assert_allclose(held["rebuilt"], model.reconstruct(images), rtol=1e-4, atol=1e-5)
    assert held["new"].shape == (64, 1, 8, 8)


def test_a_prior_of_codes_reads_the_exported_decoder(digits, monkeypatch):
    place, model, _ = digits
    monkeypatch.chdir(place)
    images = np.random.default_rng(1).random((200, 1, 8, 8)).astype(np.float32)
    np.save("codes.npy", model.encode(images))
    decoder = place / "photos-onnx" / "decoder.onnx"
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
    for theirs in ("decoder.onnx", "photo.jpg"):  # neither over theirs nor among them
        (place / "mine" / theirs).write_text("mine")
        said = command("export", place / "run", "--out", place / "mine")
        assert said.returncode == 2
        assert "which no earlier call wrote" in said.stderr
        (place / "mine" / "decoder.onnx").unlink(missing_ok=True)
    said = command("export", place / "run", "--out", place / "photos-onnx", "--to", "torch")
    assert "holds an export of another form (encoder.onnx)" in said.stderr
    assert [path.name for path in (place / "mine").iterdir()] == ["photo.jpg"]
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
    model = small("wae-mmd", IMAGE).train()  # with batch norm
    model.prior = Hidden(lambda n: torch.normal(torch.zeros(n, 4), 1.0))
    done = lf.export(model, to="torch", out=tmp_path)
    assert model.training
    z = torch.randn(5, 4)
    found = torch.export.load(tmp_path / "decoder.pt2").module()(z)
    torch.testing.assert_close(found, model.eval().decode(z), rtol=1e-4, atol=1e-5)
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
    broken = place.Form(".pt2", FORMS["torch"].write, lambda *_: lambda given: 1 / 0, ("torch",))
    monkeypatch.setitem(FORMS, "torch", broken)
    with pytest.raises(UserError, match=r"does not run on a batch of 1 \(division"):
        lf.export(vector(), to="torch", out=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_numbers_that_are_not_finite_are_no_agreement():
    piece = Encoding(vector(), units_of(vector().schema))
    one, bad = torch.ones(2, 4), torch.tensor([[1.0, 1, 1, torch.nan]] * 2)
    assert difference(one, one, piece) == 0
    assert difference(1.5 * one, 2 * one, piece) == 0.25
    assert all(math.isinf(difference(*pair, piece)) for pair in ((bad, one), (one, one[:1])))
    assert math.isinf(difference(bad, bad, piece))


def test_what_is_missing_or_too_large_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr("latentfit.exporting.graphs.MOST_BYTES", 100)
    with pytest.raises(UserError, match="use --to torch"):
        made(Decoding, vector(), FORMS["onnx"])
    monkeypatch.setitem(sys.modules, "onnxscript", None)
    with pytest.raises(UserError, match=r"pip install 'latentfit\[export\]'"):
        lf.export(vector(), out=tmp_path)
