"""What a recipe is: a published system that can be built for any shape of data."""

from __future__ import annotations

import dataclasses
import inspect
import logging
import math
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import torch
from torch import nn
from torch.nn.utils import convert_conv2d_weight_memory_format

from latentfit.checks import Range, UserError, one_of
from latentfit.data.base import Data
from latentfit.models import Learned, Model
from latentfit.models.learner import mark
from latentfit.recipes.parts import Parts
from latentfit.schema import Layout
from latentfit.settings import PACE, Setting, checked, settings_of
from latentfit.shapes import Shape, is_image

Build = Callable[..., Model]
LOG = logging.getLogger("latentfit")


@dataclass(frozen=True)
class Preset:
    """A published number, which may be another one for a kind of data.

    Attributes:
        usual: Of all other data.
        of: By the name of a data set, or for all `colour` images.

    Example:
        >>> weight = Preset(200.0, {"colour": 500.0, "celeba": 100.0})
        >>> [weight.on((1, 8, 8)), weight.on((3, 8, 8)), weight.on((3, 8, 8), "celeba")]
        [200.0, 500.0, 100.0]
    """

    usual: float
    of: Mapping[str, float] = field(default_factory=dict)

    def on(self, shape: Shape, data: str = "") -> Any:
        """The number for a shape of samples, or for a data set by its name."""
        kind = "colour" if is_image(shape) and shape[0] == 3 else ""
        return self.of.get(data, self.of.get(kind, self.usual))


class Paper(NamedTuple):
    """A reference.

    Attributes:
        title: With authors.
        year: Of publication.
        source: Where it can be read: `arxiv:NUMBER`, `doi:NAME` or an address; '' if none is known.

    Example:
        >>> Paper("Auto-Encoding Variational Bayes", 2014, "arxiv:1312.6114").link
        'https://arxiv.org/abs/1312.6114'
    """

    title: str
    year: int
    source: str = ""

    @property
    def link(self) -> str:
        """An address, or ''."""
        kind, _, name = self.source.partition(":")
        known = {"arxiv": "https://arxiv.org/abs/", "doi": "https://doi.org/"}
        return f"{known[kind]}{name}" if kind in known else self.source


LATENT = Preset(32, {"colour": 64})  # FlexAE, m_b


@dataclass(frozen=True)
class Recipe:
    """A published system: the function that builds it, and the numbers that go with it.

    Attributes:
        name: What a person types.
        build: From `Parts` and settings to a model. Where it takes `**numbers`, the plain keywords
            of the class that it returns are settings too.
        paper: Reference.
        idea: One line.
        latent: Default number of latent dimensions.
        batch: Batch size of the paper.
        average: Decay of the averaged weights; None keeps none.
        presets: Defaults of settings that are this system's, or differ between kinds of data.
        fixed: Settings that make the system what it is, and so are not open.
        measured: Settings that only the data know, from a data set to the value.
    """

    name: str
    build: Build
    paper: Paper
    idea: str
    latent: Preset = LATENT
    batch: int = 128
    average: float | None = None
    presets: Mapping[str, Preset] = field(default_factory=dict)
    fixed: Mapping[str, Any] = field(default_factory=dict)
    measured: Mapping[str, Callable[[Data], Any]] = field(default_factory=dict)

    def settings(self) -> dict[str, Setting]:
        """What may be set, by name."""
        own = self._own()
        for name, preset in self.presets.items():
            own[name] = dataclasses.replace(own[name], default=preset.usual, optional=True)
        held = SHARED | {name: own[name] for name in own if name not in self.fixed} | PACE
        return held | {
            name: dataclasses.replace(PACE[name], default=getattr(self, name)) for name in PACE
        }

    def usual(self, shape: Shape, data: str = "") -> dict[str, Any]:
        """The system's own value of each setting for such data; None where it is found later.

        Arguments:
            shape: Of one sample.
            data: Name of the data set.
        """
        found = {name: setting.default for name, setting in self.settings().items()}
        found |= {name: preset.on(shape, data) for name, preset in self.presets.items()}
        return found | dict.fromkeys(self.measured)

    def _open(self) -> bool:
        """Whether the function hands plain keywords on to the class that it builds."""
        found = inspect.signature(self.build).parameters.values()
        return any(parameter.kind is parameter.VAR_KEYWORD for parameter in found)

    def _own(self) -> dict[str, Setting]:
        own, hints = settings_of(self.build), typing.get_type_hints(self.build)
        return own | settings_of(hints["return"]) if self._open() and "return" in hints else own

    def small(self, shape: Shape = (1, 8, 8), latent: int | None = 2) -> Model:
        """A model of a small width, for what can be read off one: of images, else of vectors."""
        try:
            return self.model(shape, latent=latent, width=1 / 64)
        except UserError:
            return self.model((math.prod(shape),), latent=latent, width=1 / 64)

    def must_make_sense(self) -> None:
        """Raise where the row does not fit its function, such as one of another package.

        Raises:
            UserError: It has no class to return, a preset or a fixed value of no setting, or a
                setting without a default.
        """
        if self._open() and "return" not in typing.get_type_hints(self.build):
            raise UserError(f"the function of '{self.name}' must say which model it returns.")
        for name in (*self.presets, *self.fixed):
            one_of(f"setting of {self.name}", name, self._own())
        for name, setting in self.settings().items():
            if setting.default is inspect.Parameter.empty:
                raise UserError(f"setting '{name}' of '{self.name}' needs a default or a preset.")

    def model(
        self,
        shape: Shape,
        *,
        latent: int | None = None,
        data: str = "",
        layout: Layout = (),
        own: Mapping[str, nn.Module] | None = None,
        **settings: Any,
    ) -> Model:
        """Build the model for a shape.

        Arguments:
            shape: Of one sample.
            latent: Number of latent dimensions; the recipe's for such data where not given.
            data: Name of the data set, which may have numbers of its own.
            layout: The measurements among the entries of a sample, of a table.
            own: Networks that take the place of the shared ones, as in `Parts`.
            settings: Those of `settings()`.

        Raises:
            UserError: A setting is unknown, a value does not fit, or a network does not.
        """
        shape = tuple(shape)
        entries = math.prod(shape)
        usual = min(int(self.latent.on(shape, data)), entries)
        size: int = LATENTS.check(usual if latent is None else latent)
        if size > entries:
            LOG.warning(
                "%s latent dimensions are more than the %s entries of a sample; `latentfit size` "
                "finds how many the data need.",
                f"{size:,}",
                f"{entries:,}",
            )
        chosen = checked(settings, self.name, self.settings())
        form = {name: chosen.pop(name, SHARED[name].default) for name in SHARED}
        pace = {name: chosen.get(name, getattr(self, name)) for name in PACE}
        numbers = {name: preset.on(shape, data) for name, preset in self.presets.items()} | {
            name: value
            for name, value in chosen.items()
            if name not in PACE and not (value is None and name in self.presets)
        }
        parts = Parts(shape, size, layout=layout, own=dict(own or {}), **form)
        model = self.build(parts, **numbers, **self.fixed)
        parts.must_be_used(self.name)
        convert_conv2d_weight_memory_format(model, torch.channels_last)  # up to a third faster
        model.batch, model.average = pace["batch"], pace["average"]
        if isinstance(model.prior, Learned):
            model.prior.model.batch = pace["batch"]
        if form["link"] == SHARED["link"].default:  # it came later, and arguments tell runs apart
            del form["link"]
        model.recipe = (self.name, {"latent": size, **form, **chosen})
        model.own, model.built = tuple(parts.own), mark(model)
        return model


def system(name: str, paper: Paper, idea: str, **facts: Any) -> Callable[[Build], Recipe]:
    """Make a function the recipe of that name; `facts` are the other attributes of `Recipe`."""
    return lambda build: Recipe(name, build, paper, idea, **facts)


LATENTS = Setting("latent", int, 32, False, Range(1, 65_536), ())
SHARED = {name: kind for name, kind in settings_of(Parts).items() if name != "latent"}
"""Settings of all recipes: the form of their networks."""
