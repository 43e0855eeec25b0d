"""Speed and memory of the metrics beside the packages that people use for them.

python benchmarks/metrics.py [--rows 10000] [--columns 2048] [--repeats 3]

Frechet distance against means and covariances with scipy's matrix root, as the common packages
write it; precision, recall, density and coverage against the prdc package. Features are ReLU of a
random network's, so that they are non-negative and correlated as those of a classifier are.
Figures are medians of the pairs; both sides run in turn, in one process.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import multiprocessing
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from prdc import compute_prdc
from scipy.linalg import sqrtm

from latentfit.metrics import density_coverage, frechet

Array = np.ndarray[Any, np.dtype[np.float32]]


def main() -> None:
    """Print times, ratios, agreement and peak memory."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--columns", type=int, default=2048)
    parser.add_argument("--repeats", type=int, default=3)
    given = parser.parse_args()
    a, b = features(given.rows, given.columns, 0), features(given.rows, given.columns, 1)
    print(f"{given.rows} x {given.columns}, {torch.get_num_threads()} threads")
    compare("frechet", lambda: frechet(a, b), lambda: by_matrix_root(a, b), given.repeats)
    compare(
        "density_coverage",
        lambda: density_coverage(a, b).density,
        lambda: by_prdc(a, b)["density"],
        given.repeats,
    )
    with tempfile.TemporaryDirectory() as folder:
        np.save(Path(folder) / "a.npy", a)
        np.save(Path(folder) / "b.npy", b)
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            before, peak = pool.apply(peak_memory, (folder,))
    print(f"density_coverage: peak of the whole process {peak:.2f} GB, {before:.2f} GB before it")


def features(rows: int, columns: int, seed: int) -> Array:
    """Non-negative features of about 500 factors, with shape (rows, columns)."""
    generator = np.random.default_rng(7)
    mix = generator.normal(size=(500, columns)) / 500**0.5
    codes = np.random.default_rng(seed).normal(size=(rows, 500)) + 0.1 * seed
    noise = np.random.default_rng(seed + 100).normal(size=(rows, columns))
    return np.maximum(codes @ mix + 0.2 * noise, 0).astype(np.float32)


def by_matrix_root(a: Array, b: Array) -> float:
    """The usual form: the trace of a matrix root of the product."""
    one, other = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    gap = a.mean(0, dtype=float) - b.mean(0, dtype=float)
    root = sqrtm(one @ other)
    return float(gap @ gap + np.trace(one) + np.trace(other) - 2 * np.trace(root).real)


def by_prdc(a: Array, b: Array) -> dict[str, float]:
    """The package's figures, without its print."""
    with contextlib.redirect_stdout(io.StringIO()):
        return compute_prdc(b, a, nearest_k=5)


def compare(
    name: str, ours: Callable[[], float], theirs: Callable[[], float], repeats: int
) -> None:
    """Time both in turn and print the medians."""
    times: list[tuple[float, float]] = []
    values = (0.0, 0.0)
    for _ in range(repeats):
        start = time.perf_counter()
        one = ours()
        middle = time.perf_counter()
        other = theirs()
        times.append((middle - start, time.perf_counter() - middle))
        values = (one, other)
    mine, peer = (statistics.median(column) for column in zip(*times, strict=True))
    ratio = statistics.median(b / a for a, b in times)
    print(f"{name}: {mine:.2f} s, peer {peer:.2f} s, {ratio:.1f} times faster; {values}")


def peak_memory(folder: str) -> tuple[float, float]:
    """Peak resident memory in GB, before and after, in a process of its own."""
    a, b = (np.load(Path(folder) / f"{name}.npy") for name in "ab")
    before = high_water()
    density_coverage(a, b)
    return before, high_water()


def high_water() -> float:
    """Peak resident memory of this process in GB (Linux; getrusage would count the parent's)."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1e6 for line in lines if line.startswith("VmHWM"))


if __name__ == "__main__":
    main()
