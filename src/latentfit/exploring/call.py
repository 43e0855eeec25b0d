"""An operation of a graph, as the rules see it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from latentfit.exploring.program import Program


@dataclass(frozen=True)
class Call:
    """An operation with its arguments.

    Attributes:
        program: Takes the steps.
        op: Of ATen.
        args: Values, constant tensors and plain ones.
        named: Likewise.
        example: What it gives on the examples of the values.
    """

    program: Program
    op: Any
    args: tuple[Any, ...]
    named: dict[str, Any]
    example: Any

    @property
    def name(self) -> str:
        """Of the operation, whatever the form of its arguments."""
        return self.op.overloadpacket.__name__

    def given(self, place: int, name: str, default: Any = None) -> Any:
        """An argument by its place or its name."""
        return self.args[place] if len(self.args) > place else self.named.get(name, default)


Rule = Callable[[Call], Any]
"""From an operation to its value, or to a tuple of values."""


class FormError(Exception):
    """A form of an operation that no step can do; the text says which."""
