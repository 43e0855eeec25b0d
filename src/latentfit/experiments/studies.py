"""Published tables and figures as lists of cells: `latentfit reproduce NAME`."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from latentfit.checks import one_of, within
from latentfit.experiments import sizing
from latentfit.experiments.cells import Cell, Row, must_be_cells, play_cells, value
from latentfit.training.checkpoint import atomically

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SCALES = ("smoke", "short", "paper")
LATENT = ("fd", "latent")  # groups of scores that these studies read
# The published slides, Table 2: NAC of the fixed prior and of the mask, and active dimensions.
PUBLISHED_NAC = {(8, 16): (0.040, 0.030, 9), (16, 32): (0.031, 0.013, 16)}
# A pace that fits a CPU; the papers' own stands in the recipes.
PACE: dict[str, dict[str, Any]] = {"flexae": {"rate": 5e-4, "batch": 64}, "wae-gan": {"batch": 64}}


@dataclass(frozen=True)
class Study:
    """A published table or figure.

    Attributes:
        name: What a person types.
        source: Where it was published.
        what: What it shows, in a line.
        cells: From a scale to the trainings.
        shows: From rows to a text (Markdown) and figures by name.
    """

    name: str
    source: str
    what: str
    cells: Callable[[str], list[Cell]]
    shows: Callable[[Sequence[Row]], tuple[str, dict[str, Figure]]]


def reproduce(
    name: str,
    folder: Path,
    *,
    scale: str = "short",
    workers: int = 1,
    seeds: int | None = None,
    compile: bool = False,
    root: str | None = None,
) -> Path:
    """Play a study and write its table and figures.

    Arguments:
        name: One of `STUDIES`.
        folder: Where cells, table and figures go; the same call goes on where it stopped, and
            studies that share a folder share their cells.
        scale: `smoke` (a minute, to see that it runs), `short` (hours on a CPU), `paper`.
        workers: Trainings at a time.
        seeds: Play only the first of the scale's seeds; None plays all.
        compile: Compile each player's terms; pays off from a few thousand rounds on.
        root: Folder of data sets.

    Returns:
        The path of the table.
    """
    from dataclasses import replace

    from latentfit.experiments.figures import save

    study = STUDIES[one_of("study", name, STUDIES)]
    one_of("scale", scale, SCALES)
    if seeds is not None:
        within("seeds", seeds, 1)
    cells = [
        replace(cell, root=root, compile=compile)
        for cell in study.cells(scale)
        if seeds is None or cell.seed < seeds
    ]
    rows = play_cells(cells, folder, workers=workers)
    must_be_cells(rows)
    text, figures = study.shows(rows)
    seconds = sum(row["seconds"] for row in rows)
    fewer = "" if seeds is None else f" --seeds {seeds}"
    head = (
        f"# {study.name}, scale {scale}\n\n{study.what} ({study.source}). Made by "
        f"`latentfit reproduce {study.name} --scale {scale}{fewer}`: {len(rows)} trainings, "
        f"{seconds / 60:.0f} core-minutes. ± is the standard deviation over seeds.\n\n"
    )
    for key, figure in figures.items():
        save(figure, folder / f"{key}.png")
        save(figure, folder / f"{key}.pdf")
    path = folder / f"{name}.md"
    atomically(path, lambda draft: draft.write_text(head + text, encoding="utf-8"))
    return path


def table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A Markdown table."""
    lines = ["| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]
    return "\n".join(lines + ["| " + " | ".join(map(str, row)) + " |" for row in rows]) + "\n"


def spread(values: Sequence[float | None], digits: int = 3) -> str:
    """Mean and standard deviation as text; how many failed where some did."""
    held = [v for v in values if v is not None]
    if not held:
        return "failed"
    text = f"{statistics.fmean(held):.{digits}g}"
    if len(held) > 1:
        text += f" ± {statistics.stdev(held):.2g}"
    lost = len(values) - len(held)
    return f"{text} ({lost} failed)" if lost else text


def grouped(rows: Sequence[Row], *by: str) -> dict[tuple[Any, ...], list[Row]]:
    """Rows by the values of some of their fields, in the order of first appearance."""
    found: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
    for row in rows:
        found[tuple(row[name] for name in by)].append(row)
    return dict(found)


def synthetic(n: int, seed: int) -> str:
    """The synthetic set of true dimension n; a network of its own for each seed."""
    return f"synthetic:n={n},d=128,seed={seed}"


def true_dimension(row: Row) -> int:
    """N of a row on a synthetic set."""
    return int(row["data"].split("n=")[1].split(",")[0])


def _pick(scale: str, *, smoke: Any, short: Any, paper: Any) -> Any:
    return {"smoke": smoke, "short": short, "paper": paper}[scale]


def _rounds(recipe: str, scale: str) -> int:
    """The mask has a clock of its own."""
    short = sizing.MASK_ROUNDS if recipe == "maskaae" else 6_000
    return _pick(scale, smoke=60, short=short, paper=50_000)


def _on_synthetic(recipe: str, n: int, m: int, seed: int, scale: str) -> Cell:
    pace = PACE.get(recipe, {})
    return Cell(recipe, synthetic(n, seed), m, seed, _rounds(recipe, scale), pace, LATENT)


def _u_curve(scale: str) -> list[Cell]:
    n, seeds = 8, range(_pick(scale, smoke=1, short=5, paper=5))
    sizes = {"wae-gan": (n // 2, n, 2 * n, 4 * n)}  # below n only the fixed prior's left arm
    return [
        _on_synthetic(recipe, n, m, seed, scale)
        for seed in seeds
        for recipe in ("wae-gan", "maskaae", "flexae")
        for m in sizes.get(recipe, (n, 2 * n, 4 * n))
    ]


def _show_u_curve(rows: Sequence[Row]) -> tuple[str, dict[str, Figure]]:
    from latentfit.experiments.charts import against_latent

    cells = grouped(rows, "recipe", "latent")
    lines = [
        [recipe, latent]
        + [spread([value(row, name) for row in group])
           for name in ("fd_pixels", "fd_pixels_reconstruction", "prior_wasserstein", "active")]
        for (recipe, latent), group in cells.items()
    ]  # fmt: skip
    columns = ["recipe", "m", "FD generated", "FD reconstructed", "prior Wasserstein", "active"]
    curves: dict[str, dict[str, dict[int, list[float]]]] = {}
    for name, label in (
        ("fd_pixels", "Frechet distance, generated"),
        ("prior_wasserstein", "codes to prior (fresh critic)"),
    ):
        curves[label] = {
            recipe: {
                latent: [v for row in group if (v := value(row, name)) is not None]
                for (other, latent), group in cells.items()
                if other == recipe
            }
            for recipe in dict.fromkeys(recipe for recipe, _ in cells)
        }
    return table(columns, lines), {"u-curve": against_latent(curves, true_dimension(rows[0]))}


def _mask(scale: str) -> list[Cell]:
    sizes = _pick(scale, smoke=(8,), short=(8, 16), paper=(5, 8, 12, 16, 24))
    seeds = range(_pick(scale, smoke=1, short=3, paper=5))
    return [
        _on_synthetic("maskaae", n, factor * n, seed, scale)
        for n in sizes
        for factor in (1, 2, 4)
        for seed in seeds
    ]


def _show_mask(rows: Sequence[Row]) -> tuple[str, dict[str, Figure]]:
    lines, right = [], 0
    for row in rows:
        n, found = true_dimension(row), sizing.verdict(row)
        right += not found.failed and abs(found.active - n) <= 1
        lines.append(
            [n, row["latent"], row["seed"], found.active, found.half_open,
             found.failed or "-", spread([value(row, "fd_pixels")]), spread([value(row, "nac")])]
        )  # fmt: skip
    columns = ["n", "m", "seed", "active", "between 0.1 and 0.9", "failed", "FD", "NAC"]
    text = f"Within 1 of n: {right} of {len(rows)}.\n\n" + table(columns, lines)
    return text, {}


def _nac(scale: str) -> list[Cell]:
    seeds = range(_pick(scale, smoke=1, short=3, paper=5))
    return [
        _on_synthetic(recipe, n, m, seed, scale)
        for n, m in PUBLISHED_NAC
        for seed in seeds
        for recipe in ("wae-gan", "maskaae")
    ]


def _show_nac(rows: Sequence[Row]) -> tuple[str, dict[str, Figure]]:
    lines = []
    for (n, m), (fixed, masked, active) in PUBLISHED_NAC.items():
        for recipe, published in (("wae-gan", fixed), ("maskaae", masked)):
            group = [
                row for row in rows
                if row["recipe"] == recipe and row["latent"] == m and true_dimension(row) == n
            ]  # fmt: skip
            if group:
                ours = spread([value(row, "nac") for row in group])
                open_ = spread([value(row, "active") for row in group])
                shown = active if recipe == "maskaae" else "-"
                lines.append([n, m, recipe, ours, published, open_, shown])
    columns = ["n", "m", "recipe", "NAC", "published", "active", "published"]
    return table(columns, lines), {}


STUDIES = {
    study.name: study
    for study in (
        Study(
            "u-curve",
            "MaskAAE, Figures 1 and 4; LMGAE, Figure 3; FlexAE, Figure 2",
            "generation against latent size: a fixed prior has an optimum near the true dimension, "
            "a learned mask and a learned prior do not care",
            _u_curve,
            _show_u_curve,
        ),
        Study(
            "mask",
            "MaskAAE, Figures 4 and 5",
            "active dimensions from different latent sizes on synthetic data",
            _mask,
            _show_mask,
        ),
        Study(
            "nac",
            "MaskAAE slides, Table 2",
            "normalised absolute correlation of codes, fixed prior against learned mask",
            _nac,
            _show_nac,
        ),
    )
}


__all__ = ["SCALES", "STUDIES", "Study", "reproduce"]
