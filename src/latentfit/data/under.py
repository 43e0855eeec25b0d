"""Data brought to the units of a model."""

from __future__ import annotations

import logging
from dataclasses import replace

import torch

from latentfit.checks import UserError
from latentfit.data.base import PARTS, Data, Split
from latentfit.data.resident import Resident
from latentfit.schema import Numbers, Pixels, Schema, Table

LOG = logging.getLogger("latentfit")


def under(schema: Schema | None, data: Data) -> Data:
    """The same samples as a model's network sees them.

    Arguments:
        schema: Of the model; None leaves the data as they are.
        data: A data set with a schema of its own.

    Raises:
        UserError: The samples are of another kind or shape, or lack a column.
    """
    if schema is None or schema == data.schema:
        return data
    if isinstance(schema, Pixels) and isinstance(data.schema, Pixels):
        return data if schema.seen == data.schema.seen else _refused(schema, data)
    if type(schema) is not type(data.schema):
        return _refused(schema, data)
    if isinstance(schema, Numbers) and tuple(schema.held) != tuple(data.schema.held):
        return _refused(schema, data)
    parts = {part: _moved(getattr(data, part), data.schema, schema) for part in PARTS}
    return replace(data, schema=schema, **parts)


def _refused(schema: Schema, data: Data) -> Data:
    raise UserError(
        f"the model takes {_what(schema)}, '{data.name}' holds {_what(data.schema)}; give data of "
        "the same kind and shape."
    )


def _what(schema: Schema) -> str:
    kind = {Pixels: "images", Table: "rows of a table"}.get(type(schema))
    kind = kind or ("vectors" if len(schema.seen) == 1 else "signals")
    return f"{kind} of shape {tuple(schema.held)}"


def _moved(split: Split, was: Schema, now: Schema) -> Split:
    parts = [now.apply(was.restore(x)) for x in split.chunks(1 << 14)]
    device = parts[0].device if parts else "cpu"
    seen = torch.cat(parts) if parts else torch.empty(0, *now.seen, device=device)
    return Resident(seen, split.labels, ids=split.ids)
