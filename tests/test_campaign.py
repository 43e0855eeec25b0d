"""A part of the campaign of nasty inputs; the whole is `python scripts/campaign.py`."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

import nasty
from nasty.case import Case, Input

CASES = {case.name: case for case in nasty.cases()}
# What was read wrongly, or ended in a traceback, when the campaign was first played.
ONCE_WRONG = (
    "encoded GZ", "old Mac lines", "empty lines", "ISO times of a script", "times with an offset",
    "R's header", "separators at the end of rows", "leading zeros far down", "a word among dates",
    "a day that is none", "huge numbers", "whole numbers beyond 2^53", "the largest whole number",
    "numbers with percent", "numbers with currency", "numbers with unit",
    "days that may be months", "one column with empty lines", "UTF-16 without a mark", "UTF-32",
    "a table called .gz", "a comment above", "feather of ordered category",
    "feather of category of days", "parquet of arrow int", "parquet of arrow bool",
    "parquet of one time", "parquet of Python dates", "parquet of durations",
    "parquet of decimals", "vectors of longdouble", "shape (40, 0)", "shape (40, 8, 0)",
    "constant vectors", "labels that are too few", "labels that are true and false",
    "a set that has no reader", "a test split beside x", "a split of another name",
    "names that are too few", "constant signals", "scale=2", "scale=True", "kind=None", "kind=3",
    "background=3", "background=None", "background=(1, 2, 3)", "drop=7", "columns=7",
    "label of true and false", "label of numbers, one a row", "key of keys with gaps",
    "texts that look like digits", "texts that look like zeros", "texts that look like truths",
    "texts of digits, decimals", "a name with a line end as data", "a name with NUL as data",
    "a very long name as data", "columns called by decimals", "columns called by None",
    "columns called by truths", "columns called by pairs", "columns called by 1 and '1'",
    "cells of two types", "True beside 1", "below a file", "a name that is too long",
    "codes over their data",
    "a nasty table, scored and reported",
)  # fmt: skip
SOME = [*CASES][::12]


@pytest.mark.parametrize("name", [*dict.fromkeys([*ONCE_WRONG, *SOME])])
def test_what_comes_is_right(name, tmp_path):
    outcome = nasty.judged(CASES[name], tmp_path / "case")
    assert outcome.right, outcome


def test_the_campaign_is_large():
    kinds = [case.kind for case in CASES.values()]
    assert len(kinds) >= 120
    assert kinds.count("table") >= 40
    assert set(kinds) == {"table", "array", "image", "signal", "option", "use", "object"}


def judged(tmp_path, made, **right):
    case = Case(name="x", kind="table", words="", make=lambda folder, rng: made(folder), **right)
    return nasty.judged(case, tmp_path / "case")


def rows(change=lambda frame: frame, **more):
    """A table whose truth is changed after it was written."""

    def made(folder):
        rng = np.random.default_rng(0)
        frame = pd.DataFrame({"a": rng.normal(size=40), "b": rng.choice(["x", "y"], 40)})
        frame.to_csv(folder / "t.csv", index=False)
        return Input(folder / "t.csv", change(frame), **more)

    return made


@pytest.mark.parametrize(
    ("made", "right", "says"),
    [
        (rows(lambda f: f.assign(a=f.a.where(f.index != 7, 0.0))), {}, "column 'a'"),
        (rows(lambda f: f.iloc[::-1].reset_index(drop=True)), {}, "column"),
        (rows(lambda f: f.assign(b=f.b.where(f.index != 7, "z"))), {}, "column 'b'"),
        (rows(lambda f: f.assign(a=f.a.where(f.index != 7))), {}, "missing cells differ"),
        (rows(lambda f: f[["b", "a"]]), {}, "columns are"),
        (rows(), {"samples": 39}, "samples: 40"),
        (rows(), {"notes": ("left out",)}, "no note says"),
        (rows(), {"refused": "row 3"}, "not refused"),
        (rows(), {"options": {"label": "c"}}, "column in --label"),
        (rows(), {"options": {"label": "c"}, "refused": "row 3"}, "column in --label"),
        (rows(labels=["x"] * 40), {"options": {"label": "b"}}, "columns|labels"),
        (lambda folder: 1 / 0, {}, "ZeroDivisionError"),
    ],
)  # fmt: skip
def test_the_judge_sees_what_is_wrong(made, right, says, tmp_path):
    outcome = judged(tmp_path, made, **right)
    assert not outcome.right
    assert re.search(says, outcome.message), outcome


def test_the_judge_passes_what_is_right(tmp_path):
    assert judged(tmp_path, rows(), samples=40, back=True, quiet=True).right
