"""Priors that are fitted ex post, on the codes of a trained encoder, in place of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from latentfit.checks import Count, Rate, UserError, Weight, Width, one_of, within
from latentfit.data.base import Data, must_have_shape
from latentfit.expost.classes import classes_of
from latentfit.expost.density import CodeMixture, CodeSequence, DensityPrior
from latentfit.expost.fit import fit_prior
from latentfit.expost.flow import CodeFlow
from latentfit.expost.matching import CodeMatching, Coupling
from latentfit.expost.stage import second_stage
from latentfit.models import Learned, Model
from latentfit.models.learner import mark
from latentfit.networks import hidden
from latentfit.plugins import Table
from latentfit.priors import ByClass, Fitted, GaussianMixture, KernelDensity, Prior
from latentfit.seeds import seeded
from latentfit.settings import PACE, Setting, checked, settings_of
from latentfit.storage import RunFolder
from latentfit.training import Settings


@dataclass(frozen=True)
class PriorRecipe:
    """A prior that `fit-prior` fits.

    Attributes:
        name: What a person types.
        build: From the number of dimensions, a factor on hidden sizes and settings to the prior.
        what: One line.
        batch: Default of the batch size of one that is trained; None of one that is not.
        told: Whether `build` takes a number of `classes`.
        scaled: Whether the factor decides anything; it then is a setting, None as the encoder's.
    """

    name: str
    build: Callable[..., Prior]
    what: str
    batch: int | None = None
    told: bool = False
    scaled: bool = False

    def settings(self) -> dict[str, Setting]:
        """What may be set, by name."""
        held = settings_of(self.build)
        own = {name: held[name] for name in held if name not in ("latent", "width", "classes")}
        if self.scaled:
            own["width"] = replace(held["width"], default=None, optional=True)
        if self.batch is None:
            return own
        return own | {"batch": replace(PACE["batch"], default=self.batch)}


def _gaussian(latent: int, width: float) -> Prior:
    return GaussianMixture(latent, components=1)


def _gmm(latent: int, width: float, *, components: Count = 10) -> Prior:
    return GaussianMixture(latent, components=components)


def _kde(latent: int, width: float, *, count: Count = 10_000) -> Prior:
    return KernelDensity(latent, count=count)


def _vamp(latent: int, width: float, *, components: Count = 500, rate: Rate = 1e-2) -> Prior:
    return DensityPrior(CodeMixture(latent, components=components, rate=rate))


def _autoregressive(
    latent: int, width: Width, *, components: Count = 10, rate: Rate = 1e-3
) -> Prior:
    units = hidden(width / 2)[:2]
    return DensityPrior(CodeSequence(latent, components=components, hidden=units, rate=rate))


def _flow(latent: int, width: Width, *, steps: Count = 5, rate: Rate = 1e-3) -> Prior:
    return DensityPrior(CodeFlow(latent, steps=steps, hidden=hidden(width / 2)[:2], rate=rate))


def _matching(
    latent: int,
    width: float,
    *,
    units: Count = 256,
    blocks: Count = 3,
    rate: Rate = 1e-3,
    guidance: Weight = 1.0,
    coupling: Coupling = "independent",
    classes: int = 0,
) -> Prior:
    if guidance != 1 and not classes:
        raise UserError("'guidance' leads draws to a class; fit the prior by class, --by label.")
    own = {"units": units, "blocks": blocks, "classes": classes, "guidance": guidance}
    return DensityPrior(CodeMatching(latent, **own, rate=rate, coupling=coupling))


PRIORS: Table[PriorRecipe] = Table(
    "priors",
    PriorRecipe,
    (
        PriorRecipe("gaussian", _gaussian, "one Gaussian with full covariance"),
        PriorRecipe("gmm", _gmm, "a mixture of Gaussians with full covariances"),
        PriorRecipe("kde", _kde, "a Gaussian kernel on each of `count` training codes"),
        PriorRecipe("vamp", _vamp, "a mixture of diagonal Gaussians, moved by gradients", 128),
        PriorRecipe("autoregressive", _autoregressive,
                    "each dimension a mixture of Gaussians given those before it", 128,
                    scaled=True),
        PriorRecipe("flow", _flow, "a masked autoregressive flow", 128, scaled=True),
        PriorRecipe("matching", _matching, "flow matching: noise follows a velocity", 512, True),
        PriorRecipe("two-stage", second_stage, "a second VAE, on the codes (Dai & Wipf)", 128,
                    scaled=True),
    ),
)  # fmt: skip
"""What `fit-prior` fits, by the name that a person types; ours and those of plug-ins."""


def with_prior(model: Model, name: str, *, classes: Sequence[str] = (), **settings: Any) -> Model:
    """Give a model another prior, not fitted yet, in place.

    Arguments:
        model: A model with an encoder.
        name: One of `PRIORS`.
        classes: Names of the classes that it is to be fitted by; none as a rule.
        settings: Of that prior.

    Raises:
        UserError: The model has no encoder, a name or a setting is unknown, a value does not fit,
            or the prior cannot be fitted by class.
    """
    if not model.encodes:
        raise UserError("a model without an encoder has no codes to fit a prior on.")
    chosen, as_built = PRIORS[one_of("prior", name, PRIORS)], model.as_built()
    given = checked(settings, name, chosen.settings())
    own = {key: value for key, value in given.items() if key not in ("batch", "width")}
    _, arguments = model.recipe or ("", {})
    width, device = given.get("width") or arguments.get("width", 1.0), model.device
    prior = _built(chosen, len(classes), model.latent, width, own).to(device)
    if isinstance(prior, Learned):
        prior.model.batch = given.get("batch", chosen.batch or prior.model.batch)
        prior.model.recipe = (name, given)
    model.prior, model.refitted, model.classes = prior, (name, given), tuple(classes)
    if as_built:  # recipe and prior still say all of it
        model.built = mark(model)
    return model


def _built(
    chosen: PriorRecipe, classes: int, latent: int, width: float, own: dict[str, Any]
) -> Prior:
    if not classes:
        return chosen.build(latent, width, **own)
    if chosen.told:
        return chosen.build(latent, width, **own, classes=classes)
    parts = [chosen.build(latent, width, **own) for _ in range(classes)]
    fitted = [part for part in parts if isinstance(part, Fitted)]
    if len(fitted) < len(parts):
        able = "gaussian, gmm, kde and matching"
        raise UserError(f"'{chosen.name}' cannot be fitted by class; {able} can.")
    return ByClass(fitted)


def refit(
    model: Model, data: Data, name: str, *, rounds: int, by: str | None = None, seed: int = 0,
    progress: bool = True, folder: RunFolder | None = None, **settings: Any,
) -> Model:  # fmt: skip
    """Give a trained model another prior, fitted on the codes of the training split, in place.

    Arguments:
        model: A trained model with an encoder.
        data: What it was trained on.
        name: One of `PRIORS`.
        rounds: Of the auto-encoder's training; `vamp`, `autoregressive`, `flow` and `matching` play
            a quarter of them, `two-stage` twice as many, but no more than their `passes` over the
            codes; the others none.
        by: Fit it by class, so that `sample(label=)` draws of one: `label`, or a column of a table.
        seed: Of the fit.
        progress: Show a progress bar.
        folder: Where a prior that is trained keeps its checkpoints.
        settings: Of the prior.

    Raises:
        UserError: As `with_prior` and `classes_of`; or the data have another shape.

    Example:
        >>> import latentfit as lf
        >>> data = lf.data.load("digits")
        >>> model = lf.recipe("ae", data, latent=4, width=1 / 64)
        >>> refit(model, data, "gmm", rounds=1, components=3).prior.means.shape
        torch.Size([3, 4])
    """
    within("rounds", rounds, 1, remedy="give --rounds 1 or more")
    must_have_shape(data, model.shape)
    labels, names = classes_of(data, by) if by is not None else (None, ())
    with seeded(seed, "late"):
        with_prior(model, name, classes=names, **settings)
    device = str(model.device)
    playing = Settings(rounds=rounds, seed=seed, device=device, progress=progress)
    fit_prior(model, data, playing, folder, labels)
    return model.eval()
