"""One round after the other: seed, batches, moves, average."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import torch
from torch import Tensor

from latentfit.data.base import Split
from latentfit.data.resident import Resident
from latentfit.game import Game
from latentfit.players import Terms
from latentfit.seeds import mix, reseed
from latentfit.training import distributed
from latentfit.training.average import Average
from latentfit.training.recorded import Recorded, Tape, why_not


class Rounds:
    """Plays the rounds of a game on a split.

    All that differs between two rounds is set before it is played: seed, dials, indices of the
    batches. What is then played is a program of tensors, the same on every device; on a GPU it is
    recorded.

    Arguments:
        game: What to play.
        average: Of the weights; None keeps none.
        split: Where batches come from.
        order: Indices of one batch after the other, (B,) each.
        seed: Of the run.
        device: Where the game is played.
        tell: Told a line where rounds cannot be recorded on a GPU.
        tape: Makes what records rounds; None plays all of them move by move.
    """

    def __init__(
        self,
        game: Game,
        average: Average | None,
        split: Split,
        order: Iterable[Tensor],
        *,
        seed: int,
        device: torch.device,
        tell: Callable[[str], None],
        tape: Callable[[], Tape] | None = None,
    ) -> None:
        self.game, self.average, self.split, self.seed = game, average, split, seed
        self.device = device
        resident = isinstance(split, Resident)
        self.order = iter(order)
        self.stream = None if resident else split.batches(self.order)
        self.rows = torch.empty(0, dtype=torch.long)
        self.recorded: Recorded | None = None
        if tape is not None:
            why = why_not(game, resident=resident, processes=distributed.world())
            if why:
                tell(f"rounds are played move by move, slower than recorded, since {why}.")
            else:
                self.recorded = Recorded(tape, tell=tell, clear=self._clear, device=device)

    def play(self, step: int) -> Terms:
        """Round number `step`; the terms of each player's last move."""
        program = self.game.turn_to(step)
        if self.average is not None:
            self.average.turn_to(step)
        if self.stream is None:
            self._fill()
        reseed(mix(self.seed, distributed.rank(), step), self.device)
        if self.recorded is None:
            return self._body()
        return self.recorded.play(program, self._body)

    def _fill(self) -> None:
        """Put the indices of the round's batches where the program reads them."""
        rows = torch.stack([next(self.order) for _ in range(self.game.draws)])
        if len(self.rows):
            self.rows.copy_(rows, non_blocking=True)
        else:
            self.rows = rows.to(self.device)

    def _batches(self) -> Iterator[Tensor]:
        if self.stream is not None:
            return self.stream
        return (self.split.take(row) for row in self.rows)

    def _body(self) -> Terms:
        terms = self.game.play(self._batches())
        if self.average is not None:
            self.average.update()
        return terms

    def _clear(self) -> None:
        """Drop gradients that a recording which failed has left."""
        for p in self.game.everyone:
            p.grad = None
