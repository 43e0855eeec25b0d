"""What a page must know to show a sample in the units of its file."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from latentfit.exploring.store import Store
from latentfit.pictures.sheets import drawn
from latentfit.schema import Numbers, Pixels, Schema, Table

ROW = 40
"""Vectors of at most so many entries, or with names, are shown as a table; others as a line."""


def form(schema: Schema, store: Store) -> dict[str, Any]:
    """How samples are shown: `image`, `line` or `row`, and what their entries mean.

    Arguments:
        schema: Of the samples.
        store: Takes long arrays.

    Example:
        >>> form(Pixels((1, 8, 8)), Store())
        {'kind': 'image', 'shape': [1, 8, 8], 'channels': [0]}
    """
    if isinstance(schema, Pixels):
        channels = list(drawn(schema.seen[0]))
        return {"kind": "image", "shape": list(schema.seen), "channels": channels}
    if isinstance(schema, Table):
        return {"kind": "row", "columns": _columns(schema)}
    if not isinstance(schema, Numbers):
        raise TypeError(f"samples of a {type(schema).__name__} cannot be shown.")
    if len(schema.seen) == 2:
        return {"kind": "line", "shape": list(schema.seen), "units": _units(schema, store)}
    if not schema.names and schema.seen[0] > ROW:
        return {"kind": "line", "shape": [1, *schema.seen], "units": _units(schema, store)}
    names = schema.names or [f"entry {number}" for number in range(schema.seen[0])]
    return {"kind": "row", "names": list(names), "units": _units(schema, store)}


def _units(schema: Numbers, store: Store) -> dict[str, Any]:
    """The map to the units of the file, for each entry."""
    whole = schema.counts or np.dtype(schema.dtype).kind in "iub"
    shift, scale = (part.expand(schema.seen).contiguous().numpy().ravel() for part in
                    (schema.shift, schema.scale))  # fmt: skip
    return {
        "shift": store.add(shift.astype(np.float64)),
        "scale": store.add(scale.astype(np.float64)),
        "counts": schema.counts,
        "whole": whole,
        "low": schema.low if whole else None,
        "high": schema.high if whole else None,
    }


def _columns(schema: Table) -> list[dict[str, Any]]:
    """Each column of a table, with the entries that it has; values as text."""
    found, start = [], 0
    for column in schema.columns:
        told = column.to_json()
        for key in ("levels", "order"):
            told[key] = [str(value) for value in told.get(key, ())]
        told["value"] = str(told.get("value", ""))
        kept = ("kind", "missing", "seen", "held", "decimals", "step")
        found.append(
            {key: told[key] for key in kept if key in told}
            | {"name": str(column.name), "levels": told["levels"], "value": told["value"]}
            | {"start": start, "width": column.width}
        )
        start += column.width
    return found


def samples(schema: Schema, seen: Tensor) -> np.ndarray:
    """Samples as a page keeps them: pixels of 8 bits, or what a network sees.

    Arguments:
        schema: Of the samples.
        seen: With shape (N, *seen).
    """
    if isinstance(schema, Pixels):
        return (seen.clamp(0, 1) * 255).round().to(torch.uint8).cpu().numpy()
    return seen.float().cpu().numpy()
