"""Data sets of the Hugging Face hub, and those that its library saved (extra `hub`)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from latentfit.checks import UserError
from latentfit.data.base import Data
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


def from_hub(text: str, options: Options, schema: Schema | None) -> Data:
    """A data set by its name on the hub, `NAME` or `NAME:CONFIG`, or by the path of a folder.

    A column of images, or of arrays of one shape, with a `ClassLabel` or without, are samples and
    classes; all other columns are a table. Splits are those of the data set.

    Arguments:
        text: What follows `hf:`.
        options: How to read it; those of tables, or of arrays.
        schema: That of a model, where one is there.

    Raises:
        UserError: There is no such data set or it cannot be reached, the library is absent, or the
            samples are none.
    """
    held, notes = _parts(_opened(text), text)
    features = held["train"].features
    kinds = {name: type(feature).__name__ for name, feature in features.items()}
    labels = [name for name, kind in kinds.items() if kind == "ClassLabel"]
    images = [name for name, kind in kinds.items() if kind == "Image"]
    rest = [name for name in kinds if name not in labels]
    if len(images) == 1 or (len(rest) == 1 and _is_array(kinds[rest[0]])):
        return _samples(held, images or rest, labels, text, options, schema, notes)
    for name, kind in kinds.items():
        if kind in ("Image", "Audio", "Video", "Pdf") or _is_array(kind):
            raise UserError(
                f"column '{name}' of '{text}' is a {kind} among others ({', '.join(rest)}); keep "
                "that one or the others with select_columns, and save_to_disk."
            )
    frame, counts = _frame(held, labels)
    return table(frame, name=text, options=options, schema=schema, notes=notes, counts=counts)


def _opened(text: str) -> Any:
    """What the library gives for a name or a path."""
    try:
        import datasets
    except ImportError as error:
        raise UserError("hf: needs datasets; pip install 'latentfit[hub]'.") from error
    folder = Path(text).expanduser()
    name, _, config = text.partition(":")
    try:
        if (folder / "dataset_dict.json").exists() or (folder / "state.json").exists():
            return datasets.load_from_disk(str(folder))
        if folder.exists():
            return datasets.load_dataset(str(folder))
        return datasets.load_dataset(name, config or None)
    except Exception as error:  # the library's, the network's, and those of readers of files
        said = (str(error).splitlines() or [type(error).__name__])[0][:200].rstrip(".")
        raise UserError(
            f"the hub gives no data set '{text}' ({said}); check the name, the network and, for "
            "private sets, that you are logged in."
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


def _samples(
    held: dict[str, Any],
    columns: list[str],
    labels: list[str],
    text: str,
    options: Options,
    schema: Schema | None,
    notes: list[str],
) -> Data:
    """Images, vectors or signals, with the class where there is one."""
    label = options.label or (labels[0] if len(labels) == 1 else None)
    options.must_be_among(("scale", "label"), "samples of the hub")
    known = held["train"].features
    if label is not None and label not in known:
        raise UserError(f"'{text}' has no column '{label}'; it has {', '.join(known)}.")
    pairs = {}
    for part, rows in held.items():
        x, _ = gathered(((row[columns[0]],) for row in rows.select_columns(columns)), text)
        y = None if label is None else np.asarray(rows[label])
        # Test samples whose class is kept back have -1.
        kept = y is not None and not (label in labels and bool((y < 0).any()))
        pairs[part] = (x, y if kept else None)
    classes = tuple(known[label].names) if label in labels else ()
    data = arrays(*pairs.pop("train"), name=text, classes=classes, schema=schema,
                  kind=options.kind, scale=options.scale, **pairs)  # fmt: skip
    return replace(data, notes=(*data.notes, *notes))


def _frame(held: dict[str, Any], labels: list[str]) -> tuple[Any, dict[str, int]]:
    """One table of all splits, and the rows of each; classes by their names."""
    import pandas as pd

    frames = []
    for rows in held.values():
        frame = rows.to_pandas()
        for name in labels:
            names = dict(enumerate(rows.features[name].names))
            frame[name] = frame[name].map(names)
        frames.append(frame)
    counts = {part: len(rows) for part, rows in held.items()}
    return pd.concat(frames, ignore_index=True), counts
