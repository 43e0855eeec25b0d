"""Images brought to one size, by options or by a model's schema; streamed ones; broken ones."""

from __future__ import annotations

import itertools
import tracemalloc

import numpy as np
import pytest
import torch
from PIL import Image

from image_files import (  # fmt: skip
    PARTS,
    by_name,
    grey,
    members,
    named,
    png,
    saved,
    write_folder,
    write_tar,
    write_zip,
)
from latentfit import data as lfdata
from latentfit.checks import UserError
from latentfit.data.streamed import Streamed
from latentfit.schema import Pixels

RNG = np.random.default_rng(0)


def stripes(height, width, bars):
    """Vertical bars of 0, 80, 160, ...; each is one pixel of the image asked for."""
    return np.tile(np.repeat(np.arange(bars, dtype=np.uint8) * 40, width // bars), (height, 1))


def test_a_large_image_is_averaged_not_sampled(tmp_path):
    fine = np.indices((64, 64)).sum(0) % 2 * 255  # a chessboard: sampled it is black or white
    files = {f"{i}.png": png(fine.astype(np.uint8)) for i in range(30)}
    data = lfdata.load(write_folder(tmp_path / "x", files), size=8)
    assert data.shape == (1, 8, 8)
    assert np.abs(data.train.first(1).numpy() * 255 - 127.5).max() < 8


def test_squeezed_or_cut_at_the_centre(tmp_path):
    files = named("{}.png", [png(stripes(40, 60, 6))] * 30) | named("s{}.png", grey(10, 40, 40))
    path = write_folder(tmp_path / "x", files)
    data = lfdata.load(path, size="4x6")
    assert data.shape == (1, 4, 6)
    middle = 255 * by_name(data)["0.png"][0, 2]
    assert np.abs(middle - np.arange(6) * 40).max() < 4
    assert data.notes == ("40 of 40 images resized to 4x6, 10 of them squeezed into another form "
                          "(--crop cuts instead).",)  # fmt: skip
    data = lfdata.load(path, size=4, crop=True)
    middle = 255 * by_name(data)["0.png"][0, 2]
    assert np.abs(middle - [40, 80, 120, 160]).max() < 8
    assert data.schema.crop
    assert data.notes == ("40 of 40 images resized to 4x4.",)
    data = lfdata.load(path, size=(40, 60), crop=True)
    assert (by_name(data)["0.png"][0] * 255 == stripes(40, 60, 6)).all()
    assert data.notes == ("10 of 40 images resized to 40x60.",)


def test_a_jpeg_much_too_large_is_near_the_whole_one_resized(tmp_path):
    detail = Image.fromarray(RNG.integers(0, 256, (100, 140, 3), dtype=np.uint8))
    image = detail.resize((1400, 1000), Image.Resampling.BICUBIC)
    note = image.getexif()
    note[0x0112] = 3
    files = named("{}.jpg", [saved(image.rotate(180), "jpeg", quality=95, exif=note)] * 20)
    data = lfdata.load(write_folder(tmp_path / "x", files), size="100x140")
    want = np.asarray(image.resize((140, 100), Image.Resampling.LANCZOS), float)
    found = 255 * data.train.first(1)[0].movedim(0, -1).numpy()
    assert np.abs(found - want).mean() < 3


def test_sizes_that_differ_are_counted(tmp_path):
    files = named("{}.png", grey(20, 10, 20)) | named("b{}.png", grey(5, 20, 10))
    files |= named("c{}.png", grey(1, 7, 7)) | named("d{}.png", grey(1, 8, 7)) | named("e{}.png", grey(1, 9, 7))  # fmt: skip  # noqa: E501
    with pytest.raises(UserError, match="differ in size") as caught:
        lfdata.load(write_folder(tmp_path / "x", files))
    assert "20 of 10x20, 5 of 20x10, 1 of 7x7 and 2 more" in str(caught.value)
    assert "--size 10x20" in str(caught.value)


@pytest.mark.parametrize("limit", [1 << 30, 1])
def test_a_model_says_what_images_become(tmp_path, limit):
    schema = Pixels((3, 4, 6), crop=True, background="black")
    clear = Image.new("RGBA", (60, 60), (255, 255, 255, 0))
    one = write_folder(tmp_path / "x", {"a.png": png(clear), "b.png": png(stripes(40, 60, 6))})
    data = lfdata.load(one, schema=schema, limit=limit)
    found = by_name(data)
    assert data.schema is schema
    assert found["a.png"].shape == (3, 4, 6)
    assert found["a.png"].max() == 0
    assert np.abs(255 * found["b.png"][:, 2] - np.arange(6) * 40).max() < 4
    deep = Pixels((1, 4, 6), white=4095, dtype="uint16")
    held = np.full((4, 6), 1000, np.uint16)
    write_folder(tmp_path / "y", {"a.png": png(held), "b.png": png(np.full((4, 6), 51, np.uint8))})
    data = lfdata.load(tmp_path / "y", schema=deep, limit=limit)
    assert by_name(data)["a.png"].mean() == pytest.approx(1000 / 4095)
    assert by_name(data)["b.png"].mean() == pytest.approx(0.2)
    write_folder(tmp_path / "y", {"a.png": png(held + 4000)})
    with pytest.raises(UserError, match=r"a\.png has pixels of 5000, white is 4095"):
        by_name(lfdata.load(tmp_path / "y", schema=deep, limit=limit))
    with pytest.raises(UserError, match="5 channels"):
        lfdata.load(one, schema=Pixels((5, 4, 6)))
    with pytest.raises(UserError, match="leave 'size' and 'grey' out"):
        lfdata.load(one, schema=schema, size=9)


def mixed(path, write=write_folder):
    turned = Image.fromarray(RNG.integers(0, 256, (12, 9, 3), dtype=np.uint8))
    note = turned.getexif()
    note[0x0112] = 8
    files = named("a/{}.png", grey(20, 9, 12)) | named("b/{}.png", grey(20, 12, 9, seed=1))
    files |= {
        "b/t.png": png(turned, exif=note),
        "a/d.png": png(np.full((9, 12), 65_535, np.uint16)),
    }
    return write(path, files)


@pytest.mark.parametrize(("place", "write"), [("x", write_folder), ("x.zip", write_zip), ("x.tar", write_tar)])  # fmt: skip  # noqa: E501
@pytest.mark.parametrize("options", [{"size": 8}, {"size": "6x9", "crop": True, "grey": True}])
def test_streamed_equals_resident(tmp_path, place, write, options):
    path = mixed(tmp_path / place, write)
    resident, streamed = (lfdata.load(path, limit=n, **options) for n in (1 << 30, 1))
    assert isinstance(streamed.train, Streamed)
    assert not isinstance(resident.train, Streamed)
    assert members(streamed) == members(resident)
    assert streamed.notes == resident.notes != ()
    assert streamed.fingerprint == resident.fingerprint
    assert streamed.schema == resident.schema
    assert streamed.classes == resident.classes == ("a", "b")
    count = len(resident.train)
    steps = list(itertools.islice(lfdata.order(count, size=5, seed=0), 6))
    before = torch.get_rng_state()
    pairs = zip(resident.train.batches(steps), streamed.train.batches(steps), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)
    assert torch.equal(torch.get_rng_state(), before)
    for part in PARTS:
        a, b = getattr(resident, part), getattr(streamed, part)
        assert torch.equal(a.first(99), b.first(99))
        assert torch.equal(a.labels, b.labels)


def test_the_fingerprint_stands_for_files_and_options(tmp_path):
    path = mixed(tmp_path / "x")
    ways = ({"size": 8}, {"size": 9}, {"size": 8, "crop": True}, {"size": 8, "grey": True})
    marks = {lfdata.load(path, **way).fingerprint for way in ways}
    before = lfdata.load(path, size=8).fingerprint
    write_folder(path, {"a/3.png": grey(1, seed=8)[0]})
    assert len(marks | {lfdata.load(path, size=8).fingerprint}) == 5
    assert before in marks


def test_the_brightness_of_the_training_images_is_known(tmp_path):
    levels = np.arange(40, dtype=np.uint8) * 5
    files = {f"{i}.png": png(np.full((4, 4), level)) for i, level in enumerate(levels)}
    data = lfdata.load(write_folder(tmp_path / "x", files))
    train = np.array([levels[int(name[:-4])] / 255 for name in members(data)["train"]])
    assert data.schema.mean == pytest.approx(train.mean())
    assert data.schema.spread == pytest.approx(train.std(ddof=1))


@pytest.mark.parametrize("cut", [0.0, 0.3, 0.9])
@pytest.mark.parametrize("kind", ["png", "jpeg", "gif", "tiff", "bmp"])
def test_a_broken_file_is_named(tmp_path, kind, cut):
    image = Image.fromarray(RNG.integers(0, 256, (40, 40), dtype=np.uint8))
    held = saved(image, kind)
    held = held[: int(cut * len(held))]
    path = write_folder(tmp_path / "x", named("{}.png", grey(30, 40, 40)) | {f"zz.{kind}": held})
    for limit in (1 << 30, 1):
        with pytest.raises(UserError, match=rf"x/zz\.{kind} is not a readable image") as caught:
            by_name(lfdata.load(path, limit=limit))
        assert "\n" not in str(caught.value)
        assert "0x" not in str(caught.value)


def test_all_broken_files_are_named_at_once(tmp_path):
    path = write_folder(tmp_path / "x", named("{}.png", grey(130, 9, 9)))
    for name in ("3", "77", "100"):
        (path / f"{name}.png").write_bytes(b"no")
    with pytest.raises(UserError, match="is not a readable image") as caught:
        lfdata.load(path)
    assert [name for name in map(str, range(130)) if f"/{name}.png" in str(caught.value)] == [
        "3", "77", "100"]  # fmt: skip
    for name in map(str, range(30)):
        (path / f"{name}.png").write_bytes(b"no")
    with pytest.raises(UserError, match=r"\(11 more\)"):
        lfdata.load(path)


def test_a_bad_file_met_while_streaming_stops_with_its_name(tmp_path):
    path = write_folder(tmp_path / "x", named("{}.png", grey(30, 40, 40)))
    data = lfdata.load(path, limit=1)
    held = (path / "7.png").read_bytes()
    (path / "7.png").write_bytes(held[: len(held) // 2])
    with pytest.raises(UserError, match=r"7\.png is not a readable image") as caught:
        [list(getattr(data, part).chunks(5)) for part in PARTS]
    assert "\n" not in str(caught.value)


def test_too_large_an_image_is_named(tmp_path, monkeypatch):
    path = write_folder(tmp_path / "x", named("{}.png", grey(30, 40, 40)))
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 900)  # 1,600 are allowed with a warning
    assert sum(len(getattr(lfdata.load(path), part)) for part in PARTS) == 30
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 700)
    with pytest.raises(UserError, match=r"x/0\.png is too large"):
        lfdata.load(path)


def test_a_packed_tar_above_the_limit_is_refused(tmp_path):
    path = write_tar(tmp_path / "x.tar.gz", named("{}.png", grey(30)))
    with pytest.raises(UserError, match="unpack it"):
        lfdata.load(path, limit=1)


def test_memory_stays_near_what_is_held(tmp_path):
    files = named("{}.png", grey(60, 256, 256))
    path = write_folder(tmp_path / "x", files)
    lfdata.load(path, size=64)  # what is imported on the way
    tracemalloc.start()
    data = lfdata.load(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert sum(len(getattr(data, part)) for part in PARTS) == 60
    assert peak < 2 * 60 * 256 * 256 + 8 * 2**20


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"label": "a"}, "'label' says nothing of images"),
        ({"scale": "each"}, "'scale' says nothing of images"),
        ({"kind": "table"}, "holds images, not table"),
    ],
)
def test_options_of_other_kinds_are_refused(tmp_path, options, message):
    with pytest.raises(UserError, match=message):
        lfdata.load(write_folder(tmp_path / "x", named("{}.png", grey(30))), **options)
