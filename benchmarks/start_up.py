"""Seconds until the command line answers, and what importing latentfit adds to importing torch."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

USED = "import latentfit as lf; lf.recipe, lf.train, lf.evaluate, lf.data, lf.metrics"


def seconds(*command: str, runs: int = 5) -> float:
    """Median wall time of a command."""
    times = []
    for _ in range(runs + 1):
        began = time.perf_counter()
        subprocess.run([sys.executable, *command], check=True, capture_output=True)
        times.append(time.perf_counter() - began)
    return statistics.median(times[1:])


def main() -> None:
    """Print the medians."""
    print(f"latentfit --help: {seconds('-m', 'latentfit', '--help'):.2f} s")
    torch, bare = seconds("-c", "import torch"), seconds("-c", "import torch, latentfit")
    used = seconds("-c", USED)
    print(f"import torch {torch:.2f} s; and latentfit {bare:.2f} s; every name used {used:.2f} s")


if __name__ == "__main__":
    main()
