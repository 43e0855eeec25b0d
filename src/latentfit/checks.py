"""Argument checks whose messages say what came, what is allowed and what to do."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated


class UserError(ValueError):
    r"""An error that the person at the keyboard can mend.

    Its message is one line that says what came, what is allowed and what to do. The command line
    prints that line and exits with code 2; nothing else is shown.

    Example:
        >>> print(UserError("no column 'two\nlines'."))
        no column 'two lines'.
    """

    def __init__(self, message: object = "") -> None:
        """Names from data, and what other packages say, may have ends of lines."""
        super().__init__("".join(c if c.isprintable() else " " for c in str(message)))


class DivergenceError(UserError):
    """A term or a parameter became NaN or infinite; the message names its player."""


def one_of(name: str, value: str, allowed: Iterable[str]) -> str:
    """Return `value` if it is one of `allowed`, else raise with the nearest names.

    Raises:
        UserError: `value` is none of them.

    Example:
        >>> one_of("recipe", "flexea", ["flexae"])
        Traceback (most recent call last):
        ...
        latentfit.checks.UserError: unknown recipe 'flexea'; did you mean flexae? Allowed: flexae.
    """
    allowed = sorted(allowed)
    if value in allowed:
        return value
    value = str(value)
    longer = [name for name in allowed if value and name.startswith(value)]
    close = difflib.get_close_matches(value, allowed, n=3, cutoff=0.5)
    near = list(dict.fromkeys(longer + close))[:3]
    hint = f"did you mean {' or '.join(near)}? " if near else ""
    raise UserError(f"unknown {name} '{value}'; {hint}Allowed: {', '.join(allowed) or 'none'}.")


def within(
    name: str, value: float, low: float, high: float = float("inf"), *, remedy: str = ""
) -> None:
    """Raise unless `low <= value <= high` and the value is finite.

    Raises:
        UserError: `value` lies outside, or is NaN or infinite.

    Example:
        >>> within("latent", 0, 1, remedy="give at least one dimension")
        Traceback (most recent call last):
        ...
        latentfit.checks.UserError: 'latent' must be at least 1, got 0; give at least one dimension.
    """
    if low <= value <= high and math.isfinite(value):
        return
    bound = f"at least {low:g}" if high == float("inf") else f"between {low:g} and {high:g}"
    hint = f"; {remedy}" if remedy else ""
    raise UserError(f"'{name}' must be {bound}, got {value:g}{hint}.")


def positive(name: str, value: float, *, remedy: str = "") -> None:
    """Raise unless the value is above 0 and finite.

    Raises:
        UserError: `value` is 0 or less, NaN or infinite.

    Example:
        >>> positive("sigma", 0, remedy="give a width")
        Traceback (most recent call last):
        ...
        latentfit.checks.UserError: 'sigma' must be above 0 and finite, got 0; give a width.
    """
    if 0 < value < math.inf:
        return
    hint = f"; {remedy}" if remedy else ""
    raise UserError(f"'{name}' must be above 0 and finite, got {value:g}{hint}.")


def line_of(error: BaseException) -> str:
    r"""What an error of another library says, as a piece of our line; its kind if it says nothing.

    Example:
        >>> line_of(ValueError("no such\n  file.")), line_of(KeyError())
        ('no such file', 'KeyError')
    """
    return " ".join(str(error).split())[:160].rstrip(".") or type(error).__name__


@dataclass(frozen=True)
class Range:
    """What a number may be, beside its type in an annotation."""

    low: float
    high: float = float("inf")


Count = Annotated[int, Range(1)]
"""A number of things, one at least."""
Whole = Annotated[int, Range(0)]
"""A number of things or rounds; 0 for none."""
Rate = Annotated[float, Range(1e-12, 1e3)]
"""A learning rate."""
Weight = Annotated[float, Range(0.0, 1e12)]
"""A factor of a term; 0 leaves it out."""
Scale = Annotated[float, Range(1e-12, 1e9)]
"""A deviation, a variance, or how many times as many."""
Share = Annotated[float, Range(0.0, 1.0)]
"""A part of a whole."""
Width = Annotated[float, Range(1 / 1024, 64.0)]
"""A factor on hidden sizes."""
