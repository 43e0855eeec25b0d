"""Which score sees copies of training data: python scripts/planted_copies.py --root DIR.

Sets of samples are made of real data that no score compares them with, as of a perfect model; then
a share of each is replaced by near copies of training rows, or all of it is spoiled without any.
Every set is scored, and the script tells how well each score tells 20 % of near copies from none,
and how often `authenticity` cries wolf. It writes `NAME.md` and `NAME.jsonl` to `results/copies`.
"""

from __future__ import annotations

import argparse
import json
import statistics
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, reduce
from pathlib import Path
from typing import Any

import torch
from scipy.ndimage import gaussian_filter
from torch import Tensor

from latentfit import metrics
from latentfit.data import Data, load
from latentfit.metrics import nearest
from latentfit.metrics.memorisation import told_apart
from latentfit.scoring import verdict
from latentfit.studies.base import table

RESULTS = Path(__file__).parents[1] / "results" / "copies"
NAMES = ("mnist", "fashion-mnist", "cifar10", "digits", "synthetic:n=8,d=64,count=12000")
MOST, POOL = 10_000, 2_000  # training rows; rows of each kind that sets are drawn from
SPLITS, SETS, SIZE = 4, 10, 500  # of the rows; of each kind, and samples of each
SHARES = (0.05, 0.1, 0.2, 0.5)
SCORES = ("authenticity", "novelty", "pms_ratio", "published", "membership")


@dataclass
class Known:
    """Training rows in two halves, rows to compare with, and rows that samples are made of."""

    train: Tensor
    test: Tensor
    fresh: Tensor
    labels: Tensor
    shape: tuple[int, ...]

    @property
    def few(self) -> Tensor:
        """As many training rows as there are test rows, or a few more."""
        return self.train[:: len(self.train) // len(self.test)]

    @cached_property
    def usual(self) -> tuple[float, float]:
        """Distances of training rows to others over those to test rows: to all, and to few."""
        step = len(self.train) // len(self.test)
        rows = self.train[1::step]
        test = nearest(rows, self.test)[0].mean()
        others = nearest(rows, self.train, 2)[0][:, 1].mean(), nearest(rows, self.few)[0].mean()
        return float(others[0] / test), float(others[1] / test)


@dataclass
class Found:
    """What is found of samples one by one; sets are drawn from it.

    Attributes:
        rows: The samples.
        foot: `metrics.foot`.
        first: Place of the nearest training row.
        near: Distances to the nearest of training, test and as many training as test rows, (N, 3).
        published: Whether each is farther from a training row than that from its neighbour.
    """

    rows: Tensor
    foot: Tensor
    first: Tensor
    near: Tensor
    published: Tensor

    def some(self, count: int) -> Found:
        """A random part of them."""
        at = torch.randperm(len(self.rows))[:count]
        return Found(*(held[at] for held in vars(self).values()))

    def beside(self, other: Found) -> Found:
        """Both."""
        parts = [(getattr(self, name), getattr(other, name)) for name in vars(self)]
        return Found(*(torch.cat(pair) for pair in parts))


def known(data: Data) -> Known:
    """Three fifths of all rows to train on, a fifth to compare with and one to make samples of."""
    splits = (data.train, data.validation, data.test)
    x = torch.cat([split.some(MOST).flatten(1) for split in splits])
    labels = [torch.zeros(len(s)) if s.labels is None else s.labels[s.spread(MOST)] for s in splits]
    order = torch.randperm(len(x))
    ends = (min(MOST, 3 * len(x) // 5), min(POOL, len(x) // 5))
    train, test, fresh, _ = order.split([ends[0], ends[1], ends[1], len(x) - ends[0] - 2 * ends[1]])
    return Known(x[train], x[test], x[fresh], torch.cat(labels)[fresh], data.seen)


def find(rows: Tensor, held: Known) -> Found:
    """What is found of samples (N, d)."""
    near, places = nearest(rows, held.train, 2)
    first, second = held.train[places[:, 0]], held.train[places[:, 1]]
    own, _ = nearest(first, held.train, 2)
    few, others = nearest(rows, held.few)[0], nearest(rows, held.test)[0]
    return Found(rows, metrics.foot(rows, first, second), places[:, 0],
                 torch.cat([near[:, :1], others, few], 1), near[:, 0] > own[:, 1])  # fmt: skip


def scored(made: Found, held: Known, fresh: Found) -> dict[str, float]:
    """Scores of a set, and whether the verdict is that it remembers."""
    distinct = len(made.first.unique())
    share = metrics.authenticity(made.foot, fresh.foot, distinct=distinct)
    train, test, few = made.near.mean(0).tolist()
    usual, usual_few = held.usual
    members = held.train[:: max(1, len(held.train) // 1_000)]
    told = {"authenticity": share.value, "authenticity_se": share.spread}
    return {
        **told,
        "novelty": train / test / usual,
        "pms_ratio": few / test / usual_few,
        "published": float(made.published.double().mean()),
        "membership": metrics.membership(members, held.test, made.rows),
        "remembers": float(verdict(told).key == "remembers"),
    }


def blurred(x: Tensor, shape: tuple[int, ...], deviation: float) -> Tensor:
    """Images (N, d) of a shape, blurred."""
    images = x.reshape(-1, *shape).numpy()
    return torch.from_numpy(gaussian_filter(images, (0, 0, deviation, deviation))).flatten(1)


def changes(shape: tuple[int, ...], scale: float) -> dict[str, Callable[[Tensor], Tensor]]:
    """What near copies are, by name: from rows to rows; noise in deviations of an entry."""
    found: dict[str, Callable[[Tensor], Tensor]] = {
        "exact": lambda x: x,
        "noise 0.2": lambda x: x + 0.2 * scale * torch.randn_like(x),
        "noise 0.5": lambda x: x + 0.5 * scale * torch.randn_like(x),
        "0.9 of it": lambda x: 0.9 * x,
        "0.8 of it, 0.2 of another": lambda x: 0.8 * x + 0.2 * x[torch.randperm(len(x))],
    }
    if len(shape) == 3:
        found["blur 0.5"] = lambda x: blurred(x, shape, 0.5)
    return found


def spoilt(held: Known, scale: float) -> dict[str, Tensor]:
    """Samples that are no copies, by what is wrong with them."""
    x, count = held.fresh, len(held.fresh)
    found = {
        "nothing": x,
        "noise 0.2": x + 0.2 * scale * torch.randn_like(x),
        "noise 1": x + scale * torch.randn_like(x),
        "half way to the mean": x.lerp(x.mean(0), 0.5),
        "all near the mean": x.lerp(x.mean(0), 0.95),
        "five samples, repeated": x[:5].repeat(count // 5, 1),
    }
    if len(held.shape) == 3:
        found |= {f"blur {level}": blurred(x, held.shape, level) for level in (0.5, 1.0, 2.0)}
    if len(held.labels.unique()) > 1:
        found |= {f"class {k} alone": x[held.labels == k] for k in (0, 1, 8)}
    return found


def main() -> None:
    """Plant, score and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=Path)
    parser.add_argument("--data", nargs="+", default=list(NAMES))
    given = parser.parse_args()
    RESULTS.mkdir(parents=True, exist_ok=True)
    for name in given.data:
        torch.manual_seed(0)
        text, rows = told(load(name, root=given.root))
        stem = RESULTS / name.partition(":")[0]
        stem.with_suffix(".md").write_text(f"# {name}\n\n{text}", encoding="utf-8")
        lines = (
            json.dumps({"kind": kind, **row}) + "\n" for kind, of in rows.items() for row in of
        )
        stem.with_suffix(".jsonl").write_text("".join(lines), encoding="utf-8")
        print(f"{name}\n{text}", flush=True)


def told(data: Data) -> tuple[str, dict[str, list[dict[str, float]]]]:
    """Tables of a data set, and the scores of all sets."""
    sets: dict[str, list[dict[str, float]]] = defaultdict(list)
    single: dict[str, list[float]] = defaultdict(list)
    for _ in range(SPLITS):
        split(known(data), sets, single)
    return tables(sets, single), sets


def split(
    held: Known, sets: dict[str, list[dict[str, float]]], single: dict[str, list[float]]
) -> None:
    """Score sets of every kind of one split of the rows."""
    size, scale = min(SIZE, len(held.fresh) // 2), float(held.train.std(0).mean())
    test, fresh = find(held.test, held), find(held.fresh, held)

    def play(name: str, *parts: tuple[Found, int]) -> None:
        for _ in range(SETS):
            drawn = [found.some(count) for found, count in parts]
            row = scored(reduce(Found.beside, drawn), held, test)
            told = {of: round(value, 4) for of, value in row.items()}
            sets[name].append(told | {"size": size, "rows": len(held.train)})

    for name, x in spoilt(held, scale).items():
        play(f"none, {name}", (find(x, held), size))
    for name, change in changes(held.shape, scale).items():
        copied = find(change(held.train[torch.randperm(len(held.train))[:POOL]]), held)
        single[name].append(told_apart(copied.foot.abs(), fresh.foot.abs()))
        for share in SHARES:
            count = round(share * size)
            play(f"{share:.0%} {name}", (copied, count), (fresh, size - count))


def tables(sets: dict[str, Any], single: dict[str, list[float]]) -> str:
    """What came out, as Markdown."""
    clean, lines = sets["none, nothing"], []
    for name, aurocs in single.items():
        fifth = sets[f"20% {name}"]
        areas = []
        for of in SCORES:
            sign = -1 if of == "membership" else 1
            members, others = ([sign * row[of] for row in side] for side in (fifth, clean))
            areas.append(f"{told_apart(members, others):.2f}")
        shares = (_mean(sets[f"{share:.0%} {name}"], "authenticity") for share in SHARES)
        said = (_mean(sets[f"{share:.0%} {name}"], "remembers", ".0%") for share in SHARES)
        lines.append([name, f"{statistics.fmean(aurocs):.3f}", *areas, ", ".join(shares),
                      ", ".join(said)])  # fmt: skip
    levels = ", ".join(f"{share:.0%}" for share in SHARES)
    columns = ["near copies", "AUROC of one sample", *(f"AUROC of {of}" for of in SCORES),
               f"authenticity at {levels}", "said to remember"]  # fmt: skip
    size, rows = clean[0]["size"], clean[0]["rows"]
    text = f"{SPLITS * SETS} sets of {size} samples of each kind, {rows:,} training rows. "
    text += "AUROC of a score: sets with 20 % of near copies against clean ones.\n\n"
    text += table(columns, lines) + "\n"
    lines = [[name.removeprefix("none, "), *(_mean(found, of) for of in SCORES),
              _mean(found, "remembers", ".0%")]
             for name, found in sets.items() if name.startswith("none")]  # fmt: skip
    return text + table(["no copies, but", *SCORES, "said to remember"], lines)


def _mean(rows: list[dict[str, float]], name: str, form: str = ".2f") -> str:
    return format(statistics.fmean(row[name] for row in rows), form)


if __name__ == "__main__":
    main()
