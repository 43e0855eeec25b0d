"""What was written outside of runs: nothing else is ever written over."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

from latentfit.checks import UserError
from latentfit.storage.files import atomically, write_json

RECORD = ".latentfit-made"
"""Hidden file of a folder: each file that was written there, with hashes of what it may hold."""


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
    remember(path)


def remember(path: Path) -> None:
    """Note that a file was written by us, so that a later call may replace it."""
    write_json(path.parent / RECORD, read_record(path.parent) | {path.name: [_hash(path)]})


def must_be_ours(path: Path) -> None:
    """Raise where something lies that was not written by an earlier call, or has changed since.

    Raises:
        UserError: As said.
    """
    try:
        if not path.exists():
            return
    except OSError as error:
        raise UserError(
            f"cannot write {path.name[:60]}: {error.strerror}; choose another."
        ) from error
    if path.is_dir():
        raise UserError(f"{path} is a folder; give the name of a file.")
    if _hash(path) not in read_record(path.parent).get(path.name, []):
        raise UserError(
            f"{path} is there already and was not written by this command, or has changed since; "
            "choose another --out, or remove it."
        )


def read_record(folder: Path) -> dict[str, list[str]]:
    """Files that earlier calls wrote into a folder, each with hashes of what it may hold."""
    try:
        told = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        return {str(name): [str(mark) for mark in marks] for name, marks in told.items()}
    except (OSError, ValueError, AttributeError, TypeError):
        return {}


def earlier(folder: Path) -> dict[str, list[str]]:
    """The files that earlier calls wrote into a folder, with hashes; empty where it is not there.

    Raises:
        UserError: It holds anything else, or what has changed since.
    """
    try:
        present = sorted(path.name for path in folder.iterdir())
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise UserError(
            f"cannot write into {folder} ({error.strerror}); give the name of a folder."
        ) from error
    known = read_record(folder)
    drafts = {f".{name}.draft" for name in (*known, RECORD)}
    for name in present:
        path = folder / name
        ours = name == RECORD and bool(known)
        if ours or (name in drafts and path.is_file() and not path.is_symlink()):
            continue
        if name not in known or path.is_symlink() or not path.is_file():
            raise UserError(
                f"{folder} holds {name}, which no earlier call wrote; give a new or an empty "
                "folder. Nothing was touched."
            )
        if hash_of(path.read_bytes()) not in known[name]:
            raise UserError(
                f"{name} in {folder} was changed after an earlier call wrote it; give a new or an "
                "empty folder. Nothing was touched."
            )
    return {name: known[name] for name in present if name in known}


def hash_of(held: bytes) -> str:
    """What stands for the content of a file."""
    return hashlib.blake2b(held, digest_size=16).hexdigest()


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()
