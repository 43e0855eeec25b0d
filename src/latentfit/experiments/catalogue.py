"""What there is: systems, data sets and scores, as rows for people and scripts."""

from __future__ import annotations

from typing import Any

from latentfit.checks import one_of
from latentfit.experiments.recipes import RECIPES

SCORES = {
    "fd_<extractor>": "Frechet distance of generated to test samples on features; lower is better",
    "fd_<extractor>_reconstruction": "the same for reconstructions of the test samples",
    "fd_<extractor>_floor": "the same for training samples: what no honest model beats by much",
    "mse": "mean squared error of reconstructions over all entries; lower is better",
    "psnr": "-10 log10 mse in dB, for images; higher is better",
    "nac": "mean absolute correlation between active dimensions of the codes; lower is better",
    "active": "number of latent dimensions that are open",
}


def catalogue(what: str) -> list[dict[str, Any]]:
    """Rows for `recipes`, `data` or `metrics`, each with a `name`."""
    one_of("list", what, ("recipes", "data", "metrics"))
    if what == "metrics":
        return [{"name": name, "what": text} for name, text in SCORES.items()]
    if what == "data":
        from latentfit.data import names

        return [{"name": name, "what": text} for name, text in names().items()]
    return [_recipe(name) for name in RECIPES]


def _recipe(name: str) -> dict[str, Any]:
    recipe = RECIPES[name]
    # The players are read off a small model, so that this list cannot disagree with the code.
    model = recipe.model((1, 8, 8), latent=2, width=1 / 64)
    return {
        "name": name,
        "paper": recipe.paper,
        "year": recipe.year,
        "players": [player for turn in model.turns() for player in turn.players],
        "encodes": True,
        "samples": True,
        "likelihood": recipe.likelihood,
        "latent": recipe.latent,
        "settings": {key: p.default for key, p in recipe.settings().items()},
        "idea": recipe.idea,
    }
