"""Folders and archives of images."""

from __future__ import annotations

import csv
import hashlib
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from latentfit.checks import UserError
from latentfit.data.base import Data
from latentfit.data.images import ARCHIVES, Named, image_paths, read_archive, read_image
from latentfit.data.options import Options
from latentfit.data.splits import LEAST, fingerprint
from latentfit.data.streamed import Streamed
from latentfit.schema import Schema
from latentfit.seeds import mix


def from_folder(path: Path, name: str, options: Options, schema: Schema | None, limit: int) -> Data:
    """A data set of the images below a folder."""
    raise NotImplementedError


def from_archive(path: Path, name: str, options: Options, schema: Schema | None) -> Data:
    """A data set of the images of an archive."""
    raise NotImplementedError


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
