"""Folders and archives of images."""

from __future__ import annotations

import csv
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from latentfit.checks import UserError
from latentfit.data.assemble import Found, Lazy, assemble
from latentfit.data.base import PARTS, Data, Split
from latentfit.data.entries import ARCHIVES, SUFFIXES, Entry, Listing, below, inside, shown
from latentfit.data.form import (
    OPTIONS,
    background_of,
    form_of,
    heads_of,
    notes_on,
    pixels,
    spread,
    white_of,
)
from latentfit.data.images import Form
from latentfit.data.layout import laid_out
from latentfit.data.options import Options
from latentfit.data.resident import Resident
from latentfit.data.streamed import Streamed
from latentfit.schema import Pixels, Schema
from latentfit.schema.pixels import brightness


def from_folder(path: Path, name: str, options: Options, schema: Schema | None, limit: int) -> Data:
    """A data set of the images below a folder, or of its archives `train` and `test`.

    Such archives are a set that is the same for all time: its splits go by number, and it is held
    in memory whatever the limit.

    Raises:
        UserError: There are too few images, one cannot be read, or they differ in size.
    """
    archives = {
        part: found
        for part in ("train", "test")
        for end in ARCHIVES
        if (found := path / f"{part}{end}").exists()
    }
    if len(archives) < 2:
        return _made(below(path), path, name, options, schema, limit)
    parts = {part: inside(archive) for part, archive in archives.items()}
    for part, listing in parts.items():
        for number, entry in enumerate(listing.entries):
            listing.entries[number] = replace(entry, name=f"{part}/{entry.name}")
        parts["train"].unread += listing.unread if part != "train" else Counter()
    parts["train"].entries += parts["test"].entries
    data = _made(parts["train"], path, name, options, schema, limit, fixed=True)
    return _with_attributes(data, path / "attributes.csv")


def from_archive(
    path: Path, name: str, options: Options, schema: Schema | None, limit: int
) -> Data:
    """A data set of the images of an archive.

    Raises:
        UserError: As `from_folder`, or the archive cannot be read; or it is above the limit and
            packed as a whole.
    """
    return _made(inside(path), path, name, options, schema, limit)


@dataclass
class Pictures(Lazy):
    """Images that are decoded once it is known which split each belongs to.

    Attributes:
        entries: Their files.
        form: What they are brought to.
        streamed: They are read each time, not held.
    """

    entries: list[Entry]
    form: Form
    streamed: bool

    def __post_init__(self) -> None:
        self.shape, self.dtype = (len(self.entries), *self.form.shape), np.dtype(self.form.dtype)

    def at(self, places: Tensor) -> Tensor:
        """The images at some places, decoded now, `dtype` with shape (B, C, H, W)."""
        held = pixels([self.entries[place] for place in places.tolist()], self.form)
        return torch.from_numpy(held)

    def splits(
        self, places: Sequence[Tensor], labels: Sequence[Tensor | None], ids: Sequence[np.ndarray]
    ) -> list[Split]:
        """Parts of one array, or files that are read when their turn comes."""
        if self.streamed:
            return [
                Streamed([self.entries[i] for i in at.tolist()], self.form, label, ids=called)
                for at, label, called in zip(places, labels, ids, strict=True)
            ]
        parts = self.at(torch.cat([*places])).split([len(at) for at in places])
        return [
            Resident(part, label, ids=called)
            for part, label, called in zip(parts, labels, ids, strict=True)
        ]


def _made(
    listing: Listing,
    path: Path,
    name: str,
    options: Options,
    schema: Schema | None,
    limit: int,
    *,
    fixed: bool = False,
) -> Data:
    if not listing.entries:
        also = " ".join(["", *listing.notes()])
        raise UserError(
            f"{shown(str(path))} holds 0 images; give it some as {', '.join(SUFFIXES)}.{also}"
        )
    held, classes, notes = laid_out(listing.entries)
    return of_entries(
        held,
        {part: np.array(names) for part, names in classes.items()},
        ids={part: np.array([shown(one.name) for one in some]) for part, some in held.items()},
        place=shown(str(path)),
        name=shown(name),
        options=options,
        schema=schema,
        limit=limit,
        notes=[*listing.notes(), *notes],
        fixed=fixed,
    )


def of_entries(
    held: dict[str, list[Entry]],
    labels: Mapping[str, Any],
    *,
    place: str,
    name: str,
    options: Options,
    schema: Schema | None,
    limit: int,
    ids: Mapping[str, np.ndarray] | None = None,
    classes: tuple[str, ...] = (),
    notes: Sequence[str] = (),
    fixed: bool = False,
) -> Data:
    """A data set of images, wherever their bytes lie.

    Arguments:
        held: Images by split.
        labels: Of each split, (N,); empty where there are none.
        place: Where they lie, for errors.
        name: What reports call it.
        options: How to read them, those of images.
        schema: That of a model.
        limit: Bytes of decoded images above which they are read as they are asked for.
        ids: What each image is called, (N,); its number where not given.
        classes: Name of each label.
        notes: What a person should know already.
        fixed: Splits go by number, and all are held.

    Raises:
        UserError: There are too few, one cannot be read, or they differ in size.
    """
    options.must_be_among(OPTIONS, "images")
    if options.kind not in ("auto", "images"):
        raise UserError(f"'{name}' holds images, not {options.kind}; leave the kind out.")
    if schema is not None and not isinstance(schema, Pixels):
        raise UserError(f"'{name}' holds images, the model takes none; give data of its kind.")
    held = {part: held[part] for part in PARTS if part in held}
    entries = [entry for some in held.values() for entry in some]
    heads = heads_of(entries, background_of(options, schema))
    form, kind, told = form_of(entries, heads, name, options, schema)
    notes = [*notes, *notes_on(heads, form, options), *told]
    size = len(entries) * math.prod(form.shape) * np.dtype(form.dtype).itemsize
    if size > limit and not fixed and any(entry.held for entry in entries):
        raise UserError(
            f"the images of {place} take {size / 2**30:.1f} GiB decoded, above the "
            f"limit of {limit / 2**30:.1f}, and a packed tar is not read piece by piece; unpack it "
            "and give the folder, or give a zip."
        )
    found, marks = {}, iter(heads)
    for part, some in held.items():
        pictures = Pictures(some, form, streamed=size > limit)
        found[part] = Found(
            x=pictures.at(torch.arange(len(some))) if fixed else pictures,
            y=labels.get(part),
            ids=None if ids is None else ids[part],
            marks=np.array([next(marks).mark for _ in some], np.uint64),
        )

    def fit(whole: Found, train: Tensor) -> Schema:
        looked = train[spread(len(train))]
        pixels = whole.x[looked] if fixed else whole.x.at(looked)
        bright = brightness(pixels, torch.arange(len(pixels)))
        return Pixels(form.shape, white=white_of(form, kind), dtype=kind, crop=form.crop,
                      background=form.background, **bright)  # fmt: skip

    read = f"{form.shape} {form.crop} {form.background} {form.white} {form.deep}"
    return assemble(found, name=name, fit=fit, classes=classes, fixed=fixed, schema=schema,
                    notes=notes, also="" if fixed else read, together=True)  # fmt: skip


def _with_attributes(data: Data, path: Path) -> Data:
    """Attach CelebA-style attributes: a row an image with columns file, split, and -1 or 1 each."""
    if not path.exists():
        return data
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    splits = (data.train, data.validation, data.test)
    try:
        names = [column for column in rows[0] if column not in ("file", "split")]
        values = {row["file"]: [row[column] == "1" for column in names] for row in rows}
        parts = [
            torch.tensor([values[called.rpartition("/")[2]] for called in map(str, split.ids)])
            for split in splits
            if split.ids is not None
        ]
    except (IndexError, KeyError) as error:
        raise UserError(
            f"{path} has no row for {error}; it needs columns file, split and the attributes, "
            "and a row for each image."
        ) from error
    columns = {name: tuple(part[:, i] for part in parts) for i, name in enumerate(names)}
    return replace(data, attributes=columns)
