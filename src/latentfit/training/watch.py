"""What is read off a run at every log line."""

from __future__ import annotations

import torch

from latentfit.checks import DivergenceError, UserError
from latentfit.game import Game
from latentfit.players import Terms
from latentfit.schedules import at
from latentfit.storage import RunFolder


def collect(recent: list[Terms]) -> dict[str, float]:
    """Means of the terms over some rounds, in the loop's only transfer from the device.

    A term that was NaN in any of them is NaN here; one of a player that sat some of them out is the
    mean over the others.
    """
    names = dict.fromkeys(name for terms in recent for name in terms)
    held = {name: torch.stack([t[name] for t in recent if name in t]).double() for name in names}
    return dict(zip(names, torch.stack([v.mean() for v in held.values()]).tolist(), strict=True))


def who_waits(game: Game, rounds: int) -> list[str]:
    """Names of the players whose learning rate is 0 in every round, as in a warm-up.

    Raises:
        UserError: A player would not even play, so that what it owns stays as it was drawn.
    """
    for name, player in game.players.items():
        if name not in game.frozen and not any(player.plays(step) for step in range(rounds)):
            raise UserError(
                f"player '{name}' would not move in any of {rounds} rounds, it begins later; "
                "give more --rounds."
            )
    return [
        name for name, player in game.players.items()
        if not any(at(player.rate, step) > 0 for step in range(rounds))
    ]  # fmt: skip


def must_be_finite(
    game: Game, terms: dict[str, float], step: int, folder: RunFolder | None
) -> None:
    """Raise with the name of the player if a term or an owned parameter is not finite.

    Raises:
        DivergenceError: One is not; it is named, and so is the last good checkpoint.
    """
    last = None if folder is None else folder.checkpoint("last")
    kept = f"; the last good checkpoint is {last}" if last is not None and last.exists() else ""
    advice = f"{kept}. Try a lower learning rate, another seed, or --precision 32."
    for name, value in terms.items():
        if not abs(value) < float("inf"):
            player, term = name.split("/")
            raise DivergenceError(
                f"player '{player}' diverged by round {step}: term '{term}' is {value}{advice}"
            )
    finite = {n: torch.stack([p.isfinite().all() for p in o]).all() for n, o in game.owned.items()}
    flags = torch.stack(list(finite.values())).tolist()
    for player, fine in zip(finite, flags, strict=True):
        if not fine:
            raise DivergenceError(
                f"player '{player}' diverged by round {step}: a parameter is not finite{advice}"
            )
