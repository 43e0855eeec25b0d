"""Scores of a model: how well it reconstructs, how well it generates, and how its codes lie."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch

from latentfit import metrics
from latentfit.checks import one_of
from latentfit.data.base import Data
from latentfit.metrics import Extractor
from latentfit.metrics.features import digest
from latentfit.metrics.features import weights as weights_of
from latentfit.models import Model
from latentfit.networks import evaluating
from latentfit.priors import ExPost
from latentfit.scoring.metric import BESIDE, Metric
from latentfit.scoring.subject import Subject
from latentfit.scoring.table import METRICS

Scores = dict[str, Any]


def group_names() -> tuple[str, ...]:
    """What `evaluate --metrics` takes; reconstruction errors and active dimensions always come."""
    return tuple(dict.fromkeys(metric.group for metric in METRICS.values() if metric.group))


def evaluate(
    model: Model,
    data: Data,
    *,
    features: str | Extractor = "auto",
    groups: Sequence[str] | None = None,
    count: int = 10_000,
    draws: int = 3,
    seed: int = 0,
    weights: str = "averaged",
) -> Scores:
    r"""Score a model on the test split.

    Generated samples, reconstructions and training samples are each compared with equally many test
    samples; the last is the floor, what data themselves reach. Generation is scored on several
    independent draws: the mean, and the standard deviation as `..._sd`.

    Arguments:
        model: A trained model, in any mode; its mode is restored.
        data: The data it was trained on.
        features: `auto`, `lenet`, `pixels`, `inception`, a path of its weights, or an extractor.
        groups: Which scores, among `group_names()`; None for all but those that are made only when
            asked for. Those that do not apply are left out.
        count: Samples of each set; at most the test samples and half of the training samples.
        draws: Independent draws of generated samples.
        seed: Of the draws.
        weights: What the model holds, `averaged` or `raw`; recorded.

    Returns:
        Numbers by name, the rows of `METRICS`: those of reconstructions and codes only where
        there is an encoder, with `_sd`, `_reconstruction`, `_floor`, `_se`, `_low`, `_high` beside
        them. None where a score is not defined. Then `details` with variants, counts, extractor,
        hash, seed, and what stands for the model's weights and for the data.

    Raises:
        UserError: A group is unknown, a number is out of range, or there are fewer than two test
            samples.
    """
    subject = Subject(model, data, features=features, count=count, draws=draws, seed=seed)
    return score(subject, chosen(groups), weights=weights)


def chosen(names: Sequence[str] | None) -> tuple[Metric, ...]:
    """The rows of some groups, and those that always come.

    Raises:
        UserError: There is no such group.
    """
    known = group_names()
    for name in names or ():
        one_of("metric", name, known)
    if names is None:
        return tuple(metric for metric in METRICS.values() if not metric.asked)
    return tuple(metric for metric in METRICS.values() if metric.group in {"", *names})


@torch.no_grad()
def score(subject: Subject, rows: Sequence[Metric], *, weights: str = "averaged") -> Scores:
    """The scores of a subject, as `evaluate`, row by row."""
    scores: Scores = {}
    for row in rows:
        key = row.key(subject.extractor)
        scores |= {f"{key}{suffix}": value for suffix, value in _found(row, subject).items()}
    return {name: _or_none(value) for name, value in scores.items()} | {
        "details": {
            "count": subject.count,
            "draws": subject.draws,
            "reference": "test",
            "extractor": subject.extractor.name,
            "extractor_hash": subject.extractor.hash,
            "variants": {row.key(subject.extractor): row.variant for row in rows if row.variant},
            "seed": subject.seed,
            "weights": weights,
            "model_hash": digest(weights_of(subject.model)),
            "fingerprint": subject.data.fingerprint,
        },
    }


def meaning(name: str, *, image: bool = True) -> str:
    """What a score says, in a line; empty for an unknown one.

    Arguments:
        name: Of the score.
        image: Whether the data are images; what is not has entries, no pixels.

    Example:
        >>> meaning("kid_lenet")[:52]
        'kernel distance between generated and test samples i'
        >>> meaning("kid_lenet_floor")
        'the same for training samples: what data themselves reach'
        >>> "in the features of my_net" in meaning("fd_my_net")
        True
        >>> "test samples in entries" in meaning("fd_pixels", image=False)
        True
    """
    for suffix, text in BESIDE.items():
        if name.endswith(suffix) and meaning(name.removesuffix(suffix)):
            return text
    for row in METRICS.values():
        if (features := row.matches(name)) is not None:
            text = row.says(features or "the features").replace("the features of pixels", "pixels")
            return text if image else text.replace("pixels", "entries")
    return ""


def on(features: str, *, image: bool) -> str:
    """Features in words.

    Example:
        >>> on("pixels", image=True), on("pixels", image=False), on("lenet", image=True)
        ('pixels', 'entries', 'lenet features')
    """
    if features == "pixels":
        return "pixels" if image else "entries"
    return f"{features} features"


def validation_score(data: Data, *, count: int = 2_000) -> Callable[[Model], float]:
    """A cheap score to choose checkpoints with: lower is better, on the validation split.

    The Fréchet distance of generated samples, or the reconstruction error where the prior is only
    fitted after the training.
    """
    extractor = metrics.extractor("auto", data.seen, data.name)
    if extractor.name == "inception":  # too slow to look at every thousand rounds
        extractor = metrics.pixels()
    real = data.validation.some(count)

    def look(model: Model) -> float:
        device = model.device
        x = real.to(device)
        if isinstance(model.prior, ExPost):
            with evaluating(model):
                return metrics.mse(x, torch.cat([model.reconstruct(p) for p in x.split(512)]))
        return metrics.frechet(extractor(model.sample(len(x))), extractor(x))

    return look


def _found(row: Metric, subject: Subject) -> Mapping[str, float | int | None]:
    """What a row finds; one of a plug-in that fails is named, and undefined."""
    if row.name in METRICS.own:
        return row.found(subject)
    try:
        return row.found(subject)
    except Exception as error:  # whatever a stranger's score raises
        said = f"{type(error).__name__}: {error}".splitlines()[0]
        print(f"latentfit: the score '{row.name}' of a plug-in failed: {said}", file=sys.stderr)
        return {"": None}


def _or_none(value: float | None) -> float | None:
    # JSON has no NaN: a single active dimension has no correlation.
    return value if value is None or math.isfinite(value) else None
