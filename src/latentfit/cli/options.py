"""Groups of options that several commands take: how data are read, and what plays trainings."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from latentfit.runs.playing import Engine

Options = Mapping[str, tuple[Any, Any]]
"""Annotation and default of each option."""


def takes(
    name: str, options: Options, make: Callable[[dict[str, Any]], Any]
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Give a command more options, which it takes as one keyword.

    Arguments:
        name: Of the keyword.
        options: Which there are.
        make: From what was given, by option, to the keyword's value.
    """

    def extended(command: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(command)
        def call(*words: Any, **given: Any) -> Any:
            held = {one: given.pop(one, default) for one, (_, default) in options.items()}
            return command(*words, **given, **{name: make(held)})

        own = inspect.signature(command, eval_str=True).parameters.values()
        parameters = [item for item in own if item.name != name] + [
            inspect.Parameter(one, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=kind)
            for one, (kind, default) in options.items()
        ]
        call.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        call.__annotations__ = {item.name: item.annotation for item in parameters}
        return call

    return extended


def _read(help: str, kind: Any = str | None) -> Any:
    panel = "How data of your own are read"
    return Annotated[kind, typer.Option(help=help, rich_help_panel=panel)]


READING: Options = {
    "kind": (_read("auto, images, signals, vectors or table.", str), "auto"),
    "size": (_read("Bring images to a side, 64, or height x width, 48x64."), None),
    "crop": (_read("Cut the centre out of images of another form; else squeeze.", bool), False),
    "grey": (_read("Leave colour out.", bool), False),
    "background": (_read("Colour behind transparent pixels.", str), "white"),
    "scale": (
        _read("Of numbers: each entry by itself, common to all (of a channel), or none."),
        None,
    ),
    "label": (_read("Column that is the class, and no part of a sample."), None),
    "key": (_read("Column that decides the split, not the content of the row."), None),
    "drop": (_read("Columns to leave out, separated by commas."), None),
    "columns": (_read("Columns to keep, separated by commas; default: all."), None),
}
"""By the fields of `data.Options`."""

reads_data = takes(
    "reading",
    READING,
    lambda held: {one: value for one, value in held.items() if value != READING[one][1]},
)
"""Give a command the options of reading; it takes them as `reading`, those that were given."""


def _play(help: str, kind: Any) -> Any:
    panel = "What plays the trainings"
    return Annotated[kind, typer.Option(help=help, rich_help_panel=panel)]


PLAYING: Options = {
    "workers": (
        _play("Trainings at a time, a thread each; default 2, on a cluster all of it.", int | None),
        None,
    ),
    "engine": (
        _play("local, or ray: on many machines (pip install 'latentfit[cluster]').", str),
        "local",
    ),
    "address": (_play("Of a Ray cluster to join; else one is started here.", str | None), None),
    "gpus": (_play("With ray: share of a GPU for a training, such as 0.25.", float), 0.0),
}


WORKERS = 2  # of this machine, where nothing is said


def _engine(held: dict[str, Any]) -> Engine:
    from latentfit.checks import UserError, one_of
    from latentfit.runs.cluster import Cluster
    from latentfit.runs.local import Local

    if one_of("engine", held["engine"], ("local", "ray")) == "ray":
        return Cluster(held["address"], held["workers"], held["gpus"])
    for one in ("address", "gpus"):
        if held[one] != PLAYING[one][1]:
            raise UserError(f"'--{one}' is of a cluster; give --engine ray with it.")
    return Local(WORKERS if held["workers"] is None else held["workers"])


plays = takes("engine", PLAYING, _engine)
"""Give a command the options of engines; it takes an `Engine`, as `engine`."""
