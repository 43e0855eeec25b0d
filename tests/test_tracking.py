"""Trackers hold what the log holds: read back with their own means, offline."""

from __future__ import annotations

import importlib.util
import json
import socket
import struct
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

import latentfit as lf
from contract import toy
from latentfit.checks import UserError
from latentfit.storage import RunFolder
from latentfit.tracking import tools
from shell import QUIET, command, training

DATA = toy((6,))
SCORES = {"fd_pixels": 1.5, "count": 20, "verdict": {"sentence": "no number"}}
WHY = "not installed; pip install 'latentfit[{}]'"


@pytest.fixture(autouse=True)
def offline(tmp_path, monkeypatch):
    """Nobody is asked beyond this machine, and nothing is left outside of the test's folder."""
    own, asked = socket.socket.connect, []  # what is raised may be caught where it is asked

    def connect(self, address):
        if self.family != socket.AF_UNIX and address[0] not in ("127.0.0.1", "::1", "localhost"):
            asked.append(address)
        return own(self, address)

    def resolve(*name, **more):
        asked.append(name)
        raise socket.gaierror("no network")

    monkeypatch.setattr(socket.socket, "connect", connect)
    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TRACKIO_DIR", str(tmp_path / "trackio"))
    monkeypatch.setenv("HF_TOKEN", "hf_of_one_who_is_logged_in")
    for tool in ("MLFLOW_TRACKING_URI", "WANDB_MODE", "WANDB_DIR", "TRACKIO_SPACE_ID"):
        monkeypatch.delenv(tool, raising=False)
    yield
    assert asked == []


def from_trackio(run):
    """Numbers by round, parameters and scores."""
    import trackio
    from trackio.sqlite_storage import SQLiteStorage

    (found,) = trackio.Api().runs("latentfit")
    assert found.id == run
    lines = SQLiteStorage.get_logs("latentfit", found.name, run_id=run)
    numbers = [(n["step"], {k: v for k, v in n.items() if k not in ("step", "timestamp")})
               for n in lines]  # fmt: skip
    scores = numbers.pop()[1]
    return found.name, numbers, {k: v for k, v in found.config.items() if k[0] != "_"}, scores


def from_mlflow(run):
    from mlflow import MlflowClient

    client = MlflowClient()
    held = client.get_run(run)
    assert held.info.status == "FINISHED"
    by_name = {name: client.get_metric_history(run, name) for name in held.data.metrics}
    assert all(m.timestamp > 1.7e12 for told in by_name.values() for m in told)
    numbers = [(m.step, {name: m.value}) for name, told in by_name.items() for m in told]
    scores = {n: v for n, v in held.data.metrics.items() if n.startswith("evaluation/")}
    numbers = [(step, told) for step, told in numbers if not told.keys() & scores.keys()]
    return held.info.run_name, numbers, held.data.params, scores


def blocks(held):
    """The records of a log of LevelDB, which is what wandb writes: there is no reader with it."""
    place, whole = 7, b""  # after the file's own header
    while place < len(held):
        if 32_768 - place % 32_768 < 7:
            place += 32_768 - place % 32_768
        length, kind = struct.unpack("<HB", held[place + 4 : place + 7])
        whole += held[place + 7 : place + 7 + length]
        place += 7 + length
        if kind in (1, 4):  # whole, or the last part
            yield whole
            whole = b""


def from_wandb(run):
    from wandb.proto import wandb_internal_pb2 as records

    numbers, config, scores, name = [], {}, {}, ""
    for file in sorted(Path("wandb").glob(f"offline-run-*-{run}/run-{run}.wandb")):
        for block in blocks(file.read_bytes()):
            record = records.Record.FromString(block)
            name = record.run.display_name or name
            config |= {item.key: json.loads(item.value_json) for item in record.run.config.update}
            line = {i.key or "/".join(i.nested_key): json.loads(i.value_json)
                    for i in record.history.item}  # fmt: skip
            told = {key: value for key, value in line.items() if key[0] != "_"}
            numbers += [(line["_step"], told)] if told else []
            scores |= {
                i.key or "/".join(i.nested_key): json.loads(i.value_json)
                for i in record.summary.update
            }
    scores = {key: value for key, value in scores.items() if key.startswith("evaluation/")}
    return name, numbers, config, scores


READ = {"trackio": from_trackio, "mlflow": from_mlflow, "wandb": from_wandb}


def spread(numbers):
    """One round and number at a time, in any order."""
    return sorted((step, name, v) for step, told in numbers for name, v in told.items())


@pytest.mark.filterwarnings("ignore")  # of the tools themselves
@pytest.mark.parametrize("tool", READ)
def test_a_tracker_holds_the_log_the_settings_and_the_scores(tool, tmp_path):
    if importlib.util.find_spec(tool) is None:
        pytest.skip(WHY.format(tool))

    def train(rounds):
        model = lf.recipe("maskaae", DATA, latent=3, width=1 / 16, batch=16)
        more = {**QUIET, "log_every": 5, "validate_every": 10}
        with lf.track(tool, "runs/first") as told:
            lf.train(model, DATA, rounds=rounds, out="runs/first", on_log=told, **more)
            if rounds == 20:
                told.conclude(SCORES)

    train(10)
    run = RunFolder(tmp_path / "runs/first").facts.tracked[tool]
    time.sleep(1.1 * (tool == "wandb"))  # its folders are named by the second
    train(20)
    folder = RunFolder(tmp_path / "runs/first")
    assert folder.facts.tracked == {tool: run}, "it went on in the same run"
    name, numbers, parameters, scores = READ[tool](run)
    assert name == "first"
    lines = [
        (line["round"], {n: v for n, v in line.items() if n not in ("round", "mask/values")})
        for line in folder.lines
    ]
    assert spread(numbers) == spread(lines)
    assert {step for step, _ in numbers} == {5, 10, 15, 20}
    assert str(parameters["arguments.latent"]) == "3"
    assert parameters["recipe"] == "maskaae"
    assert parameters["data.fingerprint"] == DATA.fingerprint
    assert scores == {"evaluation/fd_pixels": 1.5, "evaluation/count": 20}
    # A tracker that has lost the run gets another one.
    folder.write_facts(replace(folder.facts, tracked={tool: "0" * 8}))
    train(25)
    other = folder.facts.tracked[tool]
    assert other not in (run, "0" * 8) or tool == "wandb"  # which takes any name


class Told(tools.Tool):
    """A tool that writes down what it is told."""

    package, project = "json", "TOLD_PROJECT"
    heard: list

    def begin(self, name, known, parameters):
        self.heard.append(("begin", name, known, parameters["data.name"]))
        return known or "a1"

    def log(self, step, numbers):
        self.heard.append(("log", step, dict(numbers)))
        if step == 150:
            raise OSError("no place\nleft")

    def conclude(self, step, scores):
        self.heard.append(("conclude", step, dict(scores)))

    def end(self, error):
        self.heard.append(("end", type(error)))


def test_the_option_tells_the_log_and_the_scores_and_errors_are_one_line(tmp_path, monkeypatch):
    monkeypatch.setattr(Told, "heard", heard := [], raising=False)
    monkeypatch.setitem(tools.TOOLS, "told", Told)
    scored = lambda folder, *more, **rest: RunFolder(folder).write_scores(SCORES)  # noqa: E731
    monkeypatch.setattr(sys.modules["latentfit.cli.train"], "score_and_report", scored)
    out = tmp_path / "run"
    words = training("wae-mmd", out, "--rounds", "50", "--track", "told", "--evaluate")
    command(*words, check=True)
    kept = RunFolder(out)
    assert heard[0] == ("begin", "run", None, "digits")
    assert [kind for kind, *_ in heard] == ["begin", "log", "log", "conclude", "end"]
    assert heard[3] == ("conclude", 50, {"evaluation/fd_pixels": 1.5, "evaluation/count": 20})
    assert heard[4] == ("end", type(None))
    assert kept.facts.tracked == {"told": "a1"}
    heard.clear()
    command(*training("wae-mmd", out, "--rounds", "50", "--track", "told"), check=True)
    assert heard == []  # nothing was left to do, and nothing is told
    refused = command(*training("wae-mmd", out, "--rounds", "200", "--track", "told"))
    assert refused.returncode == 2
    assert refused.stderr == (
        "latentfit: told did not take what it was told (OSError: no place left); mend that, or go "
        "on without --track.\n"
    )
    assert kept.played == 150
    assert heard[0] == ("begin", "run", "a1", "digits")
    assert heard[-1] == ("end", UserError)


def test_what_is_not_there_is_one_line(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "wandb", None)
    refused = command(*training("ae", tmp_path / "run", "--track", "wandb"))
    assert refused.returncode == 2
    assert refused.stderr.count("\n") == 1
    assert "pip install 'latentfit[wandb]'" in refused.stderr
    assert not (tmp_path / "run").exists()
    assert "did you mean mlflow" in command(*training("ae", "run", "--track", "mlfow")).stderr
