"""Recipes: every published system by name, with its settings and what it can do.

The keyword arguments of a recipe's function are its configuration; the command line reads them from
the signature. `latent`, `width` and `momentum` belong to all recipes, through `Parts`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from latentfit.checks import one_of, within
from latentfit.data.base import Data
from latentfit.experiments.recipes.ground import aae, plain, vae, wae_gan, wae_mmd
from latentfit.experiments.recipes.papers import flexae, mapae, maskaae
from latentfit.experiments.recipes.parts import Parts, Shape
from latentfit.models import Model
from latentfit.penalties import masked_covariance
from latentfit.seeds import seeded

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
        within("batch", model.batch, 2, remedy="batch norm needs two samples")
        given = {"latent": latent, "width": width, "momentum": momentum, **settings}
        model.recipe = (self.name, given)
        return model


_MASK = "MaskAAE: Latent Space Optimization for Adversarial Auto-Encoders (Mondal et al.)"
_FLEX = "FlexAE: Flexibly Learning Latent Priors for Wasserstein Auto-Encoders (Mondal et al.)"
_DAI = "Diagnosing and Enhancing VAE Models (Dai & Wipf)"
_KINGMA = "Auto-Encoding Variational Bayes (Kingma & Welling)"
_GHOSH = "From Variational to Deterministic Autoencoders (Ghosh et al.)"
_WAE = "Wasserstein Auto-Encoders (Tolstikhin et al.)"

RECIPES: dict[str, Recipe] = {
    recipe.name: recipe
    for recipe in (
        Recipe(
            name="maskaae",
            build=maskaae,
            paper=_MASK,
            year=2020,
            idea="a learned mask closes the latent dimensions that the data do not need",
            latent=48,
        ),
        Recipe(
            name="lmgae",
            build=partial(maskaae, silence=masked_covariance),
            paper="Latent Masking Generative Auto-Encoder (Mondal et al.)",
            year=2019,
            idea="the earlier form of MaskAAE, with the covariance of closed dimensions",
            latent=48,
        ),
        Recipe(
            name="flexae",
            build=partial(flexae, smooth=False),
            paper=_FLEX,
            year=2021,
            idea="the prior is a network's push-forward of noise, learned with the codes",
        ),
        Recipe(
            name="flexae-sr",
            build=partial(flexae, smooth=True),
            paper=_FLEX,
            year=2021,
            idea="FlexAE whose decoded interpolations must look like data",
        ),
        Recipe(
            name="mapae",
            build=mapae,
            paper="Generative Model without Prior Distribution Matching (Geng et al.)",
            year=2020,
            idea="shape the embedding by interpolation, then map noise to it",
            latent=256,
        ),
        Recipe(
            name="ae",
            build=partial(plain, components=1, codes=False, kernels=False),
            paper="Reducing the Dimensionality of Data with Neural Networks (Hinton et al.)",
            year=2006,
            idea="reconstruction alone; samples from a Gaussian fitted to the codes",
        ),
        Recipe(
            name="ae-gmm",
            build=partial(plain, components=10, codes=False, kernels=True),
            paper=_GHOSH,
            year=2020,
            idea="auto-encoder with a kernel penalty; samples from a mixture of ten Gaussians",
        ),
        Recipe(
            name="rae-l2",
            build=partial(plain, components=10, codes=True, kernels=True),
            paper=_GHOSH,
            year=2020,
            idea="penalties on codes and kernels; samples from a mixture of ten Gaussians",
        ),
        Recipe(
            name="vae-bernoulli",
            build=partial(vae, decoder="bernoulli", two_stage=False, deviation=1.0),
            paper=_KINGMA,
            year=2014,
            idea="variational auto-encoder with a cross-entropy decoder",
            likelihood="elbo",
        ),
        Recipe(
            name="vae-fixed-variance",
            build=partial(vae, decoder="fixed", two_stage=False),
            paper=_KINGMA,
            year=2014,
            idea="variational auto-encoder, Gaussian decoder of fixed deviation",
            likelihood="elbo",
        ),
        Recipe(
            name="vae-learned-variance",
            build=partial(vae, decoder="learned", two_stage=False),
            paper=_DAI,
            year=2019,
            idea="variational auto-encoder, Gaussian decoder of learned deviation",
            likelihood="elbo",
        ),
        Recipe(
            name="two-stage-vae",
            build=partial(vae, decoder="learned", two_stage=True),
            paper=_DAI,
            year=2019,
            idea="a second VAE learns the law of the first one's codes",
            latent=64,
            likelihood="elbo",
        ),
        Recipe(
            name="wae-mmd",
            build=wae_mmd,
            paper=_WAE,
            year=2018,
            idea="kernel distance between codes and a fixed prior",
        ),
        Recipe(
            name="wae-gan",
            build=wae_gan,
            paper=_WAE,
            year=2018,
            idea="a latent critic matches codes to a fixed prior",
        ),
        Recipe(
            name="aae",
            build=aae,
            paper="Adversarial Autoencoders (Makhzani et al.)",
            year=2016,
            idea="a latent critic matches codes to a fixed prior in a phase of its own",
        ),
    )
}


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
    with seeded(seed, "weights"):
        model = chosen.model(shape, latent=latent, **settings)
    if isinstance(data, Data):
        model.units = data.units
    return model


__all__ = ["RECIPES", "Parts", "Recipe", "recipe"]
