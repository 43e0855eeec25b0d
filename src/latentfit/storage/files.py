"""Files that are whole or absent: written beside their place, then moved into it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch

from latentfit.checks import UserError

_UMASK = os.umask(0o077)  # it can only be read by setting it
os.umask(_UMASK)
MODE = 0o666 & ~_UMASK
"""Of a new file, as the person's shell has it."""


def atomically(path: Path, write: Callable[[Path], object]) -> None:
    """Call `write` with a temporary path beside `path`, then move it there in one step.

    Raises:
        UserError: The file cannot be written; what stood there before is intact.
    """
    draft = path.with_name(f".{path.name}.draft")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write(draft)
        with draft.open("rb+") as file:
            os.fsync(file.fileno())
        with suppress(OSError):  # not all mounts know it
            draft.chmod(MODE)  # safetensors' own is for the owner alone
        draft.replace(path)
    except OSError as error:
        with suppress(OSError):
            draft.unlink()
        raise UserError(
            f"cannot write {path}: {error.strerror or error}; free some space or choose another "
            "--out. What was written before is intact."
        ) from error


def write_text(path: Path, text: str) -> None:
    """Write a text file."""
    atomically(path, lambda draft: draft.write_text(text, encoding="utf-8"))


def write_json(path: Path, value: Any) -> None:
    """Write a JSON file, readable by people."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def read_json(path: Path) -> Any:
    """Read a JSON file.

    Raises:
        UserError: There is no such file, or it is no JSON.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise UserError(
            f"no {path.name} in {path.parent}; is it a run folder? Give the --out of a training."
        ) from error
    except (OSError, ValueError, RecursionError) as error:
        raise UserError(
            f"{path} cannot be read as JSON: {error}; restore it from a copy."
        ) from error


def write_lines(path: Path, records: Iterable[dict[str, Any]]) -> None:
    """Write a JSON-lines file."""
    write_text(path, "".join(json.dumps(record) + "\n" for record in records))


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


def save_state(path: Path, state: dict[str, Any]) -> None:
    """Write what `torch.load(weights_only=True)` reads.

    Raises:
        UserError: It cannot be written; what stood there before is intact.
    """

    def write(draft: Path) -> None:
        try:
            torch.save(state, draft)
        except RuntimeError as error:  # how PyTorch reports a full disk
            raise OSError(str(error).splitlines()[0]) from error

    atomically(path, write)
