"""Every kind of image file against the pixels it should give; what is said of it."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest
import torch
from PIL import Image

from image_files import by_name, deep_png, grey, named, png, saved, write_folder
from latentfit import data as lfdata
from latentfit.checks import UserError

RNG = np.random.default_rng(0)
FILL = named("fill{}.png", grey(30, 4, 6))
COLOURS = RNG.integers(0, 256, (4, 6, 3), dtype=np.uint8)
GREYS = RNG.integers(0, 256, (4, 6), dtype=np.uint8)
ALPHA = np.repeat([[0, 255, 128]], 4, 0).repeat(2, 1).astype(np.uint8)


def over(colour, alpha, background):
    share = alpha[..., None] / 255
    return colour * share + np.array(background) * (1 - share)


def read(tmp_path, held, suffix=".png", fill=FILL, **options):
    """The image of a file among others, float (H, W, C) from 0 to 255, and the notes."""
    data = lfdata.load(write_folder(tmp_path / "x", fill | {f"it{suffix}": held}), **options)
    return 255 * np.moveaxis(by_name(data)[f"it{suffix}"], 0, -1), data.notes


def palette(image, colours, **more):
    image = Image.fromarray(image)
    image = image.copy() if image.mode == "P" else image.convert("L")
    image = Image.frombytes("P", image.size, image.tobytes())
    image.putpalette(bytes(colours))
    return png(image, **more)


def rgba():
    return Image.fromarray(np.dstack([COLOURS, ALPHA]), "RGBA")


def grey_alpha():
    return Image.merge("LA", [Image.fromarray(GREYS), Image.fromarray(ALPHA)])


RAMP = [value for grey in range(256) for value in (grey, grey, grey)]
HUES = [value for hue in range(256) for value in (hue, 255 - hue, hue // 2)]
HOLED = np.where(GREYS[0, 0] == GREYS, 255.0, GREYS)


@pytest.mark.parametrize(
    ("held", "suffix", "want"),
    [
        (png(GREYS), ".png", GREYS),
        (png(GREYS > 99), ".png", 255.0 * (GREYS > 99)),
        (saved(Image.fromarray(GREYS > 99), "tiff", compression="group4"), ".tif",
         255.0 * (GREYS > 99)),
        (palette(GREYS, RAMP), ".png", GREYS),
        (palette(GREYS, RAMP, transparency=int(GREYS[0, 0])), ".png", HOLED),
        (png(grey_alpha()), ".png", over(GREYS[..., None], ALPHA, [255])[..., 0]),
        (png(Image.fromarray(GREYS), transparency=int(GREYS[0, 0])), ".png", HOLED),
        (palette(GREYS, HUES), ".png", np.dstack([GREYS, 255 - GREYS, GREYS // 2])),
        (png(COLOURS), ".PNG", COLOURS),
        (saved(Image.fromarray(COLOURS), "bmp"), ".bmp", COLOURS),
        (saved(Image.fromarray(COLOURS), "webp", lossless=True), ".webp", COLOURS),
        (saved(Image.fromarray(COLOURS), "ppm"), ".ppm", COLOURS),
        (png(rgba()), ".png", over(COLOURS, ALPHA, [255] * 3)),
        (saved(rgba(), "tiff"), ".tif", over(COLOURS, ALPHA, [255] * 3)),
        (saved(Image.fromarray(COLOURS).convert("CMYK"), "tiff"), ".tif", COLOURS),
        (saved(Image.new("RGB", (6, 4), (200, 40, 90)).convert("CMYK"), "jpeg", quality=100),
         ".jpg", np.full((4, 6, 3), (200, 40, 90))),
        (saved(Image.new("LAB", (6, 4), (139, 208, 195)), "tiff"), ".tif", None),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)  # fmt: skip
def test_kinds_of_files(tmp_path, held, suffix, want):
    found, notes = read(tmp_path, held, suffix)
    if want is None:  # L 54, a 80, b 67 is sRGB's red
        assert np.abs(found - [255, 0, 0]).max() <= 15
        return
    want = want[..., None] if want.ndim == 2 else want
    assert found.shape == want.shape
    assert np.abs(found - want).max() <= (3 if suffix == ".jpg" else 1)
    image = Image.open(io.BytesIO(held))
    clear = image.mode.endswith("A") or "transparency" in image.info
    assert clear == ("1 of 31 images with transparency laid on white." in notes)


@pytest.mark.parametrize(
    ("background", "want"), [("black", [0] * 3), ("#ff8800", [255, 136, 0]), ("navy", [0, 0, 128])]
)
def test_a_background_of_choice(tmp_path, background, want):
    found, notes = read(tmp_path, png(rgba()), background=background)
    assert np.abs(found - over(COLOURS, ALPHA, want)).max() <= 1
    assert f"1 of 31 images with transparency laid on {background}." in notes
    found, _ = read(tmp_path, png(grey_alpha()), background=background)
    assert found.shape[-1] == (1 if background == "black" else 3)


def test_orientation_is_told_once_and_a_broken_note_is_upright(tmp_path):
    turned = Image.fromarray(GREYS).transpose(Image.Transpose.ROTATE_90)
    note = turned.getexif()
    note[0x0112] = 6
    for suffix, kind in ((".jpg", "jpeg"), (".png", "png"), (".tif", "tiff"), (".webp", "webp")):
        more = {} if kind != "jpeg" else {"quality": 100}
        more |= {"lossless": True} if kind == "webp" else {}
        held = saved(turned, kind, exif=note, **more)
        found, notes = read(tmp_path / kind, held, suffix)
        assert np.abs(found[..., 0] - GREYS).max() <= (3 if kind == "jpeg" else 0), kind
        assert "1 of 31 images turned upright as their cameras noted." in notes
    text = b"II*\0\x08\0\0\0\1\0\x12\1\2\0\2\0\0\0xy\0\0\0\0\0\0"  # turned by 'xy'
    for number, broken in enumerate((b"nonsense", text[:10], text)):
        held = saved(Image.fromarray(GREYS), "jpeg", quality=100, exif=b"Exif\0\0" + broken)
        found, notes = read(tmp_path / str(number), held, ".jpg")
        assert np.abs(found[..., 0] - GREYS).max() <= 3
        assert notes == ()


def test_the_first_frame_and_page(tmp_path):
    frames = [Image.fromarray(GREYS), Image.fromarray(255 - GREYS)]
    for kind in ("gif", "tiff", "webp"):
        more = {"lossless": True} if kind == "webp" else {}
        held = saved(frames[0], kind, save_all=True, append_images=frames[1:], **more)
        found, notes = read(tmp_path / kind, held, f".{kind}")
        assert np.abs(found[..., :1] - GREYS[..., None]).max() == 0
        assert any("1 of 31 images with several frames or pages" in note for note in notes)


def test_one_of_colour_among_grey_ones_and_the_other_way(tmp_path):
    found, notes = read(tmp_path / "a", png(COLOURS))
    assert (found == COLOURS).all()
    assert "30 of 31 images brought from grey to colour." in notes
    fill = {name: png(Image.fromarray(COLOURS)) for name in FILL}
    found, notes = read(tmp_path / "b", png(GREYS), fill=fill)
    assert (found == GREYS[..., None]).all()
    assert "1 of 31 images brought from grey to colour." in notes
    found, notes = read(tmp_path / "b", png(GREYS), fill=fill, grey=True)
    assert found.shape == (4, 6, 1)
    luma = COLOURS @ [0.299, 0.587, 0.114]
    found, notes = read(tmp_path / "c", png(COLOURS), grey=True)
    assert np.abs(found[..., 0] - luma).max() <= 1
    assert notes == ()


MOST = 65_535
DEEP = RNG.integers(0, 65_536, (31, 4, 6)).astype(np.uint16)


@pytest.mark.parametrize("most", [65_535, 4095, 900])
@pytest.mark.parametrize("kind", ["png", "tiff", "ppm"])
def test_grey_of_16_bits_keeps_them_and_comes_back(tmp_path, most, kind):
    held = np.minimum(DEEP, most) if most == 65_535 else DEEP % (most + 1)
    held[0, 0, 0] = most
    suffix = ".pgm" if kind == "ppm" else f".{kind}"
    files = {f"{i}{suffix}": saved(Image.fromarray(x), kind) for i, x in enumerate(held)}
    data = lfdata.load(write_folder(tmp_path / "x", files))
    white = {65_535: 65_535, 4095: 4095, 900: 1023}[most]
    assert (data.schema.white, data.schema.dtype) == (white, "uint16")
    told = f"pixels of 16 bits reach {most}; {white} is taken for white."
    assert data.notes == (() if white == 65_535 else (told,))
    for name, image in by_name(data).items():
        want = held[int(name.split(".")[0])]
        assert np.abs(image[0] - want / white).max() < 1e-6
        assert (data.schema.pixels(torch.from_numpy(image)[None])[0] == want).all()
    streamed = lfdata.load(tmp_path / "x", limit=1)
    assert torch.equal(streamed.train.first(99), data.train.first(99))


def test_8_and_16_bits_together_and_colours_of_16(tmp_path):
    found, notes = read(tmp_path / "a", deep_png(DEEP[0] | 0x8000, 0))
    assert np.abs(found[..., 0] - (DEEP[0] | 0x8000) / 257).max() < 1e-3
    assert any("1 of 31 images with more than 8 bits among others of 8" in note for note in notes)
    colours = np.stack([DEEP[0], DEEP[1], DEEP[2]], -1)
    found, notes = read(tmp_path / "b", deep_png(colours, 2))
    assert np.abs(found - colours / 257).max() <= 1
    assert any("1 of 31 images with 16 bits a colour, of which 8 are read" in n for n in notes)
    ppm = b"P6 6 4 65535\n" + colours.astype(">u2").tobytes()
    found, notes = read(tmp_path / "p", ppm, ".ppm")
    assert np.abs(found - colours / 257).max() <= 1
    assert any("1 of 31 images with 16 bits a colour, of which 8 are read" in n for n in notes)
    found, notes = read(tmp_path / "c", deep_png(np.stack([DEEP[0], np.full((4, 6), MOST)], -1), 4))
    assert found.shape == (4, 6, 1)
    assert np.abs(found[..., 0] - DEEP[0] / 257).max() <= 1


def test_white_as_0_and_transparency_of_16_bits(tmp_path):
    held = saved(Image.fromarray(DEEP[0]), "tiff")
    entry = struct.pack("<HHIHH", 262, 3, 1, 1, 0)
    assert held.count(entry) == 1
    held = held.replace(entry, struct.pack("<HHIHH", 262, 3, 1, 0, 0))
    found, _ = read(tmp_path / "a", held, ".tif")
    assert np.abs(found[..., 0] - (MOST - DEEP[0].astype(float)) / 257).max() < 1e-3
    held = png(DEEP[0], transparency=int(DEEP[0, 1, 1]))
    want = np.where(DEEP[0] == DEEP[0, 1, 1], MOST, DEEP[0].astype(float))
    found, notes = read(tmp_path / "b", held)
    assert np.abs(found[..., 0] - want / 257).max() < 1e-3
    assert "1 of 31 images with transparency laid on white." in notes


def test_pixels_of_32_bits_by_their_range(tmp_path):
    floats = (DEEP / MOST).astype(np.float32)
    files = {f"{i}.tif": saved(Image.fromarray(x), "tiff") for i, x in enumerate(floats)}
    data = lfdata.load(write_folder(tmp_path / "f", files))
    assert (data.schema.dtype, data.schema.white) == ("float32", 1)
    assert all((image[0] == floats[int(n[:-4])]).all() for n, image in by_name(data).items())
    whole = saved(Image.fromarray(DEEP[0].astype(np.int32)), "tiff")
    found, _ = read(tmp_path / "i", whole, ".tif")
    assert np.abs(found[..., 0] - DEEP[0] / 257).max() < 1e-3
    signed = DEEP[0].astype(np.int32) - 70_000
    for bad in (floats[0] * 300, floats[0] - 1, floats[0] + np.float32(np.nan), signed):
        with pytest.raises(UserError, match=r"it\.tif has pixels of 32 bits"):
            read(tmp_path / "bad", saved(Image.fromarray(bad), "tiff"), ".tif")


def test_images_of_0_and_1_and_nearly_black_ones(tmp_path):
    masks = (DEEP > 40_000).astype(np.uint8)
    files = {f"{i}.png": png(x) for i, x in enumerate(masks)}
    for limit in (1 << 30, 1):
        data = lfdata.load(write_folder(tmp_path / "m", files), limit=limit)
        assert data.notes == ("pixels are 0 and 1; 1 is taken for white.",)
        assert all((x[0] == masks[int(n[:-4])]).all() for n, x in by_name(data).items())
    files = {f"{i}.png": png(x * 40) for i, x in enumerate(masks)}
    data = lfdata.load(write_folder(tmp_path / "d", files))
    assert any("the brightest pixel is 40 of 255, nearly black" in note for note in data.notes)
    assert data.train.first(99).max() == 40 / 255
