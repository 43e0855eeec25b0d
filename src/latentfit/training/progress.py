"""What a person sees while a run goes on, and how it is asked to stop."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn


class Stop:
    """Whether Ctrl-C or a polite kill has come; the loop ends at the next round boundary."""

    requested = False

    def ask(self, number: int, frame: FrameType | None) -> None:
        """Handle a signal: the first asks, the second interrupts at once."""
        if self.requested:
            raise KeyboardInterrupt
        self.requested = True


@contextmanager
def stoppable() -> Iterator[Stop]:
    """Turn SIGINT and SIGTERM into a request, in the main thread; elsewhere leave them alone."""
    stop = Stop()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    before = {number: signal.signal(number, stop.ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class Status:
    """A progress bar on a terminal; elsewhere a line of text every half minute.

    Arguments:
        total: Rounds in all.
        start: Rounds already done.
        show: False shows nothing.
        label: What is being trained.
    """

    def __init__(self, total: int, start: int, *, show: bool, label: str) -> None:
        self.total, self.start, self.label, self.show = total, start, label, show
        self.began = self.spoke = time.monotonic()
        self.console = Console(stderr=True)
        self.bar: Progress | None = None
        if show and self.console.is_terminal:
            self.bar = Progress(
                TextColumn("{task.description}"),
                BarColumn(bar_width=24),
                MofNCompleteColumn(),
                TextColumn("{task.fields[rate]}"),
                TimeRemainingColumn(),
                TextColumn("{task.fields[terms]}"),
                console=self.console,
            )
            self.task = self.bar.add_task(label, total=total, completed=start, rate="", terms="")
            self.bar.start()

    def update(self, step: int, terms: dict[str, float]) -> None:
        """Show the round and the main terms."""
        now = time.monotonic()
        rate = (step - self.start) / max(1e-9, now - self.began)
        # The first term of each player says enough for one line.
        main = {
            name.split("/")[0]: f"{name} {value:.4g}" for name, value in reversed(terms.items())
        }
        text = "  ".join(list(main.values())[::-1][:3])
        if self.bar is not None:
            self.bar.update(self.task, completed=step, rate=f"{rate:.1f}/s", terms=text)
        elif self.show and (now - self.spoke > 30 or step == self.total):
            self.spoke = now
            left = (self.total - step) / rate if rate > 0 else 0.0
            self.console.print(
                f"{self.label}: {step} of {self.total} rounds, {rate:.1f}/s, "
                f"{left:.0f} s to go  {text}",
                highlight=False,
                soft_wrap=True,
            )

    def note(self, text: str) -> None:
        """Say what a person should know of this run."""
        if self.show:
            self.console.print(f"{self.label}: {text}", highlight=False, soft_wrap=True)

    def close(self) -> None:
        """Leave the terminal as it was."""
        if self.bar is not None:
            self.bar.stop()
