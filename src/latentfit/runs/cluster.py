"""Trainings on one machine or many, played by Ray."""

from __future__ import annotations

import os
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from latentfit.checks import UserError, within
from latentfit.data.base import Data
from latentfit.runs.cells import Row
from latentfit.runs.playing import Playable, one_thread
from latentfit.version import __version__

LOSSES = 3  # of a training: times that a worker or its machine may be lost, each played again
SAVING = 120.0  # seconds that trainings get to save when they are stopped


@dataclass(frozen=True)
class Cluster:
    """A Ray cluster: the one at an address, or one of this machine's cores that lasts as long.

    Data go through the object store once. A training whose worker or machine is lost is played
    again, from its checkpoint. The folder must lie where every machine sees it under one path.

    Attributes:
        address: Of a running cluster, such as `auto` or `10.0.0.1:6379`; where neither it nor the
            variable `RAY_ADDRESS` is given, Ray is started here, and ended afterwards.
        cores: Trainings at a time where it is started here.
        gpus: Share of a GPU that a training takes, 0.25 for four on one; 0 trains on CPUs.

    Raises:
        UserError: Ray is not installed, there is no such cluster, or a number is out of range.
    """

    address: str | None = None
    cores: int = 2
    gpus: float = 0.0

    def __post_init__(self) -> None:
        within("cores", self.cores, 1, 4_096)
        within("gpus", self.gpus, 0.0, 64.0)
        _ray()

    @property
    def workers(self) -> int:
        """Trainings at a time."""
        held = self._joined().cluster_resources()
        if self.gpus and not held.get("GPU"):
            raise UserError("the cluster has no GPU; leave out --gpus to train on its CPUs.")
        return max(1, int(held["GPU"] / self.gpus if self.gpus else held.get("CPU", 1)))

    def _joined(self) -> Any:
        """Ray, connected."""
        ray, address = _ray(), self.address or os.environ.get("RAY_ADDRESS")
        if ray.is_initialized():
            return ray
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is reported anywhere
        quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR"}
        try:
            if address is None:  # its servers are for this machine alone
                ray.init("local", num_cpus=self.cores, include_dashboard=False,
                         _node_ip_address="127.0.0.1", **quiet)  # fmt: skip
            else:
                ray.init(address, **quiet)
        except (ConnectionError, ValueError, RuntimeError) as error:
            said = str(error).splitlines()[0]
            raise UserError(
                f"no Ray cluster at '{address}' ({said}); start one by `ray start --head`, or "
                "leave out --address and RAY_ADDRESS."
            ) from error
        return ray

    def rows(self, cells: Sequence[Playable], folder: Path, data: Data | None) -> Generator[Row]:
        """Rows of cells as they are finished, as `Engine.rows`."""
        if not cells:
            return
        ray, _ = self._joined(), self.workers
        held = None if data is None else ray.put(data)
        play = ray.remote(num_cpus=1, num_gpus=self.gpus, max_retries=LOSSES)(_play)
        where = folder.resolve()
        waiting = {play.remote(cell, where, held, __version__): cell for cell in cells}
        try:
            while waiting:
                (ready,), _ = ray.wait(list(waiting), num_returns=1)
                yield self._row(ready, waiting[ready])
                del waiting[ready]
        finally:
            _stop(list(waiting))

    def _row(self, ready: Any, cell: Playable) -> Row:
        ray = _ray()
        try:
            return ray.get(ready)
        except ray.exceptions.TaskCancelledError:
            raise KeyboardInterrupt from None
        except ray.exceptions.RayTaskError as error:
            raise error.cause from None
        except ray.exceptions.RayError as error:
            raise UserError(
                f"the worker of {cell.key} was lost {LOSSES + 1} times "
                f"({type(error).__name__}: {str(error).splitlines()[0]}); give it a machine with "
                "more memory, or fewer trainings at a time."
            ) from error


def _stop(waiting: list[Any]) -> None:
    """Cancel what waits, and let what runs save: to it this is Ctrl-C."""
    ray = _ray()
    for one in waiting:
        ray.cancel(one)
    if waiting:
        ray.wait(waiting, num_returns=len(waiting), timeout=SAVING)


def _play(cell: Playable, folder: Path, data: Data | None, version: str) -> Row:
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
