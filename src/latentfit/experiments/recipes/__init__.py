"""Recipes: every published system by name, with its settings and what it can do.

The keyword arguments of a recipe's function are its configuration; the command line reads them from
the signature. `latent`, `width`, `momentum` and `family` belong to all recipes, through `Parts`.

Systems compare only under one setting. Where a docstring says *house networks*, encoder and decoder
are those of FlexAE's public code and not the paper's own; where it says *house pace*, it is Adam
2e-4 at batch 128, halved at rounds 48,750 and 97,500, the shares of a run at which Dai & Wipf
halve.
"""

from __future__ import annotations

from typing import Any

from latentfit.checks import one_of
from latentfit.data.base import Data
from latentfit.experiments.recipes.base import Recipe
from latentfit.experiments.recipes.parts import Parts, Shape
from latentfit.experiments.recipes.systems import RECIPES
from latentfit.models import Model
from latentfit.seeds import seeded


def recipe(
    name: str, data: Data | Shape, *, latent: int | None = None, seed: int = 0, **settings: Any
) -> Model:
    """Build a published system for data or for a shape.

    Arguments:
        name: One of `RECIPES`, for example "flexae-sr".
        data: A data set, or the shape of one sample.
        latent: Number of latent dimensions; the recipe's own where not given.
        seed: Of the initial weights.
        settings: The recipe's settings, such as `width`, `batch`, `average`.

    Raises:
        UserError: The name or a setting is unknown, or a value is out of range.

    Example:
        >>> model = recipe("flexae-sr", (1, 8, 8), latent=4, width=0.05)
        >>> model.sample(3).shape
        torch.Size([3, 1, 8, 8])
    """
    chosen = RECIPES[one_of("recipe", name, RECIPES)]
    shape = data.shape if isinstance(data, Data) else data
    if isinstance(data, Data):
        settings = _from_data(chosen, data) | settings
    with seeded(seed, "weights"):
        name_of = data.name if isinstance(data, Data) else ""
        model = chosen.model(shape, latent=latent, data=name_of, **settings)
    if isinstance(data, Data):
        model.units = data.units
    return model


def _from_data(chosen: Recipe, data: Data) -> dict[str, Any]:
    """Settings that only the data know."""
    found: dict[str, Any] = {}
    if "samples" in chosen.settings():
        found["samples"] = len(data.train)
    if "data_variance" in chosen.settings():
        found["data_variance"] = float(data.train.first(min(10_000, len(data.train))).var())
    return found


__all__ = ["RECIPES", "Parts", "Recipe", "recipe"]
