"""What the turns and terms of a game must be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from latentfit.checks import UserError


class Played(Protocol):
    """What is asked of a turn."""

    players: Mapping[str, Any]
    repeats: int
    fresh: bool
    seen: int

    @property
    def batches(self) -> int:
        """The number of batches that it takes."""
        ...


def must_make_sense(turns: Sequence[Played]) -> None:
    """Raise for turns that make no game.

    Raises:
        UserError: There is none, the first takes no batch, a player owns nothing, or two players
            have one name.
    """
    if not turns or not turns[0].batches:
        raise UserError(
            "a game begins with a turn that takes a batch: give it players, and fresh=True."
        )
    before = 0
    for turn in turns:
        if turn.repeats < 1 or not turn.players:
            raise UserError("a turn has one player at least, and is played once at least.")
        wanted = turn.seen
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


def must_be_terms(name: str, terms: object) -> None:
    """Raise for what a player gives in place of scalars by name.

    Raises:
        UserError: It is no dict, or a term is no scalar.
    """
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
