"""Studies on data whose dimension is known: the U-curve, the mask, correlation of codes."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from latentfit import sizing
from latentfit.models.pruning import pruning
from latentfit.runs.cells import Cell, Row, value
from latentfit.studies.base import Shown, Study, grouped, pick, spread, table

LATENT = ("fd", "latent")  # groups of scores that these studies read
# The published slides, Table 2: NAC of the fixed prior and of the mask, and active dimensions.
PUBLISHED_NAC = {(8, 16): (0.040, 0.030, 9), (16, 32): (0.031, 0.013, 16)}
# A pace that fits a CPU, the auto-encoder's rate 1e-3 in both; the papers' own stands in the
# recipes. The masked game and its maskless form have the pace of the authors' script, 5e-4.
PACE: dict[str, dict[str, float]] = {
    "flexae": {"rate": 5e-4, "batch": 64},
    "wae-gan": {"rate": 1e-3, "batch": 64},
}


def synthetic(n: int, seed: int) -> str:
    """The synthetic set of true dimension n; a network of its own for each seed."""
    return f"synthetic:n={n},d=128,seed={seed}"


def true_dimension(row: Row) -> int:
    """N of a row on a synthetic set."""
    return int(row["data"].split("n=")[1].split(",")[0])


def _on_synthetic(recipe: str, n: int, m: int, seed: int, scale: str) -> Cell:
    """At paper scale everything is as published; the masked game ends when its clock does."""
    game = pick(scale, smoke="recovering", short="recovering", paper="authors")
    settings: dict[str, Any] = {} if scale == "paper" else PACE.get(recipe, {})
    if recipe == "maskaae" and scale == "paper":
        settings = {"game": game}
    rounds = pick(scale, smoke=60, short=6_000, paper=50_000)
    if recipe in ("maskaae", "wae-wgan") and scale != "smoke":  # the same game, with a mask or not
        rounds = pruning(game, m).rounds
    return Cell(recipe, synthetic(n, seed), m, seed, rounds, settings, LATENT)


def _u_curve(scale: str) -> list[Cell]:
    n, seeds = 8, range(pick(scale, smoke=1, short=5, paper=5))
    return [
        _on_synthetic(recipe, n, m, seed, scale)
        for seed in seeds
        for recipe in ("wae-wgan", "wae-gan", "maskaae", "flexae")
        for m in (n // 2, n, 2 * n, 4 * n)
    ]


def _show_u_curve(rows: Sequence[Row], folder: Path) -> Shown:
    from latentfit.pictures.charts import against_latent

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
        ("fd_pixels", "Fréchet distance, generated"),
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


def _sweep(scale: str) -> list[Cell]:
    n = 8
    sizes = pick(scale, smoke=(n - 1, n), short=range(n // 2, n * 3 // 2 + 1), paper=range(1, 65))
    return [
        _on_synthetic("wae-gan", n, m, seed, scale)
        for seed in range(pick(scale, smoke=1, short=3, paper=5))
        for m in sizes
    ]


def _show_sweep(rows: Sequence[Row], folder: Path) -> Shown:
    seeds = grouped(rows, "seed")
    lines = [
        [m, *(spread([value(row, "fd_pixels")]) for row in held)]
        for (m,), held in grouped(rows, "latent").items()
    ]
    found = [
        min((v, row["latent"]) for row in held if (v := value(row, "fd_pixels")) is not None)[1]
        for held in seeds.values()
        if any(value(row, "fd_pixels") is not None for row in held)
    ]
    each = statistics.median(row["seconds"] for row in rows)
    text = (
        f"True dimension {true_dimension(rows[0])}. Best for each seed: "
        f"{', '.join(map(str, found))}. A training takes {each:.0f} core-seconds (median), so all "
        f"sizes up to 64 take {64 * each / 60:.0f} core-minutes a seed.\n\n"
    )
    return text + table(["m", *(f"FD, seed {seed}" for (seed,) in seeds)], lines), {}


def _mask(scale: str) -> list[Cell]:
    sizes = pick(scale, smoke=(8,), short=(8, 16), paper=(5, 8, 12, 16, 24))
    seeds = range(pick(scale, smoke=1, short=3, paper=5))
    return [
        _on_synthetic("maskaae", n, factor * n, seed, scale)
        for n in sizes
        for factor in (1, 2, 4)
        for seed in seeds
    ]


def _show_mask(rows: Sequence[Row], folder: Path) -> Shown:
    from latentfit.pictures.charts import Trace, mask_traces

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


def _show_mask_games(rows: Sequence[Row], folder: Path) -> Shown:
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
        _on_synthetic(recipe, n, m, seed, scale)
        for n, m in PUBLISHED_NAC
        for seed in seeds
        for recipe in ("wae-wgan", "maskaae")
    ]


def _show_nac(rows: Sequence[Row], folder: Path) -> Shown:
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


SYNTHETIC = (
    Study(
        "u-curve",
        "MaskAAE, Figures 1 and 4; LMGAE, Figure 3",
        "generation against latent size: fixed priors (the papers' WAE, and WAE-GAN), a learned "
        "mask, a learned prior; true dimension 8",
        _u_curve,
        _show_u_curve,
    ),
    Study(
        "sweep",
        "ours",
        "what a sweep of the latent size under a fixed prior finds, and what it costs",
        _sweep,
        _show_sweep,
    ),
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
