"""Options: each on a kind of data that it says nothing of, and values that it cannot have."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from nasty.case import Case, Input, Make
from nasty.images import pictures
from nasty.writing import frame, text

VALUES: dict[str, Any] = {
    "size": 16, "crop": True, "grey": True, "background": "red", "scale": "common",
    "label": "sort", "key": "day", "drop": "gap", "columns": "length,count",
}  # fmt: skip
OF = {
    "table": ("scale", "label", "drop", "columns", "key"),
    "vectors": ("scale",),
    "images": ("size", "grey", "background", "crop"),
    "array of images": (),
    "digits": (),
    "frame": ("scale", "label", "drop", "columns", "key"),
}


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """Each option on each kind; then values, labels, keys."""
    for kind, allowed in OF.items():
        for option, value in VALUES.items():
            given = {option: value} | ({"size": 16} if option == "crop" else {})
            more: dict[str, Any] = {} if option in allowed else {"refused": f"'{option}'|'size'"}
            yield Case(name=f"{option} on {kind}", kind="option", words=str(given),
                       make=_made(kind), options=given, **more)  # fmt: skip
    wrong: dict[str, list[Any]] = {
        "size": ["big", 0, -3, 3, 1e9, "8x", "8x8x8", (8, 8, 8), 5000, True, [], float("nan")],
        "scale": ["half", 2, True],
        "kind": ["picture", None, 3, "images"],
        "background": ["#12", "reddish", 3, None, (1, 2, 3)],
        "label": ["nothing", 7, ["sort"], ""],
        "key": ["nothing", 7, ""],
        "drop": ["nothing", ["length", "nothing"], 7, "length,count,sort,day,gap"],
        "columns": ["nothing", 7, ["length", 3]],
        "sizes": [8],
    }
    for option, values in wrong.items():
        for value in values:
            yield Case(name=f"{option}={value!r}", kind="option", words="a value it cannot have",
                       make=_made("images" if option in ("size", "background") else "table"),
                       options={option: value},
                       refused="'?(size|scale|kind|colour|column|label|key|drop|background|left)"
            )  # fmt: skip
    yield from _labels()


def _made(kind: str) -> Make:
    def make(folder: Path, rng: np.random.Generator) -> Input:
        if kind == "digits":
            return Input("digits")
        if kind == "frame":
            return Input(frame(rng))
        if kind == "vectors":
            np.save(folder / "x.npy", rng.random((40, 6)))
            return Input(folder / "x.npy")
        if kind == "array of images":
            np.save(folder / "x.npy", rng.integers(0, 256, (40, 8, 8), dtype=np.uint8))
            return Input(folder / "x.npy")
        if kind == "images":
            for name, held in pictures(rng).items():
                (folder / name).parent.mkdir(exist_ok=True)
                (folder / name).write_bytes(held)
            return Input(folder)
        (folder / "table.csv").write_text(text(frame(rng)))
        return Input(folder / "table.csv")

    return make


def _labels() -> Iterator[Case]:
    """Labels and keys of tables, good and bad."""
    rows = 60
    columns: dict[str, tuple[str, Any, dict[str, Any]]] = {
        "texts": ("label", lambda r: r.choice(["b", "a", "c"], rows), {}),
        "whole numbers": ("label", lambda r: r.integers(0, 4, rows), {}),
        "true and false": ("label", lambda r: r.choice([True, False], rows), {}),
        "codes with zeros": ("label", lambda r: r.choice(["01", "02", "10"], rows), {}),
        "days": ("label", lambda r: r.choice(["2020-01-01", "2021-01-01"], rows), {}),
        "gaps in some rows": ("label", lambda r: r.choice(["a", "b", ""], rows),
                              {"refused": "label of row \\d+.*missing"}),
        "decimals": ("label", lambda r: r.random(rows), {"refused": "no whole number"}),
        "texts, one a row": ("label", lambda r: [f"t{i}" for i in range(rows)],
                             {"refused": "different labels"}),
        "numbers, one a row": ("label", lambda r: np.arange(rows) * 3 + 1,
                               {"refused": "different labels"}),
        "large numbers": ("label", lambda r: r.integers(0, 3, rows) * 10**9 + 7, {}),
        "negative numbers": ("label", lambda r: r.integers(-2, 2, rows), {}),
        "one class": ("label", lambda r: ["a"] * rows, {}),
        "keys twice": ("key", lambda r: [f"k{i // 2}" for i in range(rows)], {}),
        "keys with gaps": ("key", lambda r: [f"k{i}" if i % 5 else "" for i in range(rows)],
                           {"refused": "key of row 0.*missing"}),
    }  # fmt: skip
    for name, (role, held, more) in columns.items():

        def make(folder: Path, rng: np.random.Generator, held: Any = held, role: str = role,
                 bad: bool = bool(more)) -> Input:  # fmt: skip
            table, values = frame(rng), held(rng)
            (folder / "t.csv").write_text(text(table.assign(role=values)))
            labels = None if role == "key" or bad else [str(value) for value in values]
            return Input(folder / "t.csv", None, labels)

        yield Case(name=f"{role} of {name}", kind="option", words=f"--{role} role", make=make,
                   options={role: "role"}, **more)  # fmt: skip
