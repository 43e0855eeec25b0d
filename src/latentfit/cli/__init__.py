"""The command line. Nothing heavy is imported before a command runs."""

from __future__ import annotations

import atexit
import gc
import sys
from collections.abc import Sequence

import typer

from latentfit.cli import train, prior, use, walk, judge, explore  # noqa: F401  # isort: skip  (help shows this order)
from latentfit.cli import score, diagnose, study, compare, tune  # noqa: F401  # isort: skip
from latentfit.cli import export, share, doctor  # noqa: F401  # isort: skip
from latentfit.cli.app import app
from latentfit.cli.shared import say


def main(words: Sequence[str] | None = None) -> None:
    """Run a command; an error that a person can mend is one line and exit code 2.

    Arguments:
        words: What stands after `latentfit`; those of the process where not given.

    Raises:
        SystemExit: Always, with the exit code.
    """
    # A walk through everything that is imported takes 0.2 s, and there were ten before work began
    # and one at the end. Young garbage is collected as often as ever.
    gc.set_threshold(*gc.get_threshold()[:2], 1_000)
    atexit.register(gc.freeze)
    try:
        code = app(words, standalone_mode=False)
    except Exception as error:
        _explain(error)
    except KeyboardInterrupt:
        say("Stopped.")
        sys.exit(130)
    else:
        sys.exit(code if isinstance(code, int) else 0)


def _explain(error: Exception) -> None:
    from latentfit.checks import UserError

    if isinstance(error, UserError):
        typer.echo(f"latentfit: {error}", err=True)
        sys.exit(2)
    message = getattr(error, "format_message", None)
    if message is not None:  # a wrong flag or a missing argument
        context = getattr(error, "ctx", None)
        usage = f" See: {context.command_path} --help" if context is not None else ""
        typer.echo(f"latentfit: {message()}{usage}", err=True)
        sys.exit(2)
    raise error


__all__ = ["app", "main"]
