"""Settings: what a signature leaves open, its types and ranges, for Python and for the shell."""

from __future__ import annotations

import functools
import inspect
import numbers
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from latentfit.checks import Range, Share, UserError, one_of, within

NAMES = {int: "a whole number", float: "a number", bool: "true or false", str: "a name"}


@dataclass(frozen=True)
class Setting:
    """A keyword with a plain value.

    Attributes:
        name: Of the keyword.
        kind: `int`, `float`, `bool` or `str`.
        default: Its value where it is not given.
        optional: Whether None is a value.
        range: What a number may be.
        choices: What a name may be.
    """

    name: str
    kind: type
    default: Any
    optional: bool
    range: Range | None
    choices: tuple[str, ...]

    def check(self, value: Any) -> Any:
        """The value as this setting's type.

        Raises:
            UserError: It is of another type, none of the choices, or out of range.

        Example:
            >>> settings_of(lambda width=1.0: None)["width"].check(2)
            2.0
        """
        if value is None and self.optional:
            return None
        kinds = {int: numbers.Integral, float: numbers.Real}.get(self.kind, self.kind)
        if not isinstance(value, kinds) or isinstance(value, bool) != (self.kind is bool):
            also = " or None" if self.optional else ""
            raise UserError(f"'{self.name}' must be {NAMES[self.kind]}{also}, got {value!r}.")
        held = self.kind(typing.cast(float, value))
        if self.choices:
            one_of(self.name, str(held), self.choices)
        if self.kind in (int, float):
            limits = self.range or Range(float("-inf"))
            within(self.name, float(held), limits.low, limits.high)
        return held

    def read(self, text: str) -> Any:
        """The value that a person typed.

        Raises:
            UserError: As `check`.
        """
        if self.optional and text.lower() == "none":
            return None
        if self.kind is bool:
            return one_of(self.name, text.lower(), ("true", "false")) == "true"
        try:
            return self.check(self.kind(text))
        except UserError:
            raise
        except ValueError:
            raise UserError(f"'{self.name}' must be {NAMES[self.kind]}, got '{text}'.") from None


def settings_of(call: Callable[..., Any]) -> dict[str, Setting]:
    """The keywords of a function or class that have plain values, by name, those of parents too.

    Networks, priors and functions are no settings.

    Example:
        >>> from latentfit.models import FlexAE
        >>> list(settings_of(FlexAE))
        ['rate', 'penalty']
    """
    found: dict[str, Setting] = {}
    if isinstance(call, functools.partial):
        given = call.keywords
        return {name: s for name, s in settings_of(call.func).items() if name not in given}
    if not isinstance(call, type | types.FunctionType | types.MethodType):
        call = type(call).__call__  # an object that is called
    makers = [c.__init__ for c in call.__mro__] if isinstance(call, type) else [call]
    for make in makers:
        parameters = inspect.signature(make).parameters
        hints = typing.get_type_hints(make, include_extras=True)
        for name, parameter in parameters.items():
            kind = hints.get(name, type(parameter.default))
            setting = _setting(name, kind, parameter.default)
            if setting is not None and name not in found:
                found[name] = setting
        if all(p.kind is not p.VAR_KEYWORD for p in parameters.values()):
            break
    return found


def read(pairs: list[str], owner: str, settings: Mapping[str, Setting]) -> dict[str, Any]:
    """Read settings from the shell.

    Arguments:
        pairs: Such as ["width=0.5", "average=none"].
        owner: Whose settings they are, for the error.
        settings: Those that there are.

    Raises:
        UserError: A pair has no '=', a name is unknown, or a value is of another type.

    Example:
        >>> from latentfit.recipes import RECIPES
        >>> read(["width=0.5", "batch=64", "average=none"], "flexae", RECIPES["flexae"].settings())
        {'width': 0.5, 'batch': 64, 'average': None}
    """
    given: dict[str, Any] = {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not equals:
            raise UserError(f"--set takes name=value, got '{pair}'.")
        one_of(f"setting of {owner}", name, settings)
        given[name] = settings[name].read(text)
    return given


def checked(
    given: Mapping[str, Any], owner: str, settings: Mapping[str, Setting]
) -> dict[str, Any]:
    """Settings given from Python, each as its type.

    Raises:
        UserError: A name is unknown, or a value does not fit.
    """
    for name in given:
        one_of(f"setting of {owner}", name, settings)
    return {name: settings[name].check(value) for name, value in given.items()}


def _setting(name: str, kind: Any, default: Any) -> Setting | None:
    limits, optional = None, False
    while typing.get_origin(kind) in (typing.Annotated, typing.Union, types.UnionType):
        options = typing.get_args(kind)
        if typing.get_origin(kind) is typing.Annotated:
            limits = next((extra for extra in options if isinstance(extra, Range)), limits)
            kind = options[0]
            continue
        optional = type(None) in options
        left = [option for option in options if option is not type(None)]
        if len(left) > 1:
            return None
        kind = left[0]
    choices: tuple[str, ...] = ()
    if typing.get_origin(kind) is typing.Literal:
        choices, kind = typing.get_args(kind), str
    if kind not in NAMES or name == "self":
        return None
    return Setting(name, kind, default, optional, limits, choices)


def _pace(*, batch: Annotated[int, Range(2)] = 128, average: Share | None = None) -> None:
    """How the loop plays a model."""


PACE = settings_of(_pace)
"""Settings of whatever is trained: its batch size, and the decay of its averaged weights."""
