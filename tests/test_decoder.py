"""A decoder of another program, an ONNX file, behind a prior of codes."""

from __future__ import annotations

import sys

import numpy as np
import pytest

import latentfit as lf
from latentfit.checks import UserError
from latentfit.expost import OnnxDecoder
from shell import command

onnx = pytest.importorskip("onnx", reason="needs onnx")
pytest.importorskip("onnxruntime", reason="needs onnxruntime")
BRIEF = ["--quiet", "--no-evaluate", "--device", "cpu", "--prior", "gaussian"]
WEIGHTS = np.random.default_rng(0).normal(size=(3, 16)).astype(np.float32)


def program(batch="N", shape=(1, 4, 4), weights=WEIGHTS, squash=True, kind=onnx.TensorProto.FLOAT):
    """Sigmoid(codes @ weights) as images; codes of 3 dimensions."""
    helper = onnx.helper
    known = [
        onnx.numpy_helper.from_array(weights, "w"),
        onnx.numpy_helper.from_array(np.array([-1, *shape], np.int64), "shape"),
    ]
    nodes = [
        helper.make_node("Cast", ["codes"], ["floats"], to=onnx.TensorProto.FLOAT),
        helper.make_node("MatMul", ["floats", "w"], ["flat"]),
        helper.make_node("Sigmoid" if squash else "Identity", ["flat"], ["shares"]),
        helper.make_node("Reshape", ["shares", "shape"], ["images"]),
    ]
    graph = helper.make_graph(
        nodes, "decoder",
        [helper.make_tensor_value_info("codes", kind, [batch, 3])],
        [helper.make_tensor_value_info("images", onnx.TensorProto.FLOAT, [batch, *shape])], known,
    )  # fmt: skip
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return made.SerializeToString()


def expected(codes):
    return 1 / (1 + np.exp(-codes @ WEIGHTS)).reshape(-1, 1, 4, 4)


@pytest.mark.parametrize("batch", ["N", 1, 7])
def test_samples_are_what_the_file_computes(batch):
    codes = np.random.default_rng(1).normal(size=(300, 3))
    found = OnnxDecoder(program(batch))(codes)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected(codes), rtol=1e-4, atol=1e-6)


def test_what_is_no_decoder_is_one_line(tmp_path):
    with pytest.raises(UserError, match=r"cannot read .*no.onnx: No such file"):
        OnnxDecoder.read(tmp_path / "no.onnx")
    (tmp_path / "bad.onnx").write_bytes(b"not a graph")
    with pytest.raises(UserError, match=r"bad.onnx cannot be read \(.*\); export it") as error:
        OnnxDecoder.read(tmp_path / "bad.onnx")
    assert "\n" not in str(error.value)
    with pytest.raises(UserError, match=r"takes codes of shape .*, not \(5, 4\)"):
        OnnxDecoder(program())(np.zeros((5, 4)))
    with pytest.raises(UserError, match=r"must take one tensor of floats.*codes \(tensor\(int64\)"):
        OnnxDecoder(program(kind=onnx.TensorProto.INT64))
    with pytest.raises(UserError, match="NaN or infinity of 5 of 5 codes"):
        OnnxDecoder(program(weights=np.nan * WEIGHTS))(np.zeros((5, 3)))
    with pytest.raises(UserError, match="must be a sample for each"):
        OnnxDecoder(program(shape=(2,)))(np.zeros((5, 3)))  # eight of five


def test_weights_in_other_files_are_not_read(tmp_path, monkeypatch):
    """A file may name others, anywhere; only what it holds itself is used."""
    monkeypatch.chdir(tmp_path)
    held = onnx.load_from_string(program())
    onnx.external_data_helper.convert_model_to_external_data(
        held, location="w.bin", size_threshold=0
    )
    onnx.save(held, "outside.onnx")
    with pytest.raises(UserError, match="with all of its weights inside"):
        OnnxDecoder.read(tmp_path / "outside.onnx")


def test_without_onnxruntime_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(UserError, match=r"pip install 'latentfit\[onnx\]'"):
        OnnxDecoder(program())


def test_a_prior_of_codes_samples_through_their_decoder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    codes = np.random.default_rng(2).normal(size=(400, 3)).astype(np.float32) * [3, 1, 0.2] + 5
    np.save("codes.npy", codes.astype(np.float32))
    (tmp_path / "d.onnx").write_bytes(program())
    fit = ["fit-prior", "--codes", "codes.npy", "--out", "run", *BRIEF]
    command(*fit, "--decoder", "d.onnx", check=True)
    (tmp_path / "d.onnx").unlink()  # the run has its own
    command("sample", "run", "-n", "200", "--out", "s.npy", "--device", "cpu", check=True)
    command("sample", "run", "-n", "9", "--out", "s.png", "--device", "cpu", check=True)
    drawn = lf.load("run", device="cpu").sample(200, seed=0, as_array=True)
    np.testing.assert_allclose(drawn.mean(0), 5, atol=0.7)  # codes in the units of their file
    np.testing.assert_allclose(np.load("s.npy"), expected(drawn), rtol=1e-3, atol=1e-5)

    (tmp_path / "wide.onnx").write_bytes(program(squash=False))
    command(*fit, "--decoder", "wide.onnx", check=True)
    for name in ("t.png", "t.PNG", "folder"):
        said = command("sample", "run", "--out", name)
        assert said.returncode == 2
        assert "a picture needs values from 0 to 1, the decoder gives -" in said.stderr
        assert not (tmp_path / name).exists()
    (tmp_path / "other.onnx").write_bytes(program(shape=(2,)))
    said = command("fit-prior", "--codes", "codes.npy", "--decoder", "other.onnx", *BRIEF)
    assert said.returncode == 2
    assert not (tmp_path / "runs").exists()  # it is tried before anything is fitted
    command(*fit, check=True)  # without, codes again
    command("sample", "run", "-n", "5", "--out", "c.npy", check=True)
    assert np.load("c.npy").shape == (5, 3)
    said = command("fit-prior", "run", "--decoder", "wide.onnx", *BRIEF)
    assert "--decoder goes with --codes" in said.stderr
