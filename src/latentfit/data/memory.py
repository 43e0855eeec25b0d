"""From what holds data already to a data set: arrays, tables, torch's data sets."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from torch import Tensor
from torch.utils.data import Dataset, IterableDataset

from latentfit.checks import UserError
from latentfit.data.base import Data
from latentfit.data.make import arrays


def collected(source: Any) -> Data:
    """Make a data set from an array, a tensor, a table or a torch `Dataset`.

    Arguments:
        source: An array or tensor as in `arrays`; a table of numbers, such as a pandas `DataFrame`;
            or a torch `Dataset` whose items are samples, or pairs of sample and class. It is read
            whole, once.

    Raises:
        UserError: It is none of these, or holds what is no sample.

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
        pair = isinstance(item, tuple | list) and len(item) == 2
        held.append(np.asarray(item[0] if pair else _alone(item, name)))
        labels += [int(item[1])] if pair else []
    if len({sample.shape for sample in held}) > 1:
        shapes = sorted({str(sample.shape) for sample in held})[:3]
        raise UserError(
            f"samples of {name} differ in shape ({', '.join(shapes)}); bring them to one."
        )
    if not held:
        raise UserError(f"{name} is empty; give it samples.")
    return arrays(np.stack(held), labels if labels else None, name=name)


def _each(source: Dataset) -> Iterable[Any]:
    return (source[place] for place in range(len(source)))  # type: ignore[arg-type]


def _alone(item: Any, name: str) -> Any:
    if isinstance(item, tuple | list):
        if len(item) == 1:
            return item[0]
        raise UserError(
            f"an item of {name} has {len(item)} parts; give the sample, or (sample, class)."
        )
    return item


def _numbers(table: Any) -> np.ndarray:
    for column in table.columns:
        kind = np.asarray(table[column]).dtype.kind
        if kind not in "uifb":
            raise UserError(
                f"column '{column}' of the table holds no numbers; leave it out, or code it."
            )
    return np.asarray(table.to_numpy(), dtype=np.float64)
