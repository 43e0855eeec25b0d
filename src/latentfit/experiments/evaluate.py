"""Scores of a model: how well it reconstructs, how well it generates, and how its codes lie."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from latentfit import metrics
from latentfit.checks import within
from latentfit.data.base import Data, Split
from latentfit.metrics import Extractor
from latentfit.models import Model, evaluating
from latentfit.seeds import seeded
from latentfit.training import encode_all, waits


@torch.no_grad()
def evaluate(
    model: Model,
    data: Data,
    *,
    features: str = "auto",
    count: int = 10_000,
    draws: int = 3,
    seed: int = 0,
    weights: str = "averaged",
) -> dict[str, Any]:
    r"""Score a model on the test split.

    Generated samples, reconstructions and training samples are each compared with equally many test
    samples; the last is the floor that no honest model beats by much. Generation is scored on
    several independent draws: the mean, and the standard deviation as `..._sd`.

    Arguments:
        model: A trained model, in any mode; its mode is restored.
        data: The data it was trained on.
        features: Extractor of the Frechet distance: `auto`, `lenet`, `pixels`.
        count: Samples to generate; at most as many as there are test samples are used.
        draws: Independent draws of generated samples.
        seed: Of the draws.
        weights: What the model holds, `averaged` or `raw`; recorded.

    Returns:
        Numbers by name: `fd_X` (generated), `fd_X_sd`, `fd_X_reconstruction`, `fd_X_floor` for the
        extractor X; `mse` (mean over entries) and `psnr` (dB, images) of reconstructions; `nac`
        (correlation form) over the active dimensions; `active`, the number of dimensions that are
        open, and `latent`. None where a score is not defined. Beside them `details` with variant,
        counts, extractor, hash and seed.
    """
    within("count", count, 2, remedy="a distance needs two samples")
    within("draws", draws, 1)
    device = next(model.parameters()).device
    data = data.to(device)
    extractor = metrics.extractor(features, data.shape, data.name)
    extract = _on(extractor, device)
    count = min(count, len(data.test), len(data.train))
    with evaluating(model):
        test = data.test.first(count)
        reconstructed = torch.cat([model.reconstruct(x) for x in test.split(512)])
        real, name = extract(test), f"fd_{extractor.name}"
        generated = []
        for number in range(draws):
            with seeded(seed, "evaluation", number):
                generated.append(metrics.frechet(extract(model.sample(count)), real))
        codes = encode_all(model, data.test).mean
    mask = getattr(model, "mask", None)
    active = open_dimensions(codes, None if mask is None else mask())
    scores: dict[str, Any] = {
        name: statistics.fmean(generated),
        f"{name}_sd": statistics.stdev(generated) if draws > 1 else 0.0,
        f"{name}_reconstruction": metrics.frechet(extract(reconstructed), real),
        f"{name}_floor": metrics.frechet(extract(_spread(data.train, count)), real),
        "mse": metrics.mse(test, reconstructed),
    }
    if len(data.shape) == 3:
        scores["psnr"] = _or_none(metrics.psnr(test, reconstructed))
    return scores | {
        "nac": _or_none(metrics.nac(codes[:, active])),
        "active": int(active.sum()),
        "latent": model.latent,
        "details": {
            "count": count,
            "draws": draws,
            "reference": "test",
            "extractor": extractor.name,
            "extractor_hash": extractor.hash,
            "fd": "unbiased covariances, symmetric eigenvalue form, float64",
            "nac": "mean absolute off-diagonal correlation of the active dimensions, test codes",
            "seed": seed,
            "weights": weights,
        },
    }


def open_dimensions(codes: Tensor, mask: Tensor | None) -> Tensor:
    """Which dimensions carry anything, booleans with shape (m,).

    With a mask: where it is at least 0.1 [authors' code]. Without: where the codes' variance is at
    least a hundredth of the largest; a collapsed dimension of a VAE falls below.
    """
    if mask is not None:
        return mask >= 0.1
    variance = codes.var(0)
    return variance >= 0.01 * variance.max()


def validation_score(data: Data, *, count: int = 2_000) -> Callable[[Model], float]:
    """A cheap score to choose checkpoints with: lower is better, on the validation split.

    The Frechet distance of generated samples, or the reconstruction error where the prior is only
    fitted after the training.
    """
    extractor = metrics.extractor("auto", data.shape, data.name)
    real = data.validation.first(count)

    def score(model: Model) -> float:
        device = next(model.parameters()).device
        x = real.to(device)
        if waits(model):
            return metrics.mse(x, torch.cat([model.reconstruct(part) for part in x.split(512)]))
        extract = _on(extractor, device)
        return metrics.frechet(extract(model.sample(len(x))), extract(x))

    return score


def _or_none(value: float) -> float | None:
    # JSON has no NaN: a single active dimension has no correlation.
    return value if math.isfinite(value) else None


def _on(extractor: Extractor, device: torch.device) -> Callable[[Tensor], Tensor]:
    return lambda x: extractor(x.to(device))


def _spread(split: Split, count: int) -> Tensor:
    # Evenly over the split, since files are often sorted by class.
    return split.take(torch.linspace(0, len(split) - 1, count).long())
