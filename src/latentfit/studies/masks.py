"""Masks on data whose dimension is known: open dimensions, correlation of codes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from latentfit import sizing
from latentfit.models.pruning import pruning
from latentfit.runs.cells import Cell, Row, value
from latentfit.studies.base import Shown, Study, pick, spread, table
from latentfit.studies.known import LATENT, on_synthetic, synthetic, true_dimension

# The published slides, Table 2: NAC of the fixed prior and of the mask, and active dimensions.
PUBLISHED_NAC = {(8, 16): (0.040, 0.030, 9), (16, 32): (0.031, 0.013, 16)}


def _mask(scale: str) -> list[Cell]:
    sizes = pick(scale, smoke=(8,), short=(8, 16), paper=(5, 8, 12, 16, 24))
    seeds = range(pick(scale, smoke=1, short=3, paper=5))
    return [
        on_synthetic("maskaae", n, factor * n, seed, scale)
        for n in sizes
        for factor in (1, 2, 4)
        for seed in seeds
    ]


def _show_mask(rows: Sequence[Row], folder: Path, root: str | None) -> Shown:
    from latentfit.pictures.sizes import Trace, mask_traces

    lines = [_masked(row) for row in rows]
    right = sum(_is_right(row) for row in rows)
    columns = ["n", "m", "seed", "active", "between 0.1 and 0.9", "failed", "FD", "NAC"]
    text = f"Within 1 of n: {right} of {len(rows)}.\n\n" + table(columns, lines)
    panels: dict[int, dict[int, list[Trace]]] = {}
    for row in rows:
        if steps := sizing.trace(row, folder):
            held = panels.setdefault(true_dimension(row), {})
            held.setdefault(row["latent"], []).append(steps)
    if not panels:
        return text, {}
    return text, {"mask": mask_traces({f"n = {n}": p for n, p in panels.items()}, list(panels))}


def _masked(row: Row) -> list[object]:
    n, found = true_dimension(row), sizing.verdict(row)
    return [n, row["latent"], row["seed"], found.active, found.half_open, found.failed or "-",
            spread([value(row, "fd_pixels")]), spread([value(row, "nac")])]  # fmt: skip


def _is_right(row: Row) -> bool:
    found = sizing.verdict(row)
    return not found.failed and abs(found.active - true_dimension(row)) <= 1


def _mask_games(scale: str) -> list[Cell]:
    def cell(game: str, n: int, m: int, seed: int) -> Cell:
        rounds = 60 if scale == "smoke" else pruning(game, m).rounds
        settings = {} if game == "recovering" else {"game": game}  # the default has no name
        return Cell("maskaae", synthetic(n, seed), m, seed, rounds, settings, LATENT)

    return [
        cell(game, n, m, seed)
        for game in ("authors", "recovering")
        for m in (16, 32)  # at 32 the authors' clock is fifty times as long
        for seed in range(pick(scale, smoke=1, short=3, paper=5))
        for n in pick(scale, smoke=(8,), short=(8, 16), paper=(8, 16))
    ]


def _show_mask_games(rows: Sequence[Row], folder: Path, root: str | None) -> Shown:
    games = {game: [] for game in ("authors", "recovering")}
    for row in rows:
        games[row["settings"].get("game", "recovering")].append(row)
    counts = [
        f"- `{game}`: within 1 of n, none half open: {sum(map(_is_right, held))} of {len(held)}."
        for game, held in games.items()
    ]
    lines = [
        [game, row.get("played", row["rounds"]), *_masked(row)]
        for game, held in games.items()
        for row in sorted(held, key=lambda r: (true_dimension(r), r["latent"], r["seed"]))
    ]
    columns = ["game", "rounds", "n", "m", "seed", "active", "between 0.1 and 0.9", "failed", "FD",
               "NAC"]  # fmt: skip
    return "\n".join(counts) + "\n\n" + table(columns, lines), {}


def _nac(scale: str) -> list[Cell]:
    seeds = range(pick(scale, smoke=1, short=3, paper=5))
    return [
        on_synthetic(recipe, n, m, seed, scale)
        for n, m in PUBLISHED_NAC
        for seed in seeds
        for recipe in ("wae-wgan", "maskaae")
    ]


def _show_nac(rows: Sequence[Row], folder: Path, root: str | None) -> Shown:
    lines = []
    for (n, m), (fixed, masked, active) in PUBLISHED_NAC.items():
        for recipe, published in (("wae-wgan", fixed), ("maskaae", masked)):
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


MASKS = (
    Study(
        "mask",
        "MaskAAE, Figures 4 and 5",
        "active dimensions from different latent sizes on synthetic data",
        _mask,
        _show_mask,
    ),
    Study(
        "mask-games",
        "MaskAAE, Figures 4 and 5, and the authors' public script",
        "open and half-open dimensions under the game as its authors wrote it, and under ours; "
        "each lasts until the weight of a binary mask has reached its end",
        _mask_games,
        _show_mask_games,
    ),
    Study(
        "nac",
        "MaskAAE slides, Table 2",
        "normalised absolute correlation of codes, fixed prior against learned mask",
        _nac,
        _show_nac,
    ),
)
