"""Priors that come after the training: fitted in closed form, or trained as a model of codes."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from latentfit.data.base import Data, Split
from latentfit.data.make import fingerprint
from latentfit.models import AutoEncoder, Learned, Model
from latentfit.networks import evaluating
from latentfit.posteriors import Code
from latentfit.priors import Fitted
from latentfit.seeds import seeded
from latentfit.training import distributed
from latentfit.training.checkpoint import read_json
from latentfit.training.folder import locked
from latentfit.training.loop import Settings, identity, train


class Codes(Split):
    """The codes of a split; each batch is a fresh draw from the posteriors (Dai & Wipf)."""

    labels = None

    def __init__(self, code: Code) -> None:
        self.code, self.shape = code, (code.mean.shape[1],)

    def __len__(self) -> int:
        """The number of codes."""
        return len(self.code)

    def take(self, indices: Tensor) -> Tensor:
        """Draws for the codes at `indices`, with shape (B, m)."""
        return self.code[indices.to(self.code.mean.device)].sample()

    def batches(self, order: Iterable[Tensor]) -> Iterator[Tensor]:
        """`take` for each of the index tensors of `order`."""
        return (self.take(indices) for indices in order)

    def to(self, device: torch.device | str) -> Codes:
        """The same codes on `device`."""
        return Codes(self.code.to(device))


def waits(model: Model) -> bool:
    """Whether the model samples only after `fit_prior`."""
    return isinstance(model.prior, Fitted | Learned)


@torch.no_grad()
def encode_all(model: Model, split: Split) -> Code:
    """The posteriors of a whole split, in order, in evaluation mode."""
    device = next(model.parameters()).device
    with evaluating(model):
        if isinstance(model, AutoEncoder):
            parts = [model.posterior(x.to(device)) for x in split.chunks()]
        else:
            parts = [Code(model.encode(x.to(device))) for x in split.chunks()]
    return Code.join(parts)


def fit_prior(model: Model, data: Data, settings: Settings, folder: Path | None = None) -> None:
    """Fit a prior that waits, on the codes of the training split.

    One that is `Fitted` is fitted in closed form. The model of a `Learned` one is trained for
    `longer` times the rounds of the first stage, in its own run folder `prior`; it goes on where it
    stopped, and starts anew where the codes or its settings have changed.

    Arguments:
        model: A trained model, changed in place.
        data: What it was trained on.
        settings: Those of the first stage.
        folder: The run folder; None keeps everything in memory.
    """
    prior = model.prior
    if isinstance(prior, Fitted):
        with seeded(settings.seed, "prior"):
            prior.fit(encode_all(model, data.train).sample(), seed=settings.seed)
    elif isinstance(prior, Learned):
        splits = {
            part: Codes(encode_all(model, getattr(data, part)))
            for part in ("train", "validation", "test")
        }
        known = splits["train"].code
        with seeded(settings.seed, "prior"):
            prior.begin(known.sample())
        codes = replace(data, name=f"codes of {data.name}", **splits,
                        fingerprint=fingerprint(known.mean.cpu()))  # fmt: skip
        chosen = replace(settings, rounds=max(1, round(prior.longer * settings.rounds)))
        where = None if folder is None else folder / "prior"
        if where is not None and distributed.rank() == 0:
            _leave_to(identity(prior.model, codes, chosen), where)
        distributed.wait()
        train(prior.model, codes, chosen, folder=where, label="prior")


def _leave_to(wanted: dict[str, Any], folder: Path) -> None:
    """Remove the checkpoints of a prior of other codes, or of one with other settings.

    A run that is no prior of these data is left as it is: `train` will refuse its folder.
    """
    path, wanted = folder / "run.json", json.loads(json.dumps(wanted))
    held = read_json(path).get("identity", {}) if path.exists() else wanted
    if held == wanted or held.get("data", {}).get("name") != wanted["data"]["name"]:
        return
    with locked(folder):
        for item in folder.iterdir():
            if item.is_dir():
                shutil.rmtree(item)
            elif item.name != ".lock":
                item.unlink()
