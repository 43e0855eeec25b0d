"""Which score sees which fault: python scripts/score_faults.py --root DIR [--data mnist].

Spoils test images step by step (blur, noise, classes that are missing, copies of training images,
copies of few images), scores each step as if it were generated, and writes a table, JSON lines and
a figure under `results/faults/`, which the page `docs/which-score.md` shows. Half of the test
images are spoiled, the other half is the reference; several random halves give the spread.
"""

from __future__ import annotations

import argparse
import json
import statistics
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure
from scipy.ndimage import gaussian_filter
from torch import Tensor

from latentfit import metrics
from latentfit.data import Data, load
from latentfit.pictures.figures import save
from latentfit.scoring import METRICS, Comparison, Pair

RESULTS = Path(__file__).parents[1] / "results" / "faults"
# Steps of each fault, from none to heavy.
FAULTS: dict[str, tuple[float, ...]] = {
    "blur": (0, 0.5, 1.0, 1.5, 2.0),  # deviation in pixels
    "noise": (0, 0.1, 0.2, 0.3, 0.4),  # deviation in units of [0, 1]
    "missing classes": (0, 2, 4, 6, 8),  # of ten
    "training copies": (0, 0.25, 0.5, 0.75, 1.0),  # share of the samples
    "repeats": (1, 10, 50, 250, 1250),  # copies of each image that is kept
}
# For each score the sign that makes "larger is worse".
WORSE = {
    "fd_lenet": 1, "kid_lenet": 1, "prd_precision": -1, "prd_recall": -1, "precision": -1,
    "recall": -1, "density": -1, "coverage": -1, "classifier_score": -1, "pms_ratio": -1,
}  # fmt: skip
SPLITS = 3


def main() -> None:
    """Score every step of every fault."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", default="mnist")
    parser.add_argument("--root", type=Path)
    given = parser.parse_args()
    data = load(given.data, root=given.root)
    extractor = metrics.extractor("lenet", data.seen, data.name)
    rows = []
    for fault, steps in FAULTS.items():
        for step, level in enumerate(steps):
            repeats: dict[str, list[float]] = defaultdict(list)
            for seed in range(SPLITS):
                for name, value in score(data, extractor, fault, level, seed).items():
                    repeats[name].append(value)
            means = {name: statistics.fmean(values) for name, values in repeats.items()}
            spread = {name: statistics.stdev(values) for name, values in repeats.items()}
            rows.append({"fault": fault, "step": step, "level": level} | means | {"sd": spread})
            print(
                fault, level, {name: round(value, 4) for name, value in means.items()}, flush=True
            )
    RESULTS.mkdir(parents=True, exist_ok=True)
    stem = RESULTS / given.data
    stem.with_suffix(".jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    stem.with_suffix(".md").write_text(table(rows))
    save(draw(rows), stem.with_suffix(".png"))


def score(
    data: Data, extractor: metrics.Extractor, fault: str, level: float, seed: int
) -> dict[str, float]:
    """Scores of one half of the test images, spoiled, against the other half."""
    generator = torch.Generator().manual_seed(seed)
    order = torch.randperm(len(data.test), generator=generator)
    mine, theirs = order.tensor_split(2)
    theirs = theirs[: len(mine)]
    train = torch.randperm(len(data.train), generator=generator)[: 3 * len(mine)]
    copied, other, _ = train.split(len(mine))
    samples = spoil(data, mine, copied, fault, level, generator)
    real = data.test.take(theirs)
    features, reference = extractor(samples), extractor(real)
    scores: dict[str, float] = {}
    pair = Pair(features, reference, metrics.Known(reference), seed)
    for row in METRICS.values():
        if isinstance(row, Comparison) and not row.vectors:
            scores[row.key(extractor)] = row.of(pair)
    if extractor.head is None:
        raise SystemExit("the classifier score needs a classifier")
    scores["classifier_score"] = metrics.inception_score(extractor.head(features).detach()).value
    sets = [samples, data.train.take(copied), data.train.take(other), real]
    scores["pms_ratio"] = metrics.memorisation(*(x.flatten(1) for x in sets)).ratio
    return scores


def spoil(
    data: Data, mine: Tensor, copied: Tensor, fault: str, level: float, generator: torch.Generator
) -> Tensor:
    """The images `mine` with a fault; as many as before."""
    clean = data.test.take(mine)
    if fault == "blur":
        sigma = (0, 0, level, level)
        return torch.from_numpy(gaussian_filter(clean.numpy(), sigma)).clamp(0, 1)
    if fault == "noise":
        return (clean + level * torch.randn(clean.shape, generator=generator)).clamp(0, 1)
    if fault == "missing classes":
        labels = data.test.labels
        if labels is None:
            raise SystemExit(f"{data.name} has no classes to leave out")
        kept = mine[labels[mine] >= level]
        return data.test.take(kept[torch.randint(len(kept), (len(mine),), generator=generator)])
    if fault == "training copies":
        count = int(level * len(mine))
        return torch.cat([data.train.take(copied[:count]), clean[count:]])
    kept = clean[: max(1, len(mine) // int(level))]
    return kept.repeat(int(level), 1, 1, 1)[: len(mine)]


def table(rows: list[dict[str, Any]]) -> str:
    """A row for each step, with the standard deviation over the halves."""
    head = (
        "Clean and spoiled test images, one half against the other; mean and standard deviation "
        f"over {SPLITS} random halves. Made by `python scripts/score_faults.py`.\n"
    )
    lines = [head, "| fault | level | " + " | ".join(WORSE) + " |", "|---" * (len(WORSE) + 2) + "|"]
    for row in rows:
        spread = row["sd"]
        cells = [f"{row[name]:.4g} ± {spread[name]:.1g}" for name in WORSE]
        lines.append(f"| {row['fault']} | {row['level']} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def draw(rows: list[dict[str, Any]]) -> Figure:
    """A panel a fault, a line a score: how many deviations it has moved for the worse."""
    figure = Figure(figsize=(10.5, 3.4), dpi=160, layout="constrained")
    panels = figure.subplots(1, len(FAULTS), sharey=True)
    cell: Callable[[str, str], list[float]] = lambda fault, name: [  # noqa: E731
        float(row[name]) for row in rows if row["fault"] == fault
    ]
    noise = {
        name: max(
            statistics.fmean(float(row["sd"][name]) for row in rows if row["step"] == 0),
            1e-9,
        )
        for name in WORSE
    }
    markers = "osv^<>DPX*"
    for axes, fault in zip(panels, FAULTS, strict=True):
        for (name, sign), marker in zip(WORSE.items(), markers, strict=True):
            values = np.array(cell(fault, name))
            moved = sign * (values - values[0]) / noise[name]
            axes.plot(moved, marker=marker, markersize=3.5, linewidth=1, label=name)
        axes.axhspan(-2, 2, color="#dddddd", linewidth=0)
        axes.set_yscale("symlog", linthresh=2)
        axes.set_xticks(range(5), [f"{level:g}" for level in FAULTS[fault]], fontsize=7)
        axes.set_title(fault, fontsize=9)
    panels[0].set_ylabel("moved for the worse (deviations of the clean score)", fontsize=8)
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=5, fontsize=8, frameon=False)
    return figure


if __name__ == "__main__":
    main()
