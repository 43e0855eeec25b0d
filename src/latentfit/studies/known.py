"""Trainings on data whose dimension is known."""

from __future__ import annotations

from typing import Any

from latentfit.models.pruning import pruning
from latentfit.runs.cells import Cell, Row
from latentfit.studies.base import pick

LATENT = ("fd", "latent")  # groups of scores that these studies read
# Every auto-encoder moves at 1e-3 but those of the masked game, with a mask or not, which have the
# pace of the authors' script, 5e-4. FlexAE's has twice its base rate.
PACE: dict[str, dict[str, float]] = {
    "flexae": {"rate": 5e-4, "batch": 64},
    "wae-gan": {"rate": 1e-3, "batch": 64},
}
PRUNED = ("maskaae", "lmgae", "wae-wgan")


def synthetic(n: int, seed: int) -> str:
    """The synthetic set of true dimension n; a network of its own for each seed."""
    return f"synthetic:n={n},d=128,seed={seed}"


def true_dimension(row: Row) -> int:
    """N of a row on a synthetic set."""
    return int(row["data"].split("n=")[1].split(",")[0])


def on_synthetic(
    recipe: str,
    n: int,
    m: int,
    seed: int,
    scale: str,
    *,
    game: str | None = None,
    groups: tuple[str, ...] = LATENT,
    **more: Any,
) -> Cell:
    """A training; at paper scale as published, and a masked game ends when its clock does.

    Arguments:
        recipe: Name of a system.
        n: True dimension.
        m: Latent dimensions.
        seed: Of the data and of the training.
        scale: `smoke`, `short` or `paper`.
        game: Of a masked system; that of the scale where not given.
        groups: Of scores.
        more: Other fields of the cell.
    """
    usual = pick(scale, smoke="recovering", short="recovering", paper="authors")
    settings: dict[str, Any] = {} if scale == "paper" else PACE.get(recipe, {})
    if recipe in ("maskaae", "lmgae") and (game or usual) != "recovering":  # the default, unnamed
        settings = {"game": game or usual}
    rounds = pick(scale, smoke=60, short=6_000, paper=50_000)
    if recipe in PRUNED and scale != "smoke":
        rounds = pruning(game or usual, m).rounds
    return Cell(recipe, synthetic(n, seed), m, seed, rounds, settings, groups, **more)
