"""What the flow-matching prior takes: its fit to 54,000 codes, and 10,000 draws.

python benchmarks/late_prior.py [--latent 32] [--runs 3]

Codes are of ten Gaussians with covariances of their own. The fit is at its defaults, on as many
threads as OMP_NUM_THREADS says; draws are on one. Lines are added to
`results/speed/late-prior.jsonl`.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from pathlib import Path

import numpy as np
import torch

import latentfit as lf
from latentfit.expost import of_codes, refit

COUNT, DRAWS = 67_500, 10_000  # four fifths are for the training
ROUNDS = 20_000  # of an auto-encoder's training, which the prior's follow from


def codes(latent: int) -> np.ndarray:
    """Codes with shape (COUNT, latent)."""
    random = np.random.default_rng(0)
    kinds = random.integers(0, 10, COUNT)
    means = 2 * random.normal(size=(10, latent))
    mixes = random.normal(size=(10, latent, latent)) / latent**0.5
    return means[kinds] + np.einsum("nij,nj->ni", mixes[kinds], random.normal(size=(COUNT, latent)))


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--latent", type=int, default=32)
    parser.add_argument("--runs", type=int, default=3)
    given = parser.parse_args()
    data = lf.data.arrays(codes(given.latent).astype(np.float32), kind="vectors", name="codes")
    model = of_codes(data.schema)
    threads = torch.get_num_threads()
    began = time.perf_counter()
    model = refit(model, data, "matching", rounds=ROUNDS)
    fit = time.perf_counter() - began
    torch.set_num_threads(1)
    draws = []
    for _ in range(given.runs):
        began = time.perf_counter()
        model.prior.sample(DRAWS)
        draws.append(time.perf_counter() - began)
    line = {
        "latent": given.latent, "codes": len(data.train), "fit_seconds": round(fit, 1),
        "threads": threads, "draws": DRAWS,
        "draw_seconds_one_thread": round(statistics.median(draws), 2),
    }  # fmt: skip
    print(json.dumps(line))
    out = Path(__file__).resolve().parent.parent / "results" / "speed" / "late-prior.jsonl"
    with out.open("a") as file:
        file.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    main()
