"""Arrays in files of NumPy."""

from __future__ import annotations

import zipfile
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from latentfit.checks import UserError
from latentfit.data.base import PARTS, Data
from latentfit.data.make import arrays
from latentfit.data.options import Options
from latentfit.schema import Schema

BROKEN = (zipfile.BadZipFile, zlib.error)
SAMPLES = ("x", "data", "images", "signals", "vectors", "samples", "codes")
LABELS = ("y", "labels")


def from_npz(path: Path, name: str, options: Options, schema: Schema | None) -> Data:
    """A data set of named arrays: see `from_arrays`.

    Raises:
        UserError: It cannot be read, or does not say which array holds the samples.
    """
    return from_arrays(read(path), name, options, schema)


def from_arrays(
    held: dict[str, Any], name: str, options: Options, schema: Schema | None = None
) -> Data:
    """A data set of named arrays: samples `x` and labels `y`, or both for each split.

    Those of splits end in `_train`, `_validation`, `_test`. The samples may be called by one of
    `SAMPLES` too; under `signals`, `images` and `vectors` they are what the name says, and `codes`
    are vectors.

    Raises:
        UserError: No name says which array holds the samples.
    """
    options.must_be_among(("scale",), "arrays")
    more: dict[str, Any] = {"name": name, "schema": schema, "scale": options.scale}
    if "x_train" in held:
        parts = {
            part: (held[f"x_{part}"], held.get(f"y_{part}"))
            for part in ("validation", "test")
            if f"x_{part}" in held
        }
        data = arrays(held["x_train"], held.get("y_train"), kind=options.kind, **parts, **more)
        return _told(data, held, {f"{letter}_{part}" for letter in "xy" for part in PARTS})
    keys = [key for key in SAMPLES if key in held]
    keys = keys or (list(held) if len(held) == 1 else [])
    if not keys:
        raise UserError(
            f"{name} holds {', '.join(map(str, held))}; call the samples x, data, images, signals "
            "or vectors."
        )
    kind = options.kind
    if kind == "auto" and keys[0] in ("images", "signals", "vectors", "codes"):
        kind = "vectors" if keys[0] == "codes" else keys[0]
    labels = [key for key in LABELS if key in held][:1]
    label = held[labels[0]] if labels else None
    data = arrays(held[keys[0]], label, ids=held.get("ids"), kind=kind, **more)
    return _told(data, held, {keys[0], *labels, "ids"})


def _told(data: Data, held: dict[str, Any], read: set[str]) -> Data:
    """The data, with a note of arrays that were not read."""
    rest = [str(key) for key in held if key not in read]
    if not rest:
        return data
    note = f"arrays that are not read: {', '.join(rest[:8])}; splits are x_validation and x_test "
    return replace(data, notes=(*data.notes, f"{note}beside x_train."))


def from_npy(path: Path, name: str, options: Options, schema: Schema | None) -> Data:
    """A data set of one array.

    Raises:
        UserError: It cannot be read, or holds no samples.
    """
    options.must_be_among(("scale",), "arrays")
    return arrays(read(path), name=name, schema=schema, kind=options.kind, scale=options.scale)


def read(path: Path, **how: Any) -> Any:
    """What a file of NumPy holds: an array, or several by their names; objects are refused.

    Arguments:
        path: An .npy or an .npz file.
        how: Of `numpy.load`, such as `mmap_mode`.

    Raises:
        UserError: It cannot be read, or holds objects.
    """
    try:
        held = np.load(path, allow_pickle=False, **how)
        if not isinstance(held, np.ndarray):
            with held:
                return {key: held[key] for key in held.files}
    # An archive that is locked with a password, or packed in an unknown way, is a RuntimeError.
    except (OSError, ValueError, EOFError, KeyError, RuntimeError, *BROKEN) as error:
        said = (str(error) or type(error).__name__).splitlines()[0]
        said = said.split(". ")[0]  # numpy goes on with how to load it unsafely
        raise UserError(
            f"{path} cannot be read ({said}); save plain number arrays with numpy.save or savez."
        ) from error
    return held
