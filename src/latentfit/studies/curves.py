"""The latent size on data whose dimension is known: U-curves, searches, codes against priors."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from pathlib import Path

from latentfit.runs.cells import Cell, Row, value
from latentfit.studies.base import Shown, Study, by_latent, grouped, pick, spread, table
from latentfit.studies.known import LATENT, on_synthetic, true_dimension

CURVES = ("wae-wgan", "wae-gan", "maskaae", "lmgae", "flexae")
AUTHORS_UP_TO = 20  # dimensions; from there on the authors' clock is thirty times as long
LIKELIHOOD = 16  # the true dimension for which MaskAAE's supplement tells likelihoods
SCORES = {
    "fd_pixels": "FD generated",
    "fd_pixels_reconstruction": "FD reconstructed",
    "prior_wasserstein": "codes to prior",
    "active": "active",
    "nac": "NAC",
    "parzen": "log-likelihood (Parzen)",
}


def _name(n: int) -> str:
    return "u-curve" if n == 8 else f"u-curve-{n}"


def _u_curve(n: int) -> Callable[[str], list[Cell]]:
    groups = (*LATENT, "parzen") if n == LIKELIHOOD else LATENT

    def cells(scale: str) -> list[Cell]:
        sizes = pick(scale, smoke=(n // 2, n), short=(n // 2, n, 2 * n, 4 * n),
                     paper=(2, n // 2, n - 2, n, n + 2, 2 * n, 3 * n, 4 * n, 78))  # fmt: skip
        found = []
        for seed in range(pick(scale, smoke=1, short=5, paper=5)):
            for m in sizes:
                found += [on_synthetic(name, n, m, seed, scale, groups=groups) for name in CURVES]
                if scale == "short" and m <= AUTHORS_UP_TO:
                    found.append(
                        on_synthetic("maskaae", n, m, seed, scale, game="authors", groups=groups)
                    )
        return found

    return cells


def _system(row: Row) -> str:
    game = row["settings"].get("game")
    return f"{row['recipe']}, {game}" if game else row["recipe"]


def _show_u_curve(rows: Sequence[Row], folder: Path, root: str | None) -> Shown:
    from latentfit.pictures.charts import against_latent

    n = true_dimension(rows[0])
    named = [row | {"system": _system(row)} for row in rows]
    systems = {name: held for (name,), held in grouped(named, "system").items()}
    scores = {s: told for s, told in SCORES.items() if any(s in r.get("scores", {}) for r in rows)}
    lines = [
        [name, m, *(spread([value(row, score) for row in held]) for score in scores)]
        for name, of_system in systems.items()
        for (m,), held in sorted(grouped(of_system, "latent").items())
    ]
    curves = {
        label: {name: by_latent(held, score) for name, held in systems.items()}
        for score, label in (
            ("fd_pixels", "Fréchet distance, generated"),
            ("prior_wasserstein", "codes to prior (fresh critic)"),
        )
    }
    floor = spread([value(row, "fd_pixels_floor") for row in rows])
    arms = "".join(f"- `{name}`: {_arms(held, n)}.\n" for name, held in systems.items())
    text = f"True dimension {n}; FD of training data against test data: {floor}.\n\n{arms}\n"
    return text + table(["system", "m", *scores.values()], lines), {
        _name(n): against_latent(curves, n)
    }


def _arms(rows: Sequence[Row], n: int) -> str:
    """FD at the smallest and the largest size over that at the true one, seed by seed."""
    sizes = {m: held for (m,), held in grouped(rows, "latent").items()}

    def ratio(m: int) -> str:
        at = {row["seed"]: value(row, "fd_pixels") for row in sizes[n]}
        both = [(value(row, "fd_pixels"), at.get(row["seed"])) for row in sizes[m]]
        return spread([a / b if a and b else None for a, b in both])

    if n not in sizes:
        return "not played at n"
    low, high = min(sizes), max(sizes)
    return f"FD at {low} over {n}: {ratio(low)}; at {high} over {n}: {ratio(high)}"


def _search(scale: str) -> list[Cell]:
    n = 8
    sizes = pick(scale, smoke=(n - 1, n), short=range(n // 2, n * 3 // 2 + 1), paper=range(1, 65))
    return [
        on_synthetic("wae-gan", n, m, seed, scale)
        for seed in range(pick(scale, smoke=1, short=3, paper=5))
        for m in sizes
    ]


def ternary(scores: dict[int, float]) -> tuple[int, int]:
    """The size that a ternary search ends at, and how many trainings it looks at.

    Arguments:
        scores: Lower is better, by size; every size between the ends.

    Example:
        >>> ternary({m: abs(m - 8) for m in range(1, 65)})
        (8, 12)
    """
    low, high = min(scores), max(scores)
    seen: set[int] = set()
    while high - low > 2:
        third = (high - low) // 3
        left, right = low + third, high - third
        seen |= {left, right}
        if scores[left] <= scores[right]:
            high = right - 1
        else:
            low = left + 1
    seen |= set(range(low, high + 1))
    return min(range(low, high + 1), key=lambda m: scores[m]), len(seen)


def _show_search(rows: Sequence[Row], folder: Path, root: str | None) -> Shown:
    seeds = grouped(rows, "seed")
    lines = [
        [m, *(spread([value(row, "fd_pixels")]) for row in held)]
        for (m,), held in grouped(rows, "latent").items()
    ]
    told = []
    for (seed,), held in seeds.items():
        scores = {row["latent"]: v for row in held if (v := value(row, "fd_pixels")) is not None}
        if len(scores) == len(held):
            best, (found, count) = min(scores, key=scores.__getitem__), ternary(scores)
            told.append([seed, best, len(scores), found, count])
    each = statistics.median(row["seconds"] for row in rows)
    text = (
        f"True dimension {true_dimension(rows[0])}. A training takes {each:.0f} core-seconds "
        f"(median), so all sizes up to 64 take {64 * each / 60:.0f} core-minutes a seed.\n\n"
        + table(["seed", "linear search", "trainings", "ternary search", "trainings"], told)
        + "\n"
    )
    return text + table(["m", *(f"FD, seed {seed}" for (seed,) in seeds)], lines), {}


# FlexAE, Figure 2, where the fixed prior has ten times the dimensions that the data have.
MISMATCH = (5, 50)


def _mismatch(scale: str) -> list[Cell]:
    n, m = MISMATCH
    at = pick(scale, smoke=(20, 40), short=(125, 250, 500, 1_000, 2_000, 4_000),
              paper=(1_000, 2_000, 5_000, 10_000, 20_000))  # fmt: skip
    return [
        on_synthetic(name, n, size, seed, scale, at=at)
        for seed in range(pick(scale, smoke=1, short=5, paper=5))
        for name, size in (
            *((name, size) for name in ("wae-wgan", "wae-gan", "flexae") for size in (n, m)),
            ("maskaae", m),
        )
    ]


def _show_mismatch(rows: Sequence[Row], folder: Path, root: str | None) -> Shown:
    from latentfit.pictures.charts import against_rounds

    lines, curves = [], {}
    for (name, m), held in grouped(rows, "recipe", "latent").items():
        points: dict[int, list[float]] = {}
        for row in held:
            scores = row.get("trace", {}) | {str(row["rounds"]): row.get("scores", {})}
            for rounds, found in scores.items():
                if found.get("prior_wasserstein") is not None:
                    points.setdefault(int(rounds), []).append(found["prior_wasserstein"])
        curves[f"{name}, m = {m}"] = points
        lines += [[name, m, rounds, spread(points[rounds])] for rounds in sorted(points)]
    figure = against_rounds({"codes to prior (fresh critic)": curves})
    return table(["system", "m", "rounds", "codes to prior"], lines), {"codes-to-prior": figure}


CURVE_STUDIES = (
    *(
        Study(
            _name(n),
            "MaskAAE, Figures 1 and 4; LMGAE, Figure 3",
            "generation against latent size: fixed priors (the papers' WAE, and WAE-GAN), learned "
            f"masks, a learned prior; true dimension {n}",
            _u_curve(n),
            _show_u_curve,
        )
        for n in (8, 16)
    ),
    Study(
        "search",
        "MaskAAE, supplement, Section 8",
        "what linear and ternary search of the latent size under a fixed prior find and cost",
        _search,
        _show_search,
    ),
    Study(
        "codes-to-prior",
        "FlexAE, Figure 2; LMGAE, Figure 5",
        "distance of codes to the prior over the rounds, where latent size and data agree and not",
        _mismatch,
        _show_mismatch,
    ),
)
