"""The options that say how data are read, wherever `--data` is taken."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Annotated, Any

import typer

PANEL = "How data of your own are read"


def _option(help: str, kind: Any = str | None) -> Any:
    return Annotated[kind, typer.Option(help=help, rich_help_panel=PANEL)]


READING: dict[str, tuple[Any, Any]] = {
    "kind": (_option("auto, images, signals, vectors or table.", str), "auto"),
    "size": (_option("Bring images to a side, 64, or height x width, 48x64."), None),
    "crop": (_option("Cut the centre out of images of another form; else squeeze.", bool), False),
    "grey": (_option("Leave colour out.", bool), False),
    "background": (_option("Colour behind transparent pixels.", str), "white"),
    "scale": (
        _option("Of numbers: each entry by itself, common to all (of a channel), or none."),
        None,
    ),
    "label": (_option("Column that is the class, and no part of a sample."), None),
    "key": (_option("Column that decides the split, not the content of the row."), None),
    "drop": (_option("Columns to leave out, separated by commas."), None),
    "columns": (_option("Columns to keep, separated by commas; default: all."), None),
}
"""Annotation and default of each option, by the fields of `data.Options`."""


def reads_data(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options of reading; it takes them as `reading`, those that were given."""

    @functools.wraps(command)
    def call(*words: Any, **given: Any) -> Any:
        reading = {name: given.pop(name, default) for name, (_, default) in READING.items()}
        kept = {name: value for name, value in reading.items() if value != READING[name][1]}
        return command(*words, **given, reading=kept)

    own = inspect.signature(command, eval_str=True).parameters.values()
    parameters = [item for item in own if item.name != "reading"] + [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=kind)
        for name, (kind, default) in READING.items()
    ]
    call.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    call.__annotations__ = {item.name: item.annotation for item in parameters}
    return call
