"""Tables that packages of other people add rows to, through entry points."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Generic, TypeVar

Row = TypeVar("Row")


class Table(Mapping[str, Row], Generic[Row]):
    """Rows by name: ours, then those of the entry points of a group.

    An entry point gives a row or a sequence of rows. What cannot be imported, is no row, or has a
    name that is taken, is named in one line on the error stream and left out. Entry points are
    looked up when the table is first used, so that a package may import the table's module.

    Arguments:
        group: Of the entry points, after `latentfit.`: `recipes`, `metrics`, `priors`, `data`.
        kind: Class of a row.
        own: Our rows.
        name: The name of a row.

    Example:
        >>> table = Table("example", str, ["a", "b"], name=lambda row: row)
        >>> list(table), table["a"], "c" in table
        (['a', 'b'], 'a', False)
    """

    def __init__(
        self,
        group: str,
        kind: type[Row],
        own: Iterable[Row],
        *,
        name: Callable[[Any], str] = lambda row: row.name,
    ) -> None:
        self.group, self.kind, self.name = f"latentfit.{group}", kind, name
        self.own = {name(row): row for row in own}

    def __getitem__(self, name: str) -> Row:
        return self._rows[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    @cached_property
    def _rows(self) -> dict[str, Row]:
        rows = dict(self.own)
        for entry in entry_points(group=self.group):
            try:
                more = {self.name(row): row for row in self._loaded(entry)}
                if taken := sorted(rows.keys() & more.keys()):
                    raise ValueError(f"'{taken[0]}' is there already")
                rows |= more
            except Exception as error:  # whatever a stranger's import raises
                said = (str(error).splitlines() or [""])[0]
                print(
                    f"latentfit: plug-in '{entry.name}' ({self.group} = {entry.value}) is left out:"
                    f" {type(error).__name__}: {said}",
                    file=sys.stderr,
                )
        return rows

    def _loaded(self, entry: EntryPoint) -> list[Row]:
        held = entry.load()
        rows = list(held) if isinstance(held, list | tuple) else [held]
        for row in rows:
            if not isinstance(row, self.kind):
                raise TypeError(f"it gives a {type(row).__name__}, not a {self.kind.__name__}")
            check = getattr(row, "must_make_sense", None)
            if check is not None:
                check()
        return rows
