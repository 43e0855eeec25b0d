"""From what a file says of a schema to the schema."""

from __future__ import annotations

from typing import Any

from latentfit.checks import UserError
from latentfit.schema.base import Schema
from latentfit.schema.numbers import Numbers
from latentfit.schema.pixels import Pixels
from latentfit.schema.table import Table
from latentfit.shapes import Shape, is_image

KINDS: dict[str, Any] = {kind.kind: kind for kind in (Numbers, Pixels, Table)}


def read_schema(told: dict[str, Any]) -> Schema:
    """The schema that `Schema.to_json` told.

    Raises:
        UserError: It is of a kind that this version does not know, or not complete.
    """
    try:
        return KINDS[told["kind"]].from_json(told)
    except (KeyError, TypeError, ValueError) as error:
        raise UserError(
            f"the schema of the data cannot be read ({type(error).__name__}: {error}); train the "
            "run again, or use a newer latentfit."
        ) from error


def plain(shape: Shape) -> Schema:
    """The schema of a model that has seen no data: the file holds what the network sees.

    Arguments:
        shape: (C, H, W), (C, T) or (d,).

    Example:
        >>> plain((3,)).held, plain((1, 8, 8)).kind
        ((3,), 'pixels')
    """
    return Pixels(tuple(shape)) if is_image(shape) else Numbers(tuple(shape), tuple(shape))
