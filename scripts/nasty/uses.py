"""Uses of a run: other data than its own, and where outputs go; objects from Python."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from nasty import objects
from nasty.case import Case, Wrong
from nasty.shell import said, trained
from nasty.writing import frame, text

Change = Callable[[Any, np.random.Generator], Any]


def use(name: str, words: str, change: Change, says: str, *, rows: int | None = 60,
        suffix: str = ".csv", options: tuple[str, ...] = (), first: Change | None = None
        ) -> Case:  # fmt: skip
    """A case of codes of a changed table under a run; `rows` is None where it is refused.

    `first` changes the table that the run is trained on.
    """

    def do(folder: Path, rng: np.random.Generator) -> str:
        held = frame(rng) if first is None else first(frame(rng), rng)
        run = trained(folder, held, options)
        changed = change(held.copy(), rng)
        path, out = folder / f"other{suffix}", folder / f"out{suffix}"
        path.write_bytes(changed if isinstance(changed, bytes) else _bytes(changed, suffix))
        code, line = said("encode", run, "--data", path, "--out", out)
        if rows is None:
            _must_refuse(code, line, says)
            return line
        if code != 0 or not re.search(says, line):
            raise Wrong(f"exit code {code}, {line!r} does not say {says}")
        codes = _read(out)
        if len(codes) != rows or list(codes["row"]) != list(range(rows)):
            raise Wrong(f"{len(codes)} codes, not {rows}; rows {list(codes['row'])[:4]}")
        _must_join(run, path, codes)
        return line

    return Case(name=name, kind="use", words=words, do=do)


def _bytes(held: Any, suffix: str) -> bytes:
    import io

    if suffix == ".parquet":
        out = io.BytesIO()
        held.to_parquet(out)
        return out.getvalue()
    return held.to_csv(index=False).encode()


def _read(path: Path, texts: Any = None) -> Any:
    import pandas as pd

    if path.suffix == ".parquet":
        return pd.read_parquet(path)
    return pd.read_csv(path, dtype=dict.fromkeys(["sort"], texts) if texts else None)


def _must_refuse(code: int, line: str, says: str) -> None:
    *_, last = line.strip().split("\n")
    if code != 2 or not re.search(says, last) or line.count("latentfit: ") != 1:
        raise Wrong(f"exit code {code}, {line!r} is not one line that says {says}")


def _must_join(run: Path, path: Path, codes: Any) -> None:
    """The code of each row is that of its values."""
    import torch

    import latentfit as lf

    model = lf.load(run)
    source = _read(path, str) if path.suffix == ".csv" else _read(path)
    source.columns = [str(name) for name in source.columns]
    for row in range(0, len(source), 7):
        seen = model.schema.apply(_typed(source.iloc[[row]], getattr(model.schema, "names", [])))
        with torch.no_grad():
            code = model.encode(seen)[0].numpy()
        told = codes.iloc[row][[name for name in codes if name.startswith("z")]].to_numpy(float)
        if not np.allclose(code, told, atol=1e-4):
            raise Wrong(f"the code of row {row} is {told}, by its values {code}")


def _typed(row: Any, names: list[str]) -> Any:
    row = row[names].copy()
    texts = [name for name in ("day", "sort") if name in names]
    return row.astype(dict.fromkeys(texts, str))


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """Changed columns, rows and kinds; outputs; objects."""
    yield use("the same data", "unchanged", lambda f, r: f, "^Wrote 60")
    yield use("columns in another order", "reversed", lambda f, r: f[f.columns[::-1]], "Wrote 60")
    yield use("rows in another order", "shuffled", lambda f, r: f.sample(frac=1, random_state=1),
              "changed|differs")  # fmt: skip
    yield use("a column more", "'extra'", lambda f, r: f.assign(extra=1.5), "not used: extra")
    yield use("a column less", "without 'count'", lambda f, r: f.drop(columns="count"),
              "no column 'count'", rows=None)  # fmt: skip
    yield use("a column renamed", "'Count'", lambda f, r: f.rename(columns={"count": "Count"}),
              "no column 'count'", rows=None)  # fmt: skip
    yield use("another unit", "lengths in mm", lambda f, r: f.assign(length=f.length * 1000),
              "other units.*length")  # fmt: skip
    yield use("a value that is new", "'pink'", lambda f, r: _put(f, "sort", 17, "pink"),
              "row 17, column 'sort': 'pink'", rows=None)  # fmt: skip
    yield use("a gap that is new", "no length", lambda f, r: _put(f, "length", 9, None),
              "row 9, column 'length'", rows=None)  # fmt: skip
    yield use("a text among numbers", "'?!'", lambda f, r: f.assign(length=_text(f.length, 4)),
              "row 4, column 'length': '\\?!'", rows=None)  # fmt: skip
    yield use("one row", "of sixty", lambda f, r: f.iloc[:1], "Wrote 1 ", rows=1)
    yield use("nineteen rows", "of sixty", lambda f, r: f.iloc[:19], "Wrote 19", rows=19)
    yield use("no row", "a header", lambda f, r: f.iloc[:0], "no rows", rows=None)
    yield use("no file of text", "bytes", lambda f, r: r.bytes(300), "no text|NUL", rows=None)
    yield use("one value of a choice", "only red", lambda f, r: f.assign(sort="red"), "Wrote 60")
    yield use("parquet for text", "the same rows", lambda f, r: f.assign(day=f.day.dt.strftime(
        "%Y-%m-%d")), "Wrote 60", suffix=".parquet")  # fmt: skip
    yield use("whole numbers as decimals", "4.0", lambda f, r: f.assign(count=f["count"] * 1.0),
              "Wrote 60")  # fmt: skip
    yield use("an option of the training", "--drop", lambda f, r: f, "Wrote", options=("--drop",
              "gap"))  # fmt: skip
    codes = {"digits": ["7", "8", "x"], "zeros": ["007", "107", "207"], "truths": ["true", "no"],
             "words for missing": ["-", "yes", "no"]}  # fmt: skip
    for word, values in codes.items():
        some = [value for value in values if value not in ("x", "007", "no", "yes")]
        yield use(f"texts that look like {word}", f"of {values} only {some}",
                  lambda f, r, some=some: f.assign(sort=r.choice(some, len(f))), "Wrote 60",
                  first=lambda f, r, values=values: f.assign(sort=r.choice(values, len(f)))
                  )  # fmt: skip
    yield use("texts of digits, decimals", "12 and 12.0 stay apart", lambda f, r: f.assign(
              sort=r.choice(["12", "12.0"], len(f))), "Wrote 60", first=lambda f, r: f.assign(
                  sort=r.choice(["12", "12.0", "a"], len(f))))  # fmt: skip
    yield use("a class beside", "--label sort", lambda f, r: f, "Wrote 60", options=("--label",
              "sort"))  # fmt: skip
    yield use("no class beside", "--label sort, and a table without it",
              lambda f, r: f.drop(columns="sort"), "Wrote 60", options=("--label", "sort")
              )  # fmt: skip
    yield from objects.cases(rng)
    yield from outputs()


def _put(held: Any, name: str, row: int, value: Any) -> Any:
    column = held[name].astype(object)
    column.iloc[row] = value
    return held.assign(**{name: column})


def _text(column: Any, row: int) -> Any:
    texts = column.astype(str)
    texts.iloc[row] = "?!"
    return texts


def outputs() -> Iterator[Case]:
    """Where outputs go: nothing is written over."""

    def out(name: str, words: str, before: Callable[[Path], Path], says: str) -> Case:
        def do(folder: Path, rng: np.random.Generator) -> str:
            run = trained(folder, frame(rng))
            path = before(folder)
            held = path.read_bytes() if os.path.isfile(path) else None
            code, line = said("sample", run, "-n", 5, "--out", path)
            _must_refuse(code, line, says)
            if held is not None and path.read_bytes() != held:
                raise Wrong(f"{path.name} was written over")
            return line

        return Case(name=name, kind="use", words=words, do=do)

    def existing(folder: Path) -> Path:
        (folder / "mine.csv").write_text("mine")
        return folder / "mine.csv"

    def below(folder: Path) -> Path:
        (folder / "file").write_text("x")
        return folder / "file" / "new.csv"

    def directory(folder: Path) -> Path:
        (folder / "dir.csv").mkdir()
        return folder / "dir.csv"

    yield out("a file that is there", "mine.csv", existing, "there already")
    yield out("the data as the output", "table.csv", lambda f: f / "table.csv", "there already")
    yield out("a folder as the output", "dir.csv/", directory, "is a folder")
    yield out("below a file", "file/new.csv", below, "cannot write|[Nn]ot a directory")
    yield out("a picture of a table", "x.png", lambda f: f / "x.png", "cannot write")
    yield out("an unknown ending", "x.xlsx", lambda f: f / "x.xlsx", "cannot write")
    yield out("no permission", "/proc/x.csv", lambda f: Path("/proc/x.csv"), "cannot write")
    yield out("a name that is too long", "300 letters", lambda f: f / ("x" * 300 + ".csv"),
              "cannot write|too long")  # fmt: skip

    def again(folder: Path, rng: np.random.Generator) -> str:
        run = trained(folder, frame(rng))
        said("sample", run, "-n", 40, "--out", folder / "new.csv")
        code, line = said("encode", run, "--data", folder / "new.csv", "--out", folder / "new.csv")
        _must_refuse(code, line, "new.csv")
        return line

    yield Case(name="codes over their data", kind="use", words="new.csv in and out", do=again)

    def into(folder: Path, rng: np.random.Generator) -> str:
        trained(folder, frame(rng))
        (folder / "photos").mkdir()
        (folder / "photos" / "a.txt").write_text("mine")
        code, line = said("train", "vae-fixed-variance", "--data", folder / "table.csv", "--out",
                          folder / "photos", "--rounds", 1, "--quiet")  # fmt: skip
        _must_refuse(code, line, "photos")
        return line

    yield Case(name="a run in a folder of others", kind="use", words="--out photos", do=into)

    def process(folder: Path, rng: np.random.Generator) -> str:
        (folder / "t.csv").write_text("a,b\n1,x\n2\n")
        words = [sys.executable, "-m", "latentfit", "train", "ae", "--data", str(folder / "t.csv")]
        done = subprocess.run(words, capture_output=True, text=True, cwd=folder, check=False)
        _must_refuse(done.returncode, done.stderr, "row 1 .*has 1 cells")
        return done.stderr

    yield Case(name="a process of its own", kind="use", words="python -m latentfit", do=process)

    def reported(folder: Path, rng: np.random.Generator) -> str:
        odd = {"length": "$x^2", "count": "<script>alert(1)</script>", "sort": "two\nlines"}
        held = frame(rng).rename(columns=odd).assign(one=1, none=None)
        held["two\nlines"] = rng.choice(["<b>x</b>", "$\\frac", "漢字"], len(held))
        held["when"] = held["day"].mask(held["day"].dt.day < 9)
        (folder / "t.csv").write_text(text(held, form="%d.%m.%Y"), encoding="utf-8")
        code, line = said("train", "vae-fixed-variance", "--data", folder / "t.csv", "--out",
                          folder / "run", "--set", "width=0.015625", "--set", "batch=8",
                          "--latent", 2, "--rounds", 2, "--device", "cpu")  # fmt: skip
        if code != 0:
            raise Wrong(line)
        page = (folder / "run" / "report.html").read_text(encoding="utf-8")
        if "<script>alert" in page or "<b>x</b>" in page:
            raise Wrong("names from the data are not escaped")
        return line.splitlines()[-1]

    yield Case(name="a nasty table, scored and reported", kind="use", do=reported,
               words="names and texts of HTML and TeX, dates as 31.12.2020")  # fmt: skip
