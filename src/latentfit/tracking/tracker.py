"""What listens to a training and tells a tracker."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from latentfit.checks import UserError, line_of, one_of
from latentfit.storage import Facts, RunFolder
from latentfit.tracking.tools import TOOLS, Numbers

LOG = logging.getLogger("latentfit")


class Tracker:
    """Tells a tracker what a training logs; called with a round and numbers, as `on_log` is.

    The run is opened when the first numbers come, with the settings and data that `run.json` names,
    and what the tool calls it is kept there: a training that goes on goes on in the same run.
    Rounds that are played again after a crash are told again, with the same numbers.

    Arguments:
        tool: `trackio`, `mlflow` or `wandb`.
        folder: The run folder of the training; its name is that of the run.

    Raises:
        UserError: The tool is unknown or not installed; later: it did not take what it was told.
    """

    def __init__(self, tool: str, folder: str | Path) -> None:
        self.name, self.folder = one_of("tracker", tool, TOOLS), RunFolder(Path(folder))
        self.step, self.begun = 0, False
        try:
            self.tool = TOOLS[tool]()
        except ImportError as error:
            raise UserError(
                f"tracking with {tool} needs it, and it is not installed: "
                f"pip install 'latentfit[{tool}]'."
            ) from error

    def __call__(self, step: int, numbers: Numbers) -> None:
        """Tell the numbers of a round."""
        self.step = step
        with self._telling():
            self._begin()
            self.tool.log(step, numbers)

    def conclude(self, scores: Mapping[str, Any]) -> None:
        """Tell scores, those that are numbers, as `evaluation/...` of the whole run.

        Arguments:
            scores: Such as `lf.evaluate` gives.
        """
        told = {
            f"evaluation/{name}": value
            for name, value in scores.items()
            if isinstance(value, int | float)
        }
        with self._telling():
            self._begin()
            self.tool.conclude(self.step or self.folder.played or 0, told)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the tracked run; after an error it says so, and can be gone on with."""
        if self.begun:
            with self._telling():
                self.tool.end(error)
            self.begun = False

    def _begin(self) -> None:
        if self.begun:
            return
        facts = self.folder.facts
        known = (facts.tracked or {}).get(self.name)
        parameters = dict(_flat(_told(facts)))
        run = self.tool.begin(self.folder.path.resolve().name, known, parameters)
        self.begun = True
        if known not in (None, run):
            LOG.warning("%s does not know run %s any more; a new one was begun.", self.name, known)
        tracked = (facts.tracked or {}) | {self.name: run}
        self.folder.write_facts(replace(facts, tracked=tracked))

    @contextlib.contextmanager
    def _telling(self) -> Iterator[None]:
        try:
            yield
        except UserError:
            raise
        except Exception as error:
            kind = type(error).__name__
            raise UserError(
                f"{self.name} did not take what it was told ({kind}: {line_of(error)}); mend that, "
                "or go on without --track."
            ) from error


def track(tool: str, folder: str | Path) -> Tracker:
    """What tells a tracker of a training, as its `on_log`.

    It writes on this machine alone, unless the tool's own variables say otherwise (docs/loops.md).

    Arguments:
        tool: `trackio`, `mlflow` or `wandb`.
        folder: The `out` of the training.

    Raises:
        UserError: The tool is unknown, or not installed.

    Example:
        >>> track("mlflo", "runs/a")
        Traceback (most recent call last):
        ...
        latentfit.checks.UserError: unknown tracker 'mlflo'; did you mean mlflow? Allowed: ...
    """
    return Tracker(tool, folder)


def _told(facts: Facts) -> dict[str, Any]:
    """Settings and data of a run; what a model of own parts is made of stays in `run.json`."""
    short = {key: v for key, v in facts.identity.items() if key not in ("structure", "frozen")}
    return {**short, "versions": facts.versions, "commit": facts.commit, "command": facts.command}


def _flat(held: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Values by names with points, as tables of parameters want them."""
    for name, value in held.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        elif value is not None:
            yield f"{prefix}{name}", value if isinstance(value, int | float | str) else str(value)
