"""Players and turns: who moves what, for which terms."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from latentfit.schedules import Schedule, When, always, at

Terms = dict[str, Tensor]
Evaluate = Callable[..., Terms]


@dataclass(frozen=True, kw_only=True)
class Player:
    """Terms, the networks that may move to lower them, and how they move.

    Attributes:
        terms: From its batches to unweighted scalars by name. This is the part that compiles.
        owns: The networks that move. Two players may own the same network: each then has its own
            optimiser state for it.
        optimizer: From parameters to an optimiser.
        batches: How many of the turn's batches it sees: two where it needs samples that are
            independent of the first.
        given: Names of what the turn computes for its players that this one sees, after the
            batches.
        weights: Factor of each term in the loss, a number or a function of the round; 1 if absent.
            All of them must be terms.
        rate: Factor on the learning rate, a number or a function of the round.
        plays: In which rounds it moves.
        begins: Called with the number of each round before it is played, such as by networks that
            grow; what it returns stands for the shape of the program: equal, and the round is the
            same operations on other numbers.
        after: A rule without gradient after each move, such as projecting a mask. What it changes
            are tensors.
    """

    terms: Evaluate
    owns: tuple[nn.Module, ...]
    optimizer: Callable[[Iterable[nn.Parameter]], Optimizer]
    batches: int = 1
    given: tuple[str, ...] = ()
    weights: Mapping[str, float | Schedule] = field(default_factory=dict)
    rate: float | Schedule = 1.0
    plays: When = always
    begins: Callable[[int], Hashable] = lambda step: None
    after: Callable[[], None] = lambda: None

    def parameters(self) -> list[nn.Parameter]:
        """Each owned parameter once."""
        return list({id(p): p for module in self.owns for p in module.parameters()}.values())

    def frozen(self) -> bool:
        """Whether all that it owns is frozen, so that it has no move."""
        return not any(p.requires_grad for p in self.parameters())

    def loss(self, terms: Terms, step: int) -> Tensor:
        """The weighted sum of the terms at a round, a scalar."""
        return weighted(terms, {name: at(weight, step) for name, weight in self.weights.items()})


def weighted(terms: Terms, weights: Mapping[str, float | Tensor]) -> Tensor:
    """The sum of the terms, each times its weight, 1 where there is none; a scalar.

    Weights that are tensors are rounded to the precision of their term, as numbers are.
    """
    parts = []
    for name, term in terms.items():
        weight = weights.get(name, 1.0)
        parts.append((weight.to(term.dtype) if isinstance(weight, Tensor) else weight) * term)
    return torch.stack(parts).sum()


class Turn:
    """Players that see the same batches one after the other, `repeats` times.

    Arguments:
        repeats: How often the turn is played in a round, each time with the next batches.
        fresh: False keeps the batches of the turn before.
        given: From the turn's batches to tensors by name that several players see: what none of
            them moves is computed once, before the first move, and without gradient.
        batches: How many batches `given` sees.
        players: The players by name, in the order of their moves.
    """

    def __init__(
        self,
        *,
        repeats: int = 1,
        fresh: bool = True,
        given: Evaluate | None = None,
        batches: int = 1,
        **players: Player,
    ) -> None:
        self.players: Mapping[str, Player] = players
        self.repeats, self.fresh, self.given = repeats, fresh, given
        seen = [player.batches for player in players.values()]
        self.seen = max([*seen, batches] if given is not None else seen, default=0)

    @property
    def batches(self) -> int:
        """The number of batches that the turn takes each time it is played."""
        return self.seen * self.fresh

    def terms(self, name: str, *batches: Tensor) -> Terms:
        """The terms of one of its players on batches of the turn."""
        player = self.players[name]
        with torch.no_grad():
            given = {} if self.given is None else self.given(*batches)
        return player.terms(*batches[: player.batches], *(given[what] for what in player.given))
