"""A class that is held out: is it told from the others, beside what people use for that?"""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from latentfit.runs.cells import Row
from latentfit.studies.base import Shown, Study, grouped, pick, spread, table

FIFTHS = np.arange(1, 4)
RATE = 0.05  # of false alarms
SEEDS = (0, 1, 2)
SETS: dict[str, tuple[int, tuple[int, ...]]] = {
    "digits": (16, (0, 4, 8)),
    "mnist": (32, (0, 4, 8)),
    "fashion-mnist": (32, (0, 4, 8)),
    "breast-cancer": (8, (0, 0, 0)),
    "wine": (4, (0, 1, 2)),
}
"""Latent dimensions of a set, and the class that each seed holds out; 0 is malignant."""
WAYS = ("score", "error", "surprise", "isolation forest", "PCA")


@dataclass(frozen=True)
class HeldOut:
    """Whether a detector tells a class that it has never seen.

    A fifth of the other classes is kept aside, too: what is told from the held-out class. Two
    fifths are held out for p-values, since some sets are small, two are trained on.

    Attributes:
        data: One of `SETS`.
        rounds: Of `ae`.
        seed: Of weights, split and held-out class.
        root: Folder of image sets.
    """

    data: str
    rounds: int
    seed: int
    root: str | None = None

    @property
    def key(self) -> str:
        """Set, rounds and seed."""
        return f"held-out-{self.data}-{self.rounds}-{self.seed}"

    def placed(self, root: str | None, *, compile: bool) -> HeldOut:
        """The same with image sets at `root`."""
        return replace(self, root=root)

    def play(self, folder: Path, data: Any) -> Row:
        """Train on the other classes, judge both, and let scikit-learn do so, too."""
        from sklearn.metrics import roc_auc_score

        from latentfit.data import arrays
        from latentfit.recipes import recipe
        from latentfit.runs.run import commit, train
        from latentfit.scoring.anomaly import Detector
        from latentfit.shapes import is_image

        began = time.monotonic()
        (latent, classes), (x, y) = SETS[self.data], _labelled(self.data, self.root)
        odd = classes[self.seed]
        usual = np.random.default_rng(self.seed).permutation(np.flatnonzero(y != odd))
        aside, validation, test, known = (x[at] for at in np.split(usual, FIFTHS * len(usual) // 5))
        held = arrays(known, validation=(validation, None), test=(test, None), name=self.data)
        image = is_image(held.seen)
        settings: dict[str, Any] = {"width": 0.125, "batch": 64} if image else {"batch": 32}
        model = recipe("ae", held, latent=latent, seed=self.seed, rate=1e-3, **settings)
        train(model, held, rounds=self.rounds, seed=self.seed, validate=False, progress=False,
              device="cpu")  # fmt: skip
        detector = Detector(model, held, seed=self.seed)
        new = held.schema.apply(np.concatenate([aside, x[y == odd]]))
        truth = np.arange(len(new)) >= len(aside)
        found = detector.judge(new)
        judged = {name: getattr(found, name).numpy() for name in WAYS[:3]}
        flat = new.flatten(1).numpy()
        judged |= _others(held.train.first(len(held.train)).flatten(1).numpy(), flat, self.seed)
        alarms = (found.p <= RATE).numpy()
        return {
            "key": self.key, "recipe": "ae", "data": self.data, "latent": latent,
            "seed": self.seed, "rounds": self.rounds, "odd": odd,
            "auroc": {name: float(roc_auc_score(truth, s)) for name, s in judged.items()},
            "false": int(alarms[~truth].sum()), "usual": int((~truth).sum()),
            "found": float(alarms[truth].mean()), "held_out": detector.held,
            "seconds": time.monotonic() - began, "commit": commit(),
        }  # fmt: skip


def _labelled(name: str, root: str | None) -> tuple[np.ndarray, np.ndarray]:
    """All samples of a set in the units of their file, and their classes."""
    from sklearn import datasets

    from latentfit.data import load
    from latentfit.data.base import PARTS

    if name in ("wine", "breast-cancer"):
        held: Any = getattr(datasets, f"load_{name.replace('-', '_')}")()
        return np.asarray(held.data, np.float32), np.asarray(held.target)
    data = load(name, root=root)
    splits = [getattr(data, part) for part in PARTS]
    x = np.concatenate([data.schema.restore(split.first(len(split))) for split in splits])
    return (255 * x).round().astype(np.uint8), np.concatenate([s.labels for s in splits])


def _others(known: np.ndarray, new: np.ndarray, seed: int) -> dict[str, np.ndarray]:
    """What scikit-learn's forest, and the components of 95 % of the variance, say."""
    from sklearn.decomposition import PCA
    from sklearn.ensemble import IsolationForest

    forest = IsolationForest(n_estimators=200, random_state=seed).fit(known)
    components = PCA(0.95, svd_solver="full", random_state=seed).fit(known)
    rebuilt = components.inverse_transform(components.transform(new))
    return {
        "isolation forest": -forest.score_samples(new),
        "PCA": np.square(new - rebuilt).mean(1),
    }


def _cells(scale: str) -> list[HeldOut]:
    rounds = pick(scale, smoke=20, short=2_000, paper=20_000)
    played = [HeldOut(name, rounds, seed) for name in SETS for seed in SEEDS]
    return played[-1:] if scale == "smoke" else played


def _show(rows: Sequence[Row], folder: Path, root: str | None) -> Shown:
    lines: list[list[object]] = []
    for (name,), held in grouped(rows, "data").items():
        line: list[object] = [name, ", ".join(str(row["odd"]) for row in held)]
        line += [spread([row["auroc"][way] for row in held]) for way in WAYS]
        false, usual = (sum(row[of] for row in held) for of in ("false", "usual"))
        low, high = _binomial(held)
        line += [f"{false} of {usual} ({low} to {high})"]
        line += [f"{statistics.fmean(row['found'] for row in held):.0%}"]
        lines.append(line)
    columns = ["set", "class held out", *WAYS, "false alarms at 5 % (95 % interval)", "told"]
    return table(columns, lines), {}


def _binomial(rows: Sequence[Row]) -> tuple[int, int]:
    """Ends of the number of false alarms that a right rate gives.

    Binomial in the usual samples, and in the held-out ones behind the threshold: beta-binomial.
    """
    from scipy.stats import betabinom

    draws = 0
    random = np.random.default_rng(0)
    for row in rows:
        k = int(np.floor(RATE * (row["held_out"] + 1)))
        law = betabinom(row["usual"], k, row["held_out"] + 1 - k)
        draws = draws + law.rvs(100_000, random_state=random)
    low, high = np.quantile(draws, [0.025, 0.975])
    return int(low), int(high)


ANOMALIES = Study(
    "anomalies",
    "ours",
    "a class that is held out, told by `score`, an isolation forest and PCA",
    _cells,
    _show,
)
