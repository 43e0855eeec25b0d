"""What `run.json` and `model.json` say, as records; how older ones are read."""

from __future__ import annotations

import dataclasses
import json
import textwrap
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import torch

from latentfit.checks import UserError
from latentfit.schema import Numbers, plain

FORMAT = 3
"""Of a run folder. 1 was the first: its files have no number, and what has come since is absent. To
2, the units of the data were `shift` and `scale`, where 3 has a `schema`."""


@dataclass(frozen=True, kw_only=True)
class Record:
    """A file of a run folder: its fields are the keys of a JSON object, beside `format`."""

    @classmethod
    def read(cls, held: dict[str, Any], path: Path) -> Self:
        """From what a file holds; keys that are not known are left aside.

        Arguments:
            held: The object.
            path: Of the file, for the error.

        Raises:
            UserError: The file is of a later version, or it lacks something.
        """
        if not isinstance(held, dict):
            raise UserError(f"{path} holds no object; restore it from a copy.")
        if not isinstance(found := held.get("format", 1), int):
            raise UserError(f"{path} has format {found!r}, a number is needed; restore it.")
        if found > FORMAT:
            raise UserError(
                f"{path.parent} was written in format {found}, this version reads 1 to {FORMAT}; "
                "use a newer latentfit."
            )
        if found == 1:
            held = _from_first(held)
        if found < 3:
            held = _from_second(held)
        names = {item.name for item in dataclasses.fields(cls)}
        try:
            return cls(**{name: value for name, value in held.items() if name in names})
        except TypeError as error:
            said = str(error).split("__init__() ")[-1]
            raise UserError(f"{path} is not complete ({said}); train the run again.") from error

    def to_json(self) -> dict[str, Any]:
        """What the file holds; fields that are None are left out."""
        held = {item.name: getattr(self, item.name) for item in dataclasses.fields(self)}
        return {"format": FORMAT} | {key: v for key, v in held.items() if v is not None}


@dataclass(frozen=True, kw_only=True)
class Facts(Record):
    """`run.json`: what a run is, and what it was made by.

    Attributes:
        identity: What decides its numbers apart from the rounds: `recipe`, `arguments`, `data`
            (`name`, `fingerprint`, `shape`), `seed`, `batch`, `average`, `precision`, `compile`,
            `processes`; and `structure` of a model that no recipe describes. To go on they must be
            equal.
        versions: Of what decides the numbers besides.
        commit: Of the checkout that played it; None outside one.
        device: Kind of the device that it began on, `cpu` or `cuda`; None where it is not known.
        source: Words for the data, `data`, `root` and `reading`, that `latentfit` takes; None from
            Python.
        command: That a person typed; None from Python.
        prior: Name and settings of a prior that took the place of the recipe's.
        parent: The run whose encoder and decoder these are.
        tracked: What each tracker calls this run, by the tracker's name.
    """

    identity: dict[str, Any]
    versions: dict[str, str] = field(default_factory=dict)
    commit: str | None = None
    device: str | None = None
    source: dict[str, Any] | None = None
    command: str | None = None
    prior: list[Any] | None = None
    parent: str | None = None
    tracked: dict[str, str] | None = None

    def differences(self, identity: dict[str, Any]) -> str:
        """In what another identity differs, part by part, as text; '' where in nothing."""
        found = _differences(self.identity, json.loads(json.dumps(identity)))
        more = [f"and {len(found) - MOST} more"] if len(found) > MOST else []
        return "; ".join(found[:MOST] + more)


def _from_first(held: dict[str, Any]) -> dict[str, Any]:
    """A file of the first format: its parent was `from`, the setting `likelihood` was `decoder`."""
    now = {"parent" if key == "from" else key: value for key, value in held.items()}
    for owner in (now, now.get("identity")):
        if not isinstance(owner, dict) or not isinstance(owner.get("arguments"), dict):
            continue
        if "decoder" in (arguments := dict(owner["arguments"])):
            owner["arguments"] = arguments | {"likelihood": arguments.pop("decoder")}
    return now


def _from_second(held: dict[str, Any]) -> dict[str, Any]:
    """A file of the second format: the units of the data were a shift and a scale."""
    data = held.get("data")
    if not (isinstance(data, dict) and "shift" in data and isinstance(held.get("shape"), list)):
        return held
    shape = tuple(held["shape"])
    kept = {key: value for key, value in data.items() if key not in ("shift", "scale")}
    schema = plain(shape)
    if isinstance(schema, Numbers):
        shift, scale = (torch.tensor(data[key], dtype=torch.float64) for key in ("shift", "scale"))
        schema = Numbers(shape, shape, shift, scale)
    return held | {"data": kept | {"schema": schema.to_json()}}


MOST = 5  # differences that are listed


def _short(value: Any) -> str:
    if isinstance(value, dict):  # on one side only
        return "parts of its own"
    return "none" if value is None else textwrap.shorten(repr(value), 60)


def _differences(was: dict[str, Any], now: dict[str, Any], prefix: str = "") -> list[str]:
    found = []
    for name in sorted(was.keys() | now.keys()):
        before, after = was.get(name), now.get(name)
        if isinstance(before, dict) and isinstance(after, dict):
            found += _differences(before, after, f"{prefix}{name}.")
        elif before != after:
            found.append(f"{prefix}{name} was {_short(before)}, is now {_short(after)}")
    return found


@dataclass(frozen=True, kw_only=True)
class Card(Record):
    """`model.json`: what a model is built from again, beside its weights.

    Attributes:
        recipe: Name of the recipe; None for a model built from parts.
        arguments: Of the recipe.
        own: Names of the parts that were handed over, which no file describes.
        prior: Name and settings of a prior that took the place of the recipe's.
        classes: Names of the classes that samples can be asked for.
        shape: Shape of one sample.
        weights: `averaged` or `raw`.
        round: Rounds played.
        data: What it was trained on: `name`, `fingerprint`, `classes`, `counts` of the splits, and
            `schema`, so that a model can be used without them.
    """

    recipe: str | None = None
    arguments: dict[str, Any]
    own: list[str] = field(default_factory=list)
    prior: list[Any] | None = None
    classes: list[str] = field(default_factory=list)
    shape: list[int]
    weights: str
    round: int
    data: dict[str, Any]
