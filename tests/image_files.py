"""Image files for tests: their bytes, and folders and archives of them."""

from __future__ import annotations

import io
import struct
import tarfile
import zipfile
import zlib

import numpy as np
from PIL import Image

PARTS = ("train", "validation", "test")


def png(image, **more):
    held = io.BytesIO()
    image = image if isinstance(image, Image.Image) else Image.fromarray(image)
    image.save(held, "png", **more)
    return held.getvalue()


def saved(image, kind, **more):
    held = io.BytesIO()
    image.save(held, kind, **more)
    return held.getvalue()


def grey(count, height=8, width=8, seed=0):
    """Files of grey images, each another."""
    rng = np.random.default_rng(seed)
    return [png(rng.integers(0, 256, (height, width), dtype=np.uint8)) for _ in range(count)]


def named(pattern, files):
    """Files by name; `pattern` holds {} for the number."""
    return {pattern.format(number): held for number, held in enumerate(files)}


def write_folder(path, files):
    for name, held in files.items():
        place = path / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(held)
    return path


def write_zip(path, files):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, held in files.items():
            archive.writestr(name, held)
    return path


def write_tar(path, files):
    kind = path.suffix[1:] if path.suffix != ".tar" else ""
    with tarfile.open(path, f"w:{kind}") as archive:
        for name, held in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(held)
            archive.addfile(member, io.BytesIO(held))
    return path


def deep_png(pixels, colour):
    """A PNG of 16 bits: colour is 0 for grey, 2 for RGB, 4 for grey with transparency."""
    height, width = pixels.shape[:2]

    def chunk(name, held):
        return (
            struct.pack(">I", len(held)) + name + held + struct.pack(">I", zlib.crc32(name + held))
        )

    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in pixels)
    head = struct.pack(">IIBBBBB", width, height, 16, colour, 0, 0, 0)
    parts = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


def by_name(data):
    """All images of a data set by name, float32 (C, H, W)."""
    return {
        str(name): image
        for part in PARTS
        for batch in [getattr(data, part)]
        for name, image in zip(batch.ids, batch.first(len(batch)).numpy(), strict=True)
    }


def members(data):
    """The names in each split."""
    return {part: sorted(map(str, getattr(data, part).ids)) for part in PARTS}


def labelled(data):
    """The class of each image by name."""
    return {
        str(name): data.classes[label]
        for part in PARTS
        for name, label in zip(getattr(data, part).ids, getattr(data, part).labels, strict=True)
    }
