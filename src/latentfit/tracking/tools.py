"""What each tracker is told, in its own words."""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

PROJECT = "latentfit"
Numbers = Mapping[str, float]


class Tool(ABC):
    """A tracker's own words for beginning a run, telling numbers and ending it.

    Attributes:
        package: What is imported.
        project: The tool's own variable for the project; `latentfit` where it is not set.
    """

    package: ClassVar[str]
    project: ClassVar[str]

    def __init__(self) -> None:
        self.module = importlib.import_module(self.package)
        self.group = os.environ.get(self.project) or PROJECT

    @abstractmethod
    def begin(self, name: str, known: str | None, parameters: dict[str, Any]) -> str:
        """Begin a run, or go on with the one that is known; what the tool calls it."""

    @abstractmethod
    def log(self, step: int, numbers: Numbers) -> None:
        """Tell the numbers of a round."""

    def conclude(self, step: int, scores: Numbers) -> None:
        """Tell the scores of the whole run."""
        self.log(step, scores)

    @abstractmethod
    def end(self, error: BaseException | None) -> None:
        """End the run, or leave it to be gone on with after an error."""


class Trackio(Tool):
    """Writes a database of its own folder; elsewhere only with TRACKIO_SPACE_ID or _SERVER_URL."""

    package, project = "trackio", "TRACKIO_PROJECT"

    def begin(self, name: str, known: str | None, parameters: dict[str, Any]) -> str:
        """See `Tool`. It finds runs by name: one of the same name that is not ours is left."""
        more = {"auto_log_cpu": False, "auto_log_gpu": False, "embed": False}
        for resume in ("allow", "never") if known else ("never",):
            with self._quietly():
                self.run = self.module.init(
                    self.group, name=name, config=dict(parameters), resume=resume, **more
                )
            if self.run.id == known:
                break
        return self.run.id

    def log(self, step: int, numbers: Numbers) -> None:
        """See `Tool`."""
        self.run.log(dict(numbers), step=step)

    def end(self, error: BaseException | None) -> None:
        """See `Tool`."""
        with self._quietly():
            self.module.finish()

    @contextlib.contextmanager
    def _quietly(self) -> Iterator[None]:
        """What it prints goes beside; and the hub is not asked for the name of one who has a token.

        Without a server of one's own all that it writes is local, and so is all that it asks.
        """
        from huggingface_hub import constants

        before = constants.HF_HUB_OFFLINE
        if not (os.environ.get("TRACKIO_SPACE_ID") or os.environ.get("TRACKIO_SERVER_URL")):
            constants.HF_HUB_OFFLINE = True
        try:
            with contextlib.redirect_stdout(sys.stderr):
                yield
        finally:
            constants.HF_HUB_OFFLINE = before


class MLflow(Tool):
    """Writes where MLFLOW_TRACKING_URI says, else `mlflow.db` of the working directory."""

    package, project = "mlflow", "MLFLOW_EXPERIMENT_NAME"

    def __init__(self) -> None:
        os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
        super().__init__()

    def begin(self, name: str, known: str | None, parameters: dict[str, Any]) -> str:
        """See `Tool`."""
        entities = importlib.import_module("mlflow.entities")
        self.metric, self.client = entities.Metric, self.module.MlflowClient()
        if known is not None and self._holds(known):
            self.client.update_run(known, status="RUNNING")
            self.run = known
            return known
        found = self.client.get_experiment_by_name(self.group)
        place = found.experiment_id if found else self.client.create_experiment(self.group)
        self.run = self.client.create_run(place, run_name=name).info.run_id
        told = [entities.Param(key, str(value)) for key, value in parameters.items()]
        self.client.log_batch(self.run, params=told)
        return self.run

    def _holds(self, run: str) -> bool:
        try:
            self.client.get_run(run)
        except self.module.exceptions.MlflowException as error:
            if error.error_code != "RESOURCE_DOES_NOT_EXIST":
                raise
            return False
        return True

    def log(self, step: int, numbers: Numbers) -> None:
        """See `Tool`."""
        now = int(1_000 * time.time())
        told = [self.metric(name, value, now, step) for name, value in numbers.items()]
        self.client.log_batch(self.run, metrics=told)

    def end(self, error: BaseException | None) -> None:
        """See `Tool`."""
        stopped = isinstance(error, KeyboardInterrupt)
        status = "FINISHED" if error is None else "KILLED" if stopped else "FAILED"
        self.client.set_terminated(self.run, status=status)


class Wandb(Tool):
    """Writes into `wandb` of the working directory; sent at once only with WANDB_MODE=online."""

    package, project = "wandb", "WANDB_PROJECT"

    def __init__(self) -> None:
        self.mode = os.environ.get("WANDB_MODE", "offline")
        if self.mode != "online":
            os.environ.setdefault("WANDB_ERROR_REPORTING", "false")
        super().__init__()

    def begin(self, name: str, known: str | None, parameters: dict[str, Any]) -> str:
        """See `Tool`."""
        quiet = self.module.Settings(silent=True, console="off", x_disable_stats=True)
        self.run = self.module.init(
            project=self.group, name=name, id=known, resume="allow" if known else None,
            config=dict(parameters), mode=self.mode, settings=quiet,
        )  # fmt: skip
        return self.run.id

    def log(self, step: int, numbers: Numbers) -> None:
        """See `Tool`. It keeps one row for a round, and leaves rounds that come again."""
        self.run.log(dict(numbers), step=step)

    def conclude(self, step: int, scores: Numbers) -> None:
        """See `Tool`."""
        self.run.summary.update(dict(scores))

    def end(self, error: BaseException | None) -> None:
        """See `Tool`."""
        self.run.finish(exit_code=int(error is not None))


TOOLS: dict[str, type[Tool]] = {"trackio": Trackio, "mlflow": MLflow, "wandb": Wandb}
