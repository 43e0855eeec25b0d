"""Priors that are fitted ex post: in closed form, or trained as a model of codes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from latentfit.checks import UserError
from latentfit.data.base import PARTS, Data, Split
from latentfit.data.splits import fingerprint
from latentfit.models import Learned, Model
from latentfit.posteriors import Code
from latentfit.priors import ByClass, Fitted
from latentfit.schema import plain
from latentfit.seeds import seeded
from latentfit.storage import RunFolder
from latentfit.training import distributed, encode_all
from latentfit.training.identity import identity
from latentfit.training.loop import train
from latentfit.training.settings import Settings


class Codes(Split):
    """The codes of a split; each batch is a fresh draw from the posteriors (Dai & Wipf).

    Arguments:
        code: The posteriors.
        classes: Number of each sample's class, which follows its code as one more entry.
    """

    labels = None

    def __init__(self, code: Code, classes: Tensor | None = None) -> None:
        self.code, self.classes = code, None if classes is None else classes.to(code.mean)
        self.shape = (code.mean.shape[1] + (classes is not None),)

    def __len__(self) -> int:
        """The number of codes."""
        return len(self.code)

    def take(self, indices: Tensor) -> Tensor:
        """Draws for the codes at `indices`, with shape (B, m), or (B, m + 1) with classes."""
        places = indices.to(self.code.mean.device)
        drawn = self.code[places].sample()
        if self.classes is None:
            return drawn
        return torch.cat([drawn, self.classes[places, None]], dim=1)

    def batches(self, order: Iterable[Tensor]) -> Iterator[Tensor]:
        """`take` for each of the index tensors of `order`."""
        return (self.take(indices) for indices in order)

    def to(self, device: torch.device | str) -> Codes:
        """The same codes on `device`."""
        return Codes(self.code.to(device), self.classes)


def fit_prior(
    model: Model,
    data: Data,
    settings: Settings,
    folder: RunFolder | None = None,
    labels: Sequence[Tensor] | None = None,
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
        labels: Class of each sample of the splits, for a prior that knows classes.

    Raises:
        UserError: The prior is of classes and no labels are given, or a class has too few codes.
    """
    prior = model.prior
    if prior.classes and labels is None:
        raise UserError("this prior is of classes; fit it by them: refit(model, data, by='label').")
    if isinstance(prior, ByClass) and labels is not None:
        with seeded(settings.seed, "prior"):
            prior.fit(encode_all(model, data.train).sample(), labels[0], seed=settings.seed)
        model.check(fitted=True)
    elif isinstance(prior, Fitted):
        with seeded(settings.seed, "prior"):
            prior.fit(encode_all(model, data.train).sample(), seed=settings.seed)
        model.check(fitted=True)
    elif isinstance(prior, Learned):
        splits = {
            part: Codes(encode_all(model, getattr(data, part)), labels[place] if labels else None)
            for place, part in enumerate(PARTS)
        }
        known = splits["train"]
        with seeded(settings.seed, "prior"):
            prior.begin(known.take(torch.arange(len(known))))
        means = known.code.mean.cpu()
        held = (
            means if known.classes is None else torch.cat([means, known.classes[:, None].cpu()], 1)
        )
        mark = fingerprint((held, torch.arange(len(means))))
        codes = replace(data, name=f"codes of {data.name}", **splits, fingerprint=mark,
                        schema=plain(splits["train"].shape))  # fmt: skip
        prior.model.batch = min(prior.model.batch, len(known))  # few codes are one batch
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
