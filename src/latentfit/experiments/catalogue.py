"""What there is: systems, data sets and scores, as rows for people and scripts."""

from __future__ import annotations

from typing import Any

from latentfit.checks import one_of
from latentfit.experiments.recipes import RECIPES
from latentfit.experiments.scores import meaning

# Scores by the group that `evaluate --metrics` takes; errors and active dimensions always come.
SCORES = {
    "fd": ("fd_<features>", "fid"),
    "kid": ("kid_<features>",),
    "prd": ("prd_precision", "prd_recall"),
    "manifold": ("precision", "recall", "density", "coverage"),
    "sliced": ("sliced_wasserstein",),
    "classifier": ("classifier_score", "inception_score"),
    "memorisation": ("pms_ratio", "ims_ratio", "ms_<features>_ratio"),
    "likelihood": ("elbo", "log_likelihood"),
    "latent": ("active_units", "non_normality", "prior_sliced_wasserstein", "prior_wasserstein"),
    "dimension": ("code_dimension", "code_spectral_95", "kl_dimensions"),
    "": ("mse", "psnr", "nac", "nac_covariance", "active", "latent"),
}


def catalogue(what: str) -> list[dict[str, Any]]:
    """Rows for `recipes`, `data`, `metrics` or `studies`, each with a `name`."""
    one_of("list", what, ("recipes", "data", "metrics", "studies"))
    if what == "metrics":
        return [
            {"name": name, "group": group, "what": meaning(name)}
            for group, names in SCORES.items()
            for name in names
        ]
    if what == "studies":
        from latentfit.experiments.studies import STUDIES

        return [
            {"name": name, "what": study.what, "source": study.source}
            for name, study in STUDIES.items()
        ]
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
        "encodes": model.encodes,
        "reconstructs": model.encodes,
        "samples": True,
        "likelihood": recipe.likelihood,
        "latent": recipe.latent,
        "settings": {key: p.default for key, p in recipe.settings().items()},
        "idea": recipe.idea,
    }
