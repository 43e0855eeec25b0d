"""Priors that are fitted ex post: in closed form, or trained as a model of codes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from latentfit.data.base import PARTS, Data, Split
from latentfit.data.splits import fingerprint
from latentfit.models import Learned, Model
from latentfit.posteriors import Code
from latentfit.priors import Fitted
from latentfit.schema import plain
from latentfit.seeds import seeded
from latentfit.storage import RunFolder
from latentfit.training import distributed, encode_all
from latentfit.training.identity import identity
from latentfit.training.loop import train
from latentfit.training.settings import Settings


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


def fit_prior(
    model: Model, data: Data, settings: Settings, folder: RunFolder | None = None
) -> None:
    """Fit an `ExPost` prior on the codes of the training split; leave any other as it is.

    One that is `Fitted` is fitted in closed form. The model of a `Learned` one is trained for its
    `rounds`, in its own run folder `prior`; it goes on where it stopped, and starts anew where the
    codes or its settings have changed.

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
        model.check(fitted=True)
    elif isinstance(prior, Learned):
        splits = {part: Codes(encode_all(model, getattr(data, part))) for part in PARTS}
        known = splits["train"].code
        with seeded(settings.seed, "prior"):
            prior.begin(known.sample())
        means = known.mean.cpu()
        mark = fingerprint((means, torch.arange(len(means))))
        codes = replace(data, name=f"codes of {data.name}", **splits, fingerprint=mark,
                        schema=plain(splits["train"].shape))  # fmt: skip
        chosen = replace(settings, rounds=prior.rounds(settings.rounds, len(splits["train"])))
        # Its settings are told by those of the model whose prior it is.
        prior.model.recipe = prior.model.recipe or (type(prior.model).__name__, {})
        where = None if folder is None else folder.prior
        if where is not None and distributed.first():
            _leave_to(identity(prior.model, codes, chosen), where)
        distributed.wait()
        train(prior.model, codes, chosen, folder=where, label="prior")


def _leave_to(wanted: dict[str, Any], folder: RunFolder) -> None:
    """Remove the checkpoints of a prior of other codes, or of one with other settings.

    A run that is no prior of these data is left as it is: `train` will refuse its folder.
    """
    if not folder.exists:
        return
    facts = folder.facts
    of_these = facts.identity.get("data", {}).get("name") == wanted["data"]["name"]
    if of_these and facts.differences(wanted):
        folder.clear()
