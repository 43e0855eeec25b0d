"""Train a shipped feature extractor: python scripts/train_features.py mnist --root DIR.

Writes `src/latentfit/metrics/weights/<name>.safetensors` with its test accuracy in the header.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from safetensors.torch import save_file

from latentfit.data import load
from latentfit.metrics.features import LENETS
from latentfit.studies.features import accuracy, fit

WEIGHTS = Path(__file__).parents[1] / "src" / "latentfit" / "metrics" / "weights"


def main() -> None:
    """Train one classifier on the training split and write it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=sorted(LENETS))
    parser.add_argument("--root", type=Path)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    data = load(given.name, root=given.root)
    labels, truth = data.train.labels, data.test.labels
    if labels is None or truth is None:
        raise ValueError("a classifier needs labels")
    model = fit(data.train, labels, epochs=given.epochs, seed=given.seed, tell=True)
    # Half precision keeps the files small; features change by less than a thousandth.
    state = {name: value.half().contiguous() for name, value in model.state_dict().items()}
    # Scored as shipped: rounding moves one of MNIST's 10,000 test images.
    model.load_state_dict({name: value.float() for name, value in state.items()})
    right = accuracy(model, data.test, truth)
    WEIGHTS.mkdir(exist_ok=True)
    facts = {"accuracy": f"{right:.4f}", "epochs": str(given.epochs), "seed": str(given.seed)}
    save_file(state, WEIGHTS / f"{given.name}.safetensors", metadata=facts)
    print(f"{given.name}: test accuracy {right:.4f}")


if __name__ == "__main__":
    main()
