"""Whether data are those that a model was trained on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from latentfit.data.base import PARTS, Data
from latentfit.schema import Schema

LOOKED_AT = 10_000


def compare(told: Mapping[str, Any], schema: Schema, data: Data) -> list[str]:
    """What a person should know who uses a model on some data, a line each.

    Arguments:
        told: What the run says of its data: `name`, `fingerprint`, and `counts` of the splits.
        schema: Of the model.
        data: Read by that schema.
    """
    if told.get("fingerprint") == data.fingerprint:
        return []
    was, now = told.get("counts") or {}, {part: len(getattr(data, part)) for part in PARTS}
    count, before = sum(now.values()), sum(was.values())
    sizes = f": {count:,} samples, at the training {before:,}" if was and count != before else ""
    if told.get("name") == data.name:
        found = [f"'{data.name}' has changed since the training{sizes}."]
    else:
        found = [f"'{data.name}' differs from '{told.get('name')}' of the training{sizes}."]
    parts = [getattr(data, part) for part in PARTS if now[part]]
    lines = schema.drift(torch.cat([part.some(LOOKED_AT).cpu() for part in parts]))
    if lines:
        more = f"; and {len(lines) - 3} more" if len(lines) > 3 else ""
        found.append(f"other units, or another population: {'; '.join(lines[:3])}{more}.")
    return found
