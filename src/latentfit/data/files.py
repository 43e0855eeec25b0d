"""Data sets from a path: arrays, tables, idx folders, folders and archives of images."""

from __future__ import annotations

import csv
import hashlib
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from latentfit.checks import UserError
from latentfit.data.base import Data
from latentfit.data.images import (
    ARCHIVES,
    Named,
    image_paths,
    read_archive,
    read_idx,
    read_image,
)
from latentfit.data.make import LEAST, arrays, fingerprint, partition
from latentfit.data.streamed import Streamed
from latentfit.seeds import mix

DIGITS = tuple("0123456789")
CLOTHES = (
    "T-shirt", "trouser", "pullover", "dress", "coat",
    "sandal", "shirt", "sneaker", "bag", "ankle boot",
)  # fmt: skip


def read_path(path: Path, *, name: str | None = None, limit: int = 4 << 30) -> Data:
    """Read a data set from a file or a folder by what it is.

    Arguments:
        path: An existing path.
        name: What reports call it; the file's own name where not given.
        limit: Bytes of decoded images above which a folder is streamed.

    Raises:
        UserError: It is of an unknown kind, cannot be read, or holds what is no data set.
    """
    name = name or path.name
    if path.is_dir():
        return _read_folder(path, name, limit)
    if path.name.lower().endswith(ARCHIVES):
        return _from_images(*_parts(read_archive(path)), name)
    readers = {".npz": _npz, ".npy": _npy, ".csv": _csv, ".parquet": _parquet}
    if path.suffix.lower() not in readers:
        raise UserError(
            f"cannot read {path.name}; use {', '.join((*readers, *ARCHIVES))}, or a folder."
        )
    return readers[path.suffix.lower()](path, name)


def _parts(held: list[Named]) -> tuple[list[Named], list[Named] | None]:
    """Split an archive's images by train/ and test/ at its top, where it has both."""
    tops = {Path(member).parts[0] for member, _ in held}
    if tops != {"train", "test"}:
        return held, None
    parts = [[one for one in held if Path(one[0]).parts[0] == top] for top in ("train", "test")]
    return parts[0], parts[1]


def _read_folder(path: Path, name: str, limit: int) -> Data:
    for place in (path, path / "raw"):
        for suffix in (".gz", ""):
            if (place / f"train-images-idx3-ubyte{suffix}").exists():
                return _idx(place, suffix, name)
    archives = {
        part: found
        for part in ("train", "test")
        for end in ARCHIVES
        if (found := path / f"{part}{end}").exists()
    }
    if len(archives) == 2:
        images = {part: read_archive(archive) for part, archive in archives.items()}
        data = _from_images(images["train"], images["test"], name)
        files = {part: [Path(member).name for member, _ in held] for part, held in images.items()}
        return _with_attributes(data, path / "attributes.csv", files)
    train, test = path / "train", path / "test"
    if train.is_dir() and test.is_dir():
        return _from_paths(image_paths(train), image_paths(test), path, name, limit)
    return _from_paths(image_paths(path), None, path, name, limit)


def _idx(place: Path, suffix: str, name: str) -> Data:
    train, test = (
        (
            read_idx(place / f"{part}-images-idx3-ubyte{suffix}"),
            read_idx(place / f"{part}-labels-idx1-ubyte{suffix}"),
        )
        for part in ("train", "t10k")
    )
    classes = {"mnist": DIGITS, "fashion-mnist": CLOTHES}.get(name, ())
    return arrays(train[0], train[1], name=name, test=test, classes=classes)


def _from_images(train: list[Named], test: list[Named] | None, name: str) -> Data:
    x, labels, classes = _stack(train)
    if test is None:
        return arrays(x, labels, name=name, classes=classes)
    other, other_labels, other_classes = _stack(test)
    if classes != other_classes:
        labels, other_labels, classes = None, None, ()
    return arrays(x, labels, name=name, test=(other, other_labels), classes=classes)


def _stack(named: list[Named]) -> tuple[np.ndarray, np.ndarray | None, tuple[str, ...]]:
    labels, classes = _classes([Path(member).parent.name for member, _ in named])
    return np.stack([image for _, image in named]), labels, classes


def _classes(folders: list[str]) -> tuple[np.ndarray | None, tuple[str, ...]]:
    """Labels from the names of the folders that images lie in, if there are several."""
    classes = tuple(sorted(set(folders)))
    if len(classes) < 2:
        return None, ()
    number = {folder: index for index, folder in enumerate(classes)}
    return np.array([number[folder] for folder in folders]), classes


def _from_paths(
    train: list[Path], test: list[Path] | None, root: Path, name: str, limit: int
) -> Data:
    if len(train) < LEAST or (test is not None and len(test) < 2):
        raise UserError(
            f"{root} holds {len(train)} images; at least {LEAST} are needed, "
            "as .png, .jpg or another common format."
        )
    shape = read_image(train[0]).shape
    if (len(train) + len(test or [])) * math.prod(shape) > limit:
        return _streamed(train, test, shape, root, name)

    def read(paths: list[Path]) -> list[Named]:
        return [(str(p.relative_to(root)), read_image(p, expected=shape)) for p in paths]

    return _from_images(read(train), None if test is None else read(test), name)


def _streamed(
    train: list[Path], test: list[Path] | None, shape: tuple[int, ...], root: Path, name: str
) -> Data:
    labels, classes = _classes([path.parent.name for path in train])
    other, other_classes = _classes([path.parent.name for path in test or []])
    if test is not None and classes != other_classes:
        labels, other, classes = None, None, ()
    others = None if other is None else torch.from_numpy(other)
    rest, chosen, held = partition(len(train), test=test is None)

    def part(indices: Tensor) -> Streamed:
        picked = None if labels is None else torch.from_numpy(labels)[indices]
        return Streamed([train[index] for index in indices.tolist()], shape, picked)

    marks = [[mix(str(p.relative_to(root))), _content(p)] for p in [*train, *(test or [])]]
    return Data(
        name=name,
        train=part(rest),
        validation=part(chosen),
        test=part(held) if test is None else Streamed(test, shape, others),
        fingerprint=fingerprint(torch.tensor(marks)),
        classes=classes,
    )


def _content(path: Path) -> int:
    """A number that stands for the bytes of a file; changing one of them changes it."""
    return int.from_bytes(hashlib.blake2b(path.read_bytes(), digest_size=7).digest(), "big")


def _with_attributes(data: Data, path: Path, files: dict[str, list[str]]) -> Data:
    """Attach CelebA-style attributes: a row an image with columns file, split, and -1 or 1 each."""
    if not path.exists():
        return data
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    try:
        names = [column for column in rows[0] if column not in ("file", "split")]
        values = {row["file"]: [row[column] == "1" for column in names] for row in rows}
        train = torch.tensor([values[member] for member in files["train"]])
        test = torch.tensor([values[member] for member in files["test"]])
    except (IndexError, KeyError) as error:
        raise UserError(
            f"{path} has no row for {error}; it needs columns file, split and the attributes, "
            "and a row for each image."
        ) from error
    rest, chosen, _ = partition(len(train), test=False)
    parts = (train[rest], train[chosen], test)
    columns = {n: tuple(part[:, i] for part in parts) for i, n in enumerate(names)}
    return replace(data, attributes=columns)


def _npz(path: Path, name: str) -> Data:
    held = _load(path)
    if "x_train" in held and "x_test" in held:
        test = (held["x_test"], held.get("y_test"))
        return arrays(held["x_train"], held.get("y_train"), name=name, test=test)
    keys = [key for key in ("x", "data", "images", "samples") if key in held]
    keys = keys or (list(held) if len(held) == 1 else [])
    if not keys:
        raise UserError(f"{path} holds {', '.join(held)}; name the samples x, data or images.")
    label = next((held[key] for key in ("y", "labels") if key in held), None)
    return arrays(held[keys[0]], label, name=name)


def _npy(path: Path, name: str) -> Data:
    return arrays(_load(path), name=name)


def _load(path: Path) -> Any:
    try:
        held = np.load(path, allow_pickle=False)
        return {key: held[key] for key in held.files} if path.suffix == ".npz" else held
    except Exception as error:
        said = str(error).split(". ")[0]  # numpy goes on with how to load it unsafely
        raise UserError(
            f"{path} cannot be read ({said}); save plain number arrays with numpy.save or savez."
        ) from error


def _csv(path: Path, name: str) -> Data:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = [row for row in csv.reader(file) if row]
    except (UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"{path} is not a UTF-8 table ({error}); save it as UTF-8.") from error
    if rows and not all(_is_number(cell) for cell in rows[0]):
        rows = rows[1:]
    if not rows:
        raise UserError(f"{path} is empty; it needs a row of numbers for each sample.")
    widths = {len(row) for row in rows}
    if len(widths) != 1:
        raise UserError(f"{path} has rows of {sorted(widths)} cells; all need the same columns.")
    try:
        table = np.array(rows, dtype=np.float64)
    except ValueError as error:
        raise UserError(f"{path} holds a cell that is no number ({error}); drop it.") from error
    return arrays(table, name=name)


def _parquet(path: Path, name: str) -> Data:
    try:
        import pandas  # type: ignore[import-not-found]

        table = pandas.read_parquet(path).select_dtypes("number")
    except ImportError as error:
        raise UserError(
            "reading .parquet needs pandas and pyarrow; pip install pandas pyarrow."
        ) from error
    except (ValueError, OSError) as error:  # pyarrow's own errors are among these
        raise UserError(f"{path} is not a readable table ({error}); save it again.") from error
    return arrays(table.to_numpy(), name=name)


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
