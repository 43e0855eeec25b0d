"""Commands as a person types them, in this process: imports are paid once."""

from __future__ import annotations

import contextlib
import io
import os
from dataclasses import dataclass
from pathlib import Path

from latentfit.cli import main

ROOT = Path(__file__).parents[1]
# Of a short run, from Python.
SMALL = {"latent": 4, "width": 1 / 64, "batch": 16}
QUIET = {"progress": False, "device": "cpu"}
# Of a process of its own.
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT / "src")}


@dataclass(frozen=True)
class Done:
    """What a command left: its exit code and what it said."""

    returncode: int
    stdout: str
    stderr: str


def command(*words: object, check: bool = False) -> Done:
    """Run `latentfit WORDS`; with `check` it must end well."""
    out, error = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(error):
        try:
            main([str(word) for word in words])
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else int(end.code is not None)
    done = Done(code, out.getvalue(), error.getvalue())
    assert not check or done.returncode == 0, done.stderr
    return done


def training(recipe, out, *more):
    """A short training without scores and report, which other tests are about."""
    small = ["--set", "width=0.015625", "--set", "batch=16", "--latent", "4", "--quiet"]
    small += ["--device", "cpu", "--no-evaluate"]
    return ["train", recipe, "--data", "digits", "--out", str(out), *small, *more]
