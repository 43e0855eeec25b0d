"""What generated samples are compared with: features of test and training data, kept on disk."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from latentfit.data.base import Data, Split
from latentfit.metrics import Extractor
from latentfit.storage.files import atomically


@dataclass(frozen=True)
class Reference:
    """Features of data, equally many of each.

    Attributes:
        test: The first test samples, with shape (N, k).
        train: Training samples, evenly over the split.
        other: Other training samples, disjoint from `train`.
    """

    test: Tensor
    train: Tensor
    other: Tensor


def reference(data: Data, extractor: Extractor, count: int, device: torch.device) -> Reference:
    """Features of the reference sets, from the cache where they were made before.

    Arguments:
        data: A data set.
        extractor: Makes the features; those of pixels are not kept.
        count: Samples of each set, at most the test samples and half of the training samples.
        device: Where the features are made.

    Returns:
        On the CPU.
    """
    path = cache() / f"{data.fingerprint}-{extractor.name}-{extractor.hash}-{count}.safetensors"
    keep = extractor.name != "pixels"
    if keep and path.exists():
        return Reference(**load_file(path))
    places = torch.linspace(0, len(data.train) - 1, 2 * count).long()  # files are often sorted
    held = {
        "test": extract(extractor, data.test, range(count), device),
        "train": extract(extractor, data.train, places[::2].tolist(), device),
        "other": extract(extractor, data.train, places[1::2].tolist(), device),
    }
    if keep:
        path.parent.mkdir(parents=True, exist_ok=True)
        atomically(path, lambda draft: save_file(held, draft))
    return Reference(**held)


def extract(
    extractor: Extractor, split: Split, places: Iterable[int], device: torch.device
) -> Tensor:
    """Features of some samples of a split, on the CPU."""
    parts = torch.tensor(list(places)).split(512)
    return torch.cat([extractor(split.take(part).to(device)).cpu() for part in parts])


def cache() -> Path:
    """Folder of what can be made again: LATENTFIT_CACHE, else `latentfit` in the user's cache."""
    given = os.environ.get("LATENTFIT_CACHE")
    if given:
        return Path(given)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "latentfit"
