"""What there is: systems, data sets and scores, as rows for people and scripts."""

from __future__ import annotations

from typing import Any

from latentfit.checks import one_of
from latentfit.expost import PRIORS
from latentfit.recipes import RECIPES
from latentfit.scoring import METRICS


def catalogue(what: str) -> list[dict[str, Any]]:
    """Rows for `recipes`, `data`, `priors`, `metrics` or `studies`, each with a `name`.

    Raises:
        UserError: There is no such list.
    """
    one_of("list", what, ("recipes", "data", "priors", "metrics", "studies"))
    if what == "priors":
        return [
            {
                "name": name,
                "what": row.what,
                "settings": {k: s.default for k, s in row.settings().items()},
            }
            for name, row in PRIORS.items()
        ]
    if what == "metrics":
        return [
            {"name": name, "group": row.group, "what": row.says(), "how": row.variant}
            for row in METRICS.values()
            for name in (row.name, *row.also.values())
        ]
    if what == "studies":
        from latentfit.studies import STUDIES

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
    model = (
        recipe.small()
    )  # the players are read off it, so that this cannot disagree with the code
    return {
        "name": name,
        "paper": recipe.paper.title,
        "year": recipe.paper.year,
        "players": [player for turn in model.turns() for player in turn.players],
        "encodes": model.encodes,
        "reconstructs": model.encodes,
        "samples": True,
        "likelihood": "elbo" if model.has_likelihood else None,
        "latent": recipe.latent.usual,
        "settings": {key: setting.default for key, setting in recipe.settings().items()},
        "idea": recipe.idea,
    }
