"""Learning rates of a short training, chosen for every system by one rule."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from latentfit.checks import UserError
from latentfit.recipes import RECIPES
from latentfit.runs.cells import Cell, Row, value
from latentfit.studies.base import Shown, Study, grouped, table
from latentfit.studies.known import PRUNED
from latentfit.studies.published import TABLES, recipes_of
from latentfit.studies.sets import SETS, distance, on_images, prepare, rates

FACTORS = (1.0, 3.0, 10.0)  # on all of a recipe's own rates
CAP = 3e-3  # no rate is above it, but a recipe's own
SEED = 100  # of no reported training
CHOSEN_ON = {"grey": "mnist", "colour": "cifar10"}
# What the rule chose, from results/rates.
CHOSEN: dict[str, float] = {
    "flexae": 10.0,
    "flexae-sr": 10.0,
    "ae-gmm": 10.0,
    "rae-l2": 10.0,
    "wae-mmd": 10.0,
    "vae-bernoulli": 10.0,
    "vae-fixed-variance": 10.0,
    "vae-learned-variance": 10.0,
    "two-stage-vae": 10.0,
    "vae-flow": 10.0,
    "vampprior": 10.0,
    "vae-iop": 3.0,
    "wae-gan": 10.0,
    "gan": 10.0,
    "pioneer": 10.0,
    "alae": 1.0,
    "vq-vae": 1.0,
    "mapae": 3.0,
    "aae": 3.0,
    "age": 3.0,
    "introvae": 10.0,
}


def systems(kind: str) -> list[str]:
    """The systems of the published tables, but those with the clock of a mask."""
    tables = TABLES[:2] if kind == "grey" else TABLES
    named = {name for held in tables for name in recipes_of(held)}
    return [name for name in RECIPES if name in named and name not in PRUNED]


def factor(recipe: str, scale: str) -> float:
    """What the rule chose for a system at short scale; other scales have its own rates.

    Raises:
        UserError: Nothing is chosen for it yet.
    """
    if scale != "short":
        return 1.0
    if recipe not in CHOSEN:
        raise UserError(
            f"no rate is chosen for '{recipe}' yet: `latentfit reproduce rates` is still to be "
            "played to its end, and its choice to be written down; use --scale smoke or paper."
        )
    return CHOSEN[recipe]


def _cells(scale: str) -> list[Cell]:
    grey = systems("grey")
    others = [name for name in systems("colour") if name not in grey]
    return [
        on_images(name, CHOSEN_ON[kind], SEED, scale, factor=times, split="validation")
        for kind, names in (("grey", grey), ("colour", others))
        for name in names
        for times in FACTORS
        if times == 1 or times * max(rates(name).values()) <= CAP * (1 + 1e-9)
    ]


def best(rows: Sequence[Row]) -> dict[str, float]:
    """The rule: the factor with the lowest Frechet distance on validation data."""
    found: dict[str, tuple[float, float]] = {}
    for row in rows:
        score = value(row, distance(row))
        candidate = (math.inf if score is None else score, _times(row))
        found[row["recipe"]] = min(found.get(row["recipe"], (math.inf, 1.0)), candidate)
    return {name: times for name, (_, times) in found.items()}


def _times(row: Row) -> float:
    rate, usual = next(iter(rates(row["recipe"]).items()))
    return round(row["settings"][rate] / usual, 6)


def _show(rows: Sequence[Row], folder: Path, root: str | None) -> Shown:
    chosen, lines = best(rows), []
    for (name, data), held in grouped(rows, "recipe", "data").items():
        scores = {_times(row): value(row, distance(row)) for row in held}
        told = [f"{scores[t]:.3g}" if scores.get(t) is not None else
                "failed" if t in scores else "-" for t in FACTORS]  # fmt: skip
        lines.append([name, SETS[data].title, *told, f"{chosen[name]:g}"])
    columns = ["recipe", "data", *(f"FD at {t:g} times" for t in FACTORS), "chosen"]
    return table(columns, lines), {}


RATES_STUDY = Study(
    "rates",
    "ours",
    "learning rates of short trainings: of every system its own times 1, 3 and 10, by the Fréchet "
    "distance of validation images of MNIST (CIFAR-10 where no table has it there), on a seed that "
    "is not reported",
    _cells,
    _show,
    prepare=prepare,
)
