"""From the bytes of an image file to pixels."""

from __future__ import annotations

import hashlib
import io
import math
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image, ImageColor, ImageOps, UnidentifiedImageError

from latentfit.checks import UserError
from latentfit.data.entries import reason
from latentfit.shapes import Shape

TURN = 0x0112
"""What EXIF calls the orientation."""
PLAIN = ("1", "L", "LA", "La")
DEEP = ("I", "F", "I;16", "I;16L", "I;16B", "I;16N")
CLEAR = ("LA", "La", "PA", "RGBA", "RGBa")
MOST = 65_535


@dataclass(frozen=True)
class Head:
    """What a file says of its image.

    Attributes:
        mark: Stands for the bytes of the file.
        size: Height and width, as it is to be looked at.
        grey: It has no colours.
        deep: Its highest pixel, where they have more than 8 bits; None where they have 8.
        floats: Its pixels are floats in [0, 1].
        turned: The camera noted an orientation other than upright.
        clear: It has transparency.
        several: It has more than one frame or page.
        lossy: Its colours have 16 bits, of which Pillow reads 8.
    """

    mark: int
    size: tuple[int, int]
    grey: bool
    deep: float | None
    floats: bool
    turned: bool
    clear: bool
    several: bool
    lossy: bool


@dataclass(frozen=True)
class Form:
    """What all images are brought to.

    Attributes:
        shape: (C, H, W), C 1 or 3.
        crop: Those of another form are cut at their centre; else they are squeezed.
        background: Colour behind transparency.
        white: White of pixels of 8 bits, 255; or 1.
        deep: White of pixels of more bits; None where there are none.
    """

    shape: Shape
    crop: bool = False
    background: str = "white"
    white: float = 255
    deep: float | None = None

    @property
    def dtype(self) -> type[np.generic]:
        """uint8 where all have white 255; else they are shares of white."""
        return np.uint8 if self.white == 255 and self.deep is None else np.float32


def head(data: bytes, label: str, background: str = "white") -> Head:
    """What a file says of its image; one of more than 8 bits is decoded for that.

    Raises:
        UserError: It is no readable image, or has pixels of 32 bits out of range.
    """
    digest = hashlib.blake2b(data, digest_size=8).digest()
    with opened(data, label) as image:
        turn = _turn(image) if _may_turn(image, data) else 1
        width, height = image.size
        across = turn in (5, 6, 7, 8) and image.format != "TIFF"  # Pillow turns these itself
        several = bool(getattr(image, "is_animated", False)) and image.format != "MPO"
        grey, clear, lossy = _grey(image, background), _clear(image), _lossy(image)
        deep = float(_numbers(image, label).max()) if image.mode in DEEP else None
        return Head(
            mark=int.from_bytes(digest, "little"),
            size=(width, height) if across else (height, width),
            grey=grey,
            deep=deep,
            floats=image.mode == "F",
            turned=turn in range(2, 9),
            clear=clear,
            several=several,
            lossy=lossy,
        )


def decode(data: bytes, label: str, form: Form) -> np.ndarray:
    """An image in the form asked for, `form.dtype` with shape (C, H, W).

    Resized by Lanczos' kernel, which is widened when an image gets smaller, so that fine patterns
    do not alias, and is sharper than a mean over areas. A JPEG that gets much smaller is decoded at
    an eighth, a quarter or half of its size, at least twice the size asked for.

    Raises:
        UserError: It is no readable image, or brighter than white.
    """
    with opened(data, label) as image:
        _draft(image, form)
        grey = _grey(image, form.background)
        if _turn(image) != 1:
            image = ImageOps.exif_transpose(image)
        if image.mode in DEEP:
            held = _numbers(image, label, form.background)
            white = 1.0 if image.mode == "F" else form.deep or MOST
            image = Image.fromarray(held.astype(np.float32))
        else:
            image = _flat(image, grey or form.shape[0] == 1, form.background)
            held, white = np.asarray(image), form.white
        if white != 255 and held.max() > white:
            raise UserError(
                f"{label} has pixels of {held.max():.4g}, white is {white:.4g}; leave it out, or "
                "save it with the range of the others."
            )
        if white == 1 and held.dtype == np.uint8:  # grey between them is needed where it is resized
            image, white = Image.fromarray(255 * held), 255
        pixels = np.asarray(_resized(image, form))
    if form.dtype is np.float32:
        pixels = np.clip(pixels.astype(np.float32) / np.float32(white), 0, 1)
    pixels = pixels[None] if pixels.ndim == 2 else np.moveaxis(pixels, -1, 0)
    return np.broadcast_to(pixels, form.shape)


def pixels_of(image: Image.Image, name: str, background: str = "white") -> np.ndarray:
    """The pixels of a Pillow image as they are, with shape (1, H, W) if it is grey, else (3, H, W).

    A palette is looked up, transparency laid on a colour. Of 8 bits they are uint8; else uint16,
    or float32 in [0, 1].

    Arguments:
        image: Of any mode.
        name: What messages call it.
        background: Colour behind transparency.

    Raises:
        UserError: It has pixels of 32 bits out of range.
    """
    grey = _grey(image, background)
    if image.mode in DEEP:
        return _numbers(image, name, background)[None]
    pixels = np.array(_flat(image, grey, background))  # what `asarray` gives is read-only
    return pixels[None] if pixels.ndim == 2 else np.moveaxis(pixels, -1, 0).copy()


@contextmanager
def opened(data: bytes, label: str) -> Iterator[Image.Image]:
    """A Pillow image of a file's bytes, for as long as its pixels are read.

    Raises:
        UserError: It is no readable image, or has too many pixels.
    """
    try:
        with Image.open(io.BytesIO(data)) as image:
            if 0 in image.size:
                raise ValueError("it has no pixels")
            yield image
    except UserError:
        raise
    except Image.DecompressionBombError as error:
        raise UserError(f"{label} is too large ({reason(error)}); make it smaller.") from error
    # Pillow's readers raise whatever a broken file leads them to.
    except Exception as error:
        known = not isinstance(error, UnidentifiedImageError)
        why = reason(error) if known else "it is of no known format" if data else "it is empty"
        raise UserError(f"{label} is not a readable image ({why}); mend or remove it.") from error


@contextmanager
def quietly() -> Iterator[None]:
    """Without Pillow's warnings of large images and broken notes, which are read all the same."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"PIL\.")
        yield


def _may_turn(image: Image.Image, data: bytes) -> bool:
    """Whether a file can hold an orientation: a PNG must be decoded to know it."""
    marks = (b"eXIf", b"profile type", b"xmp", b"XMP")
    return image.format != "PNG" or any(mark in data for mark in marks)


def _turn(image: Image.Image) -> int:
    """The orientation that a camera noted; 1, upright, where its note cannot be read."""
    try:
        return int(image.getexif().get(TURN, 1))
    except Exception:  # whatever broken notes lead Pillow's reader to
        return 1


def _raw(image: Image.Image) -> tuple[Any, ...]:
    """How the file holds pixels; known until they are read."""
    args = image.tile[0][3] if getattr(image, "tile", None) else ()  # type: ignore[attr-defined]
    return args if isinstance(args, tuple) else (args,)


def _lossy(image: Image.Image) -> bool:
    deep = any(
        ";16" in str(arg) or (image.format == "PPM" and isinstance(arg, int) and arg > 255)
        for arg in _raw(image)
    )
    return deep and image.mode not in DEEP


def _grey(image: Image.Image, background: str) -> bool:
    if _clear(image) and len(set(_colour(background))) > 1:
        return False
    if image.mode in ("P", "PA"):
        palette = image.palette
        held = bytes(palette.palette) if palette and palette.rawmode in (None, "RGB") else b""
        return len(held) > 0 and held[::3] == held[1::3] == held[2::3]
    return image.mode in PLAIN + DEEP or "LA;16B" in _raw(image)


def _clear(image: Image.Image) -> bool:
    return image.mode in CLEAR or "transparency" in image.info


def _colour(background: str) -> tuple[int, ...]:
    return ImageColor.getrgb(background)[:3]


def _flat(image: Image.Image, grey: bool, background: str) -> Image.Image:
    """An image of 8 bits without palette and transparency, of mode L or RGB."""
    if _clear(image):
        image = image.convert({"La": "LA"}.get(image.mode, image.mode)).convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, _colour(background)), image)
    elif image.mode == "LAB":
        from PIL import ImageCms

        profiles = (ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB"))
        image = ImageCms.profileToProfile(image, *profiles, outputMode="RGB") or image
    if image.mode not in ("1", "L"):
        image = image.convert("RGB")
    return image.convert("L" if grey else "RGB")


def _numbers(image: Image.Image, label: str, background: str = "white") -> np.ndarray:
    """Pixels of more than 8 bits, uint16 or float32 with shape (H, W)."""
    held = np.asarray(image)
    most = 1 if image.mode == "F" else MOST
    low, high = float(held.min()), float(held.max())
    if not (low >= 0 and high <= most and math.isfinite(high)):
        raise UserError(
            f"{label} has pixels of 32 bits from {low:.4g} to {high:.4g}; bring them to "
            f"0 to {most}."
        )
    if image.mode == "F":
        return held.astype(np.float32)
    held = held.astype(np.uint16)
    if getattr(image, "tag_v2", {}).get(262) == 0:  # of a TIFF that holds white as 0
        held = MOST - held
    hole = image.info.get("transparency")
    if isinstance(hole, int):
        behind = Image.new("RGB", (1, 1), _colour(background)).convert("L").getpixel((0, 0))
        held = np.where(held == hole, np.uint16(257 * int(behind)), held)  # type: ignore[arg-type]
    return held


def _draft(image: Image.Image, form: Form) -> None:
    if image.format not in ("JPEG", "MPO"):
        return
    ratio = max(form.shape[1:]) / min(image.size)
    if 2 * ratio < 1:
        wanted = (math.ceil(2 * ratio * side) for side in image.size)
        image.draft(image.mode, tuple(wanted))  # type: ignore[arg-type]


def _resized(image: Image.Image, form: Form) -> Image.Image:
    height, width = form.shape[1:]
    across, down = image.size
    if (across, down) == (width, height):
        return image
    box = (0.0, 0.0, float(across), float(down))
    if form.crop:
        wide, high = min(across, down * width / height), min(down, across * height / width)
        left, top = (across - wide) / 2, (down - high) / 2
        box = (left, top, left + wide, top + high)
    return image.resize((width, height), Image.Resampling.LANCZOS, box=box)
