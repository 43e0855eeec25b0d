"""Folders of images that are written, and sheets of images of any number of channels."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from PIL import Image

from latentfit.checks import UserError
from latentfit.data.write_images import write_images
from latentfit.pictures import sheets
from latentfit.storage.made import RECORD as NOTE

RNG = np.random.default_rng(0)
GREY = RNG.integers(0, 256, (12, 5, 4), dtype=np.uint8)
COLOUR = RNG.integers(0, 256, (3, 5, 4, 3), dtype=np.uint8)
DEEP = RNG.integers(0, 65_536, (3, 5, 4, 1)).astype(np.uint16)


def held(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("images", [GREY, COLOUR, DEEP], ids=["grey", "colour", "deep"])
def test_the_pixels_come_back(tmp_path, images):
    files = write_images(images, tmp_path / "new" / "x")
    assert len(files) == len(images)
    assert [file.name for file in files][:2] == (["00.png", "01.png"] if len(images) > 9 else ["0.png", "1.png"])  # fmt: skip  # noqa: E501
    for file, image in zip(files, images, strict=True):
        found = np.asarray(Image.open(file))
        assert found.dtype == image.dtype
        assert (found == image.squeeze()).all()


def test_an_earlier_call_is_replaced(tmp_path):
    write_images(GREY, tmp_path)
    (tmp_path / "03.png").unlink()
    files = write_images(COLOUR, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [NOTE, "0.png", "1.png", "2.png"]
    assert (np.asarray(Image.open(files[2])) == COLOUR[2]).all()
    write_images(GREY, tmp_path)
    assert len(list(tmp_path.glob("*.png"))) == 12


@pytest.mark.parametrize(
    ("name", "content"),
    [("mine.png", b"x"), ("notes.txt", b"x"), ("03.png", b"x"), (".hidden", b""), ("12.png", b"")],
)
@pytest.mark.parametrize("earlier", [True, False])
def test_what_others_wrote_is_never_touched(tmp_path, name, content, earlier):
    if earlier:
        write_images(GREY, tmp_path)
    (tmp_path / name).write_bytes(content)
    before = held(tmp_path)
    with pytest.raises(UserError, match=name) as caught:
        write_images(GREY[:5], tmp_path)
    assert "\n" not in str(caught.value)
    assert held(tmp_path) == before


def test_folders_and_links_are_not_taken_for_files_of_ours(tmp_path):
    write_images(GREY, tmp_path / "x")
    other = tmp_path / "other.png"
    other.write_bytes((tmp_path / "x" / "03.png").read_bytes())
    (tmp_path / "x" / "03.png").unlink()
    (tmp_path / "x" / "03.png").symlink_to(other)
    with pytest.raises(UserError, match=r"03\.png"):
        write_images(GREY, tmp_path / "x")
    (tmp_path / "x" / "03.png").unlink()
    (tmp_path / "x" / "03.png").mkdir()
    with pytest.raises(UserError, match=r"03\.png"):
        write_images(GREY, tmp_path / "x")
    with pytest.raises(UserError, match="cannot write into"):
        write_images(GREY, other)
    assert other.exists()


@pytest.mark.parametrize("note", ["", "[]", '{"a": 1}', "null", "\xff"])
def test_a_broken_note_makes_all_files_unknown(tmp_path, note):
    write_images(GREY, tmp_path)
    (tmp_path / NOTE).write_text(note, encoding="latin-1")
    with pytest.raises(UserError, match="no earlier call wrote"):
        write_images(GREY, tmp_path)


def test_a_call_that_was_broken_off_can_be_repeated(tmp_path, monkeypatch):
    from latentfit.data import write_images as module

    write_images(GREY, tmp_path)
    whole, count = module.atomically, iter(range(5))

    def breaks(path, write):
        if next(count, None) is None:
            raise KeyboardInterrupt
        whole(path, write)

    monkeypatch.setattr(module, "atomically", breaks)
    with pytest.raises(KeyboardInterrupt):
        write_images(255 - GREY, tmp_path)
    monkeypatch.undo()
    (tmp_path / ".07.png.draft").write_bytes(b"half")  # as a kill leaves it
    files = write_images(255 - GREY[:11], tmp_path)
    assert (np.asarray(Image.open(files[10])) == 255 - GREY[10]).all()
    assert len(list(tmp_path.glob("*.png"))) == 11
    assert json.loads((tmp_path / NOTE).read_text()).keys() == {file.name for file in files}


@pytest.mark.parametrize(
    "images",
    [GREY[:0], GREY[0], RNG.random((3, 4, 4)), np.zeros((3, 4, 4, 5), np.uint8),
     np.zeros((3, 4, 4, 3), np.uint16)],
)  # fmt: skip
def test_what_fits_into_no_png_is_refused(tmp_path, images):
    with pytest.raises(UserError, match=r"use an \.npz"):
        write_images(images, tmp_path / "x")
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize(
    ("channels", "want", "told"),
    [
        (1, [0, 0, 0], ""),
        (2, [0, 1, 1], "Channels 1, 2 and 2 of 2 as red, green and blue."),
        (3, [0, 1, 2], ""),
        (4, [0, 2, 3], "Channels 1, 3 and 4 of 4 as red, green and blue."),
        (16, [0, 8, 15], "Channels 1, 9 and 16 of 16 as red, green and blue."),
    ],
)
def test_images_of_any_number_of_channels_are_drawn(channels, want, told):
    images = torch.rand(4, channels, 6, 5)
    pixels = (images * 255).round().byte()
    drawn = sheets.tile(images, 4)
    drawn = np.dstack([drawn] * 3) if drawn.ndim == 2 else drawn
    assert (drawn[:, :5] == pixels[0, want].movedim(0, -1).numpy()).all()
    for sheet in (
        sheets.image_grid(images, columns=2, caption="Samples."),
        sheets.reconstructions(images, images, "Samples."),
        sheets.rows_grid(images[None], "Samples."),
    ):
        words = " ".join(" ".join(text.get_text() for text in sheet.texts).split())
        assert words == f"Samples. {told}".strip()
    with pytest.raises(UserError, match="at most 16"):
        sheets.tile(torch.rand(4, 17, 6, 5), 4)
