"""Readers of images: files, folders, archives, idx files. Nothing is unpacked to disk."""

from __future__ import annotations

import gzip
import io
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from latentfit.checks import UserError

if TYPE_CHECKING:
    from PIL.Image import Image

SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".ppm", ".pgm"}
ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.xz", ".tar.bz2")
BROKEN = (
    zipfile.BadZipFile, tarfile.TarError, lzma.LZMAError, zlib.error,
    EOFError, OSError, RuntimeError,
)  # fmt: skip
Named = tuple[str, np.ndarray]


def is_image(name: str) -> bool:
    """Whether a file name looks like an image; hidden files and macOS's shadow files do not."""
    path = Path(name)
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(".")


def read_image(
    source: Path | bytes, *, name: str | None = None, expected: tuple[int, ...] | None = None
) -> np.ndarray:
    """Decode an image to uint8 with shape (1, H, W) if it is grey, else (3, H, W).

    Arguments:
        source: A path, or the bytes of a file.
        name: What messages call it.
        expected: The shape that it must have.

    Raises:
        UserError: It is no readable image, has 32-bit pixels, or has not the expected shape.
    """
    from PIL import Image, UnidentifiedImageError

    name = name or str(source)
    try:
        with Image.open(io.BytesIO(source) if isinstance(source, bytes) else source) as image:
            array = pixels_of(image, name)
    except (UnidentifiedImageError, OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise UserError(f"{name} is not a readable image ({error}); mend or remove it.") from error
    if expected is not None and array.shape != tuple(expected):
        raise UserError(
            f"{name} has shape {array.shape}, others have {tuple(expected)}; "
            "resize the images to one size and one number of channels."
        )
    return array


def pixels_of(image: Image, name: str) -> np.ndarray:
    """The pixels of a Pillow image, uint8 with shape (1, H, W) if it is grey, else (3, H, W).

    A palette is looked up, transparency left out.

    Arguments:
        image: Of any mode.
        name: What messages call it.

    Raises:
        UserError: It has 32-bit pixels.
    """
    if image.mode in ("I", "F"):
        raise UserError(f"{name} has 32-bit pixels; save it with 8 or 16 bits a channel.")
    if image.mode.startswith("I;16"):
        # Pillow clips 16 bits to 255 instead of scaling them, so they are scaled here.
        return np.round(np.asarray(image) / 257).astype(np.uint8)[None]
    if image.mode in ("1", "L", "LA"):
        return np.array(image.convert("L"))[None]  # what `asarray` gives is read-only
    return np.moveaxis(np.array(image.convert("RGB")), -1, 0).copy()


def image_paths(folder: Path) -> list[Path]:
    """All image files below a folder, sorted by their path."""
    return sorted(path for path in folder.rglob("*") if path.is_file() and is_image(path.name))


def read_archive(path: Path) -> list[Named]:
    """All images of a zip or tar archive, each a name and uint8 (C, H, W), sorted by name.

    They are decoded in memory. Names are only labels: nothing is written, so a name cannot escape
    anywhere.

    Raises:
        UserError: It cannot be read or holds no images, or they are broken or differ in shape.
    """
    try:
        held = sorted(_members(path), key=lambda member: member[0])
    except BROKEN as error:
        reason = str(error).partition("\n")[0].rstrip(":")  # tarfile's message has a line a format
        raise UserError(f"{path} is not a readable archive ({reason}); make it again.") from error
    if not held:
        raise UserError(f"{path} holds no images; expected {', '.join(sorted(SUFFIXES))}.")
    first = read_image(held[0][1], name=f"{path}:{held[0][0]}")
    return [
        (name, read_image(data, name=f"{path}:{name}", expected=first.shape)) for name, data in held
    ]


def _members(path: Path) -> Iterator[tuple[str, bytes]]:
    if path.suffix.lower() == ".zip":
        with zipfile.ZipFile(path) as archive:
            for member in archive.infolist():
                if not member.is_dir() and is_image(member.filename):
                    yield member.filename, archive.read(member)
        return
    with tarfile.open(path) as archive:
        for member in archive:
            file = archive.extractfile(member) if member.isfile() else None
            if file is not None and is_image(member.name):
                yield member.name, file.read()


def read_idx(path: Path) -> np.ndarray:
    """Read an idx file to uint8, packed by gzip or not, in the shape it says: MNIST's format.

    Raises:
        UserError: There is no such file, or it is no idx file of unsigned bytes.
    """
    try:
        opener = gzip.open if path.suffix == ".gz" else open
        with opener(path, "rb") as file:
            held = file.read()
        axes = held[3]
        shape = [int.from_bytes(held[4 + 4 * i : 8 + 4 * i], "big") for i in range(axes)]
        if held[:3] != b"\x00\x00\x08":
            raise ValueError("not unsigned bytes")
        return np.frombuffer(held, np.uint8, offset=4 + 4 * axes).reshape(shape)
    except FileNotFoundError as error:
        raise UserError(f"no file {path}; copy it there.") from error
    except (OSError, EOFError, ValueError, IndexError, zlib.error) as error:
        raise UserError(f"{path} is not a readable idx file ({error}); copy it again.") from error
