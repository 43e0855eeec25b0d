"""The codes of a whole split."""

from __future__ import annotations

import torch

from latentfit.data.base import Split
from latentfit.models import Model
from latentfit.networks import evaluating
from latentfit.posteriors import Code


@torch.no_grad()
def encode_all(model: Model, split: Split) -> Code:
    """The posteriors of a whole split, in order, in evaluation mode."""
    device = model.device
    with evaluating(model):
        return Code.join([model.code(x.to(device)) for x in split.chunks()])
