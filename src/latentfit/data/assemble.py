"""From what a reader found to a data set: splits, schema, labels, fingerprint."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from latentfit.checks import UserError
from latentfit.data.base import PARTS, Data, Split
from latentfit.data.labels import numbered
from latentfit.data.resident import Resident
from latentfit.data.splits import LEAST, Places, by_content, by_position, fingerprint, marks_of
from latentfit.schema import Schema


class Lazy(ABC):
    """Samples that are read when it is known which split each belongs to.

    They must come with marks, which stand for their content.
    """

    shape: tuple[int, ...]
    """(N, *shape of a sample)."""
    dtype: np.dtype
    """Of the entries held."""

    def __len__(self) -> int:
        return self.shape[0]

    @abstractmethod
    def splits(
        self, places: Sequence[Tensor], labels: Sequence[Tensor | None], ids: Sequence[np.ndarray]
    ) -> list[Split]:
        """The samples at some places, a split for each list of them."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """What a reader found: samples of one split, or of all.

    Attributes:
        x: An array, a tensor of pixels, a table, or what is read later.
        y: Labels of any kind, (N,); None where there are none.
        ids: What each sample is called in its source, (N,); None where it is its number.
        marks: Stand for the content of each sample, or for its key, uint64 (N,); None where `x`
            itself does.
    """

    x: Any
    y: Any = None
    ids: np.ndarray | None = None
    marks: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.x)


def assemble(
    found: dict[str, Found],
    *,
    name: str,
    fit: Callable[[Found, Tensor], Schema],
    classes: tuple[str, ...] = (),
    fixed: bool = False,
    schema: Schema | None = None,
    notes: Sequence[str] = (),
    also: str = "",
    together: bool = False,
) -> Data:
    """A data set of what was found: split, brought to a schema, labelled, fingerprinted.

    Arguments:
        found: By the names of the splits; `train` is split where others are absent.
        name: What reports call it.
        fit: From all that is to be split and the places of the training split to the schema.
        classes: Name of each label.
        fixed: Splits go by number.
        schema: That of a model; then nothing is fitted, and few samples are enough.
        notes: What a person should know.
        also: What the fingerprint stands for besides the content.
        together: Equal samples stay in one split.

    Raises:
        UserError: There are too few samples, labels do not fit, or parts differ.
    """
    count, least = len(found["train"]), LEAST if schema is None else 1
    if count < least:
        raise UserError(f"'{name}' has {count} samples; at least {least} are needed.")
    for part, held in found.items():
        if len(held) == 0:
            raise UserError(
                f"the {part} split of '{name}' is empty; give it samples or leave it out."
            )
    _must_agree(found, name)
    places = divided(found, fixed=fixed, together=together)
    train = places["train"][1]
    chosen = fit(found["train"], train) if schema is None else schema
    mark = fingerprint(*((_content(found[of]), at) for of, at in places.values()), also=also)
    labels, names = numbered(
        [_at(found[of].y, at) for of, at in places.values()],
        [len(at) for _, at in places.values()],
        name,
        classes,
    )
    ids = [_named(found[of], at) for of, at in places.values()]
    splits: dict[str, Split] = {}
    for source in list(found):
        x = found.pop(source).x  # what the file held is no longer needed
        parts = [number for number, (of, _) in enumerate(places.values()) if of == source]
        taken = [[*places.values()][number][1] for number in parts]
        told = [labels[number] for number in parts], [ids[number] for number in parts]
        if isinstance(x, Lazy):
            made = x.splits(taken, *told)
        else:
            seen = [x[at] for at in taken] if isinstance(x, Tensor) else chosen.parted(x, taken)
            made = [Resident(values, label, ids=called)
                    for values, label, called in zip(seen, *told, strict=True)]  # fmt: skip
        splits |= {PARTS[number]: split for number, split in zip(parts, made, strict=True)}
    return Data(
        name=name,
        train=splits["train"],
        validation=splits["validation"],
        test=splits["test"],
        fingerprint=mark,
        schema=chosen,
        classes=names,
        notes=tuple(notes),
    )


def divided(
    found: dict[str, Found], *, fixed: bool, together: bool
) -> dict[str, tuple[str, Tensor]]:
    """For each split, the part of what was found that it is taken from, and the places in it."""
    whole = found["train"]
    absent = [part for part in PARTS[1:] if part not in found]
    none = torch.arange(0)
    if not absent:
        cut: Places = (torch.arange(len(whole)), none, none)
    elif fixed:
        cut = by_position(len(whole), test="test" in absent)
    else:
        marks = marks_of(np.asarray(whole.x)) if whole.marks is None else whole.marks
        cut = by_content(marks, test="test" in absent, copies_together=together)
        if absent == ["test"]:
            rest, chosen, _ = by_content(marks, test=False, copies_together=together)
            cut = (rest, none, chosen)
    given = {part: (part, torch.arange(len(found[part]))) for part in found if part != "train"}
    return {part: ("train", places) for part, places in zip(PARTS, cut, strict=True)} | given


def _must_agree(found: dict[str, Found], name: str) -> None:
    first = found["train"].x
    for part, held in found.items():
        for what, of in (("labels", held.y), ("ids", held.ids)):
            if of is not None and np.shape(of)[:1] != (len(held),):
                raise UserError(
                    f"there are {what} of shape {np.shape(of)} for {len(held)} {part} samples of "
                    f"'{name}'; give one for each."
                )
        if hasattr(held.x, "iloc"):
            continue
        if held.x.shape[1:] != first.shape[1:] or held.x.dtype != first.dtype:
            raise UserError(
                f"training samples of '{name}' have shape {tuple(first.shape[1:])}, {part} samples "
                f"{tuple(held.x.shape[1:])}; they must agree, also in their type."
            )


def _content(held: Found) -> Tensor:
    """What the fingerprint stands for."""
    if isinstance(held.x, Tensor):
        return held.x
    apart = hasattr(held.x, "iloc") or isinstance(held.x, Lazy)
    x = held.marks.view(np.int64) if apart and held.marks is not None else held.x
    return torch.from_numpy(np.require(x, x.dtype.newbyteorder("="), ["C", "W"]))  # else it warns


def _at(held: Any, places: Tensor) -> Any:
    if held is None:
        return None
    index = places.numpy()
    return held.iloc[index] if hasattr(held, "iloc") else np.asarray(held)[index]


def _named(held: Found, places: Tensor) -> np.ndarray:
    return places.numpy() if held.ids is None else held.ids[places.numpy()]
