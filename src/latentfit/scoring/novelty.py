"""Whether samples are new: their nearness to all of the training data, against fresh data's."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from latentfit.data.base import Split
from latentfit.metrics import Estimate, nearest
from latentfit.scoring.subject import Subject

MOST = 2_000  # rows that are looked up among all of the data
CHUNK = 4_096  # rows of the data that are held at a time


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
    train, test = subject.data.train, subject.data.test
    rows = _flat(train.some(MOST).to(subject.place))
    made = _flat(torch.cat(subject.generated)[:MOST].to(subject.place))
    own, own_test = _nearest(rows, train, 2)[0][:, 1], _nearest(rows, test, 1)[0][:, 0]
    (near, found), near_test = _nearest(made, train, 1), _nearest(made, test, 1)[0][:, 0]
    if 0 in (float(own.mean()), float(own_test.mean()), float(near_test.mean())):
        return None
    value = float(near.mean() / near_test.mean() / (own.mean() / own_test.mean()))
    spread = float((own / own.mean() - own_test / own_test.mean()).var(correction=0))
    # By the delta method; samples with one neighbour are one observation, however many they are.
    distinct = len(found[:, 0].unique())
    mine = near_test / near_test.mean()
    if float(near.mean()) > 0:
        mine = mine - near / near.mean()
    error = math.sqrt(max(spread, float(mine.var(correction=0))) / distinct + spread / len(rows))
    return Estimate(value, max(value, 1) * error if distinct > 1 else math.inf, len(made))


def _flat(x: Tensor) -> Tensor:
    return x.flatten(1).double()


def _nearest(rows: Tensor, split: Split, k: int) -> tuple[Tensor, Tensor]:
    """The k smallest distances of rows (N, d) to a split, and where, each with shape (N, k)."""
    distances, places, start = [], [], 0
    for x in split.chunks(CHUNK):
        found, place = nearest(rows, _flat(x.to(rows.device)), min(k, len(x)))
        distances.append(found)
        places.append(place + start)
        start += len(x)
    value, chosen = torch.cat(distances, 1).topk(k, largest=False)
    return value, torch.cat(places, 1).gather(1, chosen)
