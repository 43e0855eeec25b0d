"""Tables that are text: what separates cells, and whether the first row holds names."""

from __future__ import annotations

import csv
import gzip
import io
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TextIO

import numpy as np

from latentfit.checks import UserError
from latentfit.schema import Dialect

SEPARATORS = (",", ";", "\t", "|")
MISSING = {"", "na", "n/a", "nan", "null", "none", "?", "#n/a", "<na>"}
LOOKED_AT = 200
"""Rows that decide what the file is; all are checked against that."""
NUMBER = re.compile(r"[+-]?(\d+([.,]\d*)*|[.,]\d+)([eE][+-]?\d+)?")
ZEROS = re.compile(r"0\d+\s*")
"""A code, whose zeros would be lost if it were a number."""
csv.field_size_limit(1 << 24)


@dataclass(frozen=True)
class Text:
    """What a text file of a table is.

    Attributes:
        dialect: How it is written.
        encoding: Of its bytes.
        names: Of the columns; of a file without a header, their numbers.
        index: Whether the first column has no name, as row names do.
        zeros: Places of columns whose numbers begin with zeros, as codes do.
        rows: Number of rows, without the header.
        notes: What a person should know.
    """

    dialect: Dialect
    encoding: str
    names: list[str]
    index: bool
    zeros: list[int]
    rows: int
    notes: list[str]


@contextmanager
def opened(path: Path, encoding: str) -> Iterator[TextIO]:
    """A text file, without the mark at its start; of one that is packed, what is in it."""
    if path.suffix.lower() == ".gz":
        with gzip.open(path, "rt", encoding=encoding, newline="") as file:
            yield file  # type: ignore[misc]
        return
    with path.open(newline="", encoding=encoding) as file:
        yield file


def look_at(path: Path) -> Text:
    """Find out how a table is written; every row must have as many cells as the others.

    Raises:
        UserError: It is empty, no text, or a row has another number of cells, which is named.
    """
    try:
        encoding = _encoding(path)
        with opened(path, encoding) as file:
            head = list(islice(file, LOOKED_AT))
            file.seek(0)
            separator = _separator(path, head)
            rows = csv.reader(file, delimiter=separator or "\x1f", skipinitialspace=True)
            head = list(islice(rows, LOOKED_AT))
            first = [row for row in head if any(cell.strip() for cell in row)]
            if not first:
                raise UserError(f"{path} is empty; it needs a row of cells for each sample.")
            names, header, index, note = _header(first)
            body = head[head.index(first[0]) + header :]
            counted = _Count(path, len(names))
            counted.add(body)
            counted.add(rows)
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is no text ({error.reason}); save it as UTF-8.") from error
    except (csv.Error, OSError, EOFError) as error:
        raise UserError(f"{path} cannot be read as a table ({error}); save it again.") from error
    comma = separator != "," and _has_decimal_commas(body)
    if separator is None and comma and note == "":
        note = "cells are numbers with decimal commas, in one column."
    notes = [note] if note else []
    if counted.empty:
        notes.append(f"empty lines are left out: {counted.empty:,}.")
    dialect = Dialect(separator or ",", "," if comma else ".", header)
    return Text(dialect, encoding, names, index, sorted(counted.zeros), counted.rows, notes)


def _encoding(path: Path) -> str:
    opener = gzip.open if path.suffix.lower() == ".gz" else open
    with opener(path, "rb") as file:
        start = file.read(1024)
    wide = start[:2] in (b"\xff\xfe", b"\xfe\xff")
    if (not wide and b"\0" in start) or start[:4] == b"\xff\xfe\0\0":
        raise UserError(f"{path} is no text, as it holds NUL bytes; save it as UTF-8.")
    return "utf-16" if wide else "utf-8-sig"


def _separator(path: Path, head: list[str]) -> str | None:
    """What separates cells; None for a table of one column."""
    found: dict[str, tuple[float, int]] = {}
    for mark in SEPARATORS:
        lines = io.StringIO("".join(head), newline="")
        rows = [row for row in csv.reader(lines, delimiter=mark) if row]
        widths = [len(row) for row in rows[:-1] or rows]  # the last may be cut
        if not widths:
            return None
        usual = max(set(widths), key=widths.count)
        if usual < 2:
            continue
        agrees = widths.count(usual) / len(widths)
        # A header that does not fit speaks against it, unless it lacks the name of the rows' names.
        if widths[0] not in (usual, usual - 1) or (widths[0] == 1 and usual == 2):
            continue
        found[mark] = (agrees, usual)
    if not found:
        return None
    if path.suffix.lower() == ".tsv" and "\t" in found:
        return "\t"
    return max(found, key=lambda mark: found[mark])


def _header(rows: list[list[str]]) -> tuple[list[str], bool, bool, str]:
    """Names of the columns, whether the first row holds them, whether it lacks the first."""
    first, rest = [cell.strip() for cell in rows[0]], rows[1:]
    if rest and len(first) == len(rest[0]) - 1:
        if not any(row[-1].strip() for row in rest):  # rows, not the header, end in a separator
            return [*first, ""], True, False, ""
        return ["", *first], True, True, ""
    named, note = False, ""
    if not all(cell.lower() in MISSING or _number(cell) is not None for cell in first):
        texts = [cell.lower() not in MISSING and _number(cell) is None for cell in first]
        # A row of a table of texts is no header: there, each column holds texts below it too.
        named = any(
            text and all(_number(row[place]) is not None for row in rest if _there(row, place))
            for place, text in enumerate(texts)
        ) or (all(texts) and len(set(first)) == len(first) and not _repeats(first, rest))
    elif rest and _counts_up(first) and not _counts_up([cell.strip() for cell in rest[0]]):
        named, note = True, f"the first row, {', '.join(first[:3])}, ..., is taken for names."
    if not named:
        return [str(place) for place in range(len(first))], False, False, ""
    doubles = sorted({cell for cell in first if cell and first.count(cell) > 1})
    if doubles:
        raise UserError(f"two columns are called '{doubles[0]}'; rename one of them.")
    return first, True, False, note


def _repeats(first: list[str], rest: list[list[str]]) -> bool:
    """Whether a cell of the first row stands in its column again, as values do and names do not."""
    return any(
        row[place].strip() == cell
        for row in rest
        for place, cell in enumerate(first)
        if _there(row, place)
    )


def _there(row: list[str], place: int) -> bool:
    return place < len(row) and row[place].strip().lower() not in MISSING


def _counts_up(cells: list[str]) -> bool:
    """Whether numbers go up as years, positions or wavelengths do, and measurements do not."""
    values = [_number(cell) for cell in cells]
    if len(values) < 2 or None in values:
        return False
    if [str(place) for place in range(len(cells))] == cells:
        return True
    steps = np.diff(np.array(values, dtype=float))
    even = len(values) > 2 and bool(np.allclose(steps, steps[0]))
    return bool((steps > 0).all()) and (even or len(values) >= 8)


def _number(cell: str) -> float | None:
    """The number that a cell holds, with either mark; None where it holds none."""
    cell = cell.strip()
    if not NUMBER.fullmatch(cell):
        return None
    try:
        return float(cell)
    except ValueError:
        return float(re.sub(r"[.,](?=.*[.,])", "", cell).replace(",", "."))


def _has_decimal_commas(rows: list[list[str]]) -> bool:
    cells = [cell.strip() for row in rows for cell in row if "," in cell]
    return bool(cells) and any(NUMBER.fullmatch(cell) for cell in cells)


class _Count:
    """Counts rows and looks at all of them.

    Arguments:
        path: What errors call the file.
        width: Cells that each row must have.
    """

    def __init__(self, path: Path, width: int) -> None:
        self.path, self.width, self.rows, self.empty, self._blank = path, width, 0, 0, 0
        self.zeros: set[int] = set()

    def add(self, rows: Iterable[list[str]]) -> None:
        """Count some rows.

        Raises:
            UserError: A row has another number of cells.
        """
        for row in rows:
            if len(row) != self.width or (self.width == 1 and row[0].isspace()):
                if any(cell.strip() for cell in row):
                    raise UserError(
                        f"row {self.rows} of {self.path} has {len(row)} cells, others have "
                        f"{self.width}; all need the same columns."
                    )
                self._blank += 1
                continue
            self.empty, self._blank = self.empty + self._blank, 0  # those at the end say nothing
            for place, cell in enumerate(row):
                if cell[:1] == "0" and cell[1:2].isdigit() and ZEROS.fullmatch(cell):
                    self.zeros.add(place)
            self.rows += 1
