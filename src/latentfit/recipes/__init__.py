"""Recipes: every published system by name, with its settings and what it can do.

A recipe is a function from networks and keyword arguments to a model, with the numbers of its
paper. The keywords are its settings; the command line reads them from the signature, and so do the
checks. `latent`, `width`, `momentum`, `family`, `link`, `batch` and `average` belong to all.

Systems compare only under one setting. Where a docstring says *house networks*, encoder and decoder
are those of FlexAE's public code and not the paper's own; where it says *house pace*, it is Adam
2e-4 at batch 128, halved at rounds 48,750 and 97,500, the shares of a run at which Dai & Wipf
halve.
"""

from __future__ import annotations

from typing import Any

from torch import nn

from latentfit.checks import UserError, one_of
from latentfit.data.base import Data
from latentfit.models import Model
from latentfit.plugins import Table
from latentfit.recipes import (
    adversarial,
    discrete,
    flexible,
    interpolating,
    introspective,
    papers,
    plain,
    sparse,
    variational,
)
from latentfit.recipes.base import Paper, Preset, Recipe, system
from latentfit.recipes.parts import Parts
from latentfit.schema import Schema
from latentfit.seeds import seeded
from latentfit.shapes import Shape

RECIPES: Table[Recipe] = Table(
    "recipes",
    Recipe,
    (
        held
        for room in (
            papers, plain, sparse, variational, flexible, adversarial, interpolating, discrete,
            introspective,
        )
        for held in vars(room).values()
        if isinstance(held, Recipe)
    ),
)  # fmt: skip
"""Every system by the name that a person types, ours and those of plug-ins."""


def recipe(
    name: str,
    data: Data | Schema | Shape,
    *,
    latent: int | None = None,
    seed: int = 0,
    encoder: nn.Module | None = None,
    decoder: nn.Module | None = None,
    critic: nn.Module | None = None,
    image_critic: nn.Module | None = None,
    **settings: Any,
) -> Model:
    """Build a published system for data or for a shape.

    Arguments:
        name: One of `RECIPES`, for example "flexae-sr".
        data: A data set, the schema of one, or the shape of one sample.
        latent: Number of latent dimensions; the recipe's own where not given.
        seed: Of the initial weights.
        encoder: A network of your own, from samples (B, *shape) to codes (B, m); to means and raw
            scales (B, 2 m) for variational systems. One that is frozen stays so.
        decoder: From codes (B, m) to samples (B, *shape), unbounded as a rule; give
            `link="identity"` for one that ends in a sigmoid.
        critic: From codes (B, m) to scores (B, 1), where the system has one.
        image_critic: From samples to scores (B, 1), where the system has one.
        settings: The recipe's settings, such as `width`, `batch`, `average`.

    Raises:
        UserError: The name or a setting is unknown, or a value is of another type or out of range;
            a network does not fit, or the system has no such network.

    Example:
        >>> model = recipe("flexae-sr", (1, 8, 8), latent=4, width=0.05)
        >>> model.sample(3).shape
        torch.Size([3, 1, 8, 8])
        >>> linear = nn.Sequential(nn.Flatten(), nn.Linear(64, 4))
        >>> recipe("flexae", (1, 8, 8), latent=4, width=0.05, encoder=linear).encoder is linear
        True
    """
    chosen = RECIPES[one_of("recipe", name, RECIPES)]
    given = {"encoder": encoder, "decoder": decoder, "critic": critic, "image_critic": image_critic}
    own = {part: network for part, network in given.items() if network is not None}
    for part, network in own.items():
        if not isinstance(network, nn.Module):
            raise UserError(
                f"'{part}' must be a network, an nn.Module, got {network!r}; the law of a "
                "variational decoder is the setting 'likelihood'."
            )
    if isinstance(data, Schema):
        with seeded(seed, "weights"):
            model = chosen.model(data.seen, latent=latent, layout=data.layout, own=own, **settings)
        model.schema = data
        return model
    if not isinstance(data, Data):
        if not (isinstance(data, tuple | list) and all(isinstance(n, int) for n in data)):
            raise UserError(
                f"'data' is a {type(data).__name__}; give a data set, such as lf.data.load(...) "
                "makes of it, or the shape of one sample."
            )
        with seeded(seed, "weights"):
            return chosen.model(data, latent=latent, own=own, **settings)
    measured = {key: measure(data) for key, measure in chosen.measured.items()}
    with seeded(seed, "weights"):
        model = chosen.model(
            data.seen, latent=latent, data=data.name, layout=data.schema.layout, own=own,
            **measured | settings,
        )  # fmt: skip
    model.schema = data.schema
    return model


__all__ = ["RECIPES", "Paper", "Parts", "Preset", "Recipe", "recipe", "system"]
