"""Whether samples are new, or copies of training rows, near ones too; and who was trained on."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from latentfit import metrics
from latentfit.data.base import Split
from latentfit.metrics import Estimate, nearest
from latentfit.metrics.memorisation import told_apart
from latentfit.networks import evaluating
from latentfit.scoring.subject import CHUNK, Subject

MOST = 2_000  # rows that are looked up among all of the data
TIED = 8  # nearest training rows that are looked at: the first may repeat each other
READ = 4_096  # rows of the data that are held at a time


class Nearness:
    """Where samples, training rows and test rows lie among training and test rows.

    Of samples and rows, as their entries, 2,000 are looked up at most, each among whole splits.

    Arguments:
        subject: A model and its data.
    """

    def __init__(self, subject: Subject) -> None:
        self.train, self.test = subject.data.train, subject.data.test
        self.rows = _flat(self.train.some(MOST).to(subject.place))
        self.fresh = _flat(self.test.some(MOST).to(subject.place))
        self.made = _flat(torch.cat(subject.generated)[:MOST].to(subject.place))
        self.own, _ = _nearest(self.rows, self.train, 2)
        self.own_test, _ = _nearest(self.rows, self.test, 1)
        self.near, self.found = _nearest(self.made, self.train, TIED)
        self.near_test, _ = _nearest(self.made, self.test, 1)

    @property
    def distinct(self) -> int:
        """Samples of different neighbours: those of one are one observation, however many."""
        return len(self.found[:, 0].unique())

    def feet(self, rows: Tensor, found: Tensor) -> Tensor:
        """`metrics.foot` of rows (N, d) whose nearest training rows are at `found` (N, k).

        The second nearest is the first that is not the nearest over again.
        """
        columns = (_flat(self.train.take(at).to(rows.device)) for at in found.cpu().T)
        first = second = next(columns)
        tied = torch.ones(len(rows), 1, dtype=torch.bool, device=rows.device)
        while bool(tied.any()) and (other := next(columns, None)) is not None:
            second = torch.where(tied, other, second)
            tied = (second == first).all(1, keepdim=True)
        return metrics.foot(rows, first, second)


def novelty(subject: Subject) -> Estimate | None:
    r"""How near samples lie to training against test data, over the same of training rows.

    .. math::
        \frac{\overline{d(g, \text{train})} / \overline{d(g, \text{test})}}
             {\overline{d(t, \text{train} \setminus t)} / \overline{d(t, \text{test})}}

    with d the distance of entries to the nearest row, g samples and t training rows. It is 1 where
    samples know no more of the training rows than these know of each other, and 0 for copies, out
    of however large a training split: `pms_ratio` looks at as many training rows as there are test
    rows, and copies of the others pass it by. What blurs is nearer to both, which cancels.

    Returns:
        The ratio and its standard error, infinite where all samples have the same neighbour. None
        where a distance that is divided by is 0.
    """
    held = subject.kept("nearness", Nearness)
    own, own_test = held.own[:, 1], held.own_test[:, 0]
    near, near_test = held.near[:, 0], held.near_test[:, 0]
    if 0 in (float(own.mean()), float(own_test.mean()), float(near_test.mean())):
        return None
    value = float(near.mean() / near_test.mean() / (own.mean() / own_test.mean()))
    spread = float((own / own.mean() - own_test / own_test.mean()).var(correction=0))
    distinct = held.distinct  # then by the delta method
    mine = near_test / near_test.mean()
    if float(near.mean()) > 0:
        mine = mine - near / near.mean()
    error = math.sqrt(max(spread, float(mine.var(correction=0))) / distinct + spread / len(own))
    return Estimate(value, max(value, 1) * error if distinct > 1 else math.inf, len(near))


def authenticity(subject: Subject) -> Estimate:
    """The share of samples that are no near copies of training rows, as `metrics.authenticity`.

    Test rows say what fresh ones look like.

    Returns:
        The share and its standard error, infinite where all samples have the same neighbour.
    """
    held = subject.kept("nearness", Nearness)
    _, places = _nearest(held.fresh, held.train, TIED)
    made, fresh = held.feet(held.made, held.found), held.feet(held.fresh, places)
    return metrics.authenticity(made, fresh, distinct=held.distinct)


def membership(subject: Subject) -> float:
    """How well nearness to samples tells training from test rows, as `metrics.membership`."""
    held = subject.kept("nearness", Nearness)
    made = _flat(subject.generated[0].to(subject.place))
    return metrics.membership(held.rows, held.fresh, made)


@torch.no_grad()
def membership_by_error(subject: Subject) -> float | None:
    """How well the error of reconstructions tells training from test rows: the same area.

    Returns:
        The area; None where an error is not finite.
    """
    with evaluating(subject.model):
        parts = subject.data.train.some(MOST).split(CHUNK)
        made = [subject.model.reconstruct(x.to(subject.device)).cpu() for x in parts]
    members, others = metrics.errors(torch.cat(parts).cpu(), torch.cat(made)), subject.errors
    finite = bool(members.isfinite().all() and others.isfinite().all())
    return told_apart(members, others) if finite else None


def _flat(x: Tensor) -> Tensor:
    return x.flatten(1).double()


def _nearest(rows: Tensor, split: Split, k: int) -> tuple[Tensor, Tensor]:
    """The k smallest distances of rows (N, d) to a split, and where, each with shape (N, k)."""
    distances, places, start = [], [], 0
    for x in split.chunks(READ):
        found, place = nearest(rows, _flat(x.to(rows.device)), min(k, len(x)))
        distances.append(found)
        places.append(place + start)
        start += len(x)
    value, chosen = torch.cat(distances, 1).topk(min(k, start), largest=False)
    return value, torch.cat(places, 1).gather(1, chosen)
