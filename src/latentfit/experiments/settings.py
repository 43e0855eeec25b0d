"""From `--set name=value` to keyword arguments, by the signature of the recipe."""

from __future__ import annotations

import types
import typing
from typing import Any

from latentfit.checks import UserError, one_of
from latentfit.experiments.recipes import Parts, Recipe


def parse(pairs: list[str], recipe: Recipe) -> dict[str, Any]:
    """Read settings as the types that the recipe's signature states.

    Arguments:
        pairs: Such as ["width=0.5", "average=none"].
        recipe: Whose settings they are.

    Raises:
        UserError: A pair has no '=', a name is unknown, or a value is of another type.

    Example:
        >>> from latentfit.experiments.recipes import RECIPES
        >>> parse(["width=0.5", "batch=64", "average=none"], RECIPES["flexae"])
        {'width': 0.5, 'batch': 64, 'average': None}
    """
    build = getattr(recipe.build, "func", recipe.build)
    kinds = typing.get_type_hints(Parts) | typing.get_type_hints(build)
    return read(pairs, recipe.name, {name: kinds[name] for name in recipe.settings()})


def read(pairs: list[str], owner: str, kinds: dict[str, Any]) -> dict[str, Any]:
    """Read settings of given types.

    Arguments:
        pairs: Such as ["components=5"].
        owner: Whose settings they are, for the error.
        kinds: Type of each setting by name.

    Example:
        >>> read(["components=5"], "gmm", {"components": int})
        {'components': 5}
    """
    given: dict[str, Any] = {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not equals:
            raise UserError(f"--set takes name=value, got '{pair}'.")
        one_of(f"setting of {owner}", name, kinds)
        given[name] = _read(name, text, kinds[name])
    return given


def _read(name: str, text: str, kind: Any) -> Any:
    if typing.get_origin(kind) in (typing.Union, types.UnionType):
        if text.lower() == "none":
            return None
        kind = next(k for k in typing.get_args(kind) if k is not type(None))
    if typing.get_origin(kind) is typing.Literal:
        return one_of(name, text, typing.get_args(kind))
    if kind is bool:
        return one_of(name, text.lower(), ("true", "false")) == "true"
    try:
        return kind(text)
    except ValueError:
        expected = {int: "a whole number", float: "a number"}.get(kind, kind.__name__)
        raise UserError(f"'{name}' must be {expected}, got '{text}'.") from None
