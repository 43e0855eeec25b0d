"""Scores of a model: how well it reconstructs, how well it generates, and how its codes lie."""

from __future__ import annotations

import math
import statistics
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from latentfit import metrics
from latentfit.checks import UserError, one_of, within
from latentfit.data.base import Data
from latentfit.experiments.latent import of_codes
from latentfit.experiments.reference import Reference, reference
from latentfit.experiments.scores import COMPARISONS, NAMES, named
from latentfit.metrics import Extractor
from latentfit.models import AutoEncoder, Model
from latentfit.networks import evaluating
from latentfit.seeds import seeded
from latentfit.training import encode_all, waits

LIKELIHOOD = (500, 100)  # test samples and draws of each behind a likelihood bound


@torch.no_grad()
def evaluate(
    model: Model,
    data: Data,
    *,
    features: str | Extractor = "auto",
    groups: Sequence[str] = NAMES,
    count: int = 10_000,
    draws: int = 3,
    seed: int = 0,
    weights: str = "averaged",
) -> dict[str, Any]:
    r"""Score a model on the test split.

    Generated samples, reconstructions and training samples are each compared with equally many test
    samples; the last is the floor, what data themselves reach. Generation is scored on several
    independent draws: the mean, and the standard deviation as `..._sd`.

    Arguments:
        model: A trained model, in any mode; its mode is restored.
        data: The data it was trained on.
        features: `auto`, `lenet`, `pixels`, `inception`, a path of its weights, or an extractor.
        groups: Which scores, among `scores.NAMES`; those that do not apply are left out.
        count: Samples of each set; at most the test samples and half of the training samples.
        draws: Independent draws of generated samples.
        seed: Of the draws.
        weights: What the model holds, `averaged` or `raw`; recorded.

    Returns:
        Numbers by name, those of reconstructions and codes only where there is an encoder: each
        score of `scores.COMPARISONS`, with `_sd`, `_reconstruction` and
        `_floor`; `mse` (mean over entries) with its standard error and `psnr` (dB, images);
        distances to nearest neighbours (`pms_...` on pixels); `elbo` and `log_likelihood` in nats;
        diagnostics of the codes. None where a score is not defined. Beside them `details` with
        variants, counts, extractor, hash and seed.
    """
    for name in groups:
        one_of("metric", name, NAMES)
    within("count", count, 2, remedy="a distance needs two samples")
    within("draws", draws, 1)
    device = next(model.parameters()).device
    count = min(count, len(data.test), len(data.train) // 2)
    extractor = features
    if isinstance(extractor, str):
        extractor = metrics.extractor(extractor, data.shape, data.name)
    real = reference(data, extractor, count, device)
    test = data.test.first(count)
    reconstructed = _rebuilt(model, test, device) if model.encodes else None
    generated = []
    for number in range(draws):
        with seeded(seed, "evaluation", number):
            generated.append(model.sample(count).cpu())
    scores = _compared(extractor, groups, real, generated, reconstructed, seed)
    if reconstructed is not None:
        squared = metrics.Estimate.mean(metrics.errors(test, reconstructed))
        scores |= {"mse": squared.value, "mse_se": squared.spread}
        if len(data.shape) == 3:
            scores["psnr"] = metrics.psnr(test, reconstructed)
    if "classifier" in groups and extractor.head is not None:
        scores |= _classified(extractor, generated[0], real.test)
    if "memorisation" in groups:
        scores |= _memorised(data, extractor, real, generated[0], device)
    if "likelihood" in groups and isinstance(model, AutoEncoder) and model.has_likelihood:
        scores |= _bounded(model, data, seed)
    if model.encodes:
        scores |= of_codes(model, encode_all(model, data.test), seed, groups)
    return {name: _or_none(value) for name, value in scores.items()} | {
        "details": {
            "count": count,
            "draws": draws,
            "reference": "test",
            "extractor": extractor.name,
            "extractor_hash": extractor.hash,
            "variants": {name: part.variant for name, part in COMPARISONS.items()},
            "nac": "mean absolute off-diagonal correlation of the active dimensions, test codes",
            "seed": seed,
            "weights": weights,
        },
    }


def _compared(
    extractor: Extractor,
    groups: Sequence[str],
    real: Reference,
    generated: list[Tensor],
    reconstructed: Tensor | None,
    seed: int,
) -> dict[str, Any]:
    """Every comparison of samples, reconstructions and training data with test data."""
    sets = [extractor(samples).cpu() for samples in generated]
    vectors = extractor.name == "pixels" and generated[0].dim() == 2
    others = {"floor": real.train}
    if reconstructed is not None:
        others = {"reconstruction": extractor(reconstructed).cpu()} | others
    scores: dict[str, Any] = {}
    for name, part in COMPARISONS.items():
        if name not in groups or (part.vectors and not vectors):
            continue
        repeats: dict[str, list[float]] = defaultdict(list)
        for samples in sets:
            for key, value in named(part.compare(samples, real.test, seed), extractor).items():
                repeats[key].append(value)
        for key, values in repeats.items():
            scores[key] = statistics.fmean(values)
            scores[f"{key}_sd"] = statistics.stdev(values) if len(values) > 1 else 0.0
        for suffix, other in others.items():
            found = named(part.compare(other, real.test, seed), extractor)
            scores |= {f"{key}_{suffix}": value for key, value in found.items()}
    return scores


def _classified(extractor: Extractor, generated: Tensor, real: Tensor) -> dict[str, float]:
    """Inception score, under that name only on Inception's classes."""
    if extractor.head is None:
        raise TypeError("an extractor without a head has no classes")
    name = "inception_score" if extractor.name == "inception" else "classifier_score"
    splits = 10 if len(real) >= 1000 else 1
    device = generated.device
    found = metrics.inception_score(extractor.head(extractor(generated)).cpu(), splits=splits)
    floor = metrics.inception_score(extractor.head(real.to(device)).cpu(), splits=splits)
    return {name: found.value, f"{name}_sd": found.spread, f"{name}_floor": floor.value}


def _memorised(
    data: Data, extractor: Extractor, real: Reference, generated: Tensor, device: torch.device
) -> dict[str, float]:
    """The four distances of FlexAE's Table 4 on pixels, and on features where these are others."""
    scores: dict[str, float] = {}
    pixels = metrics.pixels()
    kinds = {"pms": (pixels, reference(data, pixels, len(real.test), device))}
    if extractor.name != "pixels":
        short = "ims" if extractor.name == "inception" else f"ms_{extractor.name}"
        kinds[short] = (extractor, real)
    for short, (maker, held) in kinds.items():
        found = metrics.memorisation(maker(generated).cpu(), held.train, held.other, held.test)
        for key in ("train_train", "generated_train", "train_test", "generated_test"):
            scores[f"{short}_{key}"] = getattr(found, key).value
        scores[f"{short}_ratio"] = found.ratio
    return scores


def _bounded(model: AutoEncoder, data: Data, seed: int) -> dict[str, float]:
    """Likelihood bounds on the first test samples, in nats a sample."""
    device, (most, draws) = next(model.parameters()).device, LIKELIHOOD
    with seeded(seed, "likelihood"), evaluating(model):
        parts = data.test.first(min(most, len(data.test))).to(device).split(100)
        weights = torch.cat([model.log_weights(part, draws).cpu() for part in parts], 1)
    bound, tight = metrics.elbo(weights), metrics.importance_weighted(weights)
    return {
        "elbo": bound.value,
        "elbo_se": bound.spread,
        "log_likelihood": tight.value,
        "log_likelihood_se": tight.spread,
    }


def validation_score(data: Data, *, count: int = 2_000) -> Callable[[Model], float]:
    """A cheap score to choose checkpoints with: lower is better, on the validation split.

    The Frechet distance of generated samples, or the reconstruction error where the prior is only
    fitted after the training.
    """
    extractor = metrics.extractor("auto", data.shape, data.name)
    if extractor.name == "inception":  # too slow to look at every thousand rounds
        extractor = metrics.pixels()
    real = data.validation.first(count)

    def score(model: Model) -> float:
        device = next(model.parameters()).device
        x = real.to(device)
        if waits(model):
            return metrics.mse(x, torch.cat([model.reconstruct(part) for part in x.split(512)]))
        return metrics.frechet(extractor(model.sample(len(x))), extractor(x))

    return score


def _rebuilt(model: Model, x: Tensor, device: torch.device) -> Tensor:
    if len(x) == 0:
        raise UserError("there are no test samples; give data with a test split.")
    with evaluating(model):
        return torch.cat([model.reconstruct(part.to(device)).cpu() for part in x.split(512)])


def _or_none(value: float | None) -> float | None:
    # JSON has no NaN: a single active dimension has no correlation.
    return value if value is None or math.isfinite(value) else None
