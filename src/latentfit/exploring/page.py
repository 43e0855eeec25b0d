"""What a page about a latent space holds: points, directions, and programs that decode and draw."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from latentfit.checks import UserError
from latentfit.data.base import Data
from latentfit.exploring.shown import form, samples
from latentfit.exploring.store import Store
from latentfit.exploring.trace import runs_in_page, traced
from latentfit.likelihoods import Likelihood
from latentfit.models import Model
from latentfit.networks.mask import OPEN
from latentfit.scoring import walks
from latentfit.seeds import seeded

STORED = 512
"""Draws of a prior that a page cannot run."""
COMPONENTS = 8
"""Principal components that the map can show."""
DIRECTIONS = 100
"""Attributes and classes that a page has directions of, at most."""


@dataclass(frozen=True)
class Points:
    """The samples on the map.

    Attributes:
        seen: As the network sees them, with shape (N, *shape).
        codes: With shape (N, m).
        labels: Class of each, with shape (N,); None where there is none.
        ids: What each is called in its source.
        said: What they are, in words.
    """

    seen: Tensor
    codes: Tensor
    labels: Tensor | None
    ids: list[str]
    said: str


@torch.no_grad()
def points_of(model: Model, data: Data, count: int, split: str) -> Points:
    """Samples of a split with their codes; of a model without an encoder, draws.

    Raises:
        UserError: The split has fewer than two samples.
    """
    if not model.encodes:
        with seeded(0, "explore"):
            codes = model.prior.sample(count)
        seen = torch.cat([model.decode(part) for part in codes.split(256)])
        said = f"{count:,} draws of the prior, for the model has no encoder"
        return Points(seen, codes, None, [f"draw {n}" for n in range(count)], said)
    held = getattr(data, split)
    if len(held) < 2:
        raise UserError(
            f"the {split} split of '{data.name}' has {len(held)} samples and a map needs two; "
            "choose another --split."
        )
    places = held.spread(count)
    seen = held.take(places).to(model.device)
    codes = torch.cat([model.encode(part) for part in seen.split(256)])
    labels = None if held.labels is None else held.labels.cpu()[places]
    ids = places.numpy() if held.ids is None else held.ids[places.numpy()]
    number = "row " if np.asarray(ids).dtype.kind in "iu" else ""
    of = "all" if len(places) == len(held) else f"{len(places):,} of"
    said = f"{of} {len(held):,} {split} samples of {data.name}"
    return Points(seen, codes, labels, [f"{number}{one}" for one in ids], said)


def contents(model: Model, data: Data, points: Points, store: Store) -> dict[str, Any]:
    """What a page needs, plain values; arrays are in the store.

    Arguments:
        model: In evaluation mode, on the processor.
        data: What directions are found in.
        points: On the map.
        store: Takes the arrays.

    Raises:
        UserError: The decoder uses an operation that a page cannot run.
    """
    codes = points.codes
    programs = _programs(model, store)
    with torch.no_grad():
        expected = model.decode(codes[:1])
    classes = list(data.classes)
    if points.labels is not None and not classes:
        classes = [str(number) for number in range(int(points.labels.max()) + 1)]
    return {
        "form": form(model.schema, store),
        "latent": model.latent,
        "encodes": model.encodes,
        "points": {
            "said": points.said,
            "ids": points.ids,
            "codes": store.add(_floats(codes)),
            "samples": store.add(samples(model.schema, points.seen)),
            "labels": None if points.labels is None
            else store.add(points.labels.numpy().astype(np.int32)),
        },
        "classes": classes if points.labels is not None else [],
        **_dimensions(model, codes),
        "components": _components(codes, store),
        "directions": _directions(model, data, store),
        **programs,
        "expected": store.add(_floats(expected)),
    }  # fmt: skip


def _programs(model: Model, store: Store) -> dict[str, Any]:
    """How the page decodes, settles and draws."""
    code = torch.zeros(1, model.latent)
    decode = traced("the decoder", lambda z: model.decode(z), code).told(store)
    settle, prior, stored = None, None, None
    if type(model.likelihood).settle is not Likelihood.settle:
        mean = model.decode(code).detach()
        settle = traced(
            "the likelihood", lambda x: model.likelihood.settle(x), mean, noise=True
        ).told(store)
    try:
        if runs_in_page(lambda: model.prior.sample(1)):
            prior = traced("the prior", lambda: model.prior.sample(1), noise=True).told(store)
    except UserError:  # an operation is not known: codes are kept, and the page says so
        prior = None
    if prior is None:
        with seeded(0, "explore"), torch.no_grad():
            stored = store.add(_floats(model.prior.sample(STORED)))
    return {
        "decode": decode, "settle": settle, "prior": prior, "stored": stored,
        "priorName": type(model.prior).__name__,
    }  # fmt: skip


def _dimensions(model: Model, codes: Tensor) -> dict[str, Any]:
    """Open dimensions, the most important first, each with its share of what they move."""
    worth = walks.importance(model, codes)
    mask = model.openness()
    is_open = torch.ones(model.latent, dtype=torch.bool) if mask is None else mask.detach() >= OPEN
    order = [d for d in worth.argsort(descending=True).tolist() if bool(is_open[d])]
    total = max(float(worth[order].sum()), 1e-30)
    return {
        "dimensions": order or list(range(model.latent)),
        "worth": [float(worth[d]) / total for d in order],
        "closed": int((~is_open).sum()),
    }


def _components(codes: Tensor, store: Store) -> dict[str, Any]:
    """Principal components of the codes, and the share of the variance that each holds."""
    centre = codes.double().mean(0)
    _, spread, axes = torch.linalg.svd(codes.double() - centre, full_matrices=False)
    kept = min(COMPONENTS, len(spread))
    axes = axes[:kept]
    # The largest entry is positive: equal codes, equal maps.
    axes = axes * axes.gather(1, axes.abs().argmax(1, keepdim=True)).sign()
    shares = spread.square() / spread.square().sum().clamp_min(1e-30)
    return {
        "centre": store.add(_floats(centre)),
        "axes": store.add(_floats(axes)),
        "shares": shares[:kept].tolist(),
    }


def _directions(model: Model, data: Data, store: Store) -> dict[str, Any]:
    """From samples without an attribute to those with it: differences of mean codes."""
    names = walks.directed(data)[:DIRECTIONS] if model.encodes else []
    found = walks.attribute_directions(model, data, names) if names else []
    along = torch.stack(found) if found else torch.zeros(0)
    return {"names": names, "along": store.add(_floats(along))}


def _floats(held: Tensor) -> np.ndarray:
    return held.detach().cpu().float().numpy()
