"""Priors that are fitted to the codes of one and the same trained encoder, beside its own."""

from __future__ import annotations

import importlib
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from latentfit.checks import UserError
from latentfit.runs.cells import Row, run_of
from latentfit.shapes import is_image
from latentfit.storage.files import read_json, write_json
from latentfit.studies.base import Shown, Study, grouped, pick, spread, table
from latentfit.studies.rates import factor
from latentfit.studies.sets import paced

OWN = "its own"
FITTED: dict[str, dict[str, Any]] = {
    "gaussian": {},
    "gmm": {},
    "kde": {},
    "autoregressive": {"width": 1.0},
    "flow": {"width": 1.0},
    "two-stage": {"width": 0.5},  # a whole one of 1,024 units takes 40 core-minutes a cell
    "matching": {},
}
"""Priors that are fitted, and their settings: whatever the encoder's width, theirs is their own."""
DRAWN = 10_000  # codes whose drawing is timed


def _table(root: str | None) -> Any:
    """Visits, plan and health of 20,190 person-years (RAND Health Insurance Experiment)."""
    from latentfit.data import arrays

    x = _of_package("statsmodels.datasets.randhie").load_pandas().data
    return arrays(x.to_numpy(np.float32), name="health-insurance", kind="vectors")


def _spectra(root: str | None) -> Any:
    """Near infrared spectra of a fermentation, every eighth wavelength."""
    from latentfit.data import arrays

    held = _of_package("chemotools.datasets").load_fermentation_test()[0]
    x = np.random.default_rng(0).permutation(np.asarray(held, np.float32)[:, ::8])
    train, validation, test = np.split(x, [len(x) // 2, 3 * len(x) // 5])  # many, for a low floor
    return arrays(train, validation=(validation, None), test=(test, None), name="spectra",
                  kind="vectors", scale="common")  # fmt: skip


def _of_package(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        package = name.partition(".")[0]
        raise UserError(
            f"this study's data come with {package}, which is not installed: pip install {package}."
        ) from error


def _images(root: str | None, *, name: str) -> Any:
    from latentfit.data import load

    return load(name, root=root)


SETS: dict[str, tuple[int, Callable[[str | None], Any]]] = {
    "mnist": (32, partial(_images, name="mnist")),
    "fashion-mnist": (32, partial(_images, name="fashion-mnist")),
    "health-insurance": (6, _table),
    "spectra": (4, _spectra),
}
"""Latent dimensions of a set, and how it is read."""


@dataclass(frozen=True)
class LatePriors:
    """How far samples are from data, by which prior follows the codes of one `flexae-sr`.

    Attributes:
        data: One of `SETS`.
        rounds: Of `flexae-sr`.
        counted: Rounds that priors count by, as `fit-prior --rounds`.
        width: Of its networks.
        seed: Of weights and draws.
        root: Folder of image sets.
    """

    data: str
    rounds: int
    counted: int
    width: float
    seed: int
    root: str | None = None

    @property
    def key(self) -> str:
        """Set, rounds, width and seed."""
        sizes = f"{self.rounds}-{self.counted}-{self.width:g}"
        return f"late-priors-{self.data}-{sizes}-{self.seed}"

    def placed(self, root: str | None, *, compile: bool) -> LatePriors:
        """The same with image sets at `root`."""
        return replace(self, root=root)

    def play(self, folder: Path, data: Any) -> Row:
        """Train the encoder once, fit each prior to its codes, and score them."""
        from latentfit.expost import refit
        from latentfit.runs.run import commit, load

        began = time.monotonic()
        latent, read = SETS[self.data]
        known, run = read(self.root), run_of(self.key, folder)
        self._train(known, latent, run.path)
        kept = run.path / "priors.json"
        found: dict[str, Row] = read_json(kept) if kept.exists() else {}
        for name in (OWN, *FITTED):
            if name in found:
                continue
            model, started = load(run.path, device="cpu"), time.monotonic()
            if name != OWN:
                refit(model, known, name, rounds=self.counted, seed=self.seed, progress=False,
                      **FITTED[name])  # fmt: skip
            found[name] = self._judged(model, known, time.monotonic() - started)
            write_json(kept, found)
        return {
            "key": self.key, "recipe": "flexae-sr", "data": self.data, "latent": latent,
            "seed": self.seed, "rounds": self.rounds, "counted": self.counted,
            "width": self.width, "priors": found, "seconds": time.monotonic() - began,
            "commit": commit(),
        }  # fmt: skip

    def _train(self, known: Any, latent: int, path: Path) -> None:
        from latentfit.recipes import recipe
        from latentfit.runs.run import train

        settings: dict[str, Any] = {"width": self.width}
        if is_image(known.seen):
            scale = "paper" if self.rounds >= 130_000 else "short"
            settings = paced("flexae-sr", self.rounds, self.width, factor("flexae-sr", scale))
        else:
            # In so few rounds codes move faster than an average follows: on the spectra averaged
            # weights lose more than all of the variance, the last ones 2 %.
            settings |= {"batch": 64, "average": None}
        model = recipe("flexae-sr", known, latent=latent, seed=self.seed, **settings)
        train(model, known, rounds=self.rounds, out=path, seed=self.seed, validate=False,
              progress=False, device="cpu")  # fmt: skip

    def _judged(self, model: Any, known: Any, fitted: float) -> Row:
        """Distances, and what fitting and drawing took."""
        import torch

        from latentfit.expost import CodeMatching
        from latentfit.scoring.scores import evaluate

        features = "lenet" if is_image(known.seen) else "pixels"
        scores = evaluate(model, known, features=features, groups=("fd",), seed=self.seed)
        started = time.monotonic()
        with torch.no_grad():
            model.prior.sample(DRAWN)
        row: Row = {
            "fd": scores[f"fd_{features}"],
            "reconstruction": scores[f"fd_{features}_reconstruction"],
            "floor": scores[f"fd_{features}_floor"],
            "fit_seconds": fitted,
            "draw_seconds": time.monotonic() - started,
        }
        if isinstance(flows := getattr(model.prior, "model", None), CodeMatching):
            row["evaluations"] = 2 * flows.steps()
        return row


def _cells(scale: str) -> list[LatePriors]:
    counted = pick(scale, smoke=8, short=20_000, paper=130_000)
    images = pick(scale, smoke=(4, 1 / 32), short=(1_500, 0.125), paper=(130_000, 1.0))
    vectors = pick(scale, smoke=(8, 1 / 8), short=(3_000, 0.25), paper=(20_000, 1.0))
    played = [
        LatePriors(name, rounds, counted, width, seed)
        for seed in range(3)
        for name in SETS
        for rounds, width in (images if "mnist" in name else vectors,)
    ]
    return played[3:4] if scale == "smoke" else played


def saved(rows: Sequence[Mapping[str, Row]], name: str) -> list[float]:
    """By how much `matching` is below another prior, as a share, for each seed."""
    return [1 - row["matching"]["fd"] / row[name]["fd"] for row in rows]


def _show(rows: Sequence[Row], folder: Path, root: str | None) -> Shown:
    text = ""
    for (data,), held in grouped(rows, "data").items():
        priors: list[dict[str, Row]] = [row["priors"] for row in held]
        mean = {name: statistics.fmean(p[name]["fd"] for p in priors) for name in priors[0]}
        lines = []
        for name in sorted(mean, key=mean.__getitem__):
            told = [p[name] for p in priors]
            below = "" if name == "matching" else f"{1 - mean['matching'] / mean[name]:.0%}"
            worst = "" if name == "matching" else f"{min(saved(priors, name)):.0%}"
            lines.append([
                name, spread([row["fd"] for row in told]), below, worst,
                *(spread([row[of] for row in told]) for of in ("fit_seconds", "draw_seconds")),
                max(row.get("evaluations", 0) for row in told) or "",
            ])  # fmt: skip
        first = [next(iter(p.values())) for p in priors]
        ends = (spread([row[of] for row in first]) for of in ("reconstruction", "floor"))
        text += f"## {data}, m = {held[0]['latent']}\n\n"
        text += "Reconstructions {}, training data {}.\n\n".format(*ends)
        columns = ["prior", "FD", "matching is lower by", "the least of the seeds",
                   "seconds of fit", "of 10,000 draws", "evaluations a draw"]  # fmt: skip
        text += table(columns, lines) + "\n"
    return text, {}


LATE = Study(
    "late-priors",
    "ours",
    "the prior of FlexAE-SR, and others fitted to the codes of the same encoder",
    _cells,
    _show,
)
