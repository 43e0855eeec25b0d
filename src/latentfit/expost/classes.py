"""Classes by which a prior can be fitted: labels, or a column of a table."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from latentfit.checks import UserError
from latentfit.data.base import PARTS, Data, Split
from latentfit.data.labels import numbered
from latentfit.schema import Table


def classes_of(data: Data, by: str) -> tuple[list[Tensor], tuple[str, ...]]:
    """The class of each sample of the splits, int64 (N,) each, and what the classes are called.

    Classes are those of the training samples; others are numbered as one more, which has no name.

    Arguments:
        data: With labels, or a table.
        by: `label`, or the name of a column of a table.

    Raises:
        UserError: There are no labels, no such column, or too many different values in it.

    Example:
        >>> import latentfit as lf
        >>> classes_of(lf.data.load("digits"), "label")[1][:3]
        ('0', '1', '2')
    """
    splits = [getattr(data, part) for part in PARTS]
    if by == "label":
        parts, names = [split.labels for split in splits], data.classes
        if any(part is None for part in parts):
            raise UserError(
                f"'{data.name}' has no labels to fit by; name them with --label when data are "
                "loaded, or a column of a table with --by."
            )
    else:
        parts, names = numbered(
            [_column(data, split, by) for split in splits], [len(s) for s in splits], by
        )
    held = [part.cpu() for part in parts if part is not None]
    known = held[0].unique()  # what was not seen in the training is of no class
    number = torch.full((1 + max(int(part.max()) for part in held if len(part)),), len(known))
    number[known] = torch.arange(len(known))
    called = tuple(names[k] if names else str(k) for k in known.tolist())
    return [number[part] for part in held], called


def _column(data: Data, split: Split, name: str) -> Any:
    if not isinstance(data.schema, Table):
        raise UserError(f"'{data.name}' is no table with a column '{name}'; give --by label.")
    frame = data.schema.restore(torch.cat([part.cpu() for part in split.chunks(1 << 14)]))
    if name not in frame.columns:
        known = ", ".join(map(str, frame.columns[:20]))
        labels = "" if split.labels is None else " (--by label for the column of the labels)"
        raise UserError(f"'{data.name}' has no column '{name}'; there are {known}{labels}.")
    return frame[name]
