"""Train a shipped feature extractor: python scripts/train_features.py mnist --root DIR.

Writes `src/latentfit/metrics/weights/<name>.safetensors` with its test accuracy in the header.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor
from torch.nn import functional

from latentfit.data import load, order
from latentfit.data.base import Split
from latentfit.metrics.features import LENETS, LeNet

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
    torch.manual_seed(given.seed)
    model = fit(data.train, epochs=given.epochs, seed=given.seed)
    # Half precision keeps the files small; features change by less than a thousandth.
    state = {name: value.half().contiguous() for name, value in model.state_dict().items()}
    # Scored as shipped: rounding moves one of MNIST's 10,000 test images.
    model.load_state_dict({name: value.float() for name, value in state.items()})
    accuracy = score(model, data.test)
    WEIGHTS.mkdir(exist_ok=True)
    facts = {"accuracy": f"{accuracy:.4f}", "epochs": str(given.epochs), "seed": str(given.seed)}
    save_file(state, WEIGHTS / f"{given.name}.safetensors", metadata=facts)
    print(f"{given.name}: test accuracy {accuracy:.4f}")


def fit(train: Split, *, epochs: int, seed: int, batch: int = 128) -> LeNet:
    """Adam with a one-cycle rate up to 3e-3; images shifted, those of colour also mirrored."""
    model = LeNet(train.shape[0]).train()
    steps = epochs * (len(train) // batch)
    optimizer = torch.optim.Adam(model.parameters())
    cycle = torch.optim.lr_scheduler.OneCycleLR(optimizer, 3e-3, total_steps=steps)
    labels = train.labels
    if labels is None:
        raise ValueError("a classifier needs labels")
    for step, indices in zip(range(steps), order(len(train), size=batch, seed=seed), strict=False):
        x = augmented(train.take(indices)).contiguous(memory_format=torch.channels_last)
        loss = functional.cross_entropy(model(x), labels[indices])
        loss.backward()
        optimizer.step()
        cycle.step()
        optimizer.zero_grad()
        if step % 100 == 0:
            print(f"step {step} of {steps}: {loss.item():.4f}", flush=True)
    return model.eval()


def augmented(x: Tensor) -> Tensor:
    """Grey: the batch shifted by at most a pixel. Colour: each image mirrored and cropped."""
    if x.shape[1] == 1:
        return torch.roll(x, tuple(torch.randint(-1, 2, (2,)).tolist()), dims=(2, 3))
    mirrored = torch.where(torch.rand(len(x), 1, 1, 1) < 0.5, x.flip(3), x)
    padded = functional.pad(mirrored, (4, 4, 4, 4), mode="reflect")
    size = x.shape[-1]
    corners = torch.randint(0, 9, (len(x), 2)).tolist()
    return torch.stack(
        [p[:, a : a + size, b : b + size] for p, (a, b) in zip(padded, corners, strict=True)]
    )


@torch.no_grad()
def score(model: LeNet, test: Split) -> float:
    """Share of test images that get their label."""
    guesses = torch.cat([model(x).argmax(1) for x in test.chunks()])
    return float((guesses == test.labels).float().mean())


if __name__ == "__main__":
    main()
