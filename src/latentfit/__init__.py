"""Auto-encoders with a latent space of the right size that you can sample from.

Everything is imported on first use, so that the command line answers at once.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from latentfit.version import __version__

if TYPE_CHECKING:
    from latentfit import comparing as comparing
    from latentfit import data as data
    from latentfit import diagnosis as diagnosis
    from latentfit import divergences as divergences
    from latentfit import exploring as exploring
    from latentfit import exporting as exporting
    from latentfit import expost as expost
    from latentfit import likelihoods as likelihoods
    from latentfit import metrics as metrics
    from latentfit import models as models
    from latentfit import networks as networks
    from latentfit import optimizers as optimizers
    from latentfit import penalties as penalties
    from latentfit import posteriors as posteriors
    from latentfit import priors as priors
    from latentfit import schedules as schedules
    from latentfit import scoring as scoring
    from latentfit import sklearn as sklearn
    from latentfit.comparing import compare as compare
    from latentfit.exploring import explore as explore
    from latentfit.exporting import export as export
    from latentfit.expost import refit as refit
    from latentfit.game import Game as Game
    from latentfit.models import Body as Body
    from latentfit.models import Model as Model
    from latentfit.players import Player as Player
    from latentfit.players import Turn as Turn
    from latentfit.recipes import recipe as recipe
    from latentfit.runs import Cluster as Cluster
    from latentfit.runs import Run as Run
    from latentfit.runs import load as load
    from latentfit.runs import push as push
    from latentfit.runs import save as save
    from latentfit.runs import train as train
    from latentfit.scoring import evaluate as evaluate
    from latentfit.sizing import Size as Size
    from latentfit.sizing import size as size
    from latentfit.tracking import track as track
    from latentfit.tuning import Tuned as Tuned
    from latentfit.tuning import tune as tune

_ROOMS = (
    "comparing", "data", "diagnosis", "divergences", "exploring", "exporting", "expost",
    "likelihoods", "metrics", "models", "networks", "optimizers", "penalties", "posteriors",
    "priors", "schedules", "scoring", "sklearn",
)  # fmt: skip
_PLACES = {
    "comparing": ("compare",),
    "exploring": ("explore",),
    "expost": ("refit",),
    "exporting": ("export",),
    "game": ("Game",),
    "models": ("Body", "Model"),
    "players": ("Player", "Turn"),
    "recipes": ("recipe",),
    "runs": ("Cluster", "Run", "load", "push", "save", "train"),
    "scoring": ("evaluate",),
    "sizing": ("Size", "size"),
    "tracking": ("track",),
    "tuning": ("Tuned", "tune"),
}
_HOMES = {name: room for room, names in _PLACES.items() for name in names}

__all__ = [
    "Body",
    "Cluster",
    "Game",
    "Model",
    "Player",
    "Run",
    "Size",
    "Tuned",
    "Turn",
    "__version__",
    "compare",
    "comparing",
    "data",
    "diagnosis",
    "divergences",
    "evaluate",
    "explore",
    "exploring",
    "export",
    "exporting",
    "expost",
    "likelihoods",
    "load",
    "metrics",
    "models",
    "networks",
    "optimizers",
    "penalties",
    "posteriors",
    "priors",
    "push",
    "recipe",
    "refit",
    "save",
    "schedules",
    "scoring",
    "size",
    "sklearn",
    "track",
    "train",
    "tune",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name in _ROOMS:
        return importlib.import_module(f"latentfit.{name}")
    if name in _HOMES:
        return getattr(importlib.import_module(f"latentfit.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'latentfit' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted(__all__)
