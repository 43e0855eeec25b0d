"""How data of one's own are to be read: what `--size`, `--label` and their like say."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any, Literal, get_args

from latentfit.checks import UserError, one_of
from latentfit.schema.numbers import Scale

Kind = Literal["auto", "images", "signals", "vectors", "table"]


@dataclass(frozen=True, kw_only=True)
class Options:
    """How data are to be read; each belongs to one kind of data.

    Attributes:
        kind: What the samples are; `auto` looks at them.
        size: Height and width that images are brought to; of one number, a square.
        crop: Images of another form are cut at their centre; else they are squeezed.
        grey: Colour is left out.
        background: Colour behind transparent pixels, by name or as #rrggbb.
        scale: One mean and deviation for `each` entry of vectors and signals, a curve for each
            column of numbers; one `common` to all, for signals to all positions of a channel; or
            `none`.
        label: Column of a table, or of a cell's record, that is the class and no part of a sample.
        key: Column whose value, not the content of the row, decides the split.
        drop: Columns to leave out.
        columns: Columns to keep, all where none are named.

    Raises:
        UserError: A value is none of those allowed.

    Example:
        >>> Options(size="48x64").size
        (48, 64)
    """

    kind: Kind = "auto"
    size: Any = None
    crop: bool = False
    grey: bool = False
    background: str = "white"
    scale: Scale | None = None
    label: str | None = None
    key: str | None = None
    drop: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        one_of("kind", self.kind, get_args(Kind))
        if self.scale is not None:
            one_of("scale", self.scale, get_args(Scale))
        if self.crop and self.size is None:
            raise UserError("'crop' needs a size to cut to; give --size too.")
        for name in ("drop", "columns"):
            value = getattr(self, name)
            parts = value.split(",") if isinstance(value, str) else value
            if not isinstance(parts, Iterable):
                raise UserError(f"'{name}' is {value!r}; give names of columns, such as A,B.")
            held = tuple(part.strip() if isinstance(part, str) else part for part in parts)
            object.__setattr__(self, name, tuple(part for part in held if part != ""))
        object.__setattr__(self, "size", _sides(self.size))
        from PIL import ImageColor

        try:
            ImageColor.getrgb(str(self.background))
        except ValueError:
            raise UserError(
                f"'background' is '{self.background}'; give a colour, such as white or #ff8800."
            ) from None

    def given(self) -> list[str]:
        """Names of those that say something."""
        return [item.name for item in fields(self) if getattr(self, item.name) != item.default]

    def must_be_among(self, allowed: tuple[str, ...], what: str) -> None:
        """Raise for one that says nothing of such data.

        Raises:
            UserError: It is given all the same.
        """
        for name in self.given():
            if name not in (*allowed, "kind"):
                raise UserError(
                    f"'{name}' says nothing of {what}; there, use "
                    f"{', '.join(f'--{other}' for other in allowed) or 'none of these options'}."
                )


def _sides(size: Any) -> tuple[int, int] | None:
    """Height and width of what a person gave."""
    if size is None:
        return None
    text = "x".join(map(str, size)) if isinstance(size, tuple | list) else str(size).strip().lower()
    found = re.fullmatch(r"(\d+)(?:\s*[x×*]\s*(\d+))?", text)
    sides = (int(found[1]), int(found[2] or found[1])) if found else (0, 0)
    if not all(4 <= side <= 4096 for side in sides):
        raise UserError(
            f"'size' must be a side, such as 64, or height x width, such as 48x64, each 4 to 4096; "
            f"got '{size}'."
        )
    return sides
