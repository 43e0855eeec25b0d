"""What holds data in Python: lists, dictionaries, frames with odd names and rows, `Dataset`s."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.data import Dataset

from nasty.case import Case, Input
from nasty.writing import frame


class Items(Dataset):
    """A `Dataset` of given items."""

    def __init__(self, items: list[Any]) -> None:
        self.items = items

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, number: int) -> Any:
        return self.items[number]


def held(name: str, words: str, made: Callable[[np.random.Generator], Any], **more: Any) -> Case:
    """A case of an object; of a frame, its rows must be there by their place."""
    truth = more.pop("truth", lambda source: None)

    def make(folder: Path, rng: np.random.Generator) -> Input:
        source = made(rng)
        return Input(source, None if more.get("refused") else truth(source))

    return Case(name=name, kind="object", words=words, make=make, **more)


def _plain(source: Any) -> Any:
    return source.reset_index(drop=True)


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """Things that hold samples, and things that do not."""
    import pandas as pd

    def vectors(r: np.random.Generator) -> np.ndarray:
        return r.random((40, 6))

    for word, source in (
        ("None", None), ("a number", 7), ("an empty list", []), ("an empty dictionary", {}),
        ("an empty text", ""), ("a list of texts", [*"abc"]), ("a list of lists", [[1], [1, 2]]),
        ("a generator", (i for i in range(3))), ("a set", {1, 2}), ("a class", dict),
        ("a path of nothing", Path("/nowhere/at/all.csv")), ("a name of nothing", "diigits"),
        ("a name with a line end", "no\nname"), ("a name with NUL", "a\0b.csv"),
        ("a very long name", "x" * 400 + ".csv"), ("bytes", b"digits"),
        ("a list of None", [None] * 40), ("a Series", pd.Series(range(40))),
        ("a dictionary of texts", {"x": "abc"}), ("a dictionary of None", {"x": None}),
        ("a sparse tensor", torch.eye(30).to_sparse()), ("a frame of nothing", pd.DataFrame()),
        ("a frame of no columns", pd.DataFrame(index=range(40))),
    ):  # fmt: skip
        yield held(f"{word} as data", repr(source)[:40], lambda r, source=source: source,
                   refused=".")  # fmt: skip
    yield held("a list of rows", "40 lists of 6", lambda r: vectors(r).tolist(), samples=40,
               truth=np.array, back=True)  # fmt: skip
    yield held("a tensor that needs gradients", "(40, 6)", samples=40,
               made=lambda r: torch.rand(40, 6, requires_grad=True))  # fmt: skip
    yield held("bfloat16", "a tensor", lambda r: torch.rand(40, 6).bfloat16(), samples=40)
    yield held("a view of every other row", "backwards", lambda r: r.random((80, 6))[::-2],
               samples=40, truth=np.array)  # fmt: skip
    yield held("a masked array", "one entry", lambda r: np.ma.masked_greater(vectors(r), 0.9),
               refused="masked")  # fmt: skip
    indexes: dict[str, Callable[[Any], Any]] = {
        "shuffled rows": lambda f: f.sample(frac=1, random_state=0),
        "row names": lambda f: f.set_index(pd.Index([f"r{i}" for i in range(len(f))])),
        "row names twice": lambda f: f.set_index(pd.Index([f"r{i // 2}" for i in range(len(f))])),
        "times as row names": lambda f: f.set_index(pd.date_range("2020", periods=len(f))),
        "two levels of row names": lambda f: f.set_index(
            pd.MultiIndex.from_product([range(6), range(len(f) // 6)])),
        "rows from 100 down": lambda f: f.set_index(pd.RangeIndex(len(f), 0, -1)),
    }  # fmt: skip
    for word, change in indexes.items():
        yield held(f"a frame with {word}", "the usual table", samples=60, truth=_plain,
                   made=lambda r, change=change: change(frame(r)))  # fmt: skip
    names: dict[str, tuple[Any, str]] = {
        "numbers": ([0, 1, 2, 3, 4], ""),
        "decimals": ([0.5, 1.5, 2.5, 3.5, 4.5], ""),
        "times": (list(pd.date_range("2020", periods=5)), ""),
        "None": (pd.Index([None, "a", "b", "c", "d"], dtype=object), ""),
        "truths": ([True, False, "b", "c", "d"], ""),
        "pairs": ([("a", 1), ("a", 2), ("b", 1), ("b", 2), ("c", 1)], ""),
        "1 and '1'": ([1, "1", "b", "c", "d"], "two columns"),
        "a name twice": (["a", "a", "b", "c", "d"], "two columns"),
    }
    for word, (columns, refused) in names.items():
        yield held(f"columns called by {word}", str(columns[:2]), refused=refused, back=not refused,
                   made=lambda r, columns=columns: frame(r).set_axis(columns, axis=1),
                   samples=None if refused else 60)  # fmt: skip
    yield held("a frame of objects", "numbers and texts as objects", samples=60, truth=_plain,
               made=lambda r: frame(r).astype(object), back=True)  # fmt: skip
    yield held("cells of two types", "1 and 'x' in one column", samples=60, back=True,
               made=lambda r: frame(r).assign(sort=[1, "x", 2.5] * 20))  # fmt: skip
    yield held("True beside 1", "in one column of objects", samples=60, back=True,
               made=lambda r: frame(r).assign(sort=[True, "yes", 1, 0] * 15))  # fmt: skip
    yield held("a column of intervals", "as pd.cut gives", refused="Interval",
               made=lambda r: frame(r).assign(sort=lambda f: pd.cut(f.length, 4)))  # fmt: skip
    yield held("a column of periods", "months", refused="Period",
               made=lambda r: frame(r).assign(day=lambda f: f.day.dt.to_period("M")))  # fmt: skip
    yield held("complex cells", "in a column", refused="complex",
               made=lambda r: frame(r).assign(count=1j))  # fmt: skip
    for word, items, refused in (
        ("pairs", lambda r: [(torch.rand(1, 8, 8), i % 3) for i in range(40)], ""),
        ("dictionaries", lambda r: [{"x": torch.rand(6), "y": i % 3} for i in range(40)], ""),
        ("shapes that differ", lambda r: [torch.rand(6 + i % 2) for i in range(40)], "shape"),
        ("nothing", lambda r: [], "."),
        ("None", lambda r: [None] * 40, "."),
        ("texts", lambda r: ["a"] * 40, "."),
        ("a class in some items", lambda r: [(torch.rand(6), 1) if i else torch.rand(6)
                                             for i in range(40)], "class"),
    ):  # fmt: skip
        yield held(f"a Dataset of {word}", "40 items", lambda r, items=items: Items(items(r)),
                   refused=refused)  # fmt: skip
