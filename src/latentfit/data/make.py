"""From arrays and tables in memory to a data set: splits, schema, labels, fingerprint."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from torch import Tensor

from latentfit.checks import UserError
from latentfit.data.assemble import Found, assemble
from latentfit.data.base import Data
from latentfit.data.options import Options
from latentfit.data.splits import marks_of
from latentfit.schema import Numbers, Pixels, Schema, Table
from latentfit.schema.pixels import brightness
from latentfit.shapes import as_array, finite, images


def arrays(
    x: Any,
    y: Any = None,
    *,
    name: str = "arrays",
    test: tuple[Any, Any] | None = None,
    validation: tuple[Any, Any] | None = None,
    classes: tuple[str, ...] = (),
    ids: Sequence[Any] | None = None,
    fixed: bool = False,
    schema: Schema | None = None,
    **options: Any,
) -> Data:
    """Make a data set from arrays in memory.

    Arguments:
        x: Images (N, H, W), (N, H, W, C) or (N, C, H, W), C at most 16, whole numbers or floats in
            [0, 1]; vectors (N, d), by their kind of any axes, such as codes (N, C, H, W) of another
            model; or signals (N, T) or (N, C, T). An array of three axes is one of
            images where its last two are equal, or where it holds whole numbers of 8 or 16 bits,
            booleans, or floats in [0, 1]; else signals.
        y: Labels, names or whole numbers, with shape (N,).
        name: What reports call it.
        test: Samples and labels of a test split; without it, about a tenth of `x`.
        validation: Samples and labels of a validation split; without it, about a tenth of `x`.
        classes: Name of each label.
        ids: What each sample is called; its number where not given.
        fixed: The set is the same for all time, so that splits go by number and not by content.
        schema: That of a model, in whose units the samples are to be read.
        options: How to read them, `kind` and `scale` of `data.Options`.

    Raises:
        UserError: The shape is none of these, values are NaN or out of range, there is not one
            label for each sample, there are fewer than 20 samples, or the test split is empty or of
            another shape.

    Example:
        >>> data = arrays(np.arange(200).reshape(50, 4), [*"ab"] * 25)
        >>> data.shape, data.classes, len(data.train) + len(data.validation) + len(data.test)
        ((4,), ('a', 'b'), 50)
    """
    chosen = Options(**options)
    chosen.must_be_among(("scale",), "arrays")
    given = {"train": (x, y), "validation": validation, "test": test}
    held = {part: pair for part, pair in given.items() if pair is not None}
    names = None if ids is None else np.asarray(ids)
    found: dict[str, Found] = {}
    for part, (samples, labels) in held.items():
        array = as_array(samples, name)
        if array.ndim < 2 or array.ndim > 4 or 0 in array.shape[1:]:
            raise UserError(
                f"'{name}' has shape {array.shape}; use vectors (N, d), signals (N, T) or "
                "(N, C, T), or images (N, H, W), (N, H, W, C) or (N, C, H, W)."
            )
        found[part] = Found(x=array, y=labels, ids=names if part == "train" else None)
    what = kind_of(found["train"].x, chosen.kind) if schema is None else kind_under(schema)
    if what == "images":
        if chosen.scale is not None:
            raise UserError("'scale' says nothing of images; leave it out, or give the kind.")
        return images_of(found, name=name, classes=classes, fixed=fixed, schema=schema)
    notes = notes_on(found["train"].x, what, chosen.kind)
    found = {part: replace(held, x=finite(held.x, name)) for part, held in found.items()}
    whole = found["train"].x
    if schema is None and len(whole) > 1 and (whole == whole[:1]).all():
        notes.append("all samples are the same, so that there is nothing to learn.")
    scale = chosen.scale or ("common" if what == "signals" else "each")

    def fit(whole: Found, train: Tensor) -> Schema:
        return Numbers.fit(whole.x[train.numpy()], scale=scale, signal=what == "signals")

    also = "" if scale == "each" and what == "vectors" else f"{what} {scale}"
    return assemble(found, name=name, classes=classes, fixed=fixed, schema=schema, fit=fit,
                    notes=notes, also=also, together=what == "signals")  # fmt: skip


def kind_of(array: np.ndarray, kind: str = "auto") -> str:
    """What the samples of an array are: images, signals or vectors.

    Arguments:
        array: With shape (N, ...).
        kind: What a person says that they are; `auto` looks at them.

    Raises:
        UserError: They cannot be what the person says.
    """
    if kind == "table":
        raise UserError("an array is no table; give vectors, or a DataFrame.")
    if kind != "auto":
        axes = {"images": (3, 4), "signals": (2, 3), "vectors": (2, 3, 4)}[kind]
        if array.ndim not in axes:
            raise UserError(
                f"an array of shape {array.shape} holds no {kind}; they have "
                f"{' or '.join(map(str, axes))} axes, the samples' among them."
            )
        return kind
    if array.ndim != 3:
        return "vectors" if array.ndim == 2 else "images"
    if array.dtype.kind == "b" or (array.dtype.kind == "u" and array.dtype.itemsize <= 2):
        return "images"
    if array.shape[1] == array.shape[2]:  # so that pixels out of range are told as such
        return "images"
    low, high = array.min(initial=0), array.max(initial=0)
    whole = array.dtype.kind in "iu"
    return "images" if low >= 0 and high <= (255 if whole else 1) else "signals"


def kind_under(schema: Schema) -> str:
    """What the samples are that a model takes.

    Raises:
        UserError: They are rows of a table.
    """
    if isinstance(schema, Table):
        raise UserError("the model takes rows of a table; give a table with its columns.")
    return (
        "images" if isinstance(schema, Pixels) else "signals" if len(schema.seen) > 1 else "vectors"
    )


def notes_on(array: np.ndarray, what: str, asked: str) -> list[str]:
    """What a person should know of samples that are no images, by the kind that was asked for."""
    if asked == "auto" and what == "signals":
        shape = "(N, C, T)" if array.ndim == 3 else "(N, T)"
        return [f"read as signals {shape}; if they are images, bring them to [0, 1]."]
    if asked != "auto" or what != "vectors" or array.shape[1] < 32 or array.dtype.kind not in "fiu":
        return []
    rows = array[:: max(1, len(array) // 500)].astype(np.float64)
    left, right = rows[:, :-1] - rows[:, :-1].mean(0), rows[:, 1:] - rows[:, 1:].mean(0)
    power = np.sqrt((left**2).sum(0) * (right**2).sum(0))
    together = np.divide((left * right).sum(0), power, out=np.zeros_like(power), where=power > 0)
    if np.median(together) < 0.9:
        return []
    return [
        f"neighbouring entries go together (correlation {np.median(together):.2f}); if these are "
        "signals or spectra, --kind signals fits them better."
    ]


def images_of(
    found: dict[str, Found],
    *,
    name: str,
    classes: tuple[str, ...] = (),
    fixed: bool = False,
    schema: Schema | None = None,
    notes: Sequence[str] = (),
    **reading: Any,
) -> Data:
    """Make a data set of images, each part an array of them.

    Arguments:
        found: By the names of the splits; `train` is split where others are absent.
        name: What reports call it.
        classes: Name of each label.
        fixed: As in `arrays`.
        schema: As in `arrays`.
        notes: What was changed on reading.
        reading: How it was, attributes of `Pixels`.

    Raises:
        UserError: As `arrays`.
    """
    if schema is not None and not isinstance(schema, Pixels):
        raise UserError(f"'{name}' holds images, the model takes none; give data of its kind.")
    whole = {part: held.x for part, held in found.items()}
    dtype = str(np.asarray(whole["train"]).dtype)
    white = schema.white if isinstance(schema, Pixels) else None
    tensors, told = {}, []
    for part, x in whole.items():
        tensors[part], white, note = images(x, name, white=white)
        told += [note] if note else []
    found = {
        part: replace(held, x=tensors[part], marks=_image_marks(held))
        for part, held in found.items()
    }
    shape = tuple(tensors["train"].shape[1:])

    def fit(whole: Found, train: Tensor) -> Schema:
        bright = brightness(whole.x, train)
        return Pixels(shape, white=float(white or 255), dtype=dtype, **reading, **bright)

    return assemble(found, name=name, classes=classes, fixed=fixed, schema=schema, fit=fit,
                    notes=[*notes, *dict.fromkeys(told)], together=True)  # fmt: skip


def _image_marks(held: Found) -> np.ndarray | None:
    return held.marks if held.marks is not None else marks_of(np.asarray(held.x))
