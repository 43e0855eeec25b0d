"""One table, written in many ways; however it is written, the rows are the same."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from nasty.case import Case, Input

ROWS = 60


def frame(rng: np.random.Generator, rows: int = ROWS) -> Any:
    """A table of a number, a count, a text of few values, a date, and a number with gaps."""
    import pandas as pd

    gaps = rng.normal(5, 2, rows).round(2)
    gaps[rng.permutation(rows)[: rows // 6]] = np.nan
    return pd.DataFrame(
        {
            "length": rng.normal(100, 15, rows).round(3),
            "count": rng.poisson(4, rows),
            "sort": rng.choice(["red", "green", "dark blue"], rows),
            "day": pd.Timestamp("2020-01-13")
            + pd.to_timedelta(rng.integers(0, 900, rows), unit="D"),
            "gap": gaps,
        }
    )


KINDS = dict(length="number", count="number", sort="choice", day="date", gap="number")
Write = Callable[[Path, Any, np.random.Generator], None]


def text(
    held: Any,
    *,
    sep: str = ",",
    decimal: str = ".",
    header: bool = True,
    end: str = "\n",
    na: str = "",
    index: bool = False,
    quoting: int = csv.QUOTE_MINIMAL,
    form: str = "%Y-%m-%d",
) -> str:
    """A table as text."""
    out = io.StringIO(newline="")
    held.to_csv(out, sep=sep, decimal=decimal, header=header, index=index, na_rep=na,
                lineterminator=end, quoting=quoting, date_format=form)  # fmt: skip
    return out.getvalue()


def written(name: str, words: str, suffix: str, to: Callable[[Any], bytes], **more: Any) -> Case:
    """A case of the table of this file, written in one way."""

    def make(folder: Path, rng: np.random.Generator) -> Input:
        held, path = frame(rng), folder / f"table{suffix}"
        path.write_bytes(to(held))
        truth = held.set_axis(range(5), axis=1) if 0 in more["columns"] else held
        return Input(path, truth.assign(**{"": None}) if extra else truth)

    extra = more.pop("extra", False)
    more = {"columns": KINDS, "samples": ROWS, "shape": (5,), **more}
    return Case(name=name, kind="table", words=words, make=make, **more)


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """Ways of writing: each separator with each decimal mark, each encoding, each odd habit."""
    marks = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
    encodings = ("utf-8", "utf-8-sig", "utf-16")
    for sep, name in marks.items():
        for decimal in ".,":
            if sep == decimal:
                continue
            encoding, end = str(rng.choice(encodings)), str(rng.choice(["\n", "\r\n"]))
            back = decimal == "," or sep == "\t"

            def to(held: Any, sep: str = sep, decimal: str = decimal, encoding: str = encoding,
                   end: str = end) -> bytes:  # fmt: skip
                return text(held, sep=sep, decimal=decimal, end=end).encode(encoding)

            yield written(
                f"{name} with decimal {'point' if decimal == '.' else 'comma'}",
                f"cells parted by {name}, {encoding}, lines end in {end!r}",
                ".tsv" if sep == "\t" else ".csv", to, quiet=False, back=back,
                notes=("missing cells",),
            )  # fmt: skip
    for encoding in ("utf-8-sig", "utf-16", "utf-16-le-bom", "gz", "GZ", "utf-16.gz"):
        suffix = ".csv.gz" if "gz" in encoding else ".csv"

        def coded(held: Any, encoding: str = encoding) -> bytes:
            if encoding == "utf-16-le-bom":
                return b"\xff\xfe" + text(held).encode("utf-16-le")
            code = "utf-16" if encoding == "utf-16.gz" else "utf-8" if "z" in encoding.lower() \
                else encoding  # fmt: skip
            held = text(held).encode(code)
            return gzip.compress(held) if "z" in encoding.lower() else held

        name = ".CSV.GZ" if encoding == "GZ" else suffix
        yield written(f"encoded {encoding}", f"a {name} in {encoding}", name, coded)
    habits: dict[str, tuple[str, Callable[[str], str]]] = {
        "old Mac lines": ("lines end in CR alone", lambda t: t.replace("\n", "\r")),
        "no last line end": ("the last line does not end", str.rstrip),
        "empty lines": ("an empty line after every tenth", _with_empty_lines),
        "blank lines at the end": ("five lines of blanks at the end", lambda t: t + "  \n" * 5),
        "blanks around cells": ("a blank after each comma", lambda t: t.replace(",", ", ")),
        "words for missing": ("NA, n/a, null, ?, -nan as missing", _words_for_missing),
        "a few words for missing": ("lower and upper case", lambda t: _filled(t, ["na", "NULL"])),
    }
    for name, (words, change) in habits.items():
        notes = ("empty lines?",) if name == "empty lines" else ()
        yield written(name, words, ".csv", lambda held, change=change: change(text(held)).encode(),
                      notes=notes)  # fmt: skip
    habits_of_cells: tuple[tuple[str, str, str, dict[str, Any]], ...] = (
        ("everything quoted", "each cell in quotes", ".csv", {"quoting": csv.QUOTE_ALL}),
        ("texts quoted", "each text in quotes", ".csv", {"quoting": csv.QUOTE_NONNUMERIC}),
        ("German dates", "days as 31.12.2020", ".csv", {"form": "%d.%m.%Y", "sep": ";"}),
        ("British dates", "days as 31/12/2020", ".csv", {"form": "%d/%m/%Y"}),
        ("American dates", "days as 12/31/2020", ".csv", {"form": "%m/%d/%Y"}),
        ("ISO times of a script", "2020-12-31T00:00:00.000Z", ".csv",
         {"form": "%Y-%m-%dT%H:%M:%S.000Z"}),
        ("times with an offset", "2020-12-31 00:00:00+01:00", ".csv",
         {"form": "%Y-%m-%d %H:%M:%S+01:00"}),
        ("dates of words", "31 Dec 2020", ".csv", {"form": "%d %b %Y"}),
        ("row names with a name", "a first column without a name", ".csv", {"index": True}),
    )  # fmt: skip
    for name, words, suffix, more in habits_of_cells:
        notes = ("'' is an identifier",) if "index" in more else ()
        yield written(name, words, suffix, lambda held, more=more: text(held, **more).encode(),
                      notes=notes, back="dates" in name, look=_form_of(more))  # fmt: skip
    yield written("without a header", "the first row is a sample", ".csv",
                  lambda held: text(held, header=False).encode(), back=True,
                  columns=dict(zip(range(5), KINDS.values(), strict=True)))  # fmt: skip
    yield written("R's header", "the header lacks the name of the row names", ".csv", _like_r,
                  notes=("row names",))  # fmt: skip
    yield written("separators at the end of rows", "a comma more in each row, not in the header",
                  ".csv", lambda held: _ends_in_comma(text(held), header=False),
                  columns=KINDS | {"": "constant"}, notes=("constant.*''",), extra=True
    )  # fmt: skip
    yield written("separators at the end of lines", "a comma more in each line", ".csv",
                  lambda held: _ends_in_comma(text(held), header=True), extra=True,
                  columns=KINDS | {"": "constant"}, notes=("constant.*''",))  # fmt: skip


def _form_of(more: dict[str, Any]) -> Any:
    from nasty.case import Wrong

    def look(data: Any, held: Input) -> None:
        if "form" in more:
            day = next(column for column in data.schema.columns if column.name == "day")
            if day.form.replace(".%f", ".000") != more["form"]:
                raise Wrong(f"dates are read as {day.form}, not {more['form']}")

    return look


def _with_empty_lines(held: str) -> str:
    lines = held.splitlines()
    return "\n".join(line + "\n" * (number % 10 == 9) for number, line in enumerate(lines)) + "\n"


def _filled(held: str, words: list[str]) -> str:
    lines, number = held.splitlines(), 0
    for place, line in enumerate(lines):
        if line.endswith(","):
            lines[place] = line + words[number % len(words)]
            number += 1
    return "\n".join(lines) + "\n"


def _words_for_missing(held: str) -> str:
    return _filled(held, ["NA", "n/a", "null", "?", "NaN", "#N/A", "None"])


def _like_r(held: Any) -> bytes:
    head, *rows = text(held).splitlines()
    return "\n".join([head, *(f"r{number},{row}" for number, row in enumerate(rows))]).encode()


def _ends_in_comma(held: str, *, header: bool) -> bytes:
    head, *rows = held.splitlines()
    return "\n".join([head + "," * header, *(row + "," for row in rows)]).encode()
