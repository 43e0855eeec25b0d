"""What a recipe is: a published system that can be built for any shape of data."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch.nn.utils import convert_conv2d_weight_memory_format

from latentfit.checks import one_of, within
from latentfit.experiments.recipes.parts import Parts, Shape
from latentfit.models import Model

Build = Callable[..., Model]


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """A published system.

    Attributes:
        name: What a person types.
        build: From parts and settings to a model.
        paper: Reference.
        year: Of the reference.
        idea: One line.
        latent: Default number of latent dimensions.
        likelihood: `elbo` where the objective bounds a likelihood, else None.
    """

    name: str
    build: Build
    paper: str
    year: int
    idea: str
    latent: int = 32
    likelihood: str | None = None

    def settings(self) -> dict[str, inspect.Parameter]:
        """What may be set, by name: the keywords of the function that the recipe leaves open."""
        fixed = self.build.keywords if isinstance(self.build, partial) else {}
        own = {
            name: parameter
            for name, parameter in inspect.signature(self.build).parameters.items()
            if name not in fixed and name != "parts" and not callable(parameter.default)
        }
        shared = inspect.signature(Parts).parameters
        return {name: shared[name] for name in ("width", "momentum")} | own

    def model(self, shape: Shape, *, latent: int | None = None, **settings: Any) -> Model:
        """Build the model for a shape."""
        latent = self.latent if latent is None else latent
        within("latent", latent, 1, 65_536, remedy="give --latent between 1 and 65536")
        allowed = self.settings()
        for name in settings:
            one_of(f"setting of {self.name}", name, allowed)
        width = settings.pop("width", 1.0)
        momentum = settings.pop("momentum", 0.01)
        within("width", width, 1 / 1024, 64, remedy="width 1 is the published size")
        within("momentum", momentum, 0.0, 1.0)
        parts = Parts(tuple(shape), latent, width=width, momentum=momentum)
        model = self.build(parts, **settings)
        convert_conv2d_weight_memory_format(model, torch.channels_last)  # up to a third faster
        within("batch", model.batch, 2, remedy="batch norm needs two samples")
        given = {"latent": latent, "width": width, "momentum": momentum, **settings}
        model.recipe = (self.name, given)
        return model
