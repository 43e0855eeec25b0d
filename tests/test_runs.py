"""Runs as a person makes them: what they leave, what they refuse, what can be done with them."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
import torch

import latentfit as lf
from latentfit.checks import DivergenceError, UserError
from shell import ENVIRONMENT, QUIET, SMALL, command, training


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A short finished run of MaskAAE on digits, with scores and report."""
    out = tmp_path_factory.mktemp("runs") / "maskaae"
    command(*training("maskaae", out, "--rounds", "60", "--evaluate"), check=True)
    return out


def test_a_run_folder_is_complete(run):
    found = {path.name for path in run.iterdir()}
    assert {
        "run.json", "metrics.jsonl", "checkpoints", "model.safetensors", "model.json",
        "evaluation.json", "figures", "report.html", "events",
    } <= found  # fmt: skip
    facts = json.loads((run / "run.json").read_text())
    assert facts["recipe"] == "maskaae"
    assert facts["data"]["name"] == "digits"
    assert {"last.pt", "best.pt"} == {path.name for path in (run / "checkpoints").iterdir()}
    page = (run / "report.html").read_text()
    assert "http" not in page.replace("http-equiv", "")
    assert page.count("data:image/png") >= 6
    assert "dimension is active" in page


def test_evaluate_prints_and_keeps_what_was_asked(run):
    scores = json.loads(command("evaluate", run, "--metrics", "fd", "--json", check=True).stdout)
    assert {"fd_lenet", "fd_lenet_sd", "fd_lenet_floor", "mse", "nac", "active"} <= set(scores)
    assert scores["details"]["weights"] == "averaged"


def test_no_evaluate_trains_only(tmp_path):
    command(*training("ae", tmp_path / "run", "--rounds", "2"), check=True)
    found = {path.name for path in (tmp_path / "run").iterdir()}
    assert "model.safetensors" in found
    assert not {"evaluation.json", "report.html", "figures"} & found


def test_the_same_command_again_changes_nothing_and_more_rounds_go_on(tmp_path):
    out = tmp_path / "run"
    assert command(*training("wae-gan", out, "--rounds", "10")).returncode == 0
    before = (out / "checkpoints" / "last.pt").read_bytes()
    assert command(*training("wae-gan", out, "--rounds", "10")).returncode == 0
    assert (out / "checkpoints" / "last.pt").read_bytes() == before
    assert command(*training("wae-gan", out, "--rounds", "20")).returncode == 0
    assert json.loads((out / "model.json").read_text())["round"] == 20


def test_a_mask_that_waits_is_said(tmp_path):
    words = [word for word in training("maskaae", tmp_path, "--rounds", "2") if word != "--quiet"]
    assert "player 'mask' stands still for longer than 2 rounds" in command(*words).stderr
    at_once = [*words, "--set", "warmup=1", "--out", str(tmp_path / "other")]
    assert "stands still" not in command(*at_once).stderr


def test_other_arguments_are_refused_with_the_differences(run):
    before = (run / "model.safetensors").read_bytes()
    other = command(*training("maskaae", run, "--rounds", "60", "--seed", "3"))
    assert other.returncode == 2
    assert "seed was 0, is now 3" in other.stderr
    recipe = command(*training("flexae", run, "--rounds", "60"))
    assert recipe.returncode == 2
    assert "recipe was 'maskaae', is now 'flexae'" in recipe.stderr
    assert (run / "model.safetensors").read_bytes() == before


def test_use_of_a_run(run, tmp_path):
    import numpy as np

    for out, words in {
        "s.png": ["sample", run, "-n", 9],
        "s.npz": ["sample", run, "-n", 9, "--weights", "best"],
        "folder": ["sample", run, "-n", 9, "--weights", "raw"],
        "codes.npz": ["encode", run, "--data", "digits", "--split", "test"],
        "pairs.png": ["reconstruct", run, "--data", "digits", "-n", 8],
        "lines.npz": ["interpolate", run, "--data", "digits", "--steps", 3],
    }.items():
        done = command(*words, "--out", tmp_path / out)
        assert done.returncode == 0, done.stderr
    samples = np.load(tmp_path / "s.npz")["samples"]
    assert (samples.shape, samples.dtype) == ((9, 8, 8), np.uint8)
    assert len(list((tmp_path / "folder").glob("*.png"))) == 9
    assert np.load(tmp_path / "lines.npz")["lines"].shape == (8, 3, 8, 8)
    held = np.load(tmp_path / "codes.npz")
    assert (held["codes"].shape, held["labels"].shape) == ((179, 4), (179,))
    again = command("sample", run, "-n", 9, "--out", tmp_path / "t.npz", "--weights", "best")
    assert again.returncode == 0
    assert (np.load(tmp_path / "t.npz")["samples"] == samples).all()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["train", "flexea", "--data", "digits"], "did you mean flexae"),
        (["train", "flexae", "--data", "dgits"], "did you mean digits"),
        (["train", "flexae", "--data", "digits", "--latent", "0"], "'latent' must be"),
        (["train", "flexae", "--data", "digits", "--rounds", "0"], "'rounds' must be"),
        (["train", "flexae", "--data", "digits", "--set", "widht=1"], "did you mean width"),
        (["train", "flexae", "--data", "digits", "--set", "width=wide"], "must be a number"),
        (["train", "flexae", "--data", "digits", "--set", "batch=9999"], "lower it with"),
        (["train", "flexae", "--data", "digits", "--precision", "8"], "unknown precision"),
        (["train", "flexae", "--data", "digits", "--device", "cuda:7"], "not available"),
        (["train", "flexae", "--data", "digits", "--device", "meta"], "not available"),
        (["train", "vae", "--data", "digits"], "did you mean vae-bernoulli"),
        (["train", "vae-bernoulli", "--data", "swiss-roll"], "needs images"),
        (["train", "flexae", "--data", "digits", "--out", "/dev/null/x"], "cannot write"),
        (["sample", "nowhere"], "no run folder"),
        (["train"], "Missing argument"),
        (["list", "recipe"], "did you mean recipes"),
    ],
)
def test_wrong_input_is_one_line_and_exit_code_2(words, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = command(*words)
    assert done.returncode == 2, done.stderr
    assert message in done.stderr
    assert done.stderr.count("\n") == 1
    assert "Traceback" not in done.stderr


def test_list_recipes_as_json():
    rows = json.loads(command("list", "recipes", "--json", check=True).stdout)
    by_name = {row["name"]: row for row in rows}
    assert by_name["flexae-sr"]["players"] == [
        "autoencoder", "critic", "image_critic", "smoother", "generator", "encoder",
    ]  # fmt: skip
    for row in rows:
        assert {"paper", "year", "players", "encodes", "samples", "likelihood"} <= set(row)


def test_divergence_names_the_player_and_keeps_the_last_good_checkpoint(tmp_path, monkeypatch):
    data = lf.data.load("digits")
    lf.train(lf.recipe("ae", data, **SMALL), data, rounds=10, out=tmp_path, log_every=5, **QUIET)
    good = (tmp_path / "checkpoints" / "last.pt").read_bytes()
    model = lf.recipe("ae", data, **SMALL)
    lost = lambda likelihood, x, raw: raw.flatten(1).sum(1) * float("nan")  # noqa: E731
    monkeypatch.setattr(type(model.likelihood), "forward", lost)
    with pytest.raises(DivergenceError, match=r"player 'autoencoder' diverged by round 15: term"):
        lf.train(model, data, rounds=100, out=tmp_path, log_every=5, **QUIET)
    assert (tmp_path / "checkpoints" / "last.pt").read_bytes() == good


def test_vectors_come_back_in_their_own_units(tmp_path):
    import numpy as np

    x = np.random.default_rng(0).normal(50, 5, (400, 3)).astype(np.float32)
    np.save(tmp_path / "x.npy", x)
    out = tmp_path / "run"
    words = ["train", "ae", "--data", tmp_path / "x.npy", "--latent", 3, "--rounds", 300, "--quiet"]
    command(*words, "--no-evaluate", "--out", out, check=True)
    command("sample", out, "-n", 500, "--out", tmp_path / "s.npz", check=True)
    drawn = np.load(tmp_path / "s.npz")["samples"]
    assert abs(drawn.mean() - 50) < 1.5
    refused = command("sample", out, "--out", tmp_path / "s.png")
    assert refused.returncode == 2
    assert "cannot write s.png; here, use .npz" in refused.stderr


def test_a_model_built_from_parts_and_a_second_stage(tmp_path):
    data = lf.data.load("digits")
    model = lf.recipe("two-stage-vae", data, **SMALL)
    lf.train(model, data, rounds=20, out=tmp_path / "run", **QUIET)
    assert (tmp_path / "run" / "prior" / "checkpoints" / "last.pt").exists()
    again = lf.load(tmp_path / "run", device="cpu")
    torch.manual_seed(0)
    first = model.sample(5)
    torch.manual_seed(0)
    assert torch.equal(first, again.sample(5))
    with pytest.raises(UserError, match="no run folder"):
        lf.load(tmp_path / "nothing")


def test_help_imports_nothing_heavy():
    script = "import sys, latentfit.cli; print('torch' in sys.modules, 'matplotlib' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script], env=ENVIRONMENT, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["False", "False"]


def test_a_model_without_an_encoder_is_trained_scored_and_reported(tmp_path):
    folder = tmp_path / "gan"
    command(*training("gan", folder, "--rounds", 2), check=True)
    command("evaluate", folder, "--metrics", "fd,manifold,prd,latent", "--count", 60, check=True)
    command("report", folder, check=True)
    scores = json.loads((folder / "evaluation.json").read_text())
    assert {"fd_lenet", "fd_lenet_floor", "coverage"} <= set(scores)
    assert not {"mse", "nac", "fd_lenet_reconstruction", "active_units"} & set(scores)
    made = {path.stem for path in (folder / "figures").glob("*.png")}
    assert {"samples", "coverage", "prd", "neighbours-pixels"} <= made
    assert not {"reconstructions", "latent", "interpolations"} & made
    refused = command("encode", folder, "--data", "digits", "--out", tmp_path / "codes.npz")
    assert refused.returncode == 2
    assert "has no encoder; use sample, evaluate or report" in refused.stderr


def test_another_prior_makes_a_run_of_its_own(tmp_path):
    first, second = tmp_path / "ae", tmp_path / "ae-kde"
    command(*training("ae", first, "--rounds", 2), check=True)
    fit = ["fit-prior", first, "--prior", "kde", "--set", "count=100", "--quiet", "--no-evaluate"]
    command(*fit, check=True)
    before, after = lf.load(first), lf.load(second)
    assert after.refitted == ("kde", {"count": 100})
    x = lf.data.load("digits").test.first(3)
    with torch.no_grad():
        assert torch.equal(before.reconstruct(x), after.reconstruct(x))
    assert after.sample(5).shape == (5, 1, 8, 8)
    command(*fit, check=True)  # again is no error
    refused = command(*fit, "--out", first)
    assert refused.returncode == 2
    assert "holds another run" in refused.stderr
    assert command("sample", second, "-n", "4", "--out", tmp_path / "s.png").returncode == 0
