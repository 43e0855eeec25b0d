"""A case: an input, what is right of it, and what came."""

from __future__ import annotations

import logging
import re
import traceback
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

import latentfit as lf
from latentfit.checks import UserError
from latentfit.data import Data
from latentfit.data.base import PARTS

SMALL = {"latent": 2, "width": 1 / 64, "batch": 8}


class Wrong(Exception):
    """What came is not what is right; the message says how."""


@dataclass
class Input:
    """What a generator made.

    Attributes:
        source: What is loaded: a path, or what holds data.
        truth: What the samples are, in the order of the source: a `DataFrame` or an array; None
            where the case looks itself.
        labels: The class of each sample as text, in the order of the source.
    """

    source: Any
    truth: Any = None
    labels: Any = None


Make = Callable[[Path, np.random.Generator], Input]


@dataclass(frozen=True, kw_only=True)
class Case:
    """An input and what is right of it.

    Attributes:
        name: Short, unique.
        kind: Table, array, image, signal, option, use or object.
        words: The input in words.
        make: Writes it below a folder.
        options: Of `lf.data.load`.
        refused: Pattern of the one line; '' where the input is to be loaded.
        samples: Number of samples.
        shape: Of one, as its file holds it.
        columns: Kind of each column of a table.
        notes: Patterns, each of which a note must match.
        quiet: Nothing is to be noted.
        left: Columns of the truth that are left out; there must be a note of each.
        back: It is trained, and samples of it must come back in the same kind of file.
        look: Looks at more; raises `Wrong`.
        do: Instead of all this: does something, and returns what came or raises.
    """

    name: str
    kind: str
    words: str
    make: Make | None = None
    options: dict[str, Any] = field(default_factory=dict)
    refused: str = ""
    samples: int | None = None
    shape: tuple[int, ...] | None = None
    columns: dict[Any, str] | None = None
    notes: tuple[str, ...] = ()
    quiet: bool = False
    left: tuple[str, ...] = ()
    back: bool = False
    look: Callable[[Data, Input], None] | None = None
    do: Callable[[Path, np.random.Generator], str] | None = None


@dataclass(frozen=True)
class Outcome:
    """What came of a case.

    Attributes:
        came: `refused`, `loaded`, `sampled`, `done` or `broke`.
        message: The line of a refusal, the first note, or what is wrong.
        right: Whether that is right.
    """

    came: str
    message: str
    right: bool


class _Kept(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


def judged(case: Case, folder: Path, seed: int = 0) -> Outcome:
    """Play a case in a folder of its own, and judge what came."""
    rng = np.random.default_rng([seed, *case.name.encode()])
    folder.mkdir(parents=True)
    kept, log = _Kept(), logging.getLogger("latentfit")
    log.addHandler(kept)
    torch.manual_seed(seed)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            came, message = _played(case, folder, rng, kept.lines)
    except UserError as error:
        return _refusal(case, str(error))
    except Wrong as error:
        return Outcome("wrong", str(error), False)
    except Exception as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        at = f"{Path(last.filename).name}:{last.lineno}"
        return Outcome("broke", f"{type(error).__name__} at {at}: {error}", False)
    finally:
        log.removeHandler(kept)
    if case.refused:
        return Outcome(came, f"not refused; {message}", False)
    return Outcome(came, message, True)


def _refusal(case: Case, message: str) -> Outcome:
    if not case.refused:
        return Outcome("refused", message, False)
    right = bool(re.search(case.refused, message)) and message.isprintable() and len(message) < 900
    return Outcome("refused", message, right)


def _played(case: Case, folder: Path, rng: np.random.Generator, told: list[str]) -> tuple[str, str]:
    if case.do is not None:
        return "done", case.do(folder, rng)
    held = Input(None) if case.make is None else case.make(folder, rng)
    data = lf.data.load(held.source, **case.options)
    if case.refused:
        if case.back:
            lf.recipe("vae-fixed-variance", data, **SMALL)
        return "loaded", "; ".join(told)
    notes = [line.partition(": ")[2] for line in told]
    if broken := [note for note in notes if not note.isprintable()]:
        raise Wrong(f"a note is not one line: {broken[0]!r}")
    _must_be_right(case, data, held, notes)
    if case.back:
        from nasty.back import comes_back

        comes_back(data, held, folder)
    return "sampled" if case.back else "loaded", notes[0] if notes else ""


def _must_be_right(case: Case, data: Data, held: Input, notes: list[str]) -> None:
    count = sum(len(getattr(data, part)) for part in PARTS)
    for what, came, right in (
        ("samples", count, case.samples),
        ("shape", tuple(data.shape), case.shape),
        ("columns", kinds(data), case.columns),
    ):
        if right is not None and came != right:
            raise Wrong(f"{what}: {came}, not {right}")
    missing = [note for note in case.notes if not any(re.search(note, line) for line in notes)]
    missing += [f"'{name}'" for name in case.left if not any(f"'{name}'" in n for n in notes)]
    if missing:
        raise Wrong(f"no note says {missing}; there are {notes}")
    if case.quiet and notes:
        raise Wrong(f"there is a note: {notes}")
    x, order = samples(data)
    if held.truth is not None:
        from nasty.back import same

        same(data, x, order, held.truth, case.left)
    if held.labels is not None:
        _labels(data, order, held.labels)
    if case.look is not None:
        case.look(data, held)


def kinds(data: Data) -> dict[Any, str] | None:
    """Kind of each column; None for what is no table."""
    columns = getattr(data.schema, "columns", None)
    return None if columns is None else {column.name: column.kind for column in columns}


def samples(data: Data) -> tuple[torch.Tensor, np.ndarray]:
    """All samples as a network sees them, and what each is called in its source."""
    parts = [getattr(data, part) for part in PARTS]
    parts = [part for part in parts if len(part)]
    ids = np.concatenate([np.asarray(part.ids) for part in parts])
    return torch.cat([part.take(torch.arange(len(part))) for part in parts]), ids


def _labels(data: Data, order: np.ndarray, right: Any) -> None:
    parts = [getattr(data, part).labels for part in PARTS if len(getattr(data, part))]
    if any(part is None for part in parts):
        raise Wrong("there are no labels")
    numbers = torch.cat(parts).tolist()
    names = [data.classes[number] if data.classes else str(number) for number in numbers]
    wanted = [str(right[place]) for place in order]
    if names != wanted:
        raise Wrong(f"labels are {names[:4]}, not {wanted[:4]}, of samples {order[:4]}")
