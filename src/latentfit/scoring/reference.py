"""What generated samples are compared with: features of test and training data, kept on disk."""

from __future__ import annotations

import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from latentfit.data.base import Data, Split, shuffled
from latentfit.metrics import Extractor

FORMAT = 2
"""Of what is kept: another number when samples are chosen, or features made, in another way."""


@dataclass(frozen=True)
class Reference:
    """Features of data, equally many of each.

    Attributes:
        test: Test samples, spread over the split, with shape (N, k).
        train: Training samples, spread over the split.
        other: Other training samples, disjoint from `train`.
    """

    test: Tensor
    train: Tensor
    other: Tensor


def reference(data: Data, extractor: Extractor, count: int, device: torch.device) -> Reference:
    """Features of the reference sets, from the cache where they were made before.

    The cache is no more than that: where it cannot be written, or a file in it cannot be read,
    features are made.

    Arguments:
        data: A data set.
        extractor: Makes the features; they are kept where its hash stands for all that it does.
        count: Samples of each set, at most the test samples and half of the training samples.
        device: Where the features are made.

    Returns:
        On the device.
    """
    path = None
    if extractor.kept and (place := cache()):
        marks = (data.fingerprint, extractor.name, extractor.hash, str(count), str(FORMAT))
        path = place / f"{'-'.join(marks)}.safetensors"
        if held := _read(path, count, device):
            return held
    places = shuffled(len(data.train))  # files are often sorted
    held = {
        "test": extract(extractor, data.test, data.test.spread(count), device),
        "train": extract(extractor, data.train, places[:count], device),
        "other": extract(extractor, data.train, places[count : 2 * count], device),
    }
    if path is not None:
        _keep(path, held)
    return Reference(**held)


def features(extractor: Extractor, samples: Tensor, device: torch.device) -> Tensor:
    """Features of samples (N, *shape), on the device."""
    return torch.cat([extractor(part.to(device)) for part in samples.split(512)])


def extract(extractor: Extractor, split: Split, places: Tensor, device: torch.device) -> Tensor:
    """Features of the samples at some places (N,) of a split, on the device."""
    return torch.cat([extractor(split.take(p).to(device)) for p in places.split(512)])


def cache() -> Path | None:
    """Folder of what can be made again: LATENTFIT_CACHE, else `latentfit` in the user's cache.

    None where there is neither, as for a user without a home.
    """
    if given := os.environ.get("LATENTFIT_CACHE"):
        return Path(given)
    if given := os.environ.get("XDG_CACHE_HOME"):
        return Path(given) / "latentfit"
    try:
        return Path.home() / ".cache" / "latentfit"
    except RuntimeError:
        return None


def _read(path: Path, count: int, device: torch.device) -> Reference | None:
    """What a file holds; None where there is none, or one that is damaged or something else."""
    try:
        held = Reference(**load_file(path, str(device)))
    except (OSError, SafetensorError, TypeError):
        return None
    sets = (held.test, held.train, held.other)
    return held if all(rows.dim() == 2 and len(rows) == count for rows in sets) else None


def _keep(path: Path, held: dict[str, Tensor]) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # A folder of its own: another process may be writing the same file just now.
        with tempfile.TemporaryDirectory(dir=path.parent) as place:
            draft = Path(place) / path.name
            save_file(held, draft)
            draft.replace(path)
    except (OSError, SafetensorError) as error:
        said = str(error).splitlines()[0]
        print(
            f"latentfit: features are not kept for the next time ({said}); LATENTFIT_CACHE may "
            "name another folder.",
            file=sys.stderr,
        )
