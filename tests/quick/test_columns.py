"""Columns of a table go to the network and come back: values, types, ranges, what is missing."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

from latentfit import data as lfdata
from latentfit.checks import UserError
from latentfit.schema import Choice, Constant, Date, Number, Table, read_schema
from latentfit.schema.infer import no_part, table_of

pytestmark = pytest.mark.usefixtures("single")
COUNT = 120
RNG = np.random.default_rng(0)
FRAME = pd.DataFrame(
    {
        "height": RNG.normal(170, 9, COUNT).round(1),
        "rooms": RNG.integers(1, 9, COUNT),
        "owner": RNG.random(COUNT) > 0.3,
        "sex": RNG.choice(["f", "m"], COUNT),
        "city": RNG.choice(["Oslo", "Rome", "Paris"], COUNT),
        "size": pd.Categorical(RNG.choice(["s", "l", "m"], COUNT), categories=["s", "m", "l"]),
        "since": pd.Timestamp("2020-01-01") + pd.to_timedelta(RNG.integers(0, 900, COUNT), "D"),
        "stamp": 1.7e9 + np.arange(COUNT) * 0.25,
        "same": 7,
        "price": np.where(np.arange(COUNT) % 5 == 0, np.nan, RNG.lognormal(3, 2, COUNT).round(2)),
        "pets": pd.array(np.where(np.arange(COUNT) % 9 == 0, None, RNG.integers(0, 5, COUNT)),
                         dtype="Int64"),
        "note": np.where(np.arange(COUNT) % 4 == 0, None, RNG.choice(["a", "b"], COUNT)),
    }
)  # fmt: skip


@pytest.fixture(scope="module")
def table():
    return table_of(FRAME, np.arange(COUNT))[0]


def test_a_table_comes_back_as_it_was(table):
    again = table.restore(table.apply(FRAME))
    assert list(again.columns) == list(FRAME.columns)
    for name in FRAME:
        was, now = FRAME[name], again[name]
        assert now.dtype == was.dtype, name
        assert (now.isna() == was.isna()).all(), name
        if pd.api.types.is_float_dtype(was.dtype):
            np.testing.assert_allclose(now.dropna(), was.dropna(), rtol=1e-6, atol=0.011)
        else:
            assert (now.dropna() == was.dropna()).all(), name
    assert len(set(again["stamp"])) > COUNT // 2  # float32 alone would keep one


def test_kinds_are_found(table):
    kinds = {column.name: type(column) for column in table.columns}
    assert kinds == {
        "height": Number, "rooms": Number, "owner": Choice, "sex": Choice, "city": Choice,
        "size": Choice, "since": Date, "stamp": Number, "same": Constant, "price": Number,
        "pets": Number, "note": Choice,
    }  # fmt: skip
    known = {column.name: column for column in table.columns}
    assert (known["height"].decimals, known["rooms"].decimals) == (1, 0)
    assert known["size"].levels == ("s", "m", "l")
    assert table.held == (11,)
    assert table.seen == (1 + 1 + 1 + 1 + 3 + 3 + 1 + 1 + 2 + 2 + 3,)


def test_a_schema_is_read_as_it_was_told(table):
    told = json.loads(json.dumps(table.to_json()))
    again = read_schema(told)
    assert again == table
    assert torch.equal(again.apply(FRAME), table.apply(FRAME))


def test_numbers_have_deviation_1_and_stay_within_their_range(table):
    entries = table.apply(FRAME).double()
    assert abs(float(entries[:, 0].mean())) < 1e-3
    assert abs(float(entries[:, 0].std()) - 1) < 1e-3
    wild = table.restore(torch.full((2, *table.seen), 50.0))
    assert wild["height"].max() <= FRAME["height"].max()
    assert wild["rooms"].tolist() == [8, 8]
    assert wild["since"].max() == FRAME["since"].max()
    low = table.restore(torch.full((2, *table.seen), -50.0))
    assert low["rooms"].tolist() == [1, 1]
    assert low["price"].isna().all()


def test_ranges_are_those_of_all_rows():
    order = FRAME["height"].sort_values().index.to_numpy()
    some, _ = table_of(FRAME, order[10:-10])
    ends = [some.restore(torch.full((1, *some.seen), z))["height"].iloc[0] for z in (-50.0, 50.0)]
    assert ends == [FRAME["height"].min(), FRAME["height"].max()]


def test_drift_is_told_in_the_units_of_the_file(table):
    assert table.drift(table.apply(FRAME)) == []
    column = table.columns[0]
    known = column.beyond(column.seen[3]), column.beyond(column.seen[-1] + 2)
    assert known == pytest.approx((column.held[3], column.held[-1] + 2 * FRAME["height"].std()))
    moved = FRAME.assign(height=FRAME["height"] + 100)
    (told,) = table.drift(table.apply(moved))
    low, high = (float(number) for number in re.findall(r"(\d+\.\d+)", told)[:2])
    assert told.startswith("column 'height' lies at ")
    assert (low + high) / 2 == pytest.approx(moved["height"].mean(), abs=2)


def test_a_missing_cell_is_a_zero_and_a_mark(table):
    entries = table.apply(FRAME)
    place = next(b for b in table.layout if b.present is not None)
    gone = FRAME["price"].isna().to_numpy()
    assert not entries[:, place.start].numpy()[gone].any()
    assert entries[:, place.present].tolist() == (~gone).tolist()


@pytest.mark.parametrize(("name", "cell", "says"), [
    ("city", "Bergen", "row 5, column 'city': 'Bergen' is none of the values of the training"),
    ("height", None, "row 5, column 'height': 'nan' is missing, and none was at the training"),
    ("height", np.inf, "row 5, column 'height': 'inf' is no finite number"),
    ("same", 8, "row 5, column 'same': '8' is not 7"),
])  # fmt: skip
def test_a_cell_that_is_not_understood_is_named(table, name, cell, says):
    held = FRAME.copy()
    held[name] = held[name].astype(object if isinstance(cell, str) else held[name].dtype)
    held.loc[5, name] = cell
    with pytest.raises(UserError, match=says) as said:
        table.apply(held)
    assert "\n" not in str(said.value)


def test_a_lenient_schema_makes_nan_of_what_it_does_not_understand(table):
    held = FRAME.copy().astype({"city": object, "height": object, "rooms": float})
    held.loc[2, "city"], held.loc[3, "height"], held.loc[4, "rooms"] = "Bergen", "tall", np.inf
    held.loc[4, "since"], held.loc[6, "same"] = pd.NaT, 8
    lenient = replace(table, lenient=True)
    names = np.array(table.columns_of_entries)
    found = lenient.apply(held).isnan().numpy()
    assert set(names[found[2]]) == {"city"}
    assert set(names[found[3]]) == {"height"}
    assert set(names[found[4]]) == {"rooms", "since"}
    assert found[6].all()
    assert not np.delete(found, [2, 3, 4, 6], axis=0).any()
    kept = [0, 1, 5, *range(7, COUNT)]
    assert torch.equal(lenient.apply(held)[kept], table.apply(FRAME)[kept])
    assert "lenient" not in lenient.to_json()


def test_most_of_a_column_is_not_taken_for_slips(table):
    lenient = replace(table, lenient=True)
    other = FRAME.assign(city="Bergen")
    with pytest.raises(UserError, match=r"'Bergen' is none of the values .* and 119 more"):
        lenient.apply(other)
    assert lenient.apply(other[:19]).isnan().any(1).all()  # of few each may be odd
    some = FRAME.assign(city=np.where(np.arange(COUNT) < 60, "Bergen", FRAME["city"]))
    assert int(lenient.apply(some).isnan().any(1).sum()) == 60


def test_what_no_network_can_take_is_refused(table):
    far = FRAME.astype({"height": float})
    far.loc[5, "height"] = 1e300
    with pytest.raises(UserError, match=r"row 5, column 'height': '1e\+300' is far beyond the"):
        table.apply(far)
    assert replace(table, lenient=True).apply(far).isnan().any(1).nonzero().tolist() == [[5]]


def test_one_date_with_gaps_is_a_straight_line():
    dates = pd.Series([pd.Timestamp("2020-05-05"), pd.NaT] * 20)
    for count in (40, 2):  # also where it stands once
        held = dates.where(np.arange(40) < count)
        frame = pd.DataFrame({"closed": held, "x": np.arange(40.0)})
        schema, _ = table_of(frame, np.arange(40))
        entries = schema.apply(frame)
        assert entries[:, 0].tolist() == [0.0] * 40
        assert schema.restore(entries)["closed"].equals(held)
        assert torch.equal(
            read_schema(json.loads(json.dumps(schema.to_json()))).apply(frame), entries
        )


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("scale", ["each", "common", "none"])
def test_the_tiniest_and_the_largest_numbers_have_curves(scale):
    for unit in (1e-200, 5e-324, 1e-30, 1e30):
        frame = pd.DataFrame({"a": np.arange(40) * unit})
        schema, _ = table_of(frame, np.arange(40), scale=scale)
        if scale == "each":
            again = schema.restore(schema.apply(frame))["a"].to_numpy()
            np.testing.assert_allclose(again / unit, np.arange(40), atol=1e-4)
    frame = pd.DataFrame({"a": [np.nan] * 30 + [*range(10)], "b": range(40)})
    schema, _ = table_of(frame, np.arange(30), scale=scale)  # nothing known to train on
    assert schema.apply(frame).isfinite().all()


@pytest.mark.parametrize("scale", ["none", "common"])
def test_other_scales_are_straight_lines(scale):
    frame = pd.DataFrame({"a": np.linspace(0, 6, 41) ** 2, "b": np.linspace(0, 60, 41)})
    held, _ = table_of(frame, np.arange(41), scale=scale)
    unit = np.sqrt(frame.var().mean()) if scale == "common" else 1.0
    middle = frame.mean() if scale == "common" else 0.0
    for rows in (frame, 3 * frame):  # also beyond the ends
        wanted = ((rows - middle) / unit).to_numpy(np.float32)
        np.testing.assert_allclose(held.apply(rows), wanted, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(held.restore(held.apply(frame)), frame, atol=1e-5)


def test_truths_may_be_texts(table):
    texts = FRAME.assign(owner=FRAME["owner"].map({True: "True", False: "false"}))
    assert torch.equal(table.apply(texts), table.apply(FRAME))
    with pytest.raises(UserError, match="'maybe' is none of the values"):
        table.apply(texts.assign(owner="maybe"))


def test_columns_are_looked_for_by_name(table):
    turned = FRAME[list(FRAME.columns)[::-1]].assign(more=1)
    assert torch.equal(table.apply(turned), table.apply(FRAME))
    with pytest.raises(UserError, match="has no column 'city'"):
        table.apply(FRAME.drop(columns="city"))


def test_identifiers_and_texts_are_no_part_of_a_sample():
    frame = pd.DataFrame({
        "id": range(300), "code": RNG.permutation(300), "customer_id": RNG.permutation(300),
        "uuid": [f"u{i}" for i in range(300)], "text": [f"t{i // 2} of many" for i in range(300)],
        "measured": RNG.normal(size=300), "kind": ["a", "b", "c"] * 100,
    })  # fmt: skip
    frame["text"] = [f"t{i} of many" for i in [*range(299), 0]]
    found = no_part(frame, {})
    assert set(found) == {"id", "customer_id", "uuid", "text"}


def test_constant_tables_are_refused():
    with pytest.raises(UserError, match="no column of the table varies"):
        lfdata.load(pd.DataFrame({"a": [1] * 30, "b": ["x"] * 30}))


def test_a_table_is_a_table(table):
    assert isinstance(table, Table)
    assert table.numeric is False
