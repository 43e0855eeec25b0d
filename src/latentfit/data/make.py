"""From arrays in memory to a data set: checks, units, splits, fingerprint."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import torch
from torch import Tensor

from latentfit.checks import UserError
from latentfit.data.base import Data
from latentfit.data.resident import Resident
from latentfit.seeds import mix
from latentfit.shapes import as_array, samples
from latentfit.units import Units

LEAST = 20
"""Fewer samples than this cannot be split and scored."""


def arrays(
    x: Any,
    y: Any = None,
    *,
    name: str = "arrays",
    test: tuple[Any, Any] | None = None,
    classes: tuple[str, ...] = (),
) -> Data:
    """Make a data set from arrays in memory.

    Arguments:
        x: Images (N, H, W), (N, H, W, C) or (N, C, H, W), uint8 or floats in [0, 1]; or vectors
            (N, d), which are standardised per dimension by the training split.
        y: Integer labels, with shape (N,).
        name: What reports call it.
        test: Samples and labels of a test split; without it, a tenth of `x`.
        classes: Name of each label.

    Raises:
        UserError: The shape is none of these, values are NaN or out of range, labels are not N
            whole numbers, there are fewer than 20 samples, or the test split is empty or of another
            shape.

    Example:
        >>> data = arrays(np.zeros((50, 8, 6), np.uint8))
        >>> data.shape, len(data.train), len(data.validation), len(data.test)
        ((1, 8, 6), 40, 5, 5)
    """
    values, labels = samples(x, name), _labels(y, len(x), name)
    if len(values) < LEAST:
        raise UserError(f"'{name}' has {len(values)} samples; at least {LEAST} are needed.")
    rest, chosen, held = partition(len(values), test=test is None)
    if test is None:
        test_values, test_labels = values[held], _pick(labels, held)
    else:
        test_values, test_labels = samples(test[0], name), _labels(test[1], len(test[0]), name)
        if test_values.shape[1:] != values.shape[1:] or test_values.dtype != values.dtype:
            raise UserError(
                f"training samples of '{name}' have shape {tuple(values.shape[1:])}, test samples "
                f"{tuple(test_values.shape[1:])}; they must agree, also in their type."
            )
    if len(test_values) == 0:
        raise UserError(f"the test split of '{name}' is empty; give it samples or leave it out.")
    parts = {
        "train": (values[rest], _pick(labels, rest)),
        "validation": (values[chosen], _pick(labels, chosen)),
        "test": (test_values, test_labels),
    }
    mark = fingerprint(*(value for value, _ in parts.values()))
    units = _units(parts["train"][0])
    splits = {
        part: Resident(v if v.dtype == torch.uint8 else units.apply(v), labels)
        for part, (v, labels) in parts.items()
    }
    return Data(
        name=name,
        train=splits["train"],
        validation=splits["validation"],
        test=splits["test"],
        fingerprint=mark,
        units=units,
        classes=classes,
    )


def partition(count: int, *, test: bool) -> tuple[Tensor, Tensor, Tensor]:
    """Sorted indices, each (n,), of the training, validation and test splits; fixed for all time.

    A tenth each, at most 10,000, goes to validation and, if there is no other test split, to test.
    """
    order = torch.randperm(count, generator=torch.Generator().manual_seed(mix("split")))
    tenth = min(10_000, count // 10)
    held = order[:tenth] if test else order[:0]
    order = order[len(held) :]
    return order[tenth:].sort().values, order[:tenth].sort().values, held.sort().values


def fingerprint(*parts: Tensor) -> str:
    """Sixteen hexadecimal digits that stand for content and order of tensors of any shape."""
    held = hashlib.blake2b(digest_size=8)
    for part in parts:
        held.update(f"{tuple(part.shape)}{part.dtype}".encode())
        held.update(part.contiguous().numpy().data)
    return held.hexdigest()


def _units(train: Tensor) -> Units:
    if train.dim() != 2:
        return Units()
    scale = train.double().std(0).float()
    # A constant column carries nothing; scale 1 keeps it at zero instead of dividing by zero.
    return Units(shift=train.double().mean(0).float(), scale=scale.where(scale > 0, 1.0))


def _labels(y: Any, count: int, name: str) -> Tensor | None:
    if y is None:
        return None
    array = as_array(y, name)
    if array.shape != (count,) or array.dtype.kind not in "uib":
        raise UserError(
            f"labels of '{name}' must be {count} whole numbers, got {array.dtype} of shape "
            f"{array.shape}."
        )
    return torch.from_numpy(array.astype(np.int64))


def _pick(labels: Tensor | None, indices: Tensor) -> Tensor | None:
    return None if labels is None else labels[indices]
