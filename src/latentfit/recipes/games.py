"""The algorithm box of every system: who moves what, in which order, with which optimiser."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import astuple, dataclass, fields
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

from latentfit.game import Game
from latentfit.models import Learned, Learner, Model
from latentfit.optimizers import RMSprop
from latentfit.players import Player, Terms, Turn
from latentfit.recipes import RECIPES
from latentfit.schedules import Schedule, at
from latentfit.seeds import seeded

MNIST = (1, 28, 28)
END = 10**7  # a round after which no schedule changes
HEAD = (
    "# Games\n\nWho moves what, how often, on which samples, with which optimiser, to lower which "
    "loss. Players move in the order of their rows; where one moves several times, those of its "
    "turn take turns. Made from the code: `latentfit list recipes --games > docs/games.md`.\n\n"
    "Numbers are those of MNIST's shape, D = 784 entries, at the default latent size m. Errors are "
    "summed over the entries of a sample: a weight beside a mean error is D times as large here. "
    "Weights and rates that change go from the first round to the last. What differs from the "
    "papers stands under *Deviations* in the docstrings.\n"
)


@dataclass(frozen=True)
class Row:
    """One player of a round.

    Attributes:
        player: Its name.
        moves: The networks that it owns.
        times: How often it moves in a round.
        batches: On which samples: `new` ones each time, `two new` batches, or `the same` as before.
        optimizer: And its numbers; what its rate is multiplied with, where that changes.
        loss: Its terms with their weights, from the first round to the last where they change.
        purpose: What it is after.
    """

    player: str
    moves: str
    times: int
    batches: str
    optimizer: str
    loss: str
    purpose: str


def box(name: str) -> tuple[Model, list[Row]]:
    """The players of a recipe on MNIST's shape, in the order of their moves, and their model.

    Read off a built model of a small width, so that it cannot disagree with what is trained.

    Arguments:
        name: One of `RECIPES`.

    Example:
        >>> _, rows = box("wae-gan")
        >>> [(row.player, row.moves, row.loss) for row in rows]  # doctest: +NORMALIZE_WHITESPACE
        [('autoencoder', 'encoder, decoder', 'reconstruction + 200 fooled'),
         ('critic', 'critic', 'logistic')]
    """
    with seeded(0, "box"):
        model = RECIPES[name].small(MNIST, None)
        x = torch.rand(4, *model.shape)
        rows = _rows(model, x)
        if isinstance(model.prior, Learned):
            with torch.no_grad():
                rows += _rows(model.prior.model, model.encode(x))
    return model, rows


def pages() -> Iterator[str]:
    """The page of all games in Markdown, part by part."""
    yield HEAD
    for name, recipe in RECIPES.items():
        model, rows = box(name)
        kept = "no average" if model.average is None else f"averages with {model.average:g}"
        yield (
            f"## {name}\n\n{recipe.paper.title}, {recipe.paper.year}: {recipe.idea}. "
            f"m = {model.latent}, batch {model.batch}, {kept}.\n"
        )
        lines = ["| " + " | ".join(part.name for part in fields(Row)) + " |", "|---" * 7 + "|"]
        lines += ["| " + " | ".join(map(str, astuple(row))) + " |" for row in rows]
        if isinstance(model.prior, Learned):
            lines.append(f"\nThe last row afterwards, {_after(model.prior)}.")
        yield "\n".join(lines) + "\n"


def _after(prior: Learned[Any]) -> str:
    rounds = f"{prior.longer:g} times as many rounds"
    return rounds if prior.passes is None else f"{rounds}, at most {prior.passes} passes over codes"


def _rows(model: Learner, x: Tensor) -> list[Row]:
    game = Game(model)
    names = {id(part): name for name, part in model.named_children()} | {id(model): "all"}
    return [
        Row(
            name,
            ", ".join(names[id(part)] for part in player.owns if list(part.parameters())),
            turn.repeats,
            _batches(turn, player),
            _rate(game.optimizers[name], player.rate),
            _loss(player, turn.terms(name, *[x] * turn.seen)),
            inspect.cleandoc(player.terms.__doc__ or "").splitlines()[0].rstrip("."),
        )
        for turn in game.turns
        for name, player in turn.players.items()
    ]


def _batches(turn: Turn, player: Player) -> str:
    if not turn.fresh:
        return "the same"
    return "two new" if (turn.seen if player.given else player.batches) == 2 else "new"


def _rate(optimizer: Optimizer, factor: float | Schedule) -> str:
    (group,) = optimizer.param_groups
    text = f"{type(optimizer).__name__} {group['lr']:.3g}"
    if "betas" in group and not isinstance(optimizer, RMSprop):
        text += " ({:g}, {:g})".format(*group["betas"])
    first, last = at(factor, 0), at(factor, END)
    return text if first == last == 1 else f"{text}, times {first:g} to {last:g}"


def _loss(player: Player, terms: Terms) -> str:
    parts = []
    for term in terms:
        first, last = (
            f"{float(player.loss({term: torch.ones(())}, step)):.4g}" for step in (0, END)
        )
        weight = first if first == last else f"({first} to {last})"
        parts.append(term if weight == "1" else f"{weight} {term}")
    return " + ".join(parts)
