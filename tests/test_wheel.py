"""What is shipped works where nothing of the repository is: in an environment of its own."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest

from latentfit.version import __version__
from shell import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
MOST = 6e6  # bytes
TYPED = """
import latentfit as lf
from latentfit.data import Data

data: Data = lf.data.load("digits")
model: lf.Model = lf.recipe("ae", data, latent=2)
run: lf.Run = lf.train(model, data, rounds=2)
latent: int = lf.size(data, budget=0).latent
"""
WRONG = "name: str = lf.size(data).latent\nlf.train(model, data, round=2)\n"


def test_the_version_is_one():
    cited = re.search(r"^version: (.+)$", (ROOT / "CITATION.cff").read_text(), re.MULTILINE)
    assert PROJECT["version"] == __version__ == (cited and cited[1])


def test_every_extra_is_explained():
    text = (ROOT / "docs" / "install.md").read_text()
    explained = re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)
    assert sorted(explained) == sorted(PROJECT["optional-dependencies"])


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    pip = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--wheel-dir",
        folder,
        ROOT,
    ]
    subprocess.run(pip, check=True, cwd=folder)
    (path,) = folder.glob("latentfit-*.whl")
    return path


@pytest.mark.claim
def test_the_wheel_holds_what_it_needs(wheel):
    assert wheel.stat().st_size < MOST
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        (facts,) = (name for name in names if name.endswith(".dist-info/METADATA"))
        described = archive.read(facts).decode()
    source = ROOT / "src"
    kept = (path for path in (source / "latentfit").rglob("*") if path.is_file())
    ours = {path.relative_to(source).as_posix() for path in kept if "__pycache__" not in str(path)}
    assert {name for name in names if ".dist-info/" not in name} == ours
    assert "latentfit/py.typed" in names
    assert any(name.endswith("licenses/LICENSE") for name in names)
    for version in ("3.11", "3.12", "3.13"):
        assert f"Classifier: Programming Language :: Python :: {version}\n" in described
    assert "\n# latentfit\n" in described  # the README


@pytest.mark.claim
def test_the_wheel_works_in_an_environment_of_its_own(wheel, tmp_path):
    place = tmp_path / "own"
    venv.create(place, with_pip=True)
    hidden = ("PYTHONPATH", "VIRTUAL_ENV", "LATENTFIT_CACHE")
    own = {name: value for name, value in os.environ.items() if name not in hidden}

    def run(program: str | Path, *words: str | Path) -> str:
        done = subprocess.run(
            [place / "bin" / program, *words], cwd=tmp_path, env=own, text=True, capture_output=True
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    constraints = ROOT / "constraints.txt"
    run("python", "-m", "pip", "install", "-q", "--no-compile", "--constraint", constraints, wheel)
    run("python", "-m", "pip", "check")
    assert run("latentfit", "--version") == f"latentfit {__version__}\n"
    held = json.loads(run("latentfit", "doctor", "--json"))
    assert held["latentfit"] == __version__
    assert not held["extras"]["dev"]["installed"]
    run("latentfit", "demo", "--out", "demo")
    assert (tmp_path / "demo" / "report.html").stat().st_size > 10_000
    run("latentfit", "sample", "demo", "-n", "4", "--out", "new.png")
    assert (tmp_path / "new.png").exists()

    (tmp_path / "right.py").write_text(TYPED)
    (tmp_path / "wrong.py").write_text(TYPED + WRONG)
    pyright = [sys.executable, "-m", "pyright", "--outputjson", "--pythonpath"]
    told = subprocess.run(
        [*pyright, place / "bin" / "python", "right.py", "wrong.py"],
        cwd=tmp_path, env=own, text=True, capture_output=True,
    )  # fmt: skip
    found = json.loads(told.stdout)["generalDiagnostics"]
    assert {Path(line["file"]).name for line in found} == {"wrong.py"}
    assert len(found) == 2, found
