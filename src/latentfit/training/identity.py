"""What decides the numbers of a run: a recipe and its arguments, or what a model is made of."""

from __future__ import annotations

from typing import Any

from latentfit.data.base import Data
from latentfit.models import Learner, Model
from latentfit.models.learner import describe, still
from latentfit.training import distributed
from latentfit.training.precision import chosen
from latentfit.training.settings import Settings


def identity(model: Learner, data: Data, settings: Settings) -> dict[str, Any]:
    """What decides the numbers of a run, apart from the number of rounds, as plain values.

    A model that a recipe built is told by name and arguments. Where it was built from parts, or
    where a part was handed over or exchanged, there is a `structure` beside them; a prior that
    took the place of the recipe's is named, and frozen networks are told by what they hold.
    """
    recipe, arguments = model.recipe or (type(model).__name__, {})
    held = {
        "recipe": recipe,
        "arguments": arguments,
        "data": {
            "name": data.name,
            "fingerprint": data.fingerprint,
            "shape": list(data.seen),
        },
        "seed": settings.seed,
        "batch": model.batch,
        "average": model.average,
        "precision": chosen(settings.precision, distributed.pick_device(settings.device)),
        "compile": settings.compile,
        "processes": distributed.world(),
    }
    refitted = model.refitted if isinstance(model, Model) else None
    more = {
        "prior": list(refitted) if refitted else None,
        "structure": None if model.as_built() else describe(model),
        "frozen": still(model) or None,
    }
    return held | {name: value for name, value in more.items() if value is not None}
