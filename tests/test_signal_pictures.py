"""Line plots of signals: what is drawn is what was given."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from matplotlib.colors import to_hex

from latentfit.checks import UserError
from latentfit.pictures import signals
from latentfit.pictures.figures import COLOURS, save

DRAWN = np.random.default_rng(0)


def drawn(axes):
    return np.stack([np.asarray(line.get_ydata()) for line in axes.lines])


def test_groups_stand_side_by_side_with_the_same_axes():
    test, made = DRAWN.normal(size=(30, 2, 40)), torch.randn(5, 2, 40)
    figure = signals.overlaid({"test data": test, "generated": made}, count=7)
    grid = np.array(figure.axes).reshape(2, 2)  # a row for each channel
    for channel in range(2):
        np.testing.assert_array_equal(drawn(grid[channel, 0]), test[:7, channel])
        np.testing.assert_allclose(drawn(grid[channel, 1]), made[:, channel])
        assert grid[channel, 0].get_ylim() == grid[channel, 1].get_ylim()
    assert [axes.get_title("left") for axes in grid[0]] == ["test data", "generated"]
    assert [axes.get_ylabel() for axes in grid[:, 0]] == ["channel 0", "channel 1"]


def test_one_group_of_plain_signals_is_one_panel():
    x = DRAWN.normal(size=(3, 40))
    (axes,) = signals.overlaid({"generated": x}).axes
    np.testing.assert_array_equal(drawn(axes), x)
    assert axes.get_ylabel() == ""


def test_a_reconstruction_lies_over_its_signal():
    x, again = DRAWN.normal(size=(2, 9, 3, 20))
    figure = signals.reconstructed(x, again, count=4)
    grid = np.array(figure.axes).reshape(4, 3)
    for row in range(4):
        for channel in range(3):
            np.testing.assert_array_equal(
                drawn(grid[row, channel]), [x[row, channel], again[row, channel]]
            )
    words = [text.get_text() for text in grid[0, 0].get_legend().get_texts()]
    colours = [to_hex(line.get_color()).upper() for line in grid[0, 0].lines]
    assert words == ["data", "reconstruction"]
    assert colours == [COLOURS[7], COLOURS[0]]


def test_steps_of_a_walk_go_from_dark_to_light():
    lines = torch.randn(2, 5, 1, 30)
    figure = signals.walked(lines, ["one", "other"])
    for row, axes in enumerate(figure.axes):
        np.testing.assert_allclose(drawn(axes), lines[row, :, 0])
        light = [sum(line.get_color()[:3]) for line in axes.lines]
        assert light == sorted(light)
        assert light[0] < light[-1]
    assert [axes.get_ylabel() for axes in figure.axes] == ["one", "other"]


def test_figures_of_signals_are_written(tmp_path):
    save(signals.overlaid({"generated": DRAWN.normal(size=(3, 2, 9))}), tmp_path / "x.png")
    assert (tmp_path / "x.png").read_bytes()[:4] == b"\x89PNG"


@pytest.mark.parametrize(
    "draw",
    [
        lambda: signals.overlaid({"x": np.zeros(3)}),
        lambda: signals.overlaid({"x": np.zeros((0, 3))}),
        lambda: signals.reconstructed(np.zeros((3, 4)), np.zeros((3, 5))),
        lambda: signals.walked(np.zeros((3, 4))),
    ],
)
def test_what_is_no_signal_is_one_line(draw):
    with pytest.raises(UserError, match="shape") as error:
        draw()
    assert "\n" not in str(error.value)
