"""Runs that are killed or interrupted, and runs of two processes."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from multiprocessing import get_context

import pytest
import torch
from safetensors.torch import load_file

import latentfit as lf
from latentfit.storage.files import read_lines
from shell import ENVIRONMENT, QUIET, SMALL, command, training


@pytest.mark.parametrize("recipe", ["flexae-sr", "maskaae"])
def test_kill_at_any_moment_and_resume_gives_the_same_bits(recipe, tmp_path):
    kill_and_resume(recipe, tmp_path, rounds={"flexae-sr": 24, "maskaae": 45}[recipe], times=2)


@pytest.mark.claim
@pytest.mark.parametrize("recipe", ["flexae-sr", "maskaae"])
def test_ten_kills(recipe, tmp_path):
    rounds = {"flexae-sr": 600, "maskaae": 1500}[recipe]
    assert kill_and_resume(recipe, tmp_path, rounds=rounds, times=10) == 10


def play(recipe, rounds, out):
    """A training that saves as often as it can, so that a kill meets every state of its folder."""
    torch.set_num_threads(1)
    data = lf.data.load("digits")
    model = lf.recipe(recipe, data, **SMALL)
    lf.train(model, data, rounds=rounds, out=out, log_every=3, validate_every=20, save_seconds=0.0,
             **QUIET)  # fmt: skip


def kill_and_resume(recipe, tmp_path, *, rounds, times):
    fresh = get_context("forkserver")
    fresh.set_forkserver_preload(["torch._dynamo", "sklearn.datasets", "latentfit.runs.run"])

    def begin(name):
        process = fresh.Process(target=play, args=(recipe, rounds, tmp_path / name))
        process.start()
        return process

    whole = begin("whole")
    whole.join(240)
    assert whole.exitcode == 0
    chance, kills = random.Random(0), 0
    last = tmp_path / "parts" / "checkpoints" / "last.pt"
    while kills < times:
        process = begin("parts")
        before = last.stat().st_mtime_ns if last.exists() else 0
        while process.is_alive() and (not last.exists() or last.stat().st_mtime_ns == before):
            time.sleep(0.005)
        time.sleep(chance.random() * 0.2)
        if not process.is_alive():
            break
        process.kill()
        process.join()
        kills += 1
    assert kills >= 1
    process = begin("parts")
    process.join(240)
    assert process.exitcode == 0
    whole, parts = (load_file(tmp_path / n / "model.safetensors") for n in ("whole", "parts"))
    assert [name for name in whole if not torch.equal(whole[name], parts[name])] == []
    lines = [
        [{k: v for k, v in line.items() if k != "seconds"} for line in read_lines(path)]
        for path in (tmp_path / "whole/metrics.jsonl", tmp_path / "parts/metrics.jsonl")
    ]
    assert lines[0] == lines[1]
    return kills


def test_interrupting_saves_and_says_how_to_go_on(tmp_path):
    out = tmp_path / "run"
    words = training("maskaae", out, "--rounds", "1000000")
    process = subprocess.Popen(
        [sys.executable, "-m", "latentfit", *words],
        env=ENVIRONMENT, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    while not read_lines(out / "metrics.jsonl"):
        time.sleep(0.05)
    second = command(*words)
    assert second.returncode == 2
    assert "another process is writing" in second.stderr
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Give the same command to go on" in said
    assert (out / "checkpoints" / "last.pt").exists()


def test_two_processes_agree_and_equal_one_with_the_doubled_batch(tmp_path):
    script = tmp_path / "run.py"
    script.write_text(
        "import sys, torch, latentfit as lf\n"
        "from latentfit.training import distributed\n"
        "torch.set_num_threads(1)\n"
        "data = lf.data.load('synthetic:n=2,d=8,count=600')\n"
        "model = lf.recipe('ae', data, latent=2, width=1 / 8, batch=16)\n"
        "with distributed.group(torch.device('cpu')):\n"
        "    lf.train(model, data, rounds=30, out=sys.argv[1], progress=False, device='cpu')\n"
        "    torch.save(model.state_dict(), f'{sys.argv[1]}.{distributed.rank()}.pt')\n"
    )
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2"]
    two = [*torchrun, "--standalone", str(script), str(tmp_path / "two")]
    done = subprocess.run(two, env=ENVIRONMENT, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr[-2000:]
    ranks = [torch.load(tmp_path / f"two.{rank}.pt", weights_only=True) for rank in (0, 1)]
    data = lf.data.load("synthetic:n=2,d=8,count=600")
    one = lf.recipe("ae", data, latent=2, width=1 / 8, batch=32)
    lf.train(one, data, rounds=30, **QUIET)
    assert all(torch.equal(value, ranks[1][name]) for name, value in ranks[0].items())
    # Adam turns the sign of a gradient that is rounding into a whole step, so that weights may
    # differ by as much; what the networks do differs by their share of it.
    both = lf.recipe("ae", data, latent=2, width=1 / 8)
    both.load_state_dict(ranks[0])
    x = data.train.first(10**6)
    with torch.no_grad():
        errors = [float((m.eval().reconstruct(x) - x).square().mean()) for m in (one, both)]
    assert errors[0] == pytest.approx(errors[1], rel=1e-3)
