"""Columns whose cells are nasty, each beside a plain column of numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from nasty.case import Case, Input, Wrong

ROWS = 60
Cells = Callable[[np.random.Generator, int], list[str]]


def column(name: str, words: str, cells: Cells, **more: Any) -> Case:
    """A case of one column as text; `truth` says what its cells are, themselves where not given."""
    rows = more.pop("rows", ROWS)
    truth = more.pop("truth", None)
    head = more.pop("head", "cell")

    def make(folder: Path, rng: np.random.Generator) -> Input:
        import pandas as pd

        path, texts = folder / "table.csv", cells(rng, rows)
        lengths = rng.normal(0, 1, rows).round(4)
        quoted = [f'"{cell}"' if set(cell) & set(',\n"') else cell for cell in texts]
        lines = [f"{a},{b}" for a, b in zip(lengths, quoted, strict=True)]
        path.write_text(f"length,{head}\n" + "\n".join(lines) + "\n", encoding="utf-8")
        held = None
        if truth is not None:
            held = pd.DataFrame({"length": lengths, "cell": truth(texts)})
        return Input(path, held)

    more = {"samples": rows, **more} if not more.get("refused") else more
    return Case(name=name, kind="table", words=words, make=make, **more)


def _drawn(values: list[str]) -> Cells:
    return lambda rng, rows: [str(v) for v in rng.choice(values, rows)]


def _one_of(form: Callable[[int], str], low: int, high: int) -> Cells:
    return lambda rng, rows: [form(int(v)) for v in rng.integers(low, high, rows)]


def _one_wrong(plain: Cells, cell: str, at: int) -> Cells:
    def cells(rng: np.random.Generator, rows: int) -> list[str]:
        held = plain(rng, rows)
        held[at] = cell
        return held

    return cells


def _kind(kind: str) -> dict[str, str]:
    return {"length": "number", "cell": kind}


def _integers(texts: list[str]) -> Any:
    return np.array([int(text.replace(",", "").replace("_", "")) for text in texts])


def _optional(texts: list[str]) -> list[str | None]:
    return [text or None for text in texts]


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """Each odd thing that cells hold."""
    yield column("codes with leading zeros", "00012 and the like, in every row",
                 _one_of("{:05d}".format, 0, 40), columns=_kind("choice"), truth=list, back=True
    )  # fmt: skip
    late = int(rng.integers(210, 240))
    yield column("leading zeros far down", f"codes whose first leading zero is in row {late}",
                 _one_wrong(_one_of(str, 10_000, 10_050), "00123", late), rows=300,
                 columns=_kind("choice"), truth=list)  # fmt: skip
    yield column("texts far down", "numbers, and one text after row 200",
                 _one_wrong(_one_of(str, 0, 999), "broken", late), rows=300,
                 refused=f"row {late}, column 'cell': 'broken'")  # fmt: skip
    for sort, word in (("unit", "12 mm"), ("word", "error"), ("mark", "<5"), ("formula", "=A1")):
        at = int(rng.integers(5, ROWS))
        yield column(f"a {sort} among numbers", f"{word!r} in row {at} of numbers",
                     _one_wrong(_one_of(str, 0, 999), word, at),
                     refused=f"row {at}, column 'cell': '{word}'")  # fmt: skip
    at = int(rng.integers(5, ROWS))
    yield column("a word among dates", f"'unknown' in row {at} of days",
                 _one_wrong(_one_of("2020-03-{:02d}".format, 1, 29), "unknown", at),
                 refused=f"row {at}, column 'cell': 'unknown'")  # fmt: skip
    yield column("a day that is none", f"2020-02-31 in row {at} of days",
                 _one_wrong(_one_of("2020-02-{:02d}".format, 1, 29), "2020-02-31", at),
                 refused=f"row {at}, column 'cell': '2020-02-31'")  # fmt: skip
    for word in ("inf", "-Infinity", "1e400"):
        yield column(f"{word} in a number", f"{word} in row {at}",
                     _one_wrong(_one_of(str, 0, 999), word, at), refused=f"row {at}.*finite"
        )  # fmt: skip
    yield column("huge numbers", "up to 1e300", _one_of("{}e300".format, -9, 9),
                 refused="column 'cell'.*(3.4e38|rescale|large)")  # fmt: skip
    yield column("tiny numbers", "some 1e-300", _one_of("{}e-300".format, 1, 90),
                 columns=_kind("number"), back=True)  # fmt: skip
    yield column("whole numbers beyond 2^53", "with the last digit that counts",
                 lambda rng, rows: [str(2**53 + 2 * (i // 2) + 1) for i in range(rows)],
                 notes=("2\\^53|16 digits",))  # fmt: skip
    yield column("numbers of 25 digits", "as account numbers are",
                 lambda rng, rows: [f"1234567890123456789{i:06d}" for i in range(rows)],
                 left=("cell",))  # fmt: skip
    yield column("the largest whole number", "2^63 - 1 in a row", back=True,
                 cells=lambda rng, rows: [str(2**63 - 1 - 1000 * (i % 9)) for i in range(rows)]
    )  # fmt: skip
    stamp = 1_700_000_000
    yield column("timestamps in seconds", "whole numbers about 1.7e9", truth=_integers, back=True,
                 cells=_one_of(lambda v: str(stamp + v), 0, 900), columns=_kind("number")
    )  # fmt: skip
    yield column("thousands with commas", "1,234 in quotes", _one_of("{:,}".format, 0, 90_000),
                 truth=_integers, columns=_kind("number"))  # fmt: skip
    for name, form in (("percent", "{}%"), ("currency", "${:,}.00"), ("unit", "{} kg")):
        yield column(f"numbers with {name}", form, _one_of(form.format, 0, 9_999),
                     notes=("'cell'.*(unit|numbers)",))  # fmt: skip
    for name, pair in (("true and false", "True False"), ("yes and no", "yes no"),
                       ("Y and N", "Y N"), ("0 and 1", "0 1"), ("TRUE and gaps", "TRUE FALSE _"),
                       ("two numbers", "1.5 2.5"), ("minus one and one", "-1 1"),
                       ("one and gaps", "1 _")):  # fmt: skip
        words = [word.replace("_", "") for word in pair.split()]
        yield column(f"booleans as {name}", pair, _drawn(words), columns=_kind("choice"), back=True)
    yield column("mixed whole, decimal, exponent", "1, 2.50, 3e2", columns=_kind("number"),
                 cells=_drawn(["1", "2.50", "3e2", "-.5", "+7"]), back=True,
                 truth=lambda texts: np.array(texts, float))  # fmt: skip
    yield column("texts of 10,000 letters", "three of them", _drawn(["a" * 10_000, "b" * 9_999]),
                 columns=_kind("choice"), truth=list)  # fmt: skip
    yield column("texts with line ends, quotes, commas", "in quotes", columns=_kind("choice"),
                 cells=_drawn(["two\nlines", "a, b", "plain"]), truth=list, back=True)  # fmt: skip
    yield column("texts of all languages", "Greek, Chinese, right to left, an emoji",
                 _drawn(["αβγ", "漢字", "עברית", "🙂", "é"]), columns=_kind("choice"), truth=list,
                 back=True)  # fmt: skip
    yield column("texts that look alike", "A, a, 'A b' stay apart", columns=_kind("choice"),
                 cells=_drawn(["A", "a", "A b", "a  b"]), truth=list)  # fmt: skip
    yield column("numbers as texts of one level", "1 and 1.0 beside words", truth=list,
                 cells=_drawn(["1", "1.0", "x", "y", "z"]), columns=_kind("choice"))  # fmt: skip
    yield column("all missing", "no cell of the column", _drawn([""]), columns=_kind("constant"),
                 notes=("constant",), back=True)  # fmt: skip
    yield column("constant", "one word in all rows", _drawn(["same"]), columns=_kind("constant"),
                 notes=("constant.*'cell'",), back=True)  # fmt: skip
    yield column("constant day", "one day in all rows", _drawn(["2020-01-31"]), back=True,
                 columns=_kind("constant"), notes=("constant.*'cell'",))  # fmt: skip
    yield column("nearly all missing", "3 of 60 are there", columns=_kind("number"), back=True,
                 cells=lambda rng, rows: ["", ""] * 28 + ["", "1", "2.5", "9"],
                 notes=("missing cells",))  # fmt: skip
    yield column("texts with gaps", "a third is missing", _drawn(["x", "y", ""]), truth=_optional,
                 columns=_kind("choice"), back=True, notes=("missing cells",))  # fmt: skip
    yield column("days that may be months", "all below 13: 03/04/2020", columns=_kind("date"),
                 cells=_one_of(lambda v: f"{v % 12 + 1:02d}/{v // 12 + 1:02d}/2020", 0, 140),
                 notes=("day.*month",))  # fmt: skip
    yield column("two forms of days", "2020-01-31 and 31.01.2020", left=("cell",), rows=300,
                 cells=lambda rng, rows: [f"2{i:03d}-01-15" if i % 2 else f"15.01.2{i:03d}"
                                          for i in range(rows)])  # fmt: skip
    yield column("days before 1678 and after 2262", "0987 to 9999", columns=_kind("date"),
                 cells=_one_of("{:04d}-06-15".format, 987, 9999), back=True)  # fmt: skip
    yield column("times of day", "23:59:58", _one_of(lambda v: f"{v % 24:02d}:{v % 60:02d}:58", 0,
                 999), columns=_kind("date"), back=True)  # fmt: skip
    yield column("identifiers as texts", "u0001", lambda rng, rows: [f"u{i}" for i in range(rows)],
                 left=("cell",))  # fmt: skip
    yield column("text of 300 values", "too many for a choice", rows=700,
                 cells=lambda rng, rows: [f"w{i % 300}" for i in range(rows)], left=("cell",)
    )  # fmt: skip
    for head in ("$x^2$", "<script>alert(1)</script>", '"two\nlines"', '"a, b"', "naïve ñ 漢",
                 "{}", "%s", "a" * 500, "__class__", "cell\\", "=cmd"):  # fmt: skip
        yield column(f"column named {head[:20]!r}", "the name must come back", head=head, back=True,
                     cells=_one_of(str, 0, 30), look=_called(head.strip('"')))  # fmt: skip


def _called(name: str) -> Any:
    def look(data: Any, held: Input) -> None:
        if data.schema.names != ["length", name]:
            raise Wrong(f"columns are called {data.schema.names}")

    return look
