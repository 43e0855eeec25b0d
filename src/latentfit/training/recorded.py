"""Rounds that are recorded on a GPU once and played again, without Python between the kernels."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from typing import Protocol

import torch
from torch import Tensor

from latentfit.game import Game
from latentfit.players import Terms

WARM = 3
"""Rounds of a program that are played before it is recorded: libraries choose their kernels, and
optimisers make their slots."""
KEPT = 4
"""Recorded programs that are kept; each holds the memory of a round."""

Body = Callable[[], Terms]


class Tape(Protocol):
    """A device's recorder of one program."""

    def record(self, program: Callable[[], Tensor]) -> Tensor:
        """Write down what a program does, without doing it, and where its result will lie."""
        ...

    def play(self) -> None:
        """Do what was written down."""
        ...


class Graph:
    """A tape of CUDA: a graph of kernels."""

    def record(self, program: Callable[[], Tensor]) -> Tensor:
        """Capture; nothing is computed."""
        self.graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self.graph):
            return program()

    def play(self) -> None:
        """Launch all kernels at once."""
        self.graph.replay()


class Recorded:
    """Plays a body whose inputs lie at fixed places, after some rounds from a tape.

    The first rounds of a program are played as they are; recording computes nothing, so no round is
    played twice and none is lost. A body that cannot be recorded is played as it is from then on.

    Arguments:
        tape: Makes an empty tape.
        tell: Told why it cannot be recorded, a line.
        clear: Called after a recording failed, to drop what it left.
        device: Where the body is played.
    """

    def __init__(
        self,
        tape: Callable[[], Tape],
        *,
        tell: Callable[[str], None],
        clear: Callable[[], None],
        device: torch.device,
    ) -> None:
        self.tape, self.tell, self.clear, self.device = tape, tell, clear, device
        self.played: dict[Hashable, int] = {}
        self.tapes: dict[Hashable, tuple[Tape, list[str], Tensor]] = {}
        self.gives_up = False

    def play(self, program: Hashable, body: Body) -> Terms:
        """One round; `program` is equal where it is the same operations."""
        count = self.played[program] = self.played.get(program, 0) + 1
        if self.gives_up:
            return body()
        if count <= WARM:
            with _beside(self.device):
                return self._watched(body) if count == 1 else body()
        if program not in self.tapes and not self._record(program, body):
            return body()
        tape, names, values = self.tapes[program]
        tape.play()
        return dict(zip(names, values.clone().unbind(), strict=True))

    def _watched(self, body: Body) -> Terms:
        """A round; one that draws from the CPU's stream would draw the same numbers ever after."""
        before = torch.default_generator.get_state()
        terms = body()
        moved = not torch.equal(before, torch.default_generator.get_state())
        if moved and self.device.type != "cpu":
            self._give_up("its terms draw random numbers on the CPU")
        return terms

    def _record(self, program: Hashable, body: Body) -> bool:
        names: list[str] = []

        def told() -> Tensor:
            terms = body()
            names.extend(terms)
            return torch.stack([value.detach() for value in terms.values()])

        tape = self.tape()
        try:
            values = tape.record(told)
        except RuntimeError as error:
            self.clear()
            self._give_up(str(error).splitlines()[0][:120])
            return False
        while len(self.tapes) >= KEPT:
            del self.tapes[next(iter(self.tapes))]
        self.tapes[program] = tape, names, values
        return True

    def _give_up(self, why: str) -> None:
        self.gives_up = True
        self.tapes.clear()
        self.tell(f"rounds cannot be recorded and are played move by move, slower: {why}.")


@contextmanager
def _beside(device: torch.device) -> Iterator[None]:
    """On a stream of its own: what is played before a recording leaves nothing on the usual one."""
    if device.type != "cuda" or not torch.cuda.is_available():
        yield
        return
    usual, stream = torch.cuda.current_stream(device), torch.cuda.Stream(device)
    stream.wait_stream(usual)
    with torch.cuda.stream(stream):
        yield
    usual.wait_stream(stream)


def why_not(game: Game, *, resident: bool, processes: int) -> str:
    """Why the rounds of a game cannot be recorded on a GPU; '' where they can."""
    if not resident:
        return "the data are read while it plays"
    if processes > 1:
        return "several processes play together"
    for name, optimizer in game.optimizers.items():
        if not all(group.get("capturable", False) for group in optimizer.param_groups):
            kind = type(optimizer).__name__
            return f"the optimizer of player '{name}', {kind}, cannot be recorded"
    return ""
