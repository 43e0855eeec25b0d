"""What lies between codes: decoded lines between pairs of test samples."""

from __future__ import annotations

import torch
from torch import Tensor

from latentfit import metrics
from latentfit.networks import evaluating
from latentfit.scoring.metric import Found
from latentfit.scoring.reference import features
from latentfit.scoring.subject import CHUNK, Subject
from latentfit.scoring.walks import between
from latentfit.seeds import seeded

LINES, STEPS = 500, 11  # lines that are followed, and points on each


def _ends(subject: Subject) -> tuple[Tensor, Tensor]:
    """Codes of the test samples, and the same in another order."""
    codes = subject.code.centre()[subject.data.test.spread(subject.count)]
    with seeded(subject.seed, "lines"):
        return codes, codes[torch.randperm(len(codes))]


@torch.no_grad()
def midpoints(subject: Subject) -> Found:
    """Frechet distance of decoded midpoints between test codes to test samples."""
    left, right = _ends(subject)
    with evaluating(subject.model):
        middle = ((left + right) / 2).split(CHUNK)
        made = torch.cat([subject.model.decode(z.to(subject.device)).cpu() for z in middle])
    rows = features(subject.extractor, made, subject.place)
    return metrics.frechet(rows, subject.pairs[""][0].known)


@torch.no_grad()
def jumps(subject: Subject) -> Found:
    """Largest step of a decoded line over its mean step, in features: mean and standard error."""
    left, right = (codes[:LINES] for codes in _ends(subject))
    steps = []
    with evaluating(subject.model):
        for a, b in zip(left.split(50), right.split(50), strict=True):
            line = between(subject.model, a.to(subject.device), b.to(subject.device), steps=STEPS)
            rows = features(subject.extractor, line.flatten(0, 1), subject.place)
            steps.append(rows.unflatten(0, line.shape[:2]).double().diff(dim=1).norm(dim=2))
    size = torch.cat(steps)
    moved = size.mean(1) > 0  # a line whose ends decode alike has no steps
    if not bool(moved.any()):
        return None
    found = metrics.Estimate.mean((size.amax(1) / size.mean(1).clamp_min(1e-30))[moved])
    return {"": found.value, "_se": found.spread}
