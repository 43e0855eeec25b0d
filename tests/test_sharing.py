"""Models on the hub: pushed and loaded by its own client, against a stand-in on this machine."""

from __future__ import annotations

import json
import logging
import shutil
import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

huggingface_hub = pytest.importorskip("huggingface_hub", reason="needs the extra 'hub'")

from huggingface_hub import constants  # noqa: E402

import latentfit as lf  # noqa: E402
from hub_stub import TOKEN, serving  # noqa: E402
from latentfit.checks import UserError  # noqa: E402
from latentfit.runs import sharing  # noqa: E402
from latentfit.storage import RunFolder  # noqa: E402
from shell import QUIET, SMALL, command  # noqa: E402

NAME = "me/tiny"
# The client's own call of its transport, where files go up as LFS has them.
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")


@pytest.fixture
def hub(monkeypatch, tmp_path):
    """A hub with nothing on it; the client's settings are of this test alone."""
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "token"))
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    with serving() as found:
        monkeypatch.setattr(constants, "ENDPOINT", found.address)
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE",
                            found.address + "/{repo_id}/resolve/{revision}/{filename}")  # fmt: skip
        yield found


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A run of digits, with a prior that was trained on its codes in a folder of its own."""
    data = lf.data.load("digits")
    model = lf.recipe("two-stage-vae", data, **SMALL)
    run = lf.train(model, data, rounds=4, out=tmp_path_factory.mktemp("made") / "run", **QUIET)
    assert run.folder.prior.exists
    scores = lf.evaluate(model, data, features="pixels", groups=("fd",), count=50, draws=2)
    run.folder.write_scores(scores)
    return run


@pytest.fixture
def run(made, tmp_path):
    """The same run in a folder of the test's own."""
    shutil.copytree(made.folder.path, tmp_path / "run")
    return tmp_path / "run"


def one_line(word, call, *given, **named):
    with pytest.raises(UserError, match=word) as error:
        call(*given, **named)
    assert "\n" not in str(error.value)


def test_a_model_comes_back_with_the_same_bits(hub, made):
    page = made.push(NAME, licence="MIT", message="first")
    held = hub.repositories[NAME]
    assert page == f"{hub.address}/{NAME}"
    assert set(held.files) == {".gitattributes", *sharing.FILES}
    assert (held.private, held.messages[-1]) == (False, "first")
    again = lf.load(f"hf:{NAME}", device="cpu")
    assert not again.training
    assert torch.equal(again.sample(9, seed=3), made.model.sample(9, seed=3))
    assert held.files["README.md"].startswith(b'---\nlibrary_name: latentfit\nlicense: "mit"\n')
    assert f'lf.load("hf:{NAME}")' in held.files["README.md"].decode()
    read = {word for asked in hub.asked if asked.startswith("GET me") for word in asked.split("/")}
    assert read & {*sharing.FILES, ".gitattributes"} == set(sharing.FILES)


def test_a_second_push_is_a_commit_and_an_earlier_one_can_be_loaded(hub, run, made):
    lf.push(run, NAME, private=True)
    first = hub.repositories[NAME].refs["main"]
    (run / "evaluation.json").unlink()
    other = lf.load(run, device="cpu")
    with torch.no_grad():
        next(other.decoder.parameters()).add_(0.5)
    RunFolder(run).export(RunFolder(run).card, other.state_dict())
    lf.push(run, NAME, private=True)
    held = hub.repositories[NAME]
    assert held.private
    assert len(held.commits) == 3
    assert "evaluation.json" not in held.files  # those scores were of other weights
    assert "It was not evaluated" in held.files["README.md"].decode()
    before = lf.load(f"hf:{NAME}@{first}", device="cpu").sample(3, seed=0)
    assert torch.equal(before, made.model.sample(3, seed=0))
    assert torch.equal(lf.load(f"hf:{NAME}", device="cpu").sample(3, seed=0),
                       other.sample(3, seed=0))  # fmt: skip
    assert not torch.equal(before, other.sample(3, seed=0))


def test_scores_of_other_weights_stay_here(hub, run, caplog):
    scores = json.loads((run / "evaluation.json").read_text())
    scores["details"]["model_hash"] = "0" * 12
    (run / "evaluation.json").write_text(json.dumps(scores))
    with caplog.at_level(logging.WARNING, "latentfit"):
        lf.push(run, NAME)
    assert "evaluation.json is of other weights" in caplog.text
    assert "evaluation.json" not in hub.repositories[NAME].files
    assert (run / "evaluation.json").exists()


def test_a_copy_is_taken_without_a_network_and_said(hub, made, monkeypatch, caplog, tmp_path):
    made.push(NAME)
    lf.load(f"hf:{NAME}", device="cpu")
    hub.failing, asked = 503, len(hub.asked)
    with caplog.at_level(logging.WARNING, "latentfit"):
        again = lf.load(f"hf:{NAME}", device="cpu")
    assert len(hub.asked) == asked + 1
    assert "copy of me/tiny that is kept here" in caplog.text
    assert torch.equal(again.sample(3, seed=0), made.model.sample(3, seed=0))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    asked, out = len(hub.asked), (tmp_path / "hub.npz", tmp_path / "here.npz")
    command("sample", f"hf:{NAME}", "-n", 3, "--out", out[0], "--device", "cpu", check=True)
    command("sample", made.folder.path, "-n", 3, "--out", out[1], "--device", "cpu", check=True)
    np.testing.assert_array_equal(*(np.load(one)["samples"] for one in out))
    assert len(hub.asked) == asked
    (model,) = (tmp_path / "cache").rglob("model.json")
    model.unlink()
    one_line("no copy is kept here", lf.load, f"hf:{NAME}")


def test_commands_that_read_take_models_of_the_hub(hub, made, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    pushed = command("push", made.folder.path, NAME, "--private", "--licence", "cc-by-4.0")
    assert pushed.returncode == 0, pushed.stderr
    assert f"latentfit sample hf:{NAME}" in pushed.stderr
    assert hub.repositories[NAME].private
    command("sample", f"hf:{NAME}", "-n", 4, check=True)
    assert (tmp_path / "samples.png").exists()
    command("encode", f"hf:{NAME}", "--data", "digits", "--out", "codes.npz", check=True)
    assert np.load("codes.npz")["codes"].shape == (1797, 4)
    command("reconstruct", f"hf:{NAME}", "--data", "digits", "-n", 4, check=True)
    command("interpolate", f"hf:{NAME}", "--data", "digits", "--pairs", 1, check=True)
    held = {path.name for path in (tmp_path / "cache").rglob("*") if path.is_file()}
    for words in (["evaluate"], ["report"], ["score", "--data", "digits"]):
        refused = command(words[0], f"hf:{NAME}", *words[1:])
        assert refused.returncode == 2
        assert "needs the folder of a training" in refused.stderr
    assert held == {path.name for path in (tmp_path / "cache").rglob("*") if path.is_file()}


def test_what_is_not_there_is_one_line(hub, made):
    held = hub.add("me/other", {"config.json": b"{}", "model.safetensors": b"", "a.py": b""})
    one_line("no model of latentfit: it has no model.json, but a.py", lf.load, "hf:me/other")
    one_line("the hub has no model 'me/none'", lf.load, "hf:me/none")
    held.private = True
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("HF_TOKEN")
        one_line("shows it to others only", lf.load, "hf:me/other")
        one_line("needs a token of the hub", made.push, NAME)
    one_line("names no model", lf.load, "hf:")
    one_line("names no model", lf.load, "hf:me/other@")
    one_line("no name on the hub", lf.load, "hf:me//x//y")
    one_line("no name on the hub", made.push, "tiny")
    made.push(NAME)
    one_line("no such revision", lf.load, f"hf:{NAME}@v9")


def test_without_a_network_or_the_extra_it_is_one_line(hub, made, monkeypatch):
    hub.failing = 500
    one_line("no copy is kept here", lf.load, f"hf:{NAME}")
    one_line("the hub fails at me/tiny", made.push, NAME)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    one_line("no copy is kept here", lf.load, f"hf:{NAME}")
    one_line("the hub fails at me/tiny", made.push, NAME)
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    one_line(r"pip install 'latentfit\[hub\]'", lf.load, f"hf:{NAME}")
    one_line(r"pip install 'latentfit\[hub\]'", made.push, NAME)


@pytest.mark.parametrize(("name", "size"), [("model.safetensors", 9 << 30), ("model.json", 1e9)])
def test_a_file_that_is_too_large_is_not_had(name, size, hub, made):
    made.push(NAME)
    hub.sizes[name] = int(size)
    hub.asked.clear()
    one_line(f"{name} of me/tiny has .* bytes", lf.load, f"hf:{NAME}")
    assert not [asked for asked in hub.asked if "resolve" in asked]


BROKEN = {
    "no JSON": b"{", "deep": b"[" * 100_000, "list": b"[]", "empty": b"{}", "null": b"null",
    "format": b'{"format": "x"}', "arguments": b'{"arguments": 5}', "later": b'{"format": 99}',
}  # fmt: skip


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
def test_a_malformed_card_is_one_line(content, hub, made):
    files = {**{one: (made.folder.path / one).read_bytes() for one in sharing.SHARED[:2]}}
    hub.add(NAME, files | {"model.json": content})
    one_line("model.json|format 99", lf.load, f"hf:{NAME}")


@pytest.mark.parametrize(("key", "value"), [
    ("recipe", "os.system"), ("recipe", 5), ("recipe", ["ae"]), ("arguments", []), ("data", 5),
    ("data", {}), ("data", {"schema": {"kind": "x"}}), ("prior", [1]), ("prior", ["kde", 3]),
    ("own", 3), ("arguments", {"latent": 3}), ("arguments", {"latent": "x"}),
])  # fmt: skip
def test_a_card_of_other_contents_is_one_line(key, value, hub, made):
    card = json.loads((made.folder.path / "model.json").read_text()) | {key: value}
    weights = (made.folder.path / "model.safetensors").read_bytes()
    hub.add(NAME, {"model.json": json.dumps(card).encode(), "model.safetensors": weights})
    one_line("[.)]$", lf.load, f"hf:{NAME}")


def test_weights_that_are_none_are_one_line(hub, made):
    card = (made.folder.path / "model.json").read_bytes()
    for content in (b"", b"x" * 99, b"\xff" * 8 + b"{}"):
        hub.add(NAME, {"model.json": card, "model.safetensors": content})
        one_line("does not hold weights of this model", lf.load, f"hf:{NAME}")


def test_what_holds_something_else_is_left_as_it_is(hub, made, tmp_path):
    held = hub.add("me/other", {"config.json": b"{}", "model.safetensors": b"theirs"})
    one_line("me/other holds something else", made.push, "me/other")
    assert held.files["model.safetensors"] == b"theirs"
    made.push(NAME)
    one_line("is public already", made.push, NAME, private=True)
    one_line("identifier of a licence", made.push, NAME, licence="all\nmine")
    one_line("license", made.push, NAME, licence="mine")  # the hub knows none of that name
    one_line("no finished run", lf.push, tmp_path / "none", NAME)
    (tmp_path / "begun").mkdir()
    shutil.copy(made.folder.path / "run.json", tmp_path / "begun")
    one_line("is not finished", lf.push, tmp_path / "begun", NAME)
    memory = lf.Run(made.model, None, 4, None)
    one_line("kept in memory", memory.push, NAME)
    assert len(hub.repositories[NAME].commits) == 2


def test_a_commit_in_between_is_not_overwritten(hub, made, monkeypatch):
    made.push(NAME)
    held, there = hub.repositories[NAME], sharing._there

    def late(*given, **named):
        found = there(*given, **named)
        held.commit({**held.files, "model.json": b"new"}, "another")
        return found

    monkeypatch.setattr(sharing, "_there", late)
    one_line("has changed meanwhile", made.push, NAME)
    assert held.files["model.json"] == b"new"


def test_parts_of_its_own_are_handed_over_and_what_is_kept_is_said(hub, run, tmp_path, caplog):
    data = lf.data.load("digits")

    def built():
        own = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(64, 4))
        return lf.recipe("wae-mmd", data, encoder=own, **SMALL)

    mine = lf.train(built(), data, rounds=2, out=tmp_path / "mine", **QUIET)
    mine.push(NAME)
    one_line("parts of its own", lf.load, f"hf:{NAME}")
    again = lf.load(f"hf:{NAME}", model=built(), device="cpu")
    assert torch.equal(again.sample(3, seed=0), mine.model.sample(3, seed=0))
    RunFolder(run).decoder.write_bytes(b"theirs")
    with caplog.at_level(logging.WARNING, "latentfit"):
        lf.push(run, "me/codes")
    assert "the decoder is another program's" in caplog.text
    assert "decoder.onnx" not in hub.repositories["me/codes"].files


def test_a_table_keeps_its_kind_and_tells_no_path(hub, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"size": rng.normal(size=60), "town": rng.choice(["a", "b"], 60)})
    frame.to_csv("people.csv", index=False)
    data = replace(lf.data.load("people.csv"), name=str(tmp_path / "people.csv"))
    notes = {
        "source": {"data": str(tmp_path / "people.csv"), "root": None, "reading": None},
        "command": f"latentfit train rae --data {tmp_path}/people.csv --out {tmp_path}/run",
    }
    model = lf.recipe("rae", data, latent=2, width=1 / 64, batch=8)
    lf.train(model, data, rounds=2, out="run", notes=notes, **QUIET)
    lf.push("run", NAME)
    card = hub.repositories[NAME].files["README.md"].decode()
    assert "latentfit train rae --data people.csv --out run --rounds 2" in card
    for name, content in hub.repositories[NAME].files.items():
        assert str(tmp_path).encode() not in content, name
    again = lf.load(f"hf:{NAME}").sample(5, seed=0, as_array=True)
    pd.testing.assert_frame_equal(again, lf.load("run").sample(5, seed=0, as_array=True))
    card = json.loads((tmp_path / "run" / "model.json").read_text())
    card["data"]["classes"] = [str(tmp_path / "people.csv")]
    (tmp_path / "run" / "model.json").write_text(json.dumps(card))
    one_line("would tell a path of this machine", lf.push, "run", NAME)
