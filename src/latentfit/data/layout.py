"""Which folders are splits and which are classes: one rule for folders and archives."""

from __future__ import annotations

import os
from collections.abc import Sequence

from latentfit.data.entries import Entry, shared, shown
from latentfit.data.labels import MOST

SPLITS = {
    "train": "train", "training": "train",
    "val": "validation", "valid": "validation", "validation": "validation",
    "test": "test", "testing": "test",
}  # fmt: skip
"""Names of folders at the top that are splits."""


Held = dict[str, list[Entry]]


def laid_out(entries: Sequence[Entry]) -> tuple[Held, dict[str, list[str]], list[str]]:
    """Images by split, the class of each by split, and what a person should know.

    Where all lie in one folder, that folder says nothing and is passed over, as often as need be.
    Folders `train` and `test` or `val` at the top are splits, if `train` is among them; the next
    folder is the class, however deep below it the image lies. Without two classes there are none.
    """
    paths = [entry.name.split("/") for entry in entries]
    top = shared(paths)
    parts = [SPLITS.get(path[top].lower(), "") if len(path) > top + 1 else "" for path in paths]
    notes: list[str] = []
    if not {"train"} < set(parts) - {""}:
        parts = ["train"] * len(paths)
    else:
        top += 1
        outside = parts.count("")
        if outside:
            names = sorted({path[top - 1] for path, part in zip(paths, parts, strict=True) if part})
            notes.append(f"{outside} images outside {', '.join(names)} are left out.")
    kept = _distinct(entries, [bool(part) for part in parts])
    copies = len(parts) - parts.count("") - len(kept)
    if copies:
        notes.append(f"{copies} links to images that count already are left out.")
    top += shared([paths[number][top:] for number in kept])
    folders = [paths[number][top] if len(paths[number]) > top + 1 else "" for number in kept]
    told = _no_classes(folders)
    notes += [told] if told else []
    held: Held = {}
    classes: dict[str, list[str]] = {}
    for number, folder in zip(kept, folders, strict=True):
        held.setdefault(parts[number], []).append(entries[number])
        classes.setdefault(parts[number], []).append(shown(folder))
    return held, {} if told or len(set(folders)) < 2 else classes, notes


def _distinct(entries: Sequence[Entry], used: Sequence[bool]) -> list[int]:
    """Numbers of those used, one for each file; a file itself comes before links to it."""
    numbers = [number for number, use in enumerate(used) if use]
    if not any(entries[number].real for number in numbers):
        return numbers
    root, first = os.path.realpath(entries[0].root), {}
    for number in sorted(numbers, key=lambda number: (bool(entries[number].real), number)):
        entry = entries[number]
        first.setdefault(entry.real or f"{root}/{entry.name}", number)
    return sorted(first.values())


def _no_classes(folders: Sequence[str]) -> str:
    """Why the folders that images lie in are no classes, or ''."""
    found = set(folders)
    if len(found) > 1 and "" in found:
        return "images lie both at the top and in sub-folders, so they have no classes."
    if len(found) > min(MOST, max(2, len(folders) // 2)):
        return f"{len(found):,} sub-folders for {len(folders):,} images are no classes."
    return ""
