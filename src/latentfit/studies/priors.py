"""The learned prior on four image sets: FlexAE's tables, and those of the others beside them."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from latentfit.runs.cells import Cell, Row, value
from latentfit.studies.base import (
    Shown,
    Study,
    by_latent,
    first,
    grouped,
    pick,
    samples,
    spread,
    table,
    told,
)
from latentfit.studies.published import TABLES, agreement, generated, published
from latentfit.studies.rates import factor, systems
from latentfit.studies.sets import SETS, distance, on_images, prepare

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PRD = ("vae-fixed-variance", "two-stage-vae", "rae-l2", "alae", "flexae", "flexae-sr")
FLEXIBLE = ("flexae", "flexae-sr")


def groups(recipe: str) -> tuple[str, ...]:
    """The scores that the papers' tables have of a system, and the distance."""
    more = ("prd",) if recipe in PRD else ()
    return ("fd", *more, *(("memorisation", "lines") if recipe in FLEXIBLE else ()))


def reported(recipe: str, data: str, seed: int, scale: str, *, latent: int | None = None) -> Cell:
    """A training of the tables: at the chosen rates, averaged and raw weights scored."""
    return on_images(
        recipe,
        data,
        seed,
        scale,
        latent=latent,
        factor=factor(recipe, scale),
        groups=groups(recipe),
        raw=True,
    )


def _cells(scale: str) -> list[Cell]:
    return [
        reported(name, data, seed, scale)
        for seed in range(pick(scale, smoke=1, short=3, paper=3))
        for data in SETS
        for name in systems(SETS[data].kind)
    ]


def _raw(row: Row, name: str) -> float | None:
    return row.get("raw", row.get("scores", {})).get(name)


def _table_1(data: str, rows: Sequence[Row]) -> str:
    """Distances of every system on a set, and the order against the published ones."""
    name = distance(rows[0])
    ours, lines = _means(rows), []
    for (recipe,), held in grouped(rows, "recipe").items():
        theirs = (generated(paper, data).get(recipe, "-") for paper in TABLES)
        lines.append([
            recipe, spread([value(row, name) for row in held]),
            spread([_raw(row, name) for row in held]),
            told(held, f"{name}_reconstruction"), told(held, "mse"), *theirs,
        ])  # fmt: skip
    lines.sort(key=lambda line: ours.get(str(line[0]), float("inf")))
    floor = statistics.fmean(v for row in rows if (v := value(row, f"{name}_floor")) is not None)
    columns = ["system", "FD", "FD, raw weights", "FD reconstructed", "MSE",
               *(f"FID ({paper.replace(', Table', '')})" for paper in TABLES)]  # fmt: skip
    text = f"## {SETS[data].title}\n\nFD of training images: {floor:.3g}.\n"
    for paper in TABLES:
        if found := agreement(ours, generated(paper, data)):
            text += f"Rank correlation with {paper}: {found}.\n"
    return text + "\n" + table(columns, lines)


def _beside(
    rows: Sequence[Row], paper: str, scores: Mapping[str, str], names: Sequence[str]
) -> str:
    """Scores of some systems on every set, each with the published value in parentheses."""
    lines = []
    for (recipe, data), held in grouped(rows, "recipe", "data").items():
        if recipe not in names:
            continue
        found = []
        for ours, theirs in scores.items():
            number = published(paper, theirs).get((recipe, data))
            mine = spread([value(row, ours) for row in held])
            found.append(mine if number is None else f"{mine} ({number:g})")
        lines.append([SETS[data].title, recipe, *found])
    order = [chosen.title for chosen in SETS.values()]
    lines.sort(key=lambda line: order.index(line[0]))
    return table(["data", "system", *scores.values()], lines)


MEMORISED = {
    "pms_train_train": "pms_train_train",
    "pms_generated_train": "pms_gen_train",
    "pms_train_test": "pms_train_test",
    "pms_generated_test": "pms_gen_test",
    "pms_ratio": "pms_ratio",
    "novelty": "novelty",
}
SMOOTH = {
    "fd_{features}": "FD",
    "fd_{features}_reconstruction": "FD reconstructed",
    "midpoints_{features}": "FD of midpoints",
    "jumps_{features}": "largest step over mean step",
    "pms_ratio": "PMS ratio",
    "novelty": "novelty",
}


def _smoothing(rows: Sequence[Row]) -> str:
    lines = []
    for (data, recipe), held in grouped(rows, "data", "recipe").items():
        if recipe in FLEXIBLE:
            features = distance(held[0]).removeprefix("fd_")
            names = (key.format(features=features) for key in SMOOTH)
            scores = (spread([value(row, name) for row in held]) for name in names)
            lines.append([SETS[data].title, recipe, *scores])
    return table(["data", "system", *SMOOTH.values()], lines)


def _show(rows: Sequence[Row], folder: Path, root: str | None) -> Shown:
    text = "".join(_table_1(data, held) + "\n" for (data,), held in grouped(rows, "data").items())
    text += "## Precision and recall (published values in parentheses: FlexAE, Table 2)\n\n"
    both = {"prd_precision": "prd_precision", "prd_recall": "prd_recall"}
    text += _beside(rows, "FlexAE, Table 2", both, PRD)
    text += "\n## Memorisation, distances of pixels (in parentheses: FlexAE, Table 4)\n\n"
    text += _beside(rows, "FlexAE, Table 4", MEMORISED, FLEXIBLE)
    text += "\n## With smoothing and without\n\n" + _smoothing(rows)
    return text, _against_published(rows) | _samples(rows, folder)


def _means(rows: Sequence[Row]) -> dict[str, float]:
    """The mean distance of each system of which no training failed."""
    found = {}
    for (recipe,), held in grouped(rows, "recipe").items():
        scores = [v for row in held if (v := value(row, distance(row))) is not None]
        if len(scores) == len(held):
            found[recipe] = statistics.fmean(scores)
    return found


def _against_published(rows: Sequence[Row]) -> dict[str, Figure]:
    from latentfit.pictures.charts import pairs

    panels = {}
    for (data,), held in grouped(rows, "data").items():
        ours, theirs = _means(held), generated(TABLES[0], data)
        both = {name: (theirs[name], ours[name]) for name in theirs if name in ours}
        if both:
            panels[SETS[data].title] = both
    if not panels:
        return {}
    return {"learned-prior": pairs(panels, ("published FID (FlexAE, Table 1)", "FD, ours"))}


def _samples(rows: Sequence[Row], folder: Path) -> dict[str, Figure]:
    """Samples of every system, best first; none of faces, which must not be published."""
    figures = {}
    for (data,), held in grouped(rows, "data").items():
        each = grouped(held, "recipe").items()
        firsts = {name: row for (name,), some in each if (row := first(some, folder)) is not None}
        ours = _means(held)
        names = sorted((name for name in firsts if name in ours), key=ours.__getitem__)
        if data != "celeba" and names:
            caption = f"{SETS[data].title}: uncurated, one seed each, the lowest distance first."
            shown = {name: firsts[name] for name in names}
            figures[f"samples-{data}"] = samples(shown, folder, caption)
    return figures


def _sizes(scale: str) -> list[Cell]:
    return [
        reported(name, data, seed, scale, latent=times * SETS[data].latent)
        for seed in range(pick(scale, smoke=1, short=3, paper=3))
        for data in SETS
        for name in ("wae-gan", "flexae-sr")
        for times in (1, 2, 4)
    ]


def _show_sizes(rows: Sequence[Row], folder: Path, root: str | None) -> Shown:
    from latentfit.pictures.charts import against_latent

    lines = []
    for (data, recipe, m), held in grouped(rows, "data", "recipe", "latent").items():
        fd = distance(held[0])
        paper = f"FlexAE, Table 3, {m // SETS[data].latent} m_b"
        line: list[object] = [SETS[data].title, recipe, m]
        for score, theirs in ((f"{fd}_reconstruction", "fid_rec"), (fd, "fid_gen")):
            line.append(spread([value(row, score) for row in held]))
            line.append(published(paper, theirs).get((recipe, data), "-"))
        lines.append(line)
    columns = ["data", "system", "m", "FD reconstructed", "published FID", "FD generated",
               "published FID"]  # fmt: skip
    curves = {
        f"FD, {SETS[data].title}": {
            recipe: by_latent(held, distance(held[0]))
            for (recipe,), held in grouped(of_data, "recipe").items()
        }
        for (data,), of_data in grouped(rows, "data").items()
    }
    return table(columns, lines), {"latent-size": against_latent(curves)}


PRIORS = (
    Study(
        "learned-prior",
        "FlexAE, Tables 1, 2 and 4; MaskAAE, Table 1; Geng et al., Tables 1 and 2",
        "the systems of the published tables on four image sets, at rates that validation chose, "
        "averaged weights and raw ones; distances on a small classifier's features, so that only "
        "orders compare",
        _cells,
        _show,
        prepare=prepare,
    ),
    Study(
        "latent-size",
        "FlexAE, Table 3",
        "generation as the latent size grows, fixed against learned prior; distances on the "
        "features of small classifiers, so that only shapes compare",
        _sizes,
        _show_sizes,
        prepare=prepare,
    ),
)
