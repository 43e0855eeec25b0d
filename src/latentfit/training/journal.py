"""The numbers of a run as it goes on: lines in its folder, and whoever listens."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from latentfit.storage.folder import Log

OnLog = Callable[[int, dict[str, float]], object]
"""Told the round and numbers by name, each time that a run logs."""


class Journal:
    """Writes the lines of a run, and tells their numbers to one who listens.

    What a listener raises is kept, and it is told no more: the loop saves, then raises it. So it is
    with every error, also of a second Ctrl-C that comes while it listens.

    Arguments:
        log: What lines are written with; None keeps none.
        listener: Told the round and the numbers of each line; None where nobody listens.

    Example:
        >>> def hears(step, numbers):
        ...     print(step, numbers)
        >>> Journal(None, hears).write(50, {"critic/gap": 0.5, "mask/values": [1.0, 0.0]})
        50 {'critic/gap': 0.5}
    """

    def __init__(self, log: Log | None, listener: OnLog | None) -> None:
        self.log, self.listener = log, listener
        self.began = time.monotonic()
        self.error: BaseException | None = None

    @property
    def seconds(self) -> float:
        """Of the run so far, those of earlier calls too."""
        before = 0.0 if self.log is None else self.log.elapsed
        return round(before + time.monotonic() - self.began, 3)

    def write(self, step: int, values: dict[str, Any]) -> None:
        """Write a line, and tell its numbers.

        Raises:
            UserError: The disk is full.
        """
        if self.log is not None:
            self.log.write(step, values)
        if self.listener is None or self.error is not None:
            return
        try:
            self.listener(step, {n: v for n, v in values.items() if isinstance(v, int | float)})
        except BaseException as error:
            self.error = error

    def close(self) -> None:
        """Flush what was written."""
        if self.log is not None:
            self.log.close()
