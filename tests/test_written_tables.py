"""Tables as they are written and drawn: whole numbers beside gaps, sides of unequal size."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

import latentfit as lf
from latentfit.cli.outputs import write_table
from latentfit.pictures import tables


@pytest.mark.parametrize(("decimal", "separator"), [(".", ","), (",", ";")])
def test_whole_numbers_beside_missing_cells_stay_whole(tmp_path, decimal, separator):
    frame = pd.DataFrame({
        "rooms": np.where(np.arange(60) % 4 == 0, np.nan, np.arange(60.0) % 9),
        "price": np.linspace(10, 99.5, 60),
    })  # fmt: skip
    text = frame.astype({"rooms": "Int64"}).to_csv(index=False, sep=separator, decimal=decimal)
    (tmp_path / "homes.csv").write_text(text)
    data = lf.data.load(tmp_path / "homes.csv")
    restored = data.schema.restore(data.train.first(len(data.train)))
    write_table(restored, tmp_path / "new.csv", data.schema)
    cells = [line.split(separator)[0] for line in (tmp_path / "new.csv").read_text().splitlines()]
    assert set(cells[1:]) == {"", *map(str, range(9))}


def test_marginals_of_sides_of_unequal_size_have_equal_areas():
    real = pd.DataFrame({"x": np.linspace(0, 1, 50)})
    made = pd.DataFrame({"x": np.linspace(0, 1, 1000)})
    drawn = tables.marginals(real, made, [])
    heights = [patch.get_xy()[:, 1].max() for patch in drawn.axes[0].patches]
    assert heights[1] == pytest.approx(heights[0], rel=0.2)


def test_dates_are_dates_along_an_axis_up_to_the_ends_of_the_calendar():
    ordinary = pd.date_range("2020-01-01", periods=50, freq="7D").to_series(index=range(50))
    last = ordinary.astype("datetime64[us]").where(ordinary.index > 0, pd.Timestamp(9999, 12, 31))
    for days, dated in ((ordinary, True), (last, False)):
        frame = pd.DataFrame({"day": days, "x": np.arange(50.0)})
        for figure in (tables.marginals(frame, frame, []), tables.pairs(frame, frame, [])):
            figure.draw_without_rendering()
            axes = figure.axes[0]
            labels = [text.get_text() for axis in (axes.xaxis, axes.yaxis)
                      for text in axis.get_ticklabels()]  # fmt: skip
            assert any(re.search("20(19|20|21)-", label) for label in labels) == dated
