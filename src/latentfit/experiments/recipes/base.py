"""What a recipe is: a published system that can be built for any shape of data."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import torch
from torch.nn.utils import convert_conv2d_weight_memory_format

from latentfit.checks import UserError, one_of, within
from latentfit.experiments.recipes.parts import Parts, Shape
from latentfit.models import Model
from latentfit.networks import FAMILIES, is_image

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
        latents: Other defaults, by the name of a data set or for all `colour` images, as published.
        likelihood: `elbo` where the objective bounds a likelihood, else None.
    """

    name: str
    build: Build
    paper: str
    year: int
    idea: str
    latent: int = 32
    latents: Mapping[str, int] = field(default_factory=lambda: {"colour": 64})  # FlexAE, m_b
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
        return {name: shared[name] for name in ("width", "momentum", "family")} | own

    def usual_latent(self, shape: Shape, data: str = "") -> int:
        """The default number of latent dimensions for a shape, or for a data set by its name."""
        kind = "colour" if len(shape) == 3 and shape[0] == 3 else ""
        return self.latents.get(data, self.latents.get(kind, self.latent))

    def model(
        self, shape: Shape, *, latent: int | None = None, data: str = "", **settings: Any
    ) -> Model:
        """Build the model for a shape.

        Arguments:
            shape: Of one sample.
            latent: Number of latent dimensions; `usual_latent` where not given.
            data: Name of the data set, which may have a default of its own.
            settings: Those of `settings()`.

        Raises:
            UserError: A setting is unknown, or a value is out of range.
        """
        latent = self.usual_latent(shape, data) if latent is None else latent
        within("latent", latent, 1, 65_536, remedy="give --latent between 1 and 65536")
        allowed = self.settings()
        for name in settings:
            one_of(f"setting of {self.name}", name, allowed)
        width = settings.pop("width", 1.0)
        momentum = settings.pop("momentum", None)
        family = one_of("family", settings.pop("family", "flexae"), FAMILIES)
        within("width", width, 1 / 1024, 64, remedy="width 1 is the published size")
        if momentum is not None:
            within("momentum", momentum, 0.0, 1.0)
        if not is_image(tuple(shape)):
            if family != "flexae":
                raise UserError(f"family '{family}' is one of images; leave it out for vectors.")
            if momentum is not None:
                raise UserError("networks of vectors have no batch norm; leave 'momentum' out.")
        for name, value in settings.items():
            _in_range(name, value, allowed[name])
        form = {"width": width, "momentum": momentum, "family": family}
        model = self.build(Parts(tuple(shape), latent, data=data, **form), **settings)
        convert_conv2d_weight_memory_format(model, torch.channels_last)  # up to a third faster
        within("batch", model.batch, 2, remedy="batch norm needs two samples")
        model.recipe = (self.name, {"latent": latent, **form, **settings})
        return model


def _in_range(name: str, value: Any, setting: inspect.Parameter) -> None:
    """Raise for a number that no system has: a count of nothing, a negative weight, NaN."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return
    if str(setting.annotation).startswith("int"):
        within(name, value, 0 if name == "warmup" or setting.default == 0 else 1)
    elif name.endswith("rate"):
        within(name, value, 1e-12, 1e3)
    elif not isinstance(setting.default, float) or setting.default >= 0:
        within(name, value, 0.0, 1e12)
