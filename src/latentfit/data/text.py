"""Tables that are text: what separates cells, and whether the first row holds names."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
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
        note: What a person should know, or ''.
    """

    dialect: Dialect
    encoding: str
    names: list[str]
    index: bool
    zeros: list[int]
    rows: int
    note: str


@contextmanager
def opened(path: Path, encoding: str) -> Iterator[TextIO]:
    """A text file, without the mark at its start; of one that is packed, what is in it."""
    import gzip

    if path.suffix == ".gz":
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
    encoding = _encoding(path)
    try:
        with opened(path, encoding) as file:
            head = list(islice(file, LOOKED_AT))
            file.seek(0)
            separator = _separator(path, head)
            rows = csv.reader(file, delimiter=separator or "\x1f", skipinitialspace=True)
            first = [row for row in islice(rows, LOOKED_AT) if any(cell.strip() for cell in row)]
            if not first:
                raise UserError(f"{path} is empty; it needs a row of cells for each sample.")
            names, header, index, note = _header(first)
            width, begins = len(first[-1]) if index else len(first[0]), int(header)
            count = _count(path, first[begins:], width, 0)
            count = _count(path, rows, width, count)
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is no text ({error.reason}); save it as UTF-8.") from error
    except (csv.Error, OSError, EOFError) as error:
        raise UserError(f"{path} cannot be read as a table ({error}); save it again.") from error
    body = first[begins:]
    comma = separator != "," and _has_decimal_commas(body)
    if separator is None and comma and note == "":
        note = "cells are numbers with decimal commas, in one column."
    zeros = [place for place in range(width) if _begin_with_zeros(body, place)]
    dialect = Dialect(separator or ",", "," if comma else ".", header)
    return Text(dialect, encoding, names, index, zeros, count, note)


def _encoding(path: Path) -> str:
    opener = __import__("gzip").open if path.suffix == ".gz" else open
    with opener(path, "rb") as file:
        start = file.read(4)
    if start[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "utf-16"
    return "utf-8-sig"


def _separator(path: Path, head: list[str]) -> str | None:
    """What separates cells; None for a table of one column."""
    found: dict[str, tuple[float, int]] = {}
    for mark in SEPARATORS:
        rows = [row for row in csv.reader(io.StringIO("".join(head)), delimiter=mark) if row]
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


def _begin_with_zeros(rows: list[list[str]], place: int) -> bool:
    cells = [row[place].strip() for row in rows if _there(row, place)]
    return any(re.fullmatch(r"0\d+", cell) for cell in cells) and all(map(str.isdigit, cells))


def _count(path: Path, rows: Iterator[list[str]] | list[list[str]], width: int, count: int) -> int:
    """Count rows from `count` on, and make sure that each has `width` cells."""
    for row in rows:
        if len(row) != width:
            if not any(cell.strip() for cell in row):
                continue
            raise UserError(
                f"row {count} of {path} has {len(row)} cells, others have {width}; all need the "
                "same columns."
            )
        count += 1
    return count
