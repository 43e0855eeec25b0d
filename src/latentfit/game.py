"""Players, turns and the game: who moves what, for which terms, in which order.

A model is a list of turns. A VAE has one player, FlexAE-SR six. The engine knows nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from latentfit.checks import UserError
from latentfit.schedules import Schedule, When, always, constant

Terms = dict[str, Tensor]
Evaluate = Callable[..., Terms]


class HasTurns(Protocol):
    """What the game asks of a model: modules and turns."""

    def turns(self) -> Iterator[Turn]:
        """The turns of one round, in order."""
        ...

    def parameters(self, recurse: bool = True) -> Iterator[nn.Parameter]:
        """All parameters of all players."""
        ...


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
        weights: Factor of each term in the loss, a number or a function of the round; 1 if absent.
            All of them must be terms.
        rate: Factor on the learning rate as a function of the round.
        plays: In which rounds it moves.
        after: A rule without gradient after each move, such as projecting a mask.
    """

    terms: Evaluate
    owns: tuple[nn.Module, ...]
    optimizer: Callable[[Iterable[nn.Parameter]], Optimizer]
    batches: int = 1
    weights: Mapping[str, float | Schedule] = field(default_factory=dict)
    rate: Schedule = field(default_factory=constant)
    plays: When = always
    after: Callable[[], None] = lambda: None

    def parameters(self) -> list[nn.Parameter]:
        """Each owned parameter once."""
        return list({id(p): p for module in self.owns for p in module.parameters()}.values())

    def frozen(self) -> bool:
        """Whether all that it owns is frozen, so that it has no move."""
        return not any(p.requires_grad for p in self.parameters())

    def loss(self, terms: Terms, step: int) -> Tensor:
        """The weighted sum of the terms at a round, a scalar."""
        weighted = []
        for name, term in terms.items():
            weight = self.weights.get(name, 1.0)
            weighted.append((weight(step) if callable(weight) else weight) * term)
        return torch.stack(weighted).sum()


class Turn:
    """Players that see the same batches one after the other, `repeats` times.

    Arguments:
        repeats: How often the turn is played in a round, each time with the next batches.
        fresh: False keeps the batches of the turn before.
        players: The players by name, in the order of their moves.
    """

    def __init__(self, *, repeats: int = 1, fresh: bool = True, **players: Player) -> None:
        self.players, self.repeats, self.fresh = players, repeats, fresh

    @property
    def batches(self) -> int:
        """The number of batches that the turn takes each time it is played."""
        return max((player.batches for player in self.players.values()), default=0) * self.fresh


@contextmanager
def only(owned: Iterable[nn.Parameter], everyone: Iterable[nn.Parameter]) -> Iterator[None]:
    """Freeze everyone but the owner: no gradient leaks to others, and none is computed in vain."""
    mine = {id(p) for p in owned}
    frozen = [p for p in everyone if p.requires_grad and id(p) not in mine]
    for p in frozen:
        p.requires_grad_(False)
    try:
        yield
    finally:
        for p in frozen:
            p.requires_grad_(True)


class Game:
    """Plays the turns of a model, one round at a time.

    A player whose networks are all frozen, `network.requires_grad_(False)`, has no move.

    Arguments:
        model: Anything with parameters and `turns()`.
        prepare: Wraps each player's terms once, for compilation or mixed precision.
        backward: From a loss to gradients; others may scale the loss here.
        average: Called with the owner's parameters before each step, for several processes.

    Raises:
        UserError: The first turn takes no batch, two players have one name, a player owns nothing,
            or all networks are frozen.
    """

    def __init__(
        self,
        model: HasTurns,
        *,
        prepare: Callable[[Evaluate], Evaluate] = lambda terms: terms,
        backward: Callable[[Tensor], None] = Tensor.backward,
        average: Callable[[list[nn.Parameter]], None] = lambda owned: None,
    ) -> None:
        self.turns = tuple(model.turns())
        _must_make_sense(self.turns)
        self.players = {name: p for turn in self.turns for name, p in turn.players.items()}
        self.draws = sum(turn.repeats * turn.batches for turn in self.turns)
        self.everyone = list(model.parameters())
        self.frozen = tuple(name for name, player in self.players.items() if player.frozen())
        if len(self.frozen) == len(self.players):
            raise UserError("every network is frozen; let one of them move.")
        self.owned = {name: player.parameters() for name, player in self.players.items()}
        self.optimizers = {n: p.optimizer(self.owned[n]) for n, p in self.players.items()}
        self.rates = {n: [g["lr"] for g in o.param_groups] for n, o in self.optimizers.items()}
        self.terms = {name: prepare(player.terms) for name, player in self.players.items()}
        self.backward, self.average = backward, average

    def round(self, batches: Iterator[Tensor], step: int) -> Terms:
        """Play every turn once; the terms of each player's last move, named 'player/term'."""
        log: Terms = {}
        seen: list[Tensor] = []
        for turn in self.turns:
            for _ in range(turn.repeats):
                seen = [next(batches) for _ in range(turn.batches)] or seen
                for name, player in turn.players.items():
                    if player.plays(step) and name not in self.frozen:
                        log |= self.move(name, seen, step)
        return log

    def move(self, name: str, batches: Sequence[Tensor], step: int) -> Terms:
        """One step of one player: only what it owns changes, and no gradient is left behind.

        Raises:
            UserError: Terms are no scalars by name, a weight is of none of them, or none depends on
                what the player owns.
        """
        player, optimizer, owned = self.players[name], self.optimizers[name], self.owned[name]
        with only(owned, self.everyone):
            terms = self.terms[name](*batches[: player.batches])
            _must_be_terms(name, terms)
            if stray := player.weights.keys() - terms.keys():
                has = ", ".join(terms)
                raise UserError(f"player '{name}' has no term '{min(stray)}' to weigh, only {has}.")
            loss = player.loss(terms, step) if terms else torch.zeros(())
            if not loss.requires_grad:
                raise UserError(f"the terms of player '{name}' do not depend on what it owns.")
            self.backward(loss)
        self.average(owned)
        factor = player.rate(step)
        for group, rate in zip(optimizer.param_groups, self.rates[name], strict=True):
            group["lr"] = rate * factor
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        player.after()
        return {f"{name}/{term}": value.detach() for term, value in terms.items()}

    def state_dict(self) -> dict[str, dict]:
        """The state of each player's optimiser by the player's name."""
        return {name: optimizer.state_dict() for name, optimizer in self.optimizers.items()}

    def load_state_dict(self, state: dict[str, dict]) -> None:
        """Continue from what `state_dict` gave."""
        for name, optimizer in self.optimizers.items():
            optimizer.load_state_dict(state[name])


def _must_make_sense(turns: Sequence[Turn]) -> None:
    if not turns or not turns[0].batches:
        raise UserError(
            "a game begins with a turn that takes a batch: give it players, and fresh=True."
        )
    before = 0
    for turn in turns:
        if turn.repeats < 1 or not turn.players:
            raise UserError("a turn has one player at least, and is played once at least.")
        wanted = max(player.batches for player in turn.players.values())
        if not turn.fresh and wanted > before:
            raise UserError(
                f"a turn without a batch of its own wants {wanted}, the turn before took {before}."
            )
        before = wanted if turn.fresh else before
    names = [name for turn in turns for name in turn.players]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise UserError(f"two players are called '{twice[0]}'; give each a name of its own.")
    for name, player in ((n, p) for turn in turns for n, p in turn.players.items()):
        if not player.parameters():
            raise UserError(f"player '{name}' owns no parameters; name the networks that it moves.")
        if not callable(player.optimizer):
            raise UserError(
                f"the optimizer of player '{name}' is a {type(player.optimizer).__name__}; give a "
                "function from parameters to one, such as lf.optimizers.adam(1e-3)."
            )


def _must_be_terms(name: str, terms: object) -> None:
    if not isinstance(terms, dict):
        raise UserError(
            f"player '{name}' gives a {type(terms).__name__}; give its terms by name, a dict."
        )
    for term, value in terms.items():
        if value.dim():
            raise UserError(
                f"term '{term}' of player '{name}' has shape {tuple(value.shape)}; give a scalar, "
                "such as its mean over the batch."
            )
