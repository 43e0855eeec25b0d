"""The folder of a run: what it is, who writes it, and its lines."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout

from latentfit.checks import UserError
from latentfit.training.checkpoint import atomically, read_json, write_json

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the folder alone; the lock vanishes with the process, also after kill -9."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / ".lock")
        lock.acquire(blocking=False)
    except Timeout as error:
        raise UserError(
            f"another process is writing {folder}; wait for it, or choose another --out."
        ) from error
    except OSError as error:
        raise UserError(
            f"cannot write to {folder}: {error.strerror}; choose another --out."
        ) from error
    try:
        yield
    finally:
        lock.release()


def claim(folder: Path, identity: dict[str, Any], notes: dict[str, Any]) -> None:
    """Make the folder that of a run, or make sure that it is that run's already.

    Arguments:
        folder: The run folder.
        identity: What decides the numbers of a run; must be equal to go on.
        notes: What else `run.json` should say, such as versions.
    """
    path = folder / "run.json"
    if path.exists():
        stored = read_json(path).get("identity", {})
        differences = [
            f"{name} was {stored.get(name)!r}, is now {identity.get(name)!r}"
            for name in sorted(stored.keys() | identity.keys())
            if stored.get(name) != json.loads(json.dumps(identity.get(name)))
        ]
        if differences:
            raise UserError(
                f"{folder} holds another run: {'; '.join(differences)}. "
                "Give the same arguments to resume it, or choose another --out."
            )
        return
    others = [item.name for item in folder.iterdir() if item.name != ".lock"]
    if others:
        raise UserError(
            f"{folder} is not empty and holds no run (found {others[0]}); choose another --out."
        )
    write_json(path, {**identity, **notes, "identity": identity})


class Lines:
    """`metrics.jsonl` with TensorBoard events beside it.

    Arguments:
        folder: The run folder.
        start: The round to go on from; later lines of an interrupted run are dropped.
    """

    def __init__(self, folder: Path, start: int) -> None:
        self.path, self.start, self.events = folder / "metrics.jsonl", start, folder / "events"
        kept = [line for line in read_lines(self.path) if line["round"] <= start]
        self.elapsed = max((line.get("seconds", 0.0) for line in kept), default=0.0)
        text = "".join(json.dumps(line) + "\n" for line in kept)
        atomically(self.path, lambda draft: draft.write_text(text))
        self._writer: SummaryWriter | None = None

    def write(self, step: int, values: dict[str, Any]) -> None:
        """Append a line; scalars also go to TensorBoard."""
        try:
            with self.path.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"round": step, **values}) + "\n")
            if self._writer is None:
                from torch.utils.tensorboard import SummaryWriter

                self._writer = SummaryWriter(str(self.events), purge_step=self.start)
            for name, value in values.items():
                if isinstance(value, int | float):
                    self._writer.add_scalar(name, value, step)
        except OSError as error:
            raise UserError(
                f"cannot write {self.path}: {error.strerror}; free some space and give the same "
                "command to go on."
            ) from error

    def close(self) -> None:
        """Flush the events."""
        if self._writer is not None:
            self._writer.close()


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The records of a JSON-lines file; a line that was cut off by a kill ends the reading."""
    records: list[dict[str, Any]] = []
    if not path.exists():
        return records
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            records.append(json.loads(line))
        except ValueError:
            break
    return records
