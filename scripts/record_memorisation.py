"""Real-data columns of FlexAE's Table 4: python scripts/record_memorisation.py --root DIR.

Mean distance of 10,000 training images to the nearest of 10,000 others, and of the same images to
the nearest of the 10,000 test images, on pixels in [0, 1]; three random choices of the training
images. Writes `results/memorisation/table.md`.
"""

from __future__ import annotations

import argparse
import statistics
from pathlib import Path

import torch

from latentfit import metrics
from latentfit.data import load

RESULTS = Path(__file__).parents[1] / "results" / "memorisation"
PUBLISHED = {"mnist": (4.72, 4.77), "fashion-mnist": (4.01, 4.01), "cifar10": (9.75, 9.74)}


def main() -> None:
    """Write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=Path)
    given = parser.parse_args()
    lines = [
        "PMS, 10,000 against 10,000 images, pixels in [0, 1]; mean and standard deviation over "
        "three choices of the training images. Made by `python scripts/record_memorisation.py`.",
        "",
        "| data | train-train | FlexAE Table 4 | off by | train-test | FlexAE Table 4 | off by |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, published in PUBLISHED.items():
        data = load(name, root=given.root)
        test = data.test.first(10_000).flatten(1)
        found: list[tuple[float, float]] = []
        for seed in range(3):
            # Both halves of what one reads as "training images": the validation split counts too.
            every = torch.cat(
                [
                    data.train.take(torch.arange(len(data.train))),
                    data.validation.take(torch.arange(len(data.validation))),
                ]
            )
            generator = torch.Generator().manual_seed(seed)
            places = torch.randperm(len(every), generator=generator)[:20_000]
            one, other = every[places].flatten(1).split(10_000)
            found.append(
                (
                    metrics.nearest_distance(one, other).value,
                    metrics.nearest_distance(one, test).value,
                )
            )
        cells = []
        for column, target in zip(zip(*found, strict=True), published, strict=True):
            mean = statistics.fmean(column)
            cells.append(
                f"{mean:.3f} ± {statistics.stdev(column):.3f} | {target} | "
                f"{100 * (mean / target - 1):+.2f} %"
            )
        shown = f"{name} (JPEG)" if name == "cifar10" else name
        lines.append(f"| {shown} | {' | '.join(cells)} |")
        print(lines[-1], flush=True)
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / "table.md").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
