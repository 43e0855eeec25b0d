"""Images: sizes, modes, broken files, folders and archives that are odd."""

from __future__ import annotations

import io
import os
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from nasty.case import Case, Input

Files = dict[str, bytes]


def coded(held: np.ndarray, kind: str = "PNG", mode: str | None = None) -> bytes:
    """An image file."""
    out = io.BytesIO()
    image = Image.fromarray(held)
    (image.convert(mode) if mode else image).save(out, kind)
    return out.getvalue()


def pictures(rng: np.random.Generator, count: int = 24, size: int = 8) -> Files:
    """Grey images in two folders."""
    return {
        f"{'ab'[number % 2]}/{number:02}.png": coded(
            rng.integers(0, 256, (size, size), dtype=np.uint8)
        )
        for number in range(count)
    }


def folder_of(name: str, words: str, made: Callable[[np.random.Generator], Files],
              after: Callable[[Path], None] | None = None, **more: Any) -> Case:  # fmt: skip
    """A case of a folder."""

    def make(folder: Path, rng: np.random.Generator) -> Input:
        root = folder / "photos"
        root.mkdir()
        for path, held in made(rng).items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_bytes(held)
        if after is not None:
            after(root)
        return Input(root)

    return Case(name=name, kind="image", words=words, make=make, **more)


def archive_of(name: str, words: str, made: Callable[[np.random.Generator], Files],
               suffix: str = ".zip", change: Callable[[bytes], bytes] = bytes, **more: Any
               ) -> Case:  # fmt: skip
    """A case of an archive, whose names are as given."""

    def make(folder: Path, rng: np.random.Generator) -> Input:
        out, path = io.BytesIO(), folder / f"photos{suffix}"
        if suffix == ".zip":
            with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
                for member, held in made(rng).items():
                    file.writestr(member, held)
        else:
            with tarfile.open(fileobj=out, mode="w:gz" if suffix == ".tar.gz" else "w") as file:
                for member, held in made(rng).items():
                    info = tarfile.TarInfo(member)
                    info.size = len(held)
                    file.addfile(info, io.BytesIO(held))
        path.write_bytes(change(out.getvalue()))
        return Input(path)

    return Case(name=name, kind="image", words=words, make=make, **more)


def cases(rng: np.random.Generator) -> Iterator[Case]:
    """Folders, then archives, then arrays of images."""
    at = int(rng.integers(0, 24))
    spoilt = f"{'ab'[at % 2]}/{at:02}.png"
    right: dict[str, Any] = {"samples": 24, "shape": (1, 8, 8)}
    yield folder_of("a folder of images", "grey, two classes", pictures, back=True, **right)
    for word, held in (("zero bytes", b""), ("text", b"hello"), ("a cut .png", None)):
        yield folder_of(f"an image of {word}", f"{spoilt} of 24",
                        lambda rng, held=held: _spoilt(pictures(rng), spoilt, held),
                        refused=f"{at:02}.png")  # fmt: skip
    yield folder_of("a photo called .png", "a JPEG", samples=24, made=lambda rng: pictures(rng) | {
        spoilt: coded(rng.integers(0, 256, (8, 8), dtype=np.uint8), "JPEG")})  # fmt: skip
    for word, held in (("another size", (9, 8)), ("colour", (8, 8, 3)), ("alpha", (8, 8, 4))):
        more: dict[str, Any] = {"refused": "size"} if held[0] == 9 else {"samples": 24}
        yield folder_of(f"one image of {word}", f"{held} among (8, 8)", **more,
                        made=lambda rng, held=held: pictures(rng) | {
                            spoilt: coded(rng.integers(0, 256, held, dtype=np.uint8))})  # fmt: skip
    yield folder_of("sizes that differ, and a size", "--size 8", options={"size": 8}, back=True,
                    made=lambda rng: pictures(rng, 12, 8) | {f"c{p}": v for p, v in pictures(
                        rng, 12, 20).items()}, samples=24, notes=("12 of 24",))  # fmt: skip
    for mode in ("1", "P", "CMYK", "LA", "RGBA"):
        yield folder_of(f"mode {mode}", "all images", samples=24, made=lambda rng, mode=mode: {
            f"{n}.tif": coded(rng.integers(0, 256, (8, 8, 3), dtype=np.uint8), "TIFF",
                              None if mode == "x" else mode) for n in range(24)}, back=True
        )  # fmt: skip
    yield folder_of("16 bits", "up to 65,535", samples=24, back=True, made=lambda rng: {
        f"{n}.png": coded(rng.integers(0, 65_536, (8, 8), dtype=np.uint16)) for n in range(24)}
    )  # fmt: skip
    yield folder_of("19 images", "too few", lambda rng: pictures(rng, 19), refused="19 samples")
    yield folder_of("no images", "texts", lambda rng: {"a.txt": b"x"}, refused="0 images")
    yield folder_of("hidden files", "._01.png, .DS_Store, __MACOSX", made=lambda rng: pictures(
        rng) | {"._01.png": b"x", "a/.DS_Store": b"x", "__MACOSX/a/01.png": b"x"}, **right
    )  # fmt: skip
    yield folder_of("images of other kinds", "two .heic", notes=("2 of .heic",), **right,
                    made=lambda rng: pictures(rng) | {"a/x.heic": b"x", "b/y.HEIC": b"y"}
    )  # fmt: skip
    yield folder_of("links", "a ring, a dead one, a double", pictures, _linked, samples=24,
                    notes=("lead nowhere", "count already"))  # fmt: skip
    yield folder_of("odd names", "blanks, quotes, line ends, tags", samples=24,
                    made=lambda rng: {p.replace("/", "/$<b>\n '"): v for p, v in pictures(
                        rng).items()})  # fmt: skip
    yield archive_of("a zip", "of two classes", pictures, back=True, **right)
    yield archive_of("a tar.gz", "of two classes", pictures, ".tar.gz", **right)
    yield archive_of("names that lead out", "../../x and /etc/x", samples=24, made=lambda rng: {
        f"{'../../' if n % 2 else '/etc/'}{p}": v for n, (p, v) in enumerate(
            pictures(rng).items())})  # fmt: skip
    yield archive_of("a zip in a zip", "no image but an archive", refused="0 images",
                     made=lambda rng: {"inner.zip": b"PK"})  # fmt: skip
    yield archive_of("a zip cut in the middle", "half of it", pictures, refused="archive|zip",
                     change=lambda held: held[: len(held) // 2])  # fmt: skip
    yield archive_of("a zip with a spoilt byte", "in the middle", pictures, change=_flipped,
                     refused="cannot be read|readable")  # fmt: skip
    yield archive_of("an encrypted zip", "by its flag", pictures, change=_encrypted,
                     refused="encrypted|password|cannot be read")  # fmt: skip
    yield archive_of("a tar called .zip", "a wrong ending", pictures, ".tar", samples=24)
    yield folder_of("a zip of nothing", "a folder with photos.zip alone", refused="0 images",
                    made=lambda rng: {"photos.zip": b"PK"})  # fmt: skip
    yield from _arrays()


def _arrays() -> Iterator[Case]:
    from nasty.arrays import array

    kinds: tuple[tuple[str, str, Any, dict[str, Any]], ...] = (
        ("floats out of range", "0 to 255", lambda r: r.random((40, 8, 8)) * 255,
         {"refused": r"\[0, 1\]"}),
        ("images of 0 and 1", "uint8", lambda r: r.integers(0, 2, (40, 8, 8), dtype=np.uint8),
         {"notes": ("white",)}),
        ("dark images", "up to 15", lambda r: r.integers(0, 16, (40, 8, 8), dtype=np.uint8),
         {"notes": ("dark|black",)}),
        ("12 bits", "uint16", lambda r: r.integers(0, 4096, (40, 8, 8), dtype=np.uint16),
         {"notes": ("4095",)}),
        ("negative pixels", "int16", lambda r: r.integers(-9, 9, (40, 8, 8), dtype=np.int16),
         {"refused": "pixels|0 to"}),
        ("images of bool", "True is white", lambda r: r.random((40, 8, 8)) > 0.5, {}),
        ("channels last", "(40, 8, 8, 3)", lambda r: r.integers(0, 256, (40, 8, 8, 3),
         dtype=np.uint8), {"shape": (3, 8, 8)}),
        ("a shape of no image", "(40, 30, 31, 32)", lambda r: r.random((40, 30, 31, 32)),
         {"refused": "shape"}),
        ("images of one pixel", "(40, 1, 1)", lambda r: r.random((40, 1, 1)),
         {"samples": 40, "back": True}),
    )  # fmt: skip
    for name, words, made, more in kinds:
        yield array(name, words, made, kind="image", plain=False, **more)


def _spoilt(held: Files, name: str, by: bytes | None) -> Files:
    return held | {name: held[name][:-30] if by is None else by}


def _linked(root: Path) -> None:
    os.symlink(root, root / "ring")
    os.symlink(root / "gone.png", root / "dead.png")
    os.symlink(root / "a/00.png", root / "b/zz.png")


def _flipped(held: bytes) -> bytes:
    place = len(held) // 3
    return held[:place] + bytes([held[place] ^ 255]) + held[place + 1 :]


def _encrypted(held: bytes) -> bytes:
    marked = bytearray(held)
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = marked.find(mark)
        while place >= 0:
            marked[place + at] |= 1
            place = marked.find(mark, place + 4)
    return bytes(marked)
