"""What was written outside of runs: nothing else is ever written over."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from pathlib import Path

from latentfit.checks import UserError
from latentfit.storage.files import atomically, write_json

RECORD = ".latentfit-made"
"""Hidden file of a folder: the name of each file that was written there, and a hash of it."""


def write_over(path: Path, write: Callable[[Path], object]) -> None:
    """Write a file that is new, or that an earlier call wrote and nobody has changed since.

    Arguments:
        path: Of the file.
        write: Writes a draft of it.

    Raises:
        UserError: There is another file, or it cannot be written.
    """
    must_be_ours(path)
    atomically(path, write)
    _remember(path.parent, [path])


def must_be_ours(path: Path) -> None:
    """Raise where something lies that was not written by an earlier call, or has changed since.

    Raises:
        UserError: As said.
    """
    if not path.exists():
        return
    if path.is_dir():
        raise UserError(f"{path} is a folder; give the name of a file.")
    if _record(path.parent).get(path.name) != _mark(path):
        raise UserError(
            f"{path} is there already and was not written by this command, or has changed since; "
            "choose another --out, or remove it."
        )


def write_folder(folder: Path, files: Iterable[tuple[str, Callable[[Path], object]]]) -> int:
    """Write files into a folder that holds nothing else; those of an earlier call are replaced.

    Arguments:
        folder: Absent, empty, or as an earlier call left it.
        files: Name of each, and what writes a draft of it.

    Returns:
        How many were written.

    Raises:
        UserError: The folder holds something else, and is left as it is.
    """
    if folder.exists() and not folder.is_dir():
        raise UserError(f"{folder} is a file; give the name of a folder, or one with an ending.")
    there = [item for item in folder.iterdir() if item.name != RECORD] if folder.exists() else []
    known = _record(folder)
    for item in there:
        if item.is_dir() or known.get(item.name) != _mark(item):
            raise UserError(
                f"{folder} is not empty: '{item.name}' was not written by this command, or has "
                "changed since; choose another --out."
            )
    folder.mkdir(parents=True, exist_ok=True)
    for item in there:
        item.unlink()
    (folder / RECORD).unlink(missing_ok=True)
    written = []
    for name, write in files:
        atomically(folder / name, write)
        written.append(folder / name)
    _remember(folder, written)
    return len(written)


def _record(folder: Path) -> dict[str, str]:
    try:
        held = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return held if isinstance(held, dict) else {}


def _remember(folder: Path, paths: list[Path]) -> None:
    write_json(folder / RECORD, _record(folder) | {path.name: _mark(path) for path in paths})


def _mark(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "blake2b").hexdigest()[:32]
