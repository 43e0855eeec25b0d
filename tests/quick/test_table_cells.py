"""Cells of tables: what they are taken for, and that they come back to the last digit."""

from __future__ import annotations

import datetime
import decimal

import numpy as np
import pandas as pd
import pytest

from latentfit.checks import UserError, one_of
from latentfit.data.labels import numbered
from latentfit.data.tables import tidy
from latentfit.schema import Dialect, Table
from latentfit.schema.dates import form_of
from latentfit.schema.infer import table_of
from latentfit.schema.objects import named, plain
from latentfit.schema.texts import Texts


@pytest.mark.parametrize(
    ("texts", "form", "note"),
    [
        (["2020-01-31", "2020-02-01"], "%Y-%m-%d", ""),
        (["13/02/2020", "01/02/2020"], "%d/%m/%Y", ""),
        (["02/13/2020", "01/02/2020"], "%m/%d/%Y", ""),
        (["12/11/2020", "01/02/2020"], "%d/%m/%Y", "day before the month"),
        (["12.11.2020", "01.02.2020"], "%d.%m.%Y", ""),
        (["2020-01-31T10:00:00.5Z"] * 2, "%Y-%m-%dT%H:%M:%S.%fZ", ""),
        (["2020-01-31 10:00:00+01:00"] * 2, "%Y-%m-%d %H:%M:%S+01:00", ""),
        (["2020-01-31 10:00:00+01:00", "2020-07-31 10:00:00+02:00"], "", ""),
        (["1/31/2020 2:05 PM", None], "%m/%d/%Y %I:%M %p", ""),
        (["2020-01-31", "31.01.2020"], "", ""),
        (["12345678", "23456789"], "", ""),
        (["B-2020-01", "C-2020-02"], "", ""),
    ],
)
def test_texts_that_are_dates(texts, form, note):
    found = form_of(Texts.of(pd.Series(texts)), "day")
    assert found[0] == form
    assert note in found[1] if note else found[1] == ""


@pytest.mark.parametrize(("wrong", "slip"), [(1, True), (2, True), (3, False)])
def test_few_texts_among_dates_are_slips(wrong, slip):
    days = [f"2020-03-{day:02}" for day in range(1, 29)] + ["2020-04-01"] * 12
    cells = pd.Series(["unknown"] * wrong + days[wrong:])
    assert len(cells) == 40
    if not slip:
        assert form_of(Texts.of(cells), "day") == ("", "")
        return
    with pytest.raises(UserError, match="row 0, column 'day': 'unknown' is no date"):
        form_of(Texts.of(cells), "day")


@pytest.mark.parametrize("kind", ["int8", "uint8", "int16", "int32", "int64", "uint64", "Int64"])
def test_the_ends_of_a_type_come_back(kind):
    ends = np.iinfo(kind.lower())
    cells = np.array([ends.min, ends.max, ends.max // 2] * 20, dtype=kind.lower())
    held = pd.DataFrame({"n": pd.Series(cells).astype(kind)})
    table, _ = table_of(held, np.arange(60))
    found = table.restore(table.apply(held))
    assert str(found["n"].dtype) == kind
    low, high = int(found["n"].min()), int(found["n"].max())
    slack = 0 if ends.bits < 64 else 2**44  # what single precision leaves of a deviation
    assert abs(low - ends.min) <= slack
    assert 0 <= ends.max - high <= slack


def test_columns_of_objects_are_what_their_cells_are():
    def of(*cells):
        found, note = plain(pd.Series(cells, dtype=object, name="a"))
        return found.dtype.kind, found.tolist(), note

    assert of(1, 2) == ("i", [1, 2], "")
    assert of(1, 2.5) == ("f", [1, 2.5], "")
    kind, cells, note = of(1, "x", None)
    assert (kind, cells[:2]) == ("O", ["1", "x"])
    assert "texts and other values, such as '1'" in note
    assert of(decimal.Decimal("0.5"), decimal.Decimal(2))[:2] == ("f", [0.5, 2.0])
    day = datetime.date(2020, 1, 31)
    assert of(day)[1] == [day]


@pytest.mark.parametrize(
    "cells",
    [
        [[1], [2]], [{"a": 1}], [b"x"], [1j], [datetime.time(1)], pd.to_timedelta(["1h"]),
        pd.period_range("2020", periods=2, freq="M"), pd.cut([1, 2], 2),
    ],
    ids=lambda cells: type(cells[0]).__name__,
)  # fmt: skip
def test_what_is_neither_number_text_nor_time_is_named(cells):
    with pytest.raises(UserError, match="column 'a' holds"):
        plain(pd.Series(cells, name="a"))


def test_a_day_comes_back_as_a_day():
    days = [datetime.date(2020, 1, 1) + datetime.timedelta(days=n) for n in range(40)]
    held = pd.DataFrame({"day": pd.Series(days, dtype=object)})
    table, _ = table_of(held, np.arange(40), forms={"day": "day"})
    found = Table.from_json(table.to_json()).restore(table.apply(held))
    assert found["day"].tolist() == days


def test_names_of_columns_are_texts_or_whole_numbers():
    frame = pd.DataFrame(np.zeros((1, 4)), columns=[0, 1.5, True, ("a", 1)])
    assert list(named(frame).columns) == [0, "1.5", "True", "('a', 1)"]
    with pytest.raises(UserError, match="two columns are called '1'"):
        named(frame.set_axis([1, "1", "b", "c"], axis=1))


def test_whole_numbers_far_off_are_numbered_in_their_order():
    (labels,), names = numbered([np.array([10**12, -3, 10**12, 7, 7, 7])], [6], "x")
    assert labels is not None
    assert (labels.tolist(), names) == ([2, 0, 2, 1, 1, 1], ("-3", "7", "1000000000000"))
    (labels,), names = numbered([np.array([True, True])], [2], "x")
    assert labels is not None
    assert (labels.tolist(), names) == ([1, 1], ("False", "True"))


def test_an_error_is_one_line_whatever_a_name_holds():
    said = str(UserError("no column 'a\nb\r\tc\0'"))
    assert said.isprintable()
    assert said.split() == ["no", "column", "'a", "b", "c", "'"]
    for value in (None, 3, True, ["a"]):
        with pytest.raises(UserError, match="unknown kind"):
            one_of("kind", value, ["a", "b"])


@pytest.mark.parametrize(
    ("texts", "told"),
    [
        (["5 kg", "7 kg"], True),
        (["$5", "$7.50"], True),
        (["12%", "9%"], True),
        (["007", "012"], False),
    ],
)
def test_numbers_with_a_unit_are_told_of(texts, told):
    _, _, notes = tidy(pd.DataFrame({"a": texts * 10}), Dialect())
    assert any("with a unit" in note for note in notes) == told
