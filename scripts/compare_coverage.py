"""Do the intervals of `compare` hold what they say? Simulated comparisons.

    python scripts/compare_coverage.py --out results/comparing

Six systems, with seeds whose scores spread in several ways about known means. It writes
`coverage.md`: the share of 95 % intervals of a difference that hold the true one, of comparisons of
equal systems in which any difference is declared, and of rank intervals that hold all true ranks.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from latentfit.comparing import differences, ranks
from latentfit.studies.base import table

COMPARISONS, SYSTEMS = 1_000, 6
Noise = Callable[[np.random.Generator, int], np.ndarray]
WIDE = np.linspace(0.2, 3.0, SYSTEMS)

NOISES: dict[str, Noise] = {
    "Gaussian": lambda g, n: g.normal(size=(n, SYSTEMS)),
    "Gaussian, deviations from 0.2 to 3": lambda g, n: g.normal(size=(n, SYSTEMS)) * WIDE,
    "Gaussian, half of it shared by a seed": lambda g, n: (
        g.normal(size=(n, SYSTEMS)) + g.normal(size=(n, 1))
    ),
    "Student's t of 5 degrees": lambda g, n: g.standard_t(5, size=(n, SYSTEMS)),
    "log-normal, 30 %": lambda g, n: np.exp(0.3 * g.normal(size=(n, SYSTEMS))) - np.exp(0.045),
}
"""Errors (n, systems) about means, each of mean 0."""


def frame(scores: np.ndarray) -> pd.DataFrame:
    """Scores (n, systems) as `compare` gives them."""
    n, k = scores.shape
    entries = np.tile([f"s{i}" for i in range(k)], n)
    return pd.DataFrame({"entry": entries, "seed": np.repeat(range(n), k), "mse": scores.ravel()})


def simulated(noise: Noise, n: int, seed: int) -> tuple[float, float, float]:
    """Shares: of intervals that hold, of equal systems told apart, of rank intervals that hold."""
    generator = np.random.default_rng(seed)
    means = np.array([0.0, 0.5, 1.0, 2.0, 4.0, 8.0])
    truth = {(f"s{i}", f"s{j}"): means[i] - means[j] for i in range(6) for j in range(6)}
    held = declared = ranked = 0
    for _ in range(COMPARISONS):
        made = frame(means + noise(generator, n))
        pairs: list[Any] = list(differences(made, ["mse"]).itertuples())
        line = pairs[generator.integers(len(pairs))]  # one of a comparison: they are independent
        held += line.low <= truth[line.first, line.second] <= line.high
        places: list[Any] = list(ranks(made, "mse").itertuples())
        known = {line.entry: (line.low, line.high) for line in places}
        ranked += all(known[f"s{i}"][0] <= i + 1 <= known[f"s{i}"][1] for i in range(SYSTEMS))
        equal = differences(frame(noise(generator, n)), ["mse"])
        declared += bool(equal["real"].any())
    return held / COMPARISONS, declared / COMPARISONS, ranked / COMPARISONS


def main(out: Path) -> None:
    """Simulate, and write the table."""
    lines = []
    for name, noise in NOISES.items():
        for n in (3, 5, 10):
            found = simulated(noise, n, seed=n)
            lines.append([name, n, *(f"{share:.1%}" for share in found)])
            print(*lines[-1], sep=" | ", flush=True)
    columns = ["errors over seeds", "seeds", "intervals hold", "equal systems told apart",
               "ranks hold"]  # fmt: skip
    out.mkdir(parents=True, exist_ok=True)
    text = f"{COMPARISONS:,} comparisons of {SYSTEMS} systems a line.\n\n{table(columns, lines)}"
    (out / "coverage.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    main(parser.parse_args().out)
