"""Files of tables that are odd as a whole: headers, rows, types, endings."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from nasty.case import Case, Input, Wrong
from nasty.writing import KINDS, frame


def as_text(name: str, words: str, made: Callable[[np.random.Generator], str | bytes],
            suffix: str = ".csv", truth: Any = None, **more: Any) -> Case:  # fmt: skip
    """A case of one file that is text."""

    def make(folder: Path, rng: np.random.Generator) -> Input:
        path, held = folder / f"table{suffix}", made(rng)
        path.write_bytes(held if isinstance(held, bytes) else held.encode())
        return Input(path, None if truth is None else truth(held))

    return Case(name=name, kind="table", words=words, make=make, **more)


def as_frame(name: str, words: str, made: Callable[[Any, np.random.Generator], Any],
             suffix: str = ".parquet", **more: Any) -> Case:  # fmt: skip
    """A case of one file that pandas writes, made of the usual table."""

    def make(folder: Path, rng: np.random.Generator) -> Input:
        path, held = folder / f"table{suffix}", made(frame(rng), rng)
        held.to_feather(path) if suffix == ".feather" else held.to_parquet(path)
        right = held.reset_index(drop=True)
        return Input(path, None if more.get("refused") else right)

    return Case(name=name, kind="table", words=words, make=make, **more)


def grid(rng: np.random.Generator, rows: int, columns: int, head: list[str] | None) -> str:
    """Numbers as text."""
    held = rng.normal(0, 1, (rows, columns)).round(4)
    lines = [",".join(map(str, row)) for row in held]
    return "\n".join(([",".join(head)] if head else []) + lines) + "\n"


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """Headers, numbers of rows, rows that do not fit, binary files."""
    for rows in (0, 1, 19):
        yield as_text(f"{rows} rows", f"a header and {rows} rows",
                      lambda rng, rows=rows: grid(rng, rows, 3, ["a", "b", "c"]),
                      refused=r"(no rows|has \d+ samples|3 samples|is empty|20 are needed)"
        )  # fmt: skip
    yield as_text("20 rows", "as few as there may be", lambda rng: grid(rng, 20, 3, [*"abc"]),
                  samples=20, back=True, quiet=True)  # fmt: skip
    yield as_text("no byte", "an empty file", lambda rng: b"", refused="is empty")
    yield as_text("blanks alone", "lines of blanks", lambda rng: "  \n\n \n", refused="is empty")
    yield as_text("one column", "numbers, a line each", lambda rng: grid(rng, 40, 1, ["a"]),
                  samples=40, shape=(1,), quiet=True, back=True)  # fmt: skip
    yield as_text("one column without a header", "numbers", lambda rng: grid(rng, 40, 1, None),
                  samples=40, shape=(1,), quiet=True, back=True)  # fmt: skip
    yield as_text("one column with empty lines", "three lines are empty",
                  lambda rng: grid(rng, 40, 1, ["a"]).replace("\n", "\n\n", 3), notes=("empty",)
    )  # fmt: skip
    yield as_text("one column with quoted gaps", 'a missing cell is ""',
                  lambda rng: 'a\n""\n' + grid(rng, 40, 1, None), samples=41,
                  notes=("missing cells",))  # fmt: skip
    at = int(rng.integers(3, 30))
    for more, word in ((1, "long"), (-1, "short")):
        for where, rows in (("near", 40), ("far", 400)):
            place = at if where == "near" else at + 300

            def ragged(rng: np.random.Generator, place: int = place, more: int = more,
                       rows: int = rows) -> str:  # fmt: skip
                lines = grid(rng, rows, 4, [*"abcd"]).splitlines()
                line = lines[place + 1]
                lines[place + 1] = line + ",9" if more > 0 else line.rpartition(",")[0]
                return "\n".join(lines)

            yield as_text(f"a {word} row {where}", f"row {place} has {4 + more} cells", ragged,
                          refused=f"row {place} .*has {4 + more} cells")  # fmt: skip
    yield as_text("a quote that does not end", 'row 20 begins a quoted cell',
                  lambda rng: _lines(rng, {20: 'x,"y'}), refused="quote|string|row")  # fmt: skip
    yield as_text("two stray quotes", "each begins a cell and ends none",
                  lambda rng: _lines(rng, {20: 'x,"5 inch', 30: '"6 inch,y'}),
                  refused="quote|row")  # fmt: skip
    yield as_text("inches", 'cells such as 5" in the middle of a text', samples=60,
                  made=lambda rng: _lines(rng, {n: f'{n % 7},a 5" pipe' for n in range(60)})
    )  # fmt: skip
    yield as_text("two columns of one name", "a,b,a", lambda rng: grid(rng, 40, 3, [*"aba"]),
                  refused="two columns.*'a'")  # fmt: skip
    yield as_text("two columns without a name", ",,a", lambda rng: grid(rng, 40, 3, ["", "", "a"]),
                  refused="two columns.*''")  # fmt: skip
    yield as_text("names that differ in blanks", "'a' and ' a '",
                  lambda rng: grid(rng, 40, 3, ["a", " a ", "b"]), refused="two columns.*'a'"
    )  # fmt: skip
    yield as_text("years as names", "2001 to 2009", samples=40, shape=(9,), back=True,
                  made=lambda rng: grid(rng, 40, 9, [str(y) for y in range(2001, 2010)]),
                  notes=("taken for names",))  # fmt: skip
    yield as_text("positions as names", "0 to 4, as pandas writes", samples=40, quiet=False,
                  made=lambda rng: grid(rng, 40, 5, [*"01234"]), notes=("taken for names",)
    )  # fmt: skip
    yield as_text("500 columns", "more columns than rows", samples=30, shape=(500,), back=True,
                  made=lambda rng: grid(rng, 30, 500, [f"c{i}" for i in range(500)]))  # fmt: skip
    yield as_text("texts without a header", "rows of two words", samples=60,
                  made=lambda rng: "\n".join(" ".join(rng.choice([*"ab"], 1)) + "," + str(
                      rng.choice(["x", "y"])) for _ in range(60)))  # fmt: skip
    yield as_text("latin-1", "a text that is no UTF-8",
                  lambda rng: _lines(rng, {5: "1,caf\xe9"}).encode("latin-1"), refused="UTF-8"
    )  # fmt: skip
    yield as_text("UTF-16 without a mark", "every other byte is 0",
                  lambda rng: _lines(rng, {}).encode("utf-16-le"), refused="UTF-8|NUL")  # fmt: skip
    yield as_text("UTF-32", "with its mark", lambda rng: _lines(rng, {}).encode("utf-32"),
                  refused="UTF-8|NUL")  # fmt: skip
    yield as_text("a picture called .csv", "bytes of a .png", refused="no text|NUL|UTF-8",
                  made=lambda rng: b"\x89PNG\r\n\x1a\n" + rng.bytes(400))  # fmt: skip
    yield as_text("a parquet called .csv", "PAR1 and so on", refused="no text|NUL|UTF-8",
                  made=lambda rng: b"PAR1\x15\x04\x15\x00" + rng.bytes(400) + b"PAR1")  # fmt: skip
    yield as_text("a table called .parquet", "text", lambda rng: _lines(rng, {}), ".parquet",
                  refused="not a readable table")  # fmt: skip
    yield as_text("a table called .gz", "no gzip", lambda rng: _lines(rng, {}), ".csv.gz",
                  refused="gzip")  # fmt: skip
    yield as_text("a broken .gz", "cut in the middle", suffix=".csv.gz", refused="cannot be read",
                  made=lambda rng: __import__("gzip").compress(_lines(rng, {}).encode())[:-20]
    )  # fmt: skip
    yield as_text("a spreadsheet", "an .xlsx", lambda rng: b"PK\x03\x04", ".xlsx",
                  refused="cannot read table.xlsx")  # fmt: skip
    yield as_text("JSON", "a list of records", lambda rng: "[]", ".json", refused="cannot read")
    yield as_text("a constant table", "each row the same", lambda rng: "a,b\n" + "1,x\n" * 40,
                  refused="no column of the table varies")  # fmt: skip
    yield as_text("identifiers alone", "one column, 1 to 40",
                  lambda rng: "id\n" + "\n".join(map(str, range(40))),
                  refused="no column.*left|identifier")  # fmt: skip
    yield as_text("a comment above", "# made by a program", suffix=".csv",
                  made=lambda rng: "# made by a program\n" + _lines(rng, {}),
                  refused="'# made by a program'")  # fmt: skip
    yield as_text("a row of units", "m, kg below the names", suffix=".csv",
                  made=lambda rng: _lines(rng, {0: "m,kg"}), refused="row 0, column")  # fmt: skip
    yield as_text("a row of totals", "'total' at the end", suffix=".csv",
                  made=lambda rng: _lines(rng, {59: "total,9"}), refused="row 59, column"
    )  # fmt: skip
    yield from binary()


def _lines(rng: np.random.Generator, instead: dict[int, str]) -> str:
    rows = [f"{a:.3f},{b:.2f}" for a, b in rng.normal(0, 1, (60, 2))]
    for place, line in instead.items():
        rows[place] = line
    return "\n".join(["p,q", *rows]) + "\n"


def binary() -> Iterator[Case]:
    """Parquet and Feather, with types that text has not."""
    import pandas as pd

    yield as_frame("parquet", "the usual table", lambda f, rng: f, columns=KINDS, back=True)
    yield as_frame("Feather", "the usual table", lambda f, rng: f, ".feather", columns=KINDS,
                   back=True)  # fmt: skip
    types: dict[str, tuple[str, str, Callable[[Any], Any]]] = {
        "category": ("sort", "choice", lambda c: c.astype("category")),
        "ordered category": ("sort", "choice", lambda c: pd.Categorical(
            c, ["dark blue", "never", "green", "red"], ordered=True)),
        "category of numbers": ("count", "choice", lambda c: c.astype("category")),
        "category of days": ("day", "date", lambda c: (
            pd.to_datetime("2020-01-01") + pd.to_timedelta(c.dt.day % 5, unit="D")
        ).astype("category")),
        "boolean with gaps": ("count", "choice", lambda c: (c > 4).astype("boolean").mask(c == 2)),
        "Int64 with gaps": ("count", "number", lambda c: c.astype("Int64").mask(c == 2)),
        "UInt8": ("count", "number", lambda c: c.astype("UInt8")),
        "Float32": ("length", "number", lambda c: c.astype("Float32")),
        "float16": ("length", "number", lambda c: c.astype("float32").astype("float16")),
        "string": ("sort", "choice", lambda c: c.astype("string")),
        "arrow string": ("sort", "choice", lambda c: c.astype("string[pyarrow]")),
        "arrow int": ("count", "number", lambda c: c.astype("int64[pyarrow]").mask(c == 3)),
        "arrow bool": ("count", "choice", lambda c: (c > 4).astype("bool[pyarrow]").mask(c == 2)),
        "arrow time": ("day", "date", lambda c: c.astype("timestamp[us][pyarrow]")),
        "time zone": ("day", "date", lambda c: c.dt.tz_localize("Europe/Berlin")),
        "nanoseconds": ("day", "date", lambda c: c.astype("datetime64[ns]")),
        "time with gaps": ("day", "date", lambda c: c.mask(c.dt.day < 9)),
        "one time": ("day", "constant", lambda c: c.where(c.isna(), c.iloc[0])),
        "Python dates": ("day", "date", lambda c: c.dt.date),
        "durations": ("day", "number", lambda c: c - c.min()),
        "bool": ("count", "choice", lambda c: c > 4),
        "decimals": ("length", "number", lambda c: c.map(
            lambda v: __import__("decimal").Decimal(str(v)))),
    }  # fmt: skip
    for name, (of, kind, change) in types.items():
        suffix = ".feather" if "category" in name else ".parquet"
        look = _typed if name not in ("decimals", "category of days") else None
        right: dict[str, Any] = {"columns": KINDS | {of: kind}, "look": look, "back": True}
        if name == "durations":
            right = {"refused": "column 'day' holds a Timedelta"}
        yield as_frame(f"{suffix[1:]} of {name}", f"column {of} as {name}", suffix=suffix, **right,
                       made=lambda f, rng, of=of, change=change: f.assign(**{of: change(f[of])})
        )  # fmt: skip
    for name, cell in (("lists", [1, 2]), ("records", {"a": 1}), ("bytes", b"ab")):
        yield as_frame(f"parquet of {name}", f"cells that are {name}",
                       lambda f, rng, cell=cell: f.assign(sort=[cell] * len(f)),
                       refused="column 'sort' holds a")  # fmt: skip
    yield as_frame("an index with a name", "row names as an index", left=("key",),
                   made=lambda f, rng: f.assign(key=[f"k{i}" for i in range(len(f))]).set_index(
                       "key").reset_index().set_index("key", drop=False).rename_axis(None)[
                           [*f.columns, "key"]])  # fmt: skip


def _typed(data: Any, held: Input) -> None:
    """The table that comes back has the types of the file."""
    from nasty.case import samples

    found = data.schema.restore(samples(data)[0])
    for name in held.truth.columns:
        was, came = held.truth[name].dtype, found[name].dtype
        if str(was) != str(came) or (str(was) == "category" and was != came):
            raise Wrong(f"column {name!r} comes back as {came!r}, was {was!r}")
