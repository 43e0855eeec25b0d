"""The game: plays the turns of a model, in which players move in order.

A model is a list of turns. A VAE has one player, FlexAE-SR six. The engine knows nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

import torch
from torch import Tensor, nn

from latentfit.checks import UserError
from latentfit.dials import Dials
from latentfit.players import Evaluate, Terms, Turn, weighted
from latentfit.rules import must_be_terms, must_make_sense
from latentfit.schedules import Schedule, at, product


class HasTurns(Protocol):
    """What the game asks of a model: modules and turns."""

    def turns(self) -> Iterator[Turn]:
        """The turns of one round, in order."""
        ...

    def parameters(self, recurse: bool = True) -> Iterator[nn.Parameter]:
        """All parameters of all players."""
        ...


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

    A player whose networks are all frozen, `network.requires_grad_(False)`, has no move. What
    changes with the number of a round (weights, rates, who plays) is set by `turn_to`; `play` reads
    it as tensors, so that rounds of the same `turn_to` are the same program.

    Arguments:
        model: Anything with parameters and `turns()`.
        prepare: Wraps each player's terms once, for compilation or mixed precision.
        backward: From a loss to gradients; others may scale the loss here.
        average: Called with the owner's parameters before each step, for several processes.
        capturable: Optimisers keep what they count, and read their rates, on the device, so that
            rounds can be recorded there.

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
        capturable: bool = False,
    ) -> None:
        self.turns = tuple(model.turns())
        must_make_sense(self.turns)
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
        self.givers: dict[str, Evaluate | None] = {}
        for turn in self.turns:  # one for all players of a turn, so that it is compiled once
            giver = None if turn.given is None else prepare(turn.given)
            self.givers |= dict.fromkeys(turn.players, giver)
        self.backward, self.average, self.capturable = backward, average, capturable
        self._set_dials()

    def _set_dials(self) -> None:
        weights: dict[Hashable, Schedule] = {
            (name, term): course
            for name, player in self.players.items()
            for term, course in player.weights.items()
            if callable(course)
        }
        device = self.everyone[0].device
        exact = torch.float32 if device.type == "mps" else torch.float64
        self._weights = Dials(weights, device, exact)
        self._weighs: dict[str, dict[str, float | Tensor]] = {
            name: {
                term: self._weights[name, term] if callable(weight) else weight
                for term, weight in player.weights.items()
            }
            for name, player in self.players.items()
        }
        rates: dict[Hashable, Schedule] = {
            (name, number): product(rate, player.rate)
            for name, player in self.players.items()
            for number, rate in enumerate(self.rates[name])
            if callable(player.rate)
        }
        # Kernels on a GPU want a rate in single precision.
        narrow = torch.float32 if device.type == "cuda" else exact
        self._rates = Dials(rates if self.capturable else {}, device, narrow)
        for name, optimizer in self.optimizers.items():
            for number, group in enumerate(optimizer.param_groups):
                group["lr"] = self.rates[name][number]
                if (name, number) in self._rates:
                    group["lr"] = self._rates[name, number]
                if "capturable" in group:
                    group["capturable"] = self.capturable
            # PyTorch would warn, as the first rounds are played without recording them.
            optimizer.__dict__["_warned_capturable_if_run_uncaptured"] = True

    def turn_to(self, step: int) -> Hashable:
        """Set all that a round has of its number.

        Returns:
            What stands for the program of the round, equal where it is the same.
        """
        self._weights.turn_to(step)
        self._rates.turn_to(step)
        if not self.capturable:
            for name, player in self.players.items():
                factor = at(player.rate, step)
                groups = self.optimizers[name].param_groups
                for group, rate in zip(groups, self.rates[name], strict=True):
                    group["lr"] = rate * factor
        shapes = tuple(player.begins(step) for player in self.players.values())
        self.playing = frozenset(
            name
            for name, player in self.players.items()
            if name not in self.frozen and player.plays(step)
        )
        return self.playing, shapes

    def round(self, batches: Iterator[Tensor], step: int) -> Terms:
        """Play every turn once; the terms of each player's last move, named 'player/term'."""
        self.turn_to(step)
        return self.play(batches)

    def play(self, batches: Iterator[Tensor]) -> Terms:
        """`round`, where all is set to its number already."""
        log: Terms = {}
        seen: list[Tensor] = []
        for turn in self.turns:
            for _ in range(turn.repeats):
                seen = [next(batches) for _ in range(turn.batches)] or seen
                playing = [name for name in turn.players if name in self.playing]
                given = self.given(playing[0], seen) if playing else {}
                for name in playing:
                    log |= self._move(name, seen, given)
        return log

    def given(self, name: str, batches: Sequence[Tensor]) -> Terms:
        """What the turn of a player computes of its batches for all of its players."""
        giver = self.givers[name]
        if giver is None:
            return {}
        with torch.no_grad():
            return giver(*batches)

    def move(self, name: str, batches: Sequence[Tensor], step: int) -> Terms:
        """One step of one player: only what it owns changes, and no gradient is left behind.

        Raises:
            UserError: Terms are no scalars by name, a weight is of none of them, or none depends on
                what the player owns.
        """
        self.turn_to(step)
        return self._move(name, batches, self.given(name, batches))

    def _move(self, name: str, batches: Sequence[Tensor], given: Terms) -> Terms:
        player, optimizer, owned = self.players[name], self.optimizers[name], self.owned[name]
        with only(owned, self.everyone):
            shared = [given[what] for what in player.given]
            terms = self.terms[name](*batches[: player.batches], *shared)
            must_be_terms(name, terms)
            if stray := player.weights.keys() - terms.keys():
                has = ", ".join(terms)
                raise UserError(f"player '{name}' has no term '{min(stray)}' to weigh, only {has}.")
            loss = weighted(terms, self._weighs[name]) if terms else torch.zeros(())
            if not loss.requires_grad:
                raise UserError(f"the terms of player '{name}' do not depend on what it owns.")
            self.backward(loss)
        self.average(owned)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        player.after()
        return {f"{name}/{term}": value.detach() for term, value in terms.items()}

    def state_dict(self) -> dict[str, dict]:
        """The state of each player's optimiser by the player's name, with its base rates."""
        held = {name: optimizer.state_dict() for name, optimizer in self.optimizers.items()}
        for name, state in held.items():
            groups = zip(state["param_groups"], self.rates[name], strict=True)
            state["param_groups"] = [group | {"lr": rate} for group, rate in groups]
        return held

    def load_state_dict(self, state: dict[str, dict]) -> None:
        """Continue from what `state_dict` gave."""
        for name, optimizer in self.optimizers.items():
            keeps, given = (
                {slot for held in slots.values() for slot in held}
                for slots in (optimizer.state, state[name]["state"])
            )
            if keeps and given and keeps != given:
                raise ValueError(f"as older versions did, player '{name}' keeps other numbers")
            optimizer.load_state_dict(state[name])
        self._set_dials()
