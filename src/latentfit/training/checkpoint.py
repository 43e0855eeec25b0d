"""Files that are whole or absent: written beside their place, then moved into it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from latentfit.checks import UserError


def atomically(path: Path, write: Callable[[Path], object]) -> None:
    """Call `write` with a temporary path beside `path`, then move it there in one step."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.draft")
    try:
        write(draft)
        with draft.open("rb+") as file:
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise UserError(
            f"cannot write {path}: {error.strerror or error}; free some space or choose another "
            "--out. What was written before is intact."
        ) from error


def save(path: Path, state: dict[str, Any]) -> None:
    """Write a checkpoint that `torch.load(weights_only=True)` reads."""

    def write(draft: Path) -> None:
        try:
            torch.save(state, draft)
        except RuntimeError as error:  # how PyTorch reports a full disk
            raise OSError(str(error).splitlines()[0]) from error

    atomically(path, write)


def load(path: Path, device: torch.device | str = "cpu") -> dict[str, Any]:
    """Read a checkpoint; only tensors and plain values are accepted."""
    try:
        return torch.load(path, map_location=device, weights_only=True)
    except Exception as error:
        raise UserError(
            f"{path} is not a readable checkpoint ({type(error).__name__}); delete it to start the "
            "run anew, or restore it from a copy."
        ) from error


def write_json(path: Path, value: Any) -> None:
    """Write a JSON file, readable by people."""
    text = json.dumps(value, indent=2, ensure_ascii=False) + "\n"
    atomically(path, lambda draft: draft.write_text(text, encoding="utf-8"))


def read_json(path: Path) -> Any:
    """Read a JSON file."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise UserError(
            f"no {path.name} in {path.parent}; is it a run folder? Give the --out of a training."
        ) from error
    except (OSError, ValueError) as error:
        raise UserError(
            f"{path} cannot be read as JSON: {error}; restore it from a copy."
        ) from error
