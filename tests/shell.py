"""Commands as a person types them, in this process: imports are paid once."""

from __future__ import annotations

import contextlib
import io
from dataclasses import dataclass

from latentfit.cli import main


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
