"""Pictures: sheets whose pixels are the images', and figures of small records."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

from latentfit.checks import UserError
from latentfit.pictures import figures, sheets

LINES = [
    {"round": 50, "seconds": 30.0, "critic/gap": -0.4, "critic/slope": 0.1, "mask/active": 4},
    {"round": 100, "seconds": 60.0, "critic/gap": -40.0, "critic/slope": 0.1, "mask/active": 3},
    {"round": 100, "validation": 12.5},
]


def noise(count, channels=1, size=4):
    generator = torch.Generator().manual_seed(0)
    return torch.rand(count, channels, size, size, generator=generator)


def test_tiles_are_the_pixels():
    images = torch.zeros(3, 1, 2, 2)
    images[2] = 1
    sheet = sheets.tile(images, 2, gap=1)
    assert sheet.shape == (5, 5)
    assert (sheet[3:5, 0:2] == 255).all()
    assert (sheet[0:2, 0:2] == 0).all()
    assert (sheet[0:2, 3:5] == 0).all()
    assert sheets.tile(torch.rand(3, 3, 4, 6), 2).shape[2] == 3


def test_figures_of_small_records():
    lines = [
        {"round": 50, "seconds": 1.0, "a/x": 1.0, "a/y": -3.0, "critic/gap": 1e-3},
        {"round": 100, "seconds": 2.0, "a/x": 1e4, "a/y": 2.0, "critic/gap": 1e3},
        {"round": 100, "validation": 3.0},
    ]
    titles = [axes.get_title("left") for axes in figures.curves(lines).axes]
    assert {"a", "critic", "validation"} <= {title.lower() for title in titles}
    masks = [{"round": r, "mask": [0.05, 0.9]} for r in (0, 50)]
    assert figures.mask_trace(masks).axes
    assert figures.latent_scatter(torch.randn(30, 3), torch.randn(30, 3)).axes
    assert figures.vectors(torch.randn(30, 3), torch.randn(20, 3)).axes
    assert figures.covariance(torch.randn(30, 3)).axes


# Tiles -------------------------------------------------------------------------------------------


def test_a_tile_puts_each_grey_pixel_in_its_place():
    values = torch.arange(12, dtype=torch.float32).reshape(3, 1, 2, 2) / 255
    expected = [
        [0, 1, 255, 4, 5],
        [2, 3, 255, 6, 7],
        [255, 255, 255, 255, 255],
        [8, 9, 255, 255, 255],
        [10, 11, 255, 255, 255],
    ]
    np.testing.assert_array_equal(sheets.tile(values, 2), expected)


def test_a_tile_keeps_colours_clips_and_shows_nan_as_black():
    values = torch.zeros(2, 3, 1, 1)
    values[0, 0], values[1, 2] = 1.0, 0.2
    expected = [[[255, 0, 0], [255, 255, 255], [0, 0, 51]]]
    np.testing.assert_array_equal(sheets.tile(values, 2), expected)
    odd = torch.tensor([-1.0, 2.0, float("nan"), 0.5]).reshape(1, 1, 2, 2)
    np.testing.assert_array_equal(sheets.tile(odd, 8), [[0, 255], [0, 128]])
    assert sheets.tile(noise(4), 2, gap=0).shape == (8, 8)


@pytest.mark.parametrize("shape", [(4, 2), (3, 17, 4, 4), (0, 1, 4, 4), (1, 4, 4)])
def test_what_is_no_image_is_refused(shape):
    with pytest.raises(UserError, match="a sheet needs images"):
        sheets.tile(torch.zeros(shape), 2)


def test_a_png_is_enlarged_by_a_whole_number(tmp_path):
    sheets.save_png(noise(3, size=8), tmp_path / "deep" / "grid.png", 2)
    expected = sheets.tile(noise(3, size=8), 2).repeat(12, 0).repeat(12, 1)
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "deep" / "grid.png")), expected)
    sheets.save_png(noise(2, 3, size=128), tmp_path / "large.png", 2)
    with Image.open(tmp_path / "large.png") as picture:
        assert picture.size == (257, 128)


# Figures -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("caption", ["", "Uncurated samples, seed 0."])
def test_a_saved_sheet_shows_each_pixel_as_a_square(tmp_path, channels, caption):
    batch = noise(5, channels, size=8)
    figures.save(sheets.image_grid(batch, columns=3, caption=caption), tmp_path / "a.png")
    drawn = np.asarray(Image.open(tmp_path / "a.png").convert("RGB"))
    pixels = sheets.tile(batch, 3)
    pixels = np.stack([pixels] * 3, -1) if channels == 1 else pixels
    factor = 840 // pixels.shape[1]
    expected = pixels.repeat(factor, 0).repeat(factor, 1)
    assert drawn.shape[1] == expected.shape[1]
    assert (len(drawn) > len(expected)) == bool(caption)
    np.testing.assert_array_equal(drawn[-len(expected) :], expected)


@pytest.mark.parametrize("count", [1, 5, 8, 11])
def test_reconstructions_lie_below_their_inputs(count):
    inputs = noise(count)
    sheet = sheets.reconstructions(inputs, 1 - inputs).pixels
    assert sheet is not None
    for number in range(count):
        top, left = 10 * (number // 8), 5 * (number % 8)
        above = sheet[top : top + 4, left : left + 4].astype(int)
        below = sheet[top + 5 : top + 9, left : left + 4].astype(int)
        assert np.abs(above + below - 255).max() <= 1  # each is rounded on its own


def test_a_line_of_an_interpolation_is_a_row():
    lines = torch.linspace(0, 1, 6).reshape(2, 3, 1, 1, 1)
    sheet = sheets.rows_grid(lines, "Lines.").pixels
    expected = [[0, 255, 51, 255, 102], [255] * 5, [153, 255, 204, 255, 255]]
    np.testing.assert_array_equal(np.asarray(sheet), expected)


def test_names_stand_beside_their_rows_and_leave_pixels_square():
    figure = sheets.rows_grid(torch.rand(2, 3, 1, 8, 8), "Lines.", names=["one", "the other"])
    held = {text.get_text(): text.get_position() for text in figure.texts}
    assert held["one"][1] > held["the other"][1]
    across, down = figure.get_size_inches()
    place = figure.axes[0].get_position()
    assert held["one"][0] > place.x1
    assert place.width * across / 26 == pytest.approx(place.height * down / 17)  # 26 by 17 pixels


def test_curves_scale_by_player_and_mark_the_best():
    lines = [*LINES, {"round": 200, "validation": 9.5}, {"round": 300, "validation": float("nan")}]
    critic, mask, validation = figures.curves(lines).axes
    assert [line.get_label() for line in critic.get_lines()] == ["gap", "slope"]
    assert (critic.get_yscale(), mask.get_yscale()) == ("symlog", "linear")
    assert validation.get_title("right") == "best 9.5 at 200"


@pytest.mark.parametrize("suffix", [".png", ".svg", ".pdf"])
def test_small_figures_are_saved_the_same_twice(tmp_path, suffix):
    one = noise(20)[:, 0, 0, :1]
    for figure in (
        lambda: figures.curves(LINES[:1]),
        lambda: figures.curves([]),
        lambda: figures.mask_trace([{"round": 1, "mask": [0.9]}]),
        lambda: figures.vectors(one, one),
        lambda: figures.covariance(one),
    ):
        for name in "ab":
            figures.save(figure(), tmp_path / f"{name}{suffix}")
        assert (tmp_path / f"a{suffix}").read_bytes() == (tmp_path / f"b{suffix}").read_bytes()
    with pytest.raises(UserError, match=r"unknown figure format '\.gif'"):
        figures.save(figures.curves([]), tmp_path / "a.gif")


def test_the_scatter_shows_the_widest_axis_first():
    generator = torch.Generator().manual_seed(0)
    codes = torch.randn(500, 4, generator=generator) * torch.tensor([1.0, 5.0, 0.1, 3.0])
    left, right = figures.latent_scatter(codes, 2 * codes).axes  # a panel each hides nothing
    places = [np.asarray(axes.collections[0].get_offsets()) for axes in (left, right)]
    assert places[0].std(0) == pytest.approx([5, 3], rel=0.1)
    np.testing.assert_allclose(places[1].std(0), 2 * places[0].std(0), rtol=1e-5)
    assert left.get_xlim() == right.get_xlim()
    assert left.get_aspect() == right.get_aspect() == 1
