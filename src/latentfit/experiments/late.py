"""Priors that are fitted on the codes of a trained encoder, in place of its own."""

from __future__ import annotations

import typing
from collections.abc import Callable
from pathlib import Path
from typing import Any

from latentfit.checks import UserError, one_of, within
from latentfit.data.base import Data
from latentfit.experiments.recipes.ground import second_stage
from latentfit.experiments.recipes.parts import Parts
from latentfit.models import (
    CodeFlow,
    CodeMixture,
    CodeSequence,
    DensityPrior,
    Learned,
    Model,
    SecondStage,
)
from latentfit.networks import hidden
from latentfit.priors import GaussianMixture, KernelDensity, Prior
from latentfit.seeds import seeded
from latentfit.training import Settings, fit_prior


def gaussian(parts: Parts) -> Prior:
    """One Gaussian with full covariance."""
    return GaussianMixture(parts.latent, components=1)


def gmm(parts: Parts, *, components: int = 10) -> Prior:
    """A mixture of Gaussians with full covariances."""
    return GaussianMixture(parts.latent, components=components)


def kde(parts: Parts, *, count: int = 10_000) -> Prior:
    """A Gaussian kernel on each of `count` training codes."""
    return KernelDensity(parts.latent, count=count)


def vamp(
    parts: Parts, *, components: int = 500, rate: float = 1e-2, batch: int = 128
) -> DensityPrior:
    """A mixture of `components` diagonal Gaussians, moved by gradients as a VampPrior's are."""
    return DensityPrior(CodeMixture(parts.latent, components=components, rate=rate, batch=batch))


def autoregressive(
    parts: Parts, *, components: int = 10, rate: float = 1e-3, batch: int = 128
) -> DensityPrior:
    """Each dimension a mixture of Gaussians given those before it."""
    return DensityPrior(
        CodeSequence(
            parts.latent, components=components, hidden=_units(parts), rate=rate, batch=batch
        )
    )


def flow(parts: Parts, *, steps: int = 5, rate: float = 1e-3, batch: int = 128) -> DensityPrior:
    """A masked autoregressive flow of `steps` steps."""
    return DensityPrior(
        CodeFlow(parts.latent, steps=steps, hidden=_units(parts), rate=rate, batch=batch)
    )


def _units(parts: Parts) -> tuple[int, ...]:
    return hidden(parts.width / 2)[:2]


def two_stage(parts: Parts, *, rate: float = 2e-4, batch: int = 128) -> SecondStage:
    """A second VAE, on the codes."""
    return second_stage(parts, rate, batch)


PRIORS: dict[str, Callable[..., Prior]] = {
    "gaussian": gaussian,
    "gmm": gmm,
    "kde": kde,
    "vamp": vamp,
    "autoregressive": autoregressive,
    "flow": flow,
    "two-stage": two_stage,
}
"""What `fit-prior` fits, by name; keyword arguments are settings."""


def kinds(name: str) -> dict[str, Any]:
    """Type of each setting of a prior."""
    hints = typing.get_type_hints(PRIORS[one_of("prior", name, PRIORS)])
    return {key: kind for key, kind in hints.items() if key not in ("parts", "return")}


def with_prior(model: Model, name: str, **settings: Any) -> Model:
    """Give a model another prior, not fitted yet, in place.

    Arguments:
        model: A model with an encoder.
        name: One of `PRIORS`.
        settings: Of that prior.

    Raises:
        UserError: The model has no encoder, or a name or a setting is unknown.
    """
    if not model.encodes:
        raise UserError("a model without an encoder has no codes to fit a prior on.")
    allowed = kinds(name)
    for key in settings:
        one_of(f"setting of {name}", key, allowed)
    _, arguments = model.recipe or ("", {})
    parts = Parts(model.shape, model.latent, width=arguments.get("width", 1.0))
    device = next(model.parameters()).device
    for key in ("components", "count", "steps"):
        within(key, settings.get(key, 1), 1)
    within("batch", settings.get("batch", 2), 2)
    model.prior = PRIORS[name](parts, **settings).to(device)
    if isinstance(model.prior, Learned):
        model.prior.model.recipe = (name, settings)
    model.late = (name, settings)
    return model


def fit_late(
    model: Model, data: Data, name: str, *, rounds: int, seed: int = 0, progress: bool = True,
    folder: Path | None = None, **settings: Any,
) -> Model:  # fmt: skip
    """Give a trained model another prior, fitted on the codes of the training split, in place.

    Arguments:
        model: A trained model with an encoder.
        data: What it was trained on.
        name: One of `PRIORS`.
        rounds: Of the auto-encoder's training; `vamp`, `autoregressive` and `flow` play a quarter
            of them, `two-stage` twice as many, the others none.
        seed: Of the fit.
        progress: Show a progress bar.
        folder: Where a prior that is trained keeps its checkpoints.
        settings: Of the prior.

    Example:
        >>> import latentfit as lf
        >>> data = lf.data.load("digits")
        >>> model = lf.recipe("ae", data, latent=4, width=1 / 64)
        >>> fit_late(model, data, "gmm", rounds=1, components=3).prior.means.shape
        torch.Size([3, 4])
    """
    within("rounds", rounds, 1, remedy="give --rounds 1 or more")
    with seeded(seed, "late"):
        with_prior(model, name, **settings)
    device = str(next(model.parameters()).device)
    playing = Settings(rounds=rounds, seed=seed, device=device, progress=progress)
    fit_prior(model, data, playing, folder)
    return model.eval()
