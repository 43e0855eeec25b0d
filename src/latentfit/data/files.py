"""Data sets from a path, by what it is."""

from __future__ import annotations

from pathlib import Path

from latentfit.checks import UserError
from latentfit.data.base import Data
from latentfit.data.cells import from_h5ad
from latentfit.data.entries import ARCHIVES
from latentfit.data.folders import from_archive, from_folder
from latentfit.data.frames import from_file
from latentfit.data.idx import read_idx
from latentfit.data.make import arrays
from latentfit.data.mapped import mapped
from latentfit.data.numpy_files import from_npy, from_npz
from latentfit.data.options import Options
from latentfit.data.tables import BINARY, TEXT
from latentfit.schema import Schema

DIGITS = tuple("0123456789")
CLOTHES = (
    "T-shirt", "trouser", "pullover", "dress", "coat",
    "sandal", "shirt", "sneaker", "bag", "ankle boot",
)  # fmt: skip
READERS = {
    ".npz": from_npz,
    ".npy": from_npy,
    ".h5ad": from_h5ad,
    **dict.fromkeys((*TEXT, *BINARY), from_file),
}
"""Of files that hold samples as rows, by the ends of their names."""


def read_path(
    path: Path,
    *,
    name: str | None = None,
    options: Options | None = None,
    schema: Schema | None = None,
    limit: int = 4 << 30,
) -> Data:
    """Read a data set from a file or a folder by what it is.

    Arguments:
        path: An existing path.
        name: What reports call it; the file's own name where not given.
        options: How to read it.
        schema: That of a model, in whose units the samples are to be read.
        limit: Bytes above which a folder of images is streamed, and an .npy file is read as its
            rows are asked for.

    Raises:
        UserError: It is of an unknown kind, cannot be read, or holds what is no data set.
    """
    name, options = name or path.name, options or Options()
    if path.is_dir():
        for place in (path, path / "raw"):
            for suffix in (".gz", ""):
                if (place / f"train-images-idx3-ubyte{suffix}").exists():
                    options.must_be_among((), "idx files")
                    return _idx(place, suffix, name, schema)
        return from_folder(path, name, options, schema, limit)
    lower = path.name.lower()
    if lower.endswith(ARCHIVES):
        return from_archive(path, name, options, schema, limit)
    if lower.endswith(".npy") and path.stat().st_size > limit:
        return mapped(path, name, options, schema)
    for end, reader in READERS.items():
        if lower.endswith(end):
            return reader(path, name, options, schema)
    raise UserError(
        f"cannot read {path.name}; use {', '.join((*READERS, *ARCHIVES))}, or a folder of images."
    )


def _idx(place: Path, suffix: str, name: str, schema: Schema | None) -> Data:
    train, test = (
        (
            read_idx(place / f"{part}-images-idx3-ubyte{suffix}"),
            read_idx(place / f"{part}-labels-idx1-ubyte{suffix}"),
        )
        for part in ("train", "t10k")
    )
    classes = {"mnist": DIGITS, "fashion-mnist": CLOTHES}.get(name, ())
    return arrays(*train, name=name, test=test, classes=classes, fixed=True, schema=schema)
