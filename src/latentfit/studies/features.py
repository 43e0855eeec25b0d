"""Classifiers whose features distances are taken on: trained once, kept in a file."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor
from torch.nn import functional

from latentfit.checks import UserError
from latentfit.data import load, order
from latentfit.data.base import Data, Split
from latentfit.metrics import LeNet
from latentfit.seeds import seeded
from latentfit.storage.files import atomically

FACES = "faces.safetensors"
"""The file of `of_attributes` in the folder of a study, and so what its scores are called."""


def fit(
    train: Split, targets: Tensor, *, epochs: int, seed: int, batch: int = 128, tell: bool = False
) -> LeNet:
    """Adam with a one-cycle rate up to 3e-3; images shifted, those of colour also mirrored.

    Arguments:
        train: Images.
        targets: Classes (N,), or whether each has each of some attributes, floats (N, A).
        epochs: Times that each image is seen.
        seed: Of weights, order and shifts.
        batch: Images of a step.
        tell: Print the loss now and then.

    Returns:
        In evaluation mode.
    """
    several = targets.dim() == 2
    with seeded(seed, "classifier"):
        outputs = targets.shape[1] if several else int(targets.max()) + 1
        model = LeNet(train.shape[0], outputs).train()
        steps = epochs * (len(train) // batch)
        optimizer = torch.optim.Adam(model.parameters())
        cycle = torch.optim.lr_scheduler.OneCycleLR(optimizer, 3e-3, total_steps=steps)
        cross, binary = functional.cross_entropy, functional.binary_cross_entropy_with_logits
        loss_of = binary if several else cross
        picks = order(len(train), size=batch, seed=seed)
        for step, places in zip(range(steps), picks, strict=False):
            x = augmented(train.take(places)).contiguous(memory_format=torch.channels_last)
            loss = loss_of(model(x), targets[places])
            loss.backward()
            optimizer.step()
            cycle.step()
            optimizer.zero_grad()
            if tell and step % 100 == 0:
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


def of_attributes(folder: Path, root: str | None, *, epochs: int, size: int | None) -> Path:
    """A classifier of the faces' attributes, trained on their training split where there is none.

    It stays in the folder: the faces' terms forbid to publish what is derived from them.

    Arguments:
        folder: Of the study.
        root: Folder of data sets.
        epochs: Times that each image is seen.
        size: Pixels of a side; None for the 64 that they have.

    Returns:
        Its file, with the mean accuracy on the test split in the header.

    Raises:
        UserError: The folder holds one that was trained otherwise, data are missing, or it cannot
            be written.
    """
    path, how = folder / FACES, {"epochs": str(epochs), "size": str(size)}
    if path.exists():
        with safe_open(path, "pt") as held:
            facts = held.metadata() or {}
        if any(facts.get(name) != told for name, told in how.items()):
            raise UserError(
                f"{path} was trained for another scale, and scores on it would not compare; give "
                "another --out."
            )
        return path
    data = load("celeba", root=root, size=size)
    model = fit(data.train, _of(data, 0), epochs=epochs, seed=0)
    right = accuracy(model, data.test, _of(data, 2))
    state = {name: value.contiguous() for name, value in model.state_dict().items()}
    facts = {"kind": "attributes", "accuracy": f"{right:.4f}", **how}
    atomically(path, lambda draft: save_file(state, draft, metadata=facts))
    return path


def _of(data: Data, part: int) -> Tensor:
    """Attributes of a split, floats (N, A), 1 where an image has it."""
    return torch.stack([values[part] > 0 for values in data.attributes.values()], 1).float()


@torch.no_grad()
def accuracy(model: LeNet, test: Split, targets: Tensor) -> float:
    """Share of classes, or of attributes, that are told right."""
    logits = torch.cat([model(x) for x in test.chunks()])
    guesses = logits.argmax(1) if targets.dim() == 1 else (logits > 0).float()
    return float((guesses == targets).float().mean())
