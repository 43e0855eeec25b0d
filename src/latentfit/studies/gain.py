"""What a learned mask gains on images: the same networks and game, with the mask and without."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from torch import Tensor

from latentfit import sizing
from latentfit.runs.cells import Cell, Row, value
from latentfit.studies.base import (
    Shown,
    Study,
    by_latent,
    first,
    grouped,
    opened,
    pick,
    spread,
    table,
)
from latentfit.studies.published import published
from latentfit.studies.sets import SETS, distance, on_images, prepare

BOTH = ("wae-wgan", "maskaae")
# From about what a first mask (seeds 100 and 101, which are not reported) leaves open on each set,
# m_A, to four times of it.
SIZES = {
    "mnist": (10, 13, 26, 52),
    "fashion-mnist": (10, 20, 40),
    "cifar10": (8, 16, 32),
    "celeba": (8, 16, 32),
}
SLIDES = "MaskAAE slides, Table 2"


def _cells(scale: str) -> list[Cell]:
    return [
        on_images(name, data, seed, scale, latent=m, groups=("fd", "latent"))
        for seed in range(pick(scale, smoke=1, short=3, paper=5))
        for data, sizes in SIZES.items()
        for m in (sizes[:1] if scale == "smoke" else sizes)
        for name in BOTH
    ]


def _show(rows: Sequence[Row], folder: Path, root: str | None) -> Shown:
    from latentfit.pictures.charts import against_latent, correlations
    from latentfit.pictures.sizes import Trace, mask_traces

    lines: list[list[object]] = []
    traces: dict[str, dict[int, list[Trace]]] = {}
    for (data, m, recipe), held in grouped(rows, "data", "latent", "recipe").items():
        fd, title = distance(held[0]), SETS[data].title
        scores = (fd, f"{fd}_reconstruction", "mse", "nac", "prior_wasserstein")
        told = ", ".join(_open(row) for row in held) if recipe == "maskaae" else "-"
        lines.append(
            [title, m, recipe, told, *(spread([value(r, s) for r in held]) for s in scores)]
        )
        for row in held:
            if recipe == "maskaae" and "error" not in row and (steps := sizing.trace(row, folder)):
                traces.setdefault(title, {}).setdefault(m, []).append(steps)
    columns = ["data", "m", "system", "open, each seed", "FD", "FD reconstructed", "MSE", "NAC",
               "codes to prior"]  # fmt: skip
    curves = {
        f"FD, {SETS[data].title}": {
            name: by_latent(held, distance(held[0]))
            for (name,), held in grouped(of_data, "recipe").items()
        }
        for (data,), of_data in grouped(rows, "data").items()
    }
    figures = {"mask-gain": against_latent(curves)}
    if traces:
        true = [int(published(SLIDES, "active_dims")["maskaae", data]) for data in SETS
                if SETS[data].title in traces]  # fmt: skip
        figures["mask-images"] = mask_traces(traces, true)
    if codes := _codes(rows, folder, root):
        figures["mask-correlations"] = correlations(codes)
    return _gains(rows) + "\n" + table(columns, lines) + "\n" + _slides(), figures


def _open(row: Row) -> str:
    """How many dimensions the mask left open; a failed run in parentheses."""
    found = sizing.verdict(row)
    return f"({found.active})" if found.failed else str(found.active)


def _gains(rows: Sequence[Row]) -> str:
    """The mask's distance over that without it, seed by seed."""
    lines = []
    for (data, m), held in grouped(rows, "data", "latent").items():
        by_seed = grouped(held, "seed").values()
        ratios: dict[str, list[float | None]] = {"fd": [], "nac": []}
        for pair in by_seed:
            found = {row["recipe"]: row for row in pair}
            if set(found) == set(BOTH):
                for name, score in (("fd", distance(pair[0])), ("nac", "nac")):
                    a, b = (value(found[recipe], score) for recipe in ("maskaae", "wae-wgan"))
                    ratios[name].append(a / b if a is not None and b else None)
        if ratios["fd"]:
            lines.append([SETS[data].title, m, *(spread(held) for held in ratios.values())])
    columns = ["data", "m", "FD with the mask over FD without", "NAC with over without"]
    return table(columns, lines)


def _slides() -> str:
    lines = []
    for data, chosen in SETS.items():
        active = published(SLIDES, "active_dims").get(("maskaae", data))
        nacs = (published(SLIDES, "nac").get((recipe, data)) for recipe in BOTH)
        lines.append([chosen.title, f"{active:g}", *nacs])
    return "Published (slides, Table 2):\n\n" + table(
        ["data", "open", "NAC, fixed prior", "NAC, mask"], lines
    )


def _codes(rows: Sequence[Row], folder: Path, root: str | None) -> dict[str, Tensor]:
    """Codes of the first test images of the first set, at its largest size, of both systems."""
    from latentfit.data import load

    name = rows[0]["data"]
    largest = max(row["latent"] for row in rows if row["data"] == name)
    found = {}
    held = [row for row in rows if (row["data"], row["latent"]) == (name, largest)]
    for (recipe,), some in grouped(held, "recipe").items():
        if (row := first(some, folder)) is not None:
            data = load(name, root=root, **row.get("options", {}))
            codes = opened(row, folder).encode(data.test.first(2_000))
            found[f"{recipe}, m = {largest}"] = codes
    return found


GAIN = Study(
    "mask-gain",
    "MaskAAE, Figures 4 c and 5, slides' Table 2 and Figure 7; LMGAE, Figures 3 c and 5",
    "the same networks and game with a learned mask and without, from several latent sizes on four "
    "image sets",
    _cells,
    _show,
    prepare=prepare,
)
