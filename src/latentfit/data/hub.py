"""Data sets of the Hugging Face hub, and those that its library saved (extra `hub`)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from latentfit.checks import UserError, line_of, one_of
from latentfit.data.base import Data
from latentfit.data.entries import Entry
from latentfit.data.folders import of_entries
from latentfit.data.frames import table
from latentfit.data.make import arrays
from latentfit.data.memory import gathered
from latentfit.data.options import Options
from latentfit.schema import Schema

SPLITS = {
    "train": ("train", "training"),
    "validation": ("validation", "valid", "val", "dev"),
    "test": ("test",),
}
"""What they are called there."""


def from_hub(text: str, options: Options, schema: Schema | None, limit: int = 4 << 30) -> Data:
    """A data set by its name on the hub, or by the path of a folder.

    A column of images, or of arrays of one shape, with a `ClassLabel` or without, are samples and
    classes; all other columns are a table. Splits are those of the data set.

    Arguments:
        text: What follows `hf:`: `NAME`, `NAME:CONFIG`, either with `@REVISION`, or a path.
        options: How to read it; those of tables, of images or of arrays, and which columns.
        schema: That of a model, where one is there.
        limit: Bytes of decoded images above which they are read as they are asked for.

    Raises:
        UserError: There is no such data set or it cannot be reached, the library is absent, or the
            samples are none.
    """
    held, notes = _parts(_opened(text), text)
    name = Path(text).expanduser().name if Path(text).expanduser().exists() else text
    features = held["train"].features
    kinds = {column: type(feature).__name__ for column, feature in features.items()}
    labels = [column for column, kind in kinds.items() if kind == "ClassLabel"]
    roles = [column for column in (options.label, options.key) if column is not None]
    kept = [
        column
        for column in kinds
        if column not in options.drop and (not options.columns or column in options.columns)
    ]
    images = [column for column in kept if kinds[column] == "Image"]
    rest = [column for column in kept if column not in (*labels, *roles)]
    if len(images) == 1 or (len(rest) == 1 and _is_array(kinds[rest[0]])):
        for column in (*options.columns, *options.drop):
            one_of("column", column, kinds)
        (column,) = images or rest
        if left := [one for one in rest if one != column]:
            notes.append(f"columns that are not used: {', '.join(left)}.")
        label = options.label or (labels[0] if len(labels) == 1 else None)
        if label is not None and label not in kinds:
            raise UserError(f"'{name}' has no column '{label}'; it has {', '.join(kinds)}.")
        of = _Samples(held, column, label, name, replace(options, columns=(), drop=(), label=None))
        return of.pictures(schema, limit, notes) if images else of.arrays(schema, notes)
    for column in kept:
        if kinds[column] in ("Image", "Audio", "Video", "Pdf") or _is_array(kinds[column]):
            raise UserError(
                f"column '{column}' of '{name}' is a {kinds[column]} among others "
                f"({', '.join(rest)}); keep that one or the others with --columns or --drop."
            )
    frame, counts = _frame(held, [*dict.fromkeys((*kept, *(r for r in roles if r in kinds)))])
    chosen = replace(options, drop=()) if set(options.drop) <= set(kinds) else options
    return table(frame, name=name, options=chosen, schema=schema, notes=notes, counts=counts)


def _opened(text: str) -> Any:
    """What the library gives for a name or a path."""
    try:
        import datasets
    except ImportError as error:
        raise UserError("hf: needs datasets; pip install 'latentfit[hub]'.") from error
    folder = Path(text).expanduser()
    whole, _, revision = text.partition("@")
    name, _, config = whole.partition(":")
    try:
        if (folder / "dataset_dict.json").exists() or (folder / "state.json").exists():
            return datasets.load_from_disk(str(folder))
        if folder.exists():
            return datasets.load_dataset(str(folder))
        return datasets.load_dataset(name, config or None, revision=revision or None)
    except Exception as error:  # the library's, the network's, and those of readers of files
        raise UserError(
            f"the hub gives no data set '{text}' ({line_of(error)}); check the name, the network "
            "and, for private sets, that you are logged in."
        ) from error


def _parts(found: Any, text: str) -> tuple[dict[str, Any], list[str]]:
    """Data sets by the names of our splits, and what a person should know."""
    if not hasattr(found, "keys"):
        return {"train": found}, []
    held = {
        part: found[name]
        for part, names in SPLITS.items()
        for name in names
        if name in found and len(found[name])
    }
    if "train" not in held:
        if len(found) != 1:
            raise UserError(f"'{text}' has no split 'train' among {', '.join(found)}; rename one.")
        held = {"train": next(iter(found.values()))}
        return held, []
    left = [name for name in found if all(found[name] is not part for part in held.values())]
    return held, [f"splits that are not used: {', '.join(left)}."] if left else []


def _is_array(kind: str) -> bool:
    return kind in ("List", "LargeList", "Sequence", "Array2D", "Array3D")


@dataclass(frozen=True)
class _Samples:
    """A column of samples, and the column of their classes.

    Attributes:
        held: Data sets by the names of our splits.
        column: Of the samples.
        label: Of the classes; None where there are none.
        name: What reports call it.
        options: How to read the samples.
    """

    held: dict[str, Any]
    column: str
    label: str | None
    name: str
    options: Options

    def pictures(self, schema: Schema | None, limit: int, notes: list[str]) -> Data:
        """Images, decoded from the bytes that the data set holds."""
        import datasets

        entries = {}
        for part, rows in self.held.items():
            raw = rows.select_columns([self.column]).cast_column(
                self.column, datasets.Image(decode=False)
            )
            entries[part] = [
                Entry(f"{part}/{row}", self.name, ask=partial(_bytes, raw, self.column, row))
                for row in range(len(raw))
            ]
        labels, classes = self.classes()
        return of_entries(
            entries, labels, place=self.name, name=self.name, options=self.options, schema=schema,
            limit=limit, classes=classes, notes=notes,
        )  # fmt: skip

    def arrays(self, schema: Schema | None, notes: list[str]) -> Data:
        """Vectors, signals, or images that are held as numbers."""
        self.options.must_be_among(("scale",), "arrays of the hub")
        labels, classes = self.classes()
        pairs = {}
        for part, rows in self.held.items():
            cells = ((row[self.column],) for row in rows.select_columns([self.column]))
            pairs[part] = (gathered(cells, self.name)[0], labels.get(part))
        data = arrays(*pairs.pop("train"), name=self.name, classes=classes, schema=schema,
                      kind=self.options.kind, scale=self.options.scale, **pairs)  # fmt: skip
        return replace(data, notes=(*data.notes, *notes))

    def classes(self) -> tuple[dict[str, np.ndarray], tuple[str, ...]]:
        """The classes of each split, and their names; none where some are kept back."""
        if self.label is None:
            return {}, ()
        labels = {part: np.asarray(rows[self.label]) for part, rows in self.held.items()}
        names = tuple(getattr(self.held["train"].features[self.label], "names", None) or ())
        # Test samples whose class is kept back have -1.
        kept_back = names and any(bool((y < 0).any()) for y in labels.values())
        return ({}, ()) if kept_back else (labels, names)


def _bytes(rows: Any, column: str, row: int) -> bytes:
    """The file of an image."""
    cell = rows[row][column]
    if cell is None or not (cell["bytes"] or cell["path"]):
        raise UserError(f"row {row} has no image in '{column}'; leave such rows out.")
    return cell["bytes"] or Path(cell["path"]).read_bytes()


def _frame(held: dict[str, Any], columns: list[str]) -> tuple[Any, dict[str, int]]:
    """One table of all splits, and the rows of each; classes by their names."""
    import pandas as pd

    frames = []
    for rows in held.values():
        frame = rows.select_columns(columns).to_pandas()
        for name in columns:
            if names := getattr(rows.features[name], "names", None):
                frame[name] = frame[name].map(dict(enumerate(names)))
        frames.append(frame)
    counts = {part: len(rows) for part, rows in held.items()}
    return pd.concat(frames, ignore_index=True), counts
