"""Commands as a person types them, in this process."""

from __future__ import annotations

import contextlib
import io
import logging
from pathlib import Path
from typing import Any

from latentfit.cli import main
from nasty.case import Wrong
from nasty.writing import text


def said(*words: object) -> tuple[int, str]:
    """Exit code of a command, and what it said on the error stream; errors of its own pass."""
    out, error = io.StringIO(), io.StringIO()
    code, log = 0, logging.getLogger("latentfit")
    notes = logging.StreamHandler(error)
    log.addHandler(notes)
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(error):
        try:
            main([str(word) for word in words])
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else int(end.code is not None)
    log.removeHandler(notes)
    return code, error.getvalue()


def trained(folder: Path, held: Any, more: tuple[str, ...] = ()) -> Path:
    """A run of two rounds on a table."""
    path, run = folder / "table.csv", folder / "run"
    path.write_text(text(held), encoding="utf-8")
    small = ["--set", "width=0.015625", "--set", "batch=8", "--latent", "2", "--rounds", "2"]
    code, line = said("train", "vae-fixed-variance", "--data", path, "--out", run, *small,
                      "--device", "cpu", "--quiet", "--no-evaluate", *more)  # fmt: skip
    if code != 0:
        raise Wrong(f"the training ends with {code}: {line}")
    return run
