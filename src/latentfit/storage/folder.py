"""The folder of a run: everything that is written into it, and read from it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from filelock import FileLock, Timeout
from safetensors.torch import load_file, save_file
from torch import Tensor

from latentfit.checks import UserError
from latentfit.storage.facts import Card, Facts
from latentfit.storage.files import (
    atomically,
    read_json,
    read_lines,
    save_state,
    write_json,
    write_lines,
    write_text,
)

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

Line = dict[str, Any]
SHARED = ("model.safetensors", "model.json", "evaluation.json")
"""The files of a run that are for others too: weights, what they are of, and scores."""


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold a folder alone; the lock vanishes with the process, also after kill -9.

    Raises:
        UserError: Another process holds it, or it cannot be written to.
    """
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


@dataclass(frozen=True)
class RunFolder:
    """A folder that one run is written into; nothing else knows its file names.

    Attributes:
        path: Of the folder, which need not be there yet.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as place:
        ...     folder = RunFolder(Path(place))
        ...     folder.claim(Facts(identity={"seed": 0}))
        ...     folder.facts.identity, folder.lines
        ({'seed': 0}, [])
    """

    path: Path

    @property
    def exists(self) -> bool:
        """Whether a run has begun here."""
        return (self.path / "run.json").exists()

    @property
    def finished(self) -> bool:
        """Whether there is a model that can be loaded."""
        return (self.path / "model.json").exists()

    @property
    def prior(self) -> RunFolder:
        """The run of a prior that is trained on this one's codes."""
        return RunFolder(self.path / "prior")

    @property
    def figures(self) -> Path:
        """Where the figures of the report go."""
        return self.path / "figures"

    @property
    def report(self) -> Path:
        """The page about the run."""
        return self.path / "report.html"

    @property
    def decoder(self) -> Path:
        """A decoder of another program, an ONNX file, for a prior of codes; there need be none."""
        return self.path / "decoder.onnx"

    # What the run is.

    @property
    def facts(self) -> Facts:
        """What the run is.

        Raises:
            UserError: No run has begun here, or it is of a later version.
        """
        path = self.path / "run.json"
        return Facts.read(read_json(path), path)

    def write_facts(self, facts: Facts) -> None:
        """Say what the run is; the parts of its identity stand in the file by themselves too."""
        write_json(self.path / "run.json", {**facts.identity, **facts.to_json()})

    def claim(self, facts: Facts) -> None:
        """Make the folder that of a run, or make sure that it is that run's already.

        Raises:
            UserError: The folder holds another run, or something else; the differences are listed.
        """
        if self.exists:
            if differences := self.facts.differences(facts.identity):
                raise UserError(
                    f"{self.path} holds another run: {differences}. "
                    "Give the same arguments to resume it, or choose another --out."
                )
            return
        others = [item.name for item in self.path.iterdir() if item.name != ".lock"]
        if others:
            raise UserError(
                f"{self.path} is not empty and holds no run (found {others[0]}); choose another "
                "--out."
            )
        self.write_facts(facts)

    def clear(self) -> None:
        """Remove all of the run."""
        with locked(self.path):
            for item in self.path.iterdir():
                if item.is_dir():
                    shutil.rmtree(item)
                elif item.name != ".lock":
                    item.unlink()

    # What it went through.

    @property
    def lines(self) -> list[Line]:
        """What was logged: `round`, and terms as 'player/term', `validation`, `mask/values`."""
        return read_lines(self.path / "metrics.jsonl")

    @property
    def seconds(self) -> float:
        """How long the rounds took, as far as they were logged; 0 where nothing was."""
        return max((line.get("seconds", 0.0) for line in self.lines), default=0.0)

    def log(self, start: int) -> Log:
        """What lines are written with, from round `start` on; later ones are dropped."""
        return Log(self.path, [line for line in self.lines if line["round"] <= start], start)

    # What it has learned.

    def checkpoint(self, name: str) -> Path:
        """Where a checkpoint lies, `last` or `best`."""
        return self.path / "checkpoints" / f"{name}.pt"

    def save(self, name: str, state: dict[str, Any]) -> None:
        """Write a checkpoint that `torch.load(weights_only=True)` reads.

        Raises:
            UserError: It cannot be written; the one before is intact.
        """
        save_state(self.checkpoint(name), state)

    def restore(
        self, name: str, device: torch.device | str = "cpu", *, mapped: bool = False
    ) -> dict[str, Any] | None:
        """Read a checkpoint; only tensors and plain values are accepted. None where there is none.

        Arguments:
            name: `last` or `best`.
            device: Where its tensors go.
            mapped: Leave tensors in the file until they are looked at.

        Raises:
            UserError: The file is damaged, or holds more than that.
        """
        path = self.checkpoint(name)
        if not path.exists():
            return None
        try:
            return torch.load(path, map_location=device, weights_only=True, mmap=mapped)
        except Exception as error:
            raise UserError(
                f"{path} is not a readable checkpoint ({type(error).__name__}); delete it to start "
                "the run anew, or restore it from a copy."
            ) from error

    @property
    def played(self) -> int | None:
        """Rounds that the last checkpoint has behind it; None where there is none."""
        state = self.restore("last", mapped=True)
        return None if state is None else int(state["round"])

    def export(self, card: Card, weights: dict[str, Tensor]) -> None:
        """Write `model.safetensors` and `model.json`, all that a model needs."""
        # Modules that sit in two places have their tensors twice by name; safetensors wants copies.
        held = {name: value.detach().cpu().contiguous().clone() for name, value in weights.items()}
        atomically(self.path / "model.safetensors", lambda draft: save_file(held, draft))
        write_json(self.path / "model.json", card.to_json())

    @property
    def card(self) -> Card:
        """What the model is built from.

        Raises:
            UserError: The run is not finished, or of a later version.
        """
        path = self.path / "model.json"
        return Card.read(read_json(path), path)

    @property
    def weights(self) -> dict[str, Tensor]:
        """What the finished model holds, on the CPU."""
        return load_file(self.path / "model.safetensors")

    # What it is worth.

    @property
    def scores(self) -> dict[str, Any]:
        """What `evaluate` gave; empty where it was not called."""
        path = self.path / "evaluation.json"
        return read_json(path) if path.exists() else {}

    def write_scores(self, scores: dict[str, Any]) -> None:
        """Keep what `evaluate` gave."""
        write_json(self.path / "evaluation.json", scores)

    def write_report(self, page: str) -> None:
        """Keep the page about the run."""
        write_text(self.report, page)


class Log:
    """`metrics.jsonl` with TensorBoard events beside it.

    Arguments:
        folder: The run folder.
        kept: Lines of the run so far.
        start: The round to go on from.
    """

    def __init__(self, folder: Path, kept: list[Line], start: int) -> None:
        self.path, self.start, self.events = folder / "metrics.jsonl", start, folder / "events"
        self.elapsed = max((line.get("seconds", 0.0) for line in kept), default=0.0)
        write_lines(self.path, kept)
        self._writer: SummaryWriter | None = None

    def write(self, step: int, values: dict[str, Any]) -> None:
        """Append a line; scalars also go to TensorBoard.

        Raises:
            UserError: The disk is full.
        """
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
