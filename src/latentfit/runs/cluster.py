"""Trainings on one machine or many, played by Ray."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from latentfit.checks import UserError, line_of, within
from latentfit.data.base import Data
from latentfit.runs.cells import Row
from latentfit.runs.playing import Playable, one_thread
from latentfit.version import __version__

LOSSES = 3  # of a training: times that a worker or its machine may be lost, each played again
HERE = 2  # trainings at a time, where nothing is said and the cluster is started here
SAVING = 120.0  # seconds that trainings get to save when they are stopped


@dataclass(frozen=True)
class Cluster:
    """A Ray cluster: a running one, or one of this machine that lasts as long as the process.

    Data go through the object store once. A training whose worker or machine is lost is played
    again, from its checkpoint. The folder must lie where every machine sees it under one path.

    Attributes:
        address: Of a running cluster, such as `auto` or `10.0.0.1:6379`; where neither it nor the
            variable `RAY_ADDRESS` is given, one is started here, or that taken which this process
            has joined already.
        most: Trainings at a time, at most; None for as many as the cluster has cores, or shares of
            GPUs, and for two where it is started here.
        gpus: Share of a GPU that a training takes, 0.25 for four on one; 0 trains on CPUs.

    Raises:
        UserError: Ray is not installed, there is no such cluster, or a number is out of range.
    """

    address: str | None = None
    most: int | None = None
    gpus: float = 0.0

    def __post_init__(self) -> None:
        if self.most is not None:
            within("workers", self.most, 1, 4_096)
        within("gpus", self.gpus, 0.0, 1.0, remedy="a training takes one GPU, or a share of it")
        _ray()

    @property
    def workers(self) -> int:
        """Trainings at a time.

        Raises:
            UserError: There is no such cluster, or it has no GPU where shares of one are asked for.
        """
        held = self._joined().cluster_resources()
        if self.gpus and not held.get("GPU"):
            raise UserError("the cluster has no GPU; leave out --gpus to train on its CPUs.")
        places = int(held.get("CPU", 1))
        if self.gpus:
            places = min(places, int(held["GPU"]) * int(1 / self.gpus))
        return max(1, min(places, self.most or places))

    def _joined(self) -> Any:
        """Ray, connected."""
        ray, address = _ray(), self.address or os.environ.get("RAY_ADDRESS")
        if ray.is_initialized():
            known = ray.get_runtime_context().gcs_address
            if address not in (None, "auto", known):
                raise UserError(
                    f"this process has joined the Ray cluster at {known} already, not '{address}'; "
                    "call ray.shutdown() first."
                )
            return ray
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is reported anywhere
        quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR"}
        try:
            if address is None:  # its servers are for this machine alone
                ray.init("local", num_cpus=self.most or HERE, include_dashboard=False,
                         _node_ip_address="127.0.0.1", **quiet)  # fmt: skip
            else:
                ray.init(address, **quiet)
        except (ConnectionError, ValueError, RuntimeError) as error:
            said = line_of(error)
            if address is None:
                raise UserError(f"Ray does not start here ({said}); use --engine local.") from error
            raise UserError(
                f"no Ray cluster at '{address}' ({said}); start one by `ray start --head`, or "
                "leave out --address and RAY_ADDRESS."
            ) from error
        return ray

    def rows(self, cells: Sequence[Playable], folder: Path, data: Data | None) -> Generator[Row]:
        """Rows of cells as they are finished, as `Engine.rows`."""
        if not cells:
            return
        ray, most, where = self._joined(), self.workers, folder.resolve()
        held = None if data is None else ray.put(data)
        play = ray.remote(num_cpus=1, num_gpus=self.gpus, max_retries=LOSSES)(_play)
        left, waiting = list(reversed([(cell, LOSSES) for cell in cells])), {}
        try:
            while left or waiting:
                while left and len(waiting) < most:
                    cell, chances = left.pop()
                    task = play.remote(cell, where, held, __version__, self.gpus > 0)
                    waiting[task] = (cell, chances)
                (ready,), _ = ray.wait(list(waiting), num_returns=1)
                cell, chances = waiting.pop(ready)
                try:
                    yield ray.get(ready)
                except ray.exceptions.TaskCancelledError:
                    # Nobody here has cancelled it: its machine was shut down, and let it save.
                    if not chances:
                        raise _lost(cell, "it was stopped each time") from None
                    left.append((cell, chances - 1))
                except ray.exceptions.RayTaskError as error:
                    raise error.cause from None
                except ray.exceptions.RayError as error:
                    raise _lost(cell, f"{type(error).__name__}: {error}") from error
        finally:
            with contextlib.suppress(Exception):  # why we end counts, not that the cluster is gone
                for task in waiting:
                    ray.cancel(task)  # what runs saves: to it this is Ctrl-C
                if waiting:
                    ray.wait(list(waiting), num_returns=len(waiting), timeout=SAVING)


def _lost(cell: Playable, why: str) -> UserError:
    return UserError(
        f"the worker of {cell.key} was lost {LOSSES + 1} times ({' '.join(why.split())[:160]}); "
        "give it a machine with more memory, or fewer trainings at a time."
    )


def _play(cell: Playable, folder: Path, data: Data | None, version: str, card: bool) -> Row:
    if not card:  # Ray hides a GPU only from who asks for one
        os.environ["CUDA_VISIBLE_DEVICES"] = ""
    if version != __version__:
        raise UserError(
            f"a machine of the cluster has latentfit {__version__}, this one {version}; install "
            "the same everywhere."
        )
    if not (folder / ".lock").exists():
        raise UserError(
            f"a machine of the cluster does not see {folder}; give an --out that all of them share."
        )
    with one_thread():
        return cell.play(folder, data)


def _ray() -> Any:
    try:
        import ray
        import ray.exceptions
    except ImportError as error:
        raise UserError(
            "--engine ray needs Ray, which is not installed: pip install 'latentfit[cluster]'."
        ) from error
    return ray
