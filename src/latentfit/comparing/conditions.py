"""Equal conditions: what every system of a comparison is given alike."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, get_args

from latentfit.checks import Rate, UserError, one_of, within
from latentfit.data.base import Data
from latentfit.models.pruning import pruning
from latentfit.recipes import RECIPES, recipe
from latentfit.recipes.base import LATENT
from latentfit.runs.cells import Cell
from latentfit.shapes import is_image
from latentfit.studies.sets import PRESET_RATES

BATCH = 128
LAST = 20  # rounds over whose last part weights are averaged: a twentieth
RATES = ("published", "search")
FACTORS = (1.0, 3.0, 10.0)  # on all of a system's own rates, in a search
RATE = get_args(Rate)[1]
SEARCH_SEED = 1_000  # of no training that is reported


@dataclass(frozen=True)
class Conditions:
    """What every system of a comparison is given alike.

    Attributes:
        data: What all train on.
        recipes: The systems.
        latents: Latent sizes; each system plays each.
        seeds: How many; 0, 1, ... of weights, order and noise.
        rounds: Of every training; or of each, by `RECIPE-LATENT`, where time is what is equal.
        minutes: Of each training, where it is.
        settings: By the name of a recipe's setting, for all that have it, or `RECIPE.SETTING`.
        patience: Validations without a better score after which a training ends; None plays all
            rounds. There are twenty validations.
        groups: Groups of scores.
        features: Extractor.

    Raises:
        UserError: A recipe or a setting is unknown, a value does not fit, a system cannot have such
            data, or a number is out of range.
    """

    data: Data
    recipes: tuple[str, ...]
    latents: tuple[int, ...]
    seeds: int
    rounds: int | Mapping[str, int]
    settings: Mapping[str, Any]
    patience: int | None = None
    groups: tuple[str, ...] = ("fd",)
    features: str = "auto"
    minutes: float | None = None

    def __post_init__(self) -> None:
        if not self.recipes or not self.latents:
            raise UserError(
                "there is nothing to compare; name a recipe and a latent size, or more."
            )
        for count in [self.rounds] if isinstance(self.rounds, int) else self.rounds.values():
            within("rounds", count, 1)
        for name in self.recipes:
            one_of("recipe", name, RECIPES)
        within("seeds", self.seeds, 1, 1_000)
        for key in self.settings:
            self._must_be_set(key)
        for name in self.recipes:
            for latent in self.latents:  # before the first training: what cannot be built
                recipe(name, self.data, latent=latent, **self.given(name, latent))

    def _must_be_set(self, key: str) -> None:
        owner, dot, name = key.rpartition(".")
        if dot:
            one_of("recipe of this comparison", owner, self.recipes)
            one_of(f"setting of {owner}", name, RECIPES[owner].settings())
        elif not any(key in RECIPES[one].settings() for one in self.recipes):
            every = {name for one in self.recipes for name in RECIPES[one].settings()}
            one_of("setting of these recipes", key, every)

    def played(self, name: str, latent: int) -> int:
        """The rounds of a system at a latent size."""
        return self.rounds if isinstance(self.rounds, int) else self.rounds[f"{name}-{latent}"]

    def given(self, name: str, latent: int) -> dict[str, Any]:
        """The settings of a system at a latent size."""
        known = RECIPES[name].settings()
        average = _average(self.played(name, latent))
        held: dict[str, Any] = {"batch": BATCH, "average": average}
        held |= self._clock(name, latent)
        held |= {key: value for key, value in self.settings.items() if key in known}
        own = {key.rpartition("."): value for key, value in self.settings.items()}
        return held | {key: value for (owner, _, key), value in own.items() if owner == name}

    def _clock(self, name: str, latent: int) -> dict[str, Any]:
        """What counts rounds, brought to those that there are."""
        known, rounds = RECIPES[name].settings(), self.played(name, latent)
        if "pace" in known:
            game = self.settings.get(f"{name}.game", self.settings.get("game"))
            usual = pruning(game or known["game"].default, latent, image=is_image(self.data.seen))
            return {"pace": min(1.0, rounds / usual.rounds)}
        found: dict[str, Any] = {}
        for key, part in (("warmup", 0.1), ("over", 0.75)):
            if key in known:
                found[key] = min(known[key].default, max(1, round(part * rounds)))
        return found

    def cells(self) -> list[Cell]:
        """A training for each seed, system and size; those of a seed one after the other."""
        return [
            self.cell(name, latent, seed)
            for seed in range(self.seeds)
            for latent in self.latents
            for name in self.recipes
        ]

    def cell(self, name: str, latent: int, seed: int) -> Cell:
        """One training of a system."""
        return Cell(
            name,
            self.data.name,
            latent,
            seed,
            self.played(name, latent),
            self.given(name, latent),
            self.groups,
            self.features,
            fingerprint=self.data.fingerprint,
            patience=self.patience,
        )

    def searched(self) -> dict[str, list[Cell]]:
        """Trainings that choose rates: of each system, at the first size, its own times 1, 3, 10.

        They are judged by validation samples, on a seed that is not reported. A system whose rates
        are given, or whose clock is tied to them, as a mask's is, has none.

        Raises:
            UserError: There is no system whose rates can be searched.
        """
        found = {}
        for name in self.recipes:
            given = self.given(name, self.latents[0])
            known = RECIPES[name].settings()
            usual = {
                rate: value
                for rate, value in own(name, self.data, given).items()
                if known[rate].range == RATE and value is not None and rate not in given
            }
            if not usual or "pace" in known or name == "wae-wgan":
                continue
            cell = replace(
                self.cell(name, self.latents[0], SEARCH_SEED), split="validation", patience=None
            )
            found[name] = [
                replace(cell, settings=given | {k: float(f"{f * v:.6g}") for k, v in usual.items()})
                for f in FACTORS
            ]
        if not found:
            raise UserError(
                "the rates of all these systems are given, or tied to a clock; leave out "
                "--rates search."
            )
        return found

    def told(self) -> list[str]:
        """The conditions in words, a line each."""
        equal = isinstance(self.rounds, int)
        often = {
            f"{name}, m = {m}": self.played(name, m) for name in self.recipes for m in self.latents
        }
        first = next(iter(often.values()))
        rounds = f"{first:,} rounds" if equal else (
            f"{self.minutes:g} minutes of each on one thread, in rounds: "
            + "; ".join(f"{name}: {count:,}" for name, count in often.items())
        )  # fmt: skip
        average = f"{_average(first):g}" if equal else "of the last twentieth of the rounds"
        shown = {"batch": BATCH, "average": average, **self.settings}
        lines = [
            f"{self.data.name}: {len(self.data.train):,} training and {len(self.data.test):,} test "
            f"samples; {self.seeds} seeds",
            f"{rounds}; warm-ups and the clocks of masks shrink with them",
            ", ".join(f"{key} {value}" for key, value in shown.items()),
        ]
        if self.patience is not None:
            lines.append(
                f"ended after {self.patience} validations of twenty without a better one: by the "
                "distance of samples, or by reconstruction where the prior is fitted afterwards"
            )
        return lines


def _average(rounds: int) -> float:
    """The decay that averages weights over the last twentieth of the rounds."""
    return round(max(0.5, 1 - LAST / rounds), 6)


def own(name: str, data: Data, given: Mapping[str, Any]) -> dict[str, Any]:
    """A system's own value of each setting on data, None where it is not known before.

    Arguments:
        name: Of the recipe.
        data: What is trained on; some numbers are others on such data.
        given: Settings that are fixed; some defaults depend on others.
    """
    found = RECIPES[name].usual(data.seen, data.name)
    if "form" not in given:  # of the GAN's
        found |= {
            one: v for (who, one), v in PRESET_RATES.items() if who == name and not found[one]
        }
    return found


def usual_latent(data: Data) -> int:
    """The latent size of a comparison where none is given: FlexAE's for such data."""
    return min(int(LATENT.on(data.seen, data.name)), math.prod(data.seen))


def parsed(pairs: Sequence[str], recipes: Sequence[str]) -> dict[str, Any]:
    """Settings from the shell, `name=value` for all that have it or `RECIPE.name=value`.

    Raises:
        UserError: A pair has no '=', or a name or value does not fit.

    Example:
        >>> parsed(["width=0.25", "flexae.rate=1e-3"], ["ae", "flexae"])
        {'width': 0.25, 'flexae.rate': 0.001}
    """
    found: dict[str, Any] = {}
    for pair in pairs:
        key, equals, text = pair.partition("=")
        if not equals:
            raise UserError(f"--set takes name=value, got '{pair}'.")
        owner, _, name = key.rpartition(".")
        if owner:
            one_of("recipe of this comparison", owner, recipes)
        for one in [owner] if owner else recipes:
            one_of("recipe", one, RECIPES)
        known = [RECIPES[one].settings() for one in ([owner] if owner else recipes)]
        every = {each for held in known for each in held}
        one_of("setting of these recipes", name, every)
        found[key] = next(held[name] for held in known if name in held).read(text)
    return found
