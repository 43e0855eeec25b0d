"""Auto-encoders with a latent space of the right size that you can sample from.

Everything is imported on first use, so that the command line answers at once.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from latentfit import data as data
    from latentfit import metrics as metrics
    from latentfit.recipes import recipe as recipe
    from latentfit.runs import Run as Run
    from latentfit.runs import load as load
    from latentfit.runs import train as train
    from latentfit.scoring.scores import evaluate as evaluate
    from latentfit.sizing import Size as Size
    from latentfit.sizing import size as size

__version__ = "0.1.0"

_PLACES = {
    "evaluate": "latentfit.scoring.scores",
    "recipe": "latentfit.recipes",
    "Run": "latentfit.runs",
    "Size": "latentfit.sizing",
    "load": "latentfit.runs",
    "size": "latentfit.sizing",
    "train": "latentfit.runs",
}

__all__ = ["Run", "Size", "data", "evaluate", "load", "metrics", "recipe", "size", "train"]


def __getattr__(name: str) -> Any:
    if name in ("data", "metrics"):
        return importlib.import_module(f"latentfit.{name}")
    if name in _PLACES:
        return getattr(importlib.import_module(_PLACES[name]), name)
    raise AttributeError(f"module 'latentfit' has no attribute '{name}'")
