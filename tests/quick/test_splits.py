"""A sample's split is a function of the sample: it stays when others come or go."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch

from latentfit import data as lfdata
from latentfit.data.splits import by_content, marks_of

PARTS = ("train", "validation", "test")


def by_row(data):
    """The split of each row, by its content."""
    held = {}
    for part in PARTS:
        split = getattr(data, part)
        rows = data.schema.restore(split.take(torch.arange(len(split))))
        rows = rows.to_numpy() if hasattr(rows, "to_numpy") else rows
        held |= {tuple(map(told, row.ravel().tolist())): part for row in rows}
    return held


def told(cell):
    """A cell as text; numbers to three decimals, since networks see single precision."""
    return cell if isinstance(cell, str) else f"{float(cell):.3f}"


def vectors(count, seed=0):
    return np.random.default_rng(seed).normal(size=(count, 3)).round(3)


def tables(count, seed=0):
    generator = np.random.default_rng(seed)
    return pd.DataFrame({"x": generator.normal(size=count).round(3),
                         "word": [f"w{i % 7}" for i in range(count)]})  # fmt: skip


def images(count, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, 4, 4), dtype=np.uint8)


def signals(count, seed=0):
    return np.random.default_rng(seed).normal(size=(count, 2, 9)).round(3)


def joined(a, b):
    return pd.concat([a, b], ignore_index=True) if hasattr(a, "iloc") else np.concatenate([a, b])


@pytest.mark.parametrize("make", [vectors, tables, images, signals])
@pytest.mark.parametrize("more", [1, 40])
def test_samples_stay_in_their_splits_when_others_come(make, more):
    before, others = make(300), make(more, seed=1)
    # In another order too, and in front.
    turned = before.iloc[::-1] if hasattr(before, "iloc") else before[::-1]
    was = by_row(lfdata.load(before))
    for after in (joined(before, others), joined(others, before), joined(turned, others)):
        now = by_row(lfdata.load(after))
        moved = [row for row, part in was.items() if now[row] != part]
        assert moved == []


@pytest.mark.parametrize("make", [vectors, tables, images, signals])
def test_a_tenth_goes_to_validation_and_to_test(make):
    data = lfdata.load(make(3000))
    for part in PARTS[1:]:
        assert 240 < len(getattr(data, part)) < 360  # three deviations and more


def test_a_number_is_the_same_whatever_the_type_of_its_array():
    whole = np.arange(60).reshape(20, 3)
    marks = marks_of(whole.astype(np.int64))
    for kind in (np.int16, np.float32, np.float64, ">f8", ">i4"):
        assert (marks_of(whole.astype(kind)) == marks).all()
    assert (marks_of(np.array([[0.0]])) == marks_of(np.array([[-0.0]]))).all()


def test_a_row_keeps_its_split_when_another_changes_the_type_of_a_column():
    frame = pd.DataFrame({"n": np.arange(200) * 7 % 199, "m": np.arange(200) * 7 % 31,
                          "t": ["a", "b"] * 100})  # fmt: skip
    was = by_row(lfdata.load(frame))
    for cell in (0.5, None):
        more = pd.concat([frame, pd.DataFrame({"n": [7], "m": [cell], "t": ["a"]})])
        now = by_row(lfdata.load(more))
        assert {row: now[row] for row in was} == was


def test_copies_of_an_image_stay_together_and_rows_of_few_values_part():
    doubled = np.concatenate([images(200), images(200)])
    data = lfdata.load(doubled)
    held = [{x.numpy().tobytes() for x in getattr(data, p).first(400)} for p in PARTS]
    assert held[0] & held[1] == held[0] & held[2] == held[1] & held[2] == set()
    rows = pd.DataFrame({"a": [0, 1] * 500, "b": [0, 0, 1, 1] * 250})
    data = lfdata.load(rows)
    for part in PARTS:  # each of the four rows, about equally often
        counts = data.schema.restore(getattr(data, part).first(1000)).value_counts()
        assert len(counts) == 4
        assert counts.min() > 0.4 * counts.max()


def test_equal_samples_are_split_all_the_same():
    data = lfdata.load(np.zeros((240, 4, 4), np.uint8))
    assert min(len(getattr(data, part)) for part in PARTS) > 9


def test_few_samples_leave_two_in_each_split():
    for seed in range(40):
        data = lfdata.load(vectors(20, seed))
        sizes = [len(getattr(data, part)) for part in PARTS]
        assert sum(sizes) == 20
        assert min(sizes) >= 2


@pytest.mark.parametrize("count", [20, 25, 49])
def test_few_samples_are_split_by_tenths(count):
    tenth = max(2, count // 10)
    for seed in range(20):
        data = lfdata.load(vectors(count, seed))
        assert [len(getattr(data, p)) for p in PARTS] == [count - 2 * tenth, tenth, tenth]


def test_a_key_decides_and_keeps_its_rows_together():
    frame = tables(400).assign(person=np.arange(400) // 4)
    data = lfdata.load(frame, key="person")
    held = [set(getattr(data, part).ids.tolist()) for part in PARTS]
    assert held[0] & held[1] == held[0] & held[2] == held[1] & held[2] == set()
    assert sum(map(len, held)) == 100
    assert "person" not in data.schema.names
    shifted = frame.assign(x=frame["x"] + 1)
    again = lfdata.load(shifted, key="person")
    assert [set(getattr(again, part).ids.tolist()) for part in PARTS] == held


def test_a_validation_split_that_is_given_leaves_a_test_split_to_make():
    data = lfdata.arrays(vectors(200), validation=(vectors(30, seed=1), None))
    assert len(data.validation) == 30
    assert len(data.train) + len(data.test) == 200
    assert 5 < len(data.test) < 40


def test_splits_do_not_depend_on_one_another():
    marks = np.random.default_rng(0).integers(0, 2**63, 5000).astype(np.uint64)
    rest, chosen, held = by_content(marks, test=True)
    assert sorted(torch.cat([rest, chosen, held]).tolist()) == list(range(5000))
    only = by_content(marks, test=False)
    assert len(only[2]) == 0
    assert len(only[0]) + len(only[1]) == 5000
