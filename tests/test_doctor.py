"""What a bug report needs is said, and nothing that a person would not post."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib import metadata

import pytest
import torch

from latentfit.cli import doctor
from shell import ENVIRONMENT, command


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A home folder of somebody who has a secret."""
    monkeypatch.setenv("HOME", str(tmp_path / "ada"))
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    monkeypatch.delenv("LATENTFIT_CACHE")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    kept = tmp_path / "ada" / ".cache" / "latentfit" / "one"
    kept.mkdir(parents=True)
    (kept / "rows").write_bytes(bytes(1_000))
    (kept / "more").write_bytes(bytes(234))
    (kept / "link").symlink_to(kept / "rows")
    monkeypatch.chdir(tmp_path / "ada")
    return tmp_path / "ada"


def test_doctor_says_versions_devices_and_folders(home):
    text = command("doctor", "--json", "--data-root", home / "sets", check=True).stdout
    held = json.loads(text)
    assert held["packages"]["torch"] == metadata.version("torch")
    assert {"cells", "cluster", "hub", "onnx", "parquet", "tune"} <= set(held["extras"])
    assert held["extras"]["parquet"] == {
        "installed": True, "packages": {"pyarrow": metadata.version("pyarrow")}
    }  # fmt: skip
    assert held["devices"]["threads"] == torch.get_num_threads()
    folders = held["folders"]
    assert folders["working folder"]["path"] == "~"
    link = (home / ".cache/latentfit/one/link").lstat().st_size
    assert folders["features"]["path"] == "~/.cache/latentfit"
    assert folders["features"]["bytes"] == 1_234 + link
    assert folders["data root"] | {"free": 0} == {
        "path": "~/sets", "exists": False, "free": 0, "writable": True
    }  # fmt: skip
    shown = command("doctor", check=True).stdout
    for said in (text, shown):
        assert "ada" not in said
        assert "secret" not in said


def test_what_is_missing_or_cannot_be_written_is_said(home, monkeypatch):
    def version(name):
        if name == "pyarrow":
            raise metadata.PackageNotFoundError(name)
        return "1.2"

    monkeypatch.setattr(doctor.metadata, "version", version)
    (home / "file").touch()
    held = doctor.facts(home / "file" / "below")
    assert held["extras"]["parquet"] == {"installed": False, "packages": {"pyarrow": None}}
    assert held["extras"]["tune"]["installed"]
    assert not held["folders"]["data root"]["writable"]
    assert "pyarrow missing" in command("doctor", check=True).stdout


def test_a_shell_is_told_commands_and_options():
    def completed(words, place):
        given = {"_LATENTFIT_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": place}
        words = [sys.executable, "-c", "from latentfit.cli import main; main()"]
        words[2] = "import sys; sys.argv[0] = 'latentfit'; " + words[2]
        return subprocess.run(
            words, env=ENVIRONMENT | given, check=True, capture_output=True, text=True
        ).stdout.split()

    assert completed("latentfit tr", "1") == ["train", "traverse"]
    assert "--data-root" in completed("latentfit train --d", "2")
