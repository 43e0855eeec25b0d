"""From what holds data already to a data set: arrays, tables, torch's data sets."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from torch import Tensor
from torch.utils.data import Dataset, IterableDataset

from latentfit.checks import UserError
from latentfit.data.base import Data
from latentfit.data.images import pixels_of
from latentfit.data.make import arrays
from latentfit.shapes import as_array


def collected(source: Any) -> Data:
    """Make a data set from an array, a tensor, a table or a torch `Dataset`.

    Arguments:
        source: An array or tensor as in `arrays`; a table of numbers, such as a pandas `DataFrame`;
            or a torch `Dataset` whose items are samples, or pairs of sample and class, a whole
            number. A sample is an array, a tensor or a Pillow image. It is read whole, once.

    Raises:
        UserError: It is none of these, holds what is no sample, or a class is no whole number.

    Example:
        >>> from torch.utils.data import TensorDataset
        >>> import torch
        >>> pairs = TensorDataset(torch.rand(50, 1, 8, 8), torch.arange(50) % 3)
        >>> collected(pairs).shape, collected(pairs).train.labels.unique()
        ((1, 8, 8), tensor([0, 1, 2]))
    """
    if isinstance(source, Data):
        return source
    if isinstance(source, Dataset):
        return _from_dataset(source)
    if hasattr(source, "columns") and hasattr(source, "to_numpy"):
        return arrays(_numbers(source), name="table")
    if isinstance(source, np.ndarray | Tensor | list):
        return arrays(source)
    raise UserError(
        f"data are given as a {type(source).__name__}; use a name, a path, an array, a tensor, a "
        "table or a torch Dataset."
    )


def _from_dataset(source: Dataset) -> Data:
    name, held, labels = type(source).__name__, [], []
    items: Iterable[Any] = source if isinstance(source, IterableDataset) else _each(source)
    for item in items:
        sample, *label = item if isinstance(item, tuple | list) and item else [item]
        if isinstance(item, dict) or len(label) > 1 or sample is None:
            raise _no_item(name, _told(item))
        held.append(_sample(sample, name))
        labels += [_whole(number, name) for number in label]
    if len({sample.shape for sample in held}) > 1:
        shapes = sorted({str(sample.shape) for sample in held})[:3]
        raise UserError(
            f"samples of {name} differ in shape ({', '.join(shapes)}); bring them to one."
        )
    if not held:
        raise UserError(f"{name} is empty; give it samples.")
    if labels and len(labels) < len(held):
        raise _no_item(name, f"{len(labels)} with a class and {len(held) - len(labels)} without")
    return arrays(np.stack(held), labels if labels else None, name=name)


def _each(source: Dataset) -> Iterable[Any]:
    return (source[place] for place in range(len(source)))  # type: ignore[arg-type]


def _sample(sample: Any, name: str) -> np.ndarray:
    """An array, a tensor or a Pillow image as an array."""
    from PIL.Image import Image

    if not isinstance(sample, Image):
        return as_array(sample, name)
    # Numbers of 32 bits have no range of their own: they are taken as those of an array are.
    return np.asarray(sample)[None] if sample.mode in ("I", "F") else pixels_of(sample, name)


def _whole(label: Any, name: str) -> int:
    """A class as an int: from an int, an array or tensor of one number, or a whole float."""
    held = as_array(label, f"a class of {name}")
    number = held.item() if held.size == 1 else label
    if not isinstance(number, int | float) or number != number // 1:
        raise _no_item(name, f"one with class {_told(label)}")
    return int(number)


def _no_item(name: str, got: str) -> UserError:
    return UserError(
        f"an item of {name} must be a sample, or (sample, class) with a whole number as class; got "
        f"{got}. Give such items, for instance by a Dataset around it."
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


def _numbers(table: Any) -> np.ndarray:
    for column in table.columns:
        kind = np.asarray(table[column]).dtype.kind
        if kind not in "uifb":
            raise UserError(
                f"column '{column}' of the table holds no numbers; leave it out, or code it."
            )
    return np.asarray(table.to_numpy(), dtype=np.float64)
