"""From what holds data already to a data set: arrays, tables, torch's data sets."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from torch import Tensor
from torch.utils.data import Dataset, IterableDataset

from latentfit.checks import UserError
from latentfit.data.base import Data
from latentfit.data.cells import cells
from latentfit.data.frames import table
from latentfit.data.images import pixels_of
from latentfit.data.make import arrays
from latentfit.data.numpy_files import LABELS, SAMPLES, from_arrays
from latentfit.data.options import Options
from latentfit.data.under import under
from latentfit.schema import Schema
from latentfit.shapes import as_array


def collected(source: Any, options: Options, schema: Schema | None = None) -> Data:
    """Make a data set from an array, a tensor, a dictionary of arrays, a table or a `Dataset`.

    Arguments:
        source: An array or tensor as in `arrays`; a dictionary of arrays as an .npz holds them; a
            pandas `DataFrame`; or a torch `Dataset` whose items are samples, pairs of sample and
            class, or dictionaries of these. A sample is an array, a tensor or a Pillow image. It is
            read whole, once.
        options: How to read it.
        schema: That of a model, in whose units the samples are to be read.

    Raises:
        UserError: It is none of these, or holds what is no sample.

    Example:
        >>> from torch.utils.data import TensorDataset
        >>> import torch
        >>> pairs = TensorDataset(torch.rand(50, 1, 8, 8), torch.arange(50) % 3)
        >>> data = collected(pairs, Options())
        >>> data.shape, data.train.labels.unique()
        ((1, 8, 8), tensor([0, 1, 2]))
    """
    if isinstance(source, Data):
        options.must_be_among((), "a data set that is made already")
        return under(schema, source)
    if isinstance(source, Dataset):
        return _from_dataset(source, options, schema)
    if hasattr(source, "columns") and hasattr(source, "iloc"):
        return table(source, options=options, schema=schema)
    if hasattr(source, "obs_names") and hasattr(source, "var_names"):
        return cells(source, "cells", options, schema)
    if isinstance(source, dict):
        return from_arrays(source, "arrays", options, schema)
    if isinstance(source, np.ndarray | Tensor | list):
        options.must_be_among(("scale",), "arrays")
        return arrays(source, kind=options.kind, scale=options.scale, schema=schema)
    raise UserError(
        f"data are given as a {type(source).__name__}; use a name, a path, an array, a tensor, a "
        "dictionary of arrays, a DataFrame or a torch Dataset."
    )


def _from_dataset(source: Dataset, options: Options, schema: Schema | None) -> Data:
    options.must_be_among(("scale",), "a Dataset")
    name = type(source).__name__
    x, y = gathered(source if isinstance(source, IterableDataset) else _each(source), name)
    return arrays(x, y, name=name, kind=options.kind, scale=options.scale, schema=schema)


def gathered(items: Iterable[Any], name: str) -> tuple[np.ndarray, list[Any] | None]:
    """Samples (N, ...), and the class of each where they have one.

    Arguments:
        items: As those of a `Dataset`.
        name: What errors call it.

    Raises:
        UserError: One is no sample, samples differ in shape, or only some have a class.
    """
    held: list[np.ndarray] = []
    labels: list[Any] = []
    for item in items:
        sample, label = _parted(item, name)
        held.append(_sample(sample, name))
        labels += label
    if len({sample.shape for sample in held}) > 1:
        shapes = sorted({str(sample.shape) for sample in held})[:3]
        raise UserError(
            f"samples of {name} differ in shape ({', '.join(shapes)}); bring them to one."
        )
    if not held:
        raise UserError(f"{name} is empty; give it samples.")
    if labels and len(labels) < len(held):
        raise _no_item(name, f"{len(labels)} with a class and {len(held) - len(labels)} without")
    return np.stack(held), labels or None


def _parted(item: Any, name: str) -> tuple[Any, list[Any]]:
    """The sample of an item, and its class where it has one."""
    if isinstance(item, dict):
        sample = next((item[key] for key in (*SAMPLES, "image", "signal") if key in item), None)
        label = [item[key] for key in (*LABELS, "label") if key in item][:1]
    else:
        sample, *label = item if isinstance(item, tuple | list) and item else [item]
    if len(label) > 1 or sample is None:
        raise _no_item(name, _told(item))
    return sample, [_class(number, name) for number in label]


def _each(source: Dataset) -> Iterable[Any]:
    return (source[place] for place in range(len(source)))  # type: ignore[arg-type]


def _sample(sample: Any, name: str) -> np.ndarray:
    """An array, a tensor or a Pillow image as an array."""
    from PIL.Image import Image

    if not isinstance(sample, Image):
        return as_array(sample, name)
    return pixels_of(sample, name)


def _class(label: Any, name: str) -> Any:
    """A class: a name, or a number from a number, an array or tensor of one."""
    if isinstance(label, str):
        return label
    held = as_array(label, f"a class of {name}")
    if held.size != 1 or held.dtype.kind not in "uibfU":
        raise _no_item(name, f"one with class {_told(label)}")
    return held.item()


def _no_item(name: str, got: str) -> UserError:
    return UserError(
        f"an item of {name} must be a sample, or (sample, class) with a name or number as class; "
        f"got {got}. Give such items, for instance by a Dataset around it."
    )


def _told(held: Any) -> str:
    """What came, in a few words."""
    kind = type(held).__name__
    if isinstance(held, dict):
        return f"a dict with the keys {', '.join(map(str, held))}"
    if isinstance(held, tuple | list):
        return f"a {kind} of {len(held)} parts"
    shape = tuple(getattr(held, "shape", ()))
    return f"a {kind} of shape {shape}" if shape else f"{str(held)[:40]!r} ({kind})"
