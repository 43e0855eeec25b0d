"""What a model is built from again: its card, and the way back."""

from __future__ import annotations

from pathlib import Path

from latentfit.checks import UserError
from latentfit.data.base import PARTS, Data
from latentfit.expost import GIVEN, of_codes, with_prior
from latentfit.models import Model
from latentfit.recipes import recipe
from latentfit.schema import Schema, read_schema
from latentfit.storage import Card

SHELL = "The shell cannot build it, unless a package adds it as a recipe (docs/own-parts.md)."


def card(model: Model, data: Data, rounds: int) -> Card:
    """What `load` must know of a model beside its weights."""
    name, arguments = model.recipe or (None, {})
    if not model.own and not model.as_built():
        name, arguments = None, {}  # a part was exchanged since, which no recipe describes
    return Card(
        recipe=name,
        arguments=arguments,
        own=list(model.own),
        prior=list(model.refitted) if model.refitted else None,
        classes=list(model.classes),
        shape=list(model.shape),
        weights="averaged" if model.average is not None else "raw",
        round=rounds,
        data={
            "name": data.name,
            "fingerprint": data.fingerprint,
            "classes": list(data.classes),
            "counts": {part: len(getattr(data, part)) for part in PARTS},
            "schema": model.schema.to_json(),
        },
    )


def built(held: Card, model: Model | None = None, *, where: Path | str = "this model") -> Model:
    """The model that a card describes, with weights of no training.

    Arguments:
        held: The card.
        model: To be filled, where parts of it are your own.
        where: Folder of the card, for the error.

    Raises:
        UserError: It has parts that no recipe describes, and no model is given.
    """
    schema = read_schema(held.data["schema"])
    if model is None:
        model = _from_recipe(held, schema, where)
    if held.prior:
        name, settings = held.prior
        with_prior(model, name, classes=held.classes, **settings)
    model.schema = schema
    return model


def _from_recipe(held: Card, schema: Schema, where: Path | str) -> Model:
    if held.recipe is None:
        raise UserError(
            f"{where} was built from parts; pass the built model to load, from Python. {SHELL}"
        )
    if held.own:
        raise UserError(
            f"{where} has parts of its own ({', '.join(held.own)}); build it again by "
            f"lf.recipe('{held.recipe}', ...) with them and pass it to load as `model`. {SHELL}"
        )
    return (
        of_codes(schema) if held.recipe == GIVEN else recipe(held.recipe, schema, **held.arguments)
    )
