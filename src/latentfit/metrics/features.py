"""Features that distances are computed on: pixels, or a small classifier's last layer.

A distance on classifier features is never called FID: that name belongs to the Inception graph.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files

import torch
from torch import Tensor, nn

from latentfit.checks import UserError, one_of

LENETS = {"digits": (1, 8, 8), "mnist": (1, 28, 28), "fashion-mnist": (1, 28, 28)}
"""The shipped classifiers and the shape that each was trained on."""


class LeNet(nn.Module):
    """A small classifier whose last hidden layer of 128 numbers serves as features.

    Two 3x3 convolutions of 32, two of 64, one of 128, each with batch norm and ReLU, halved between
    them; global average; dense 128; dense classes (baselines 30.6).

    Arguments:
        channels: Channels of an image.
        classes: Number of classes.

    Example:
        >>> LeNet(1, 10).eval().features(torch.zeros(2, 1, 8, 8)).shape
        torch.Size([2, 128])
    """

    def __init__(self, channels: int = 1, classes: int = 10) -> None:
        super().__init__()

        def block(a: int, b: int) -> list[nn.Module]:
            convolution = nn.Conv2d(a, b, 3, padding=1, bias=False)
            return [convolution, nn.BatchNorm2d(b), nn.ReLU()]

        self.body = nn.Sequential(
            *block(channels, 32),
            *block(32, 32),
            nn.MaxPool2d(2),
            *block(32, 64),
            *block(64, 64),
            nn.MaxPool2d(2),
            *block(64, 128),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Linear(128, 128),
            nn.ReLU(),
        )
        self.head = nn.Linear(128, classes)

    def features(self, x: Tensor) -> Tensor:
        """From images (B, C, H, W) in [0, 1] to features (B, 128), at least 0."""
        return self.body(x)

    def forward(self, x: Tensor) -> Tensor:
        """From images (B, C, H, W) in [0, 1] to class logits (B, classes)."""
        return self.head(self.body(x))


@dataclass(frozen=True)
class Extractor:
    """A named function from samples to features.

    Attributes:
        name: Goes into the name of every score, as in `fd_lenet`.
        hash: Of the weights, so that scores of different extractors are never mixed up.
        function: From (B, *shape) to (B, k).
    """

    name: str
    hash: str
    function: Callable[[Tensor], Tensor]

    @torch.no_grad()
    def __call__(self, samples: Tensor) -> Tensor:
        """From samples (N, *shape) to float32 features (N, k), 512 at a time."""
        return torch.cat([self.function(part) for part in samples.split(512)])


def pixels() -> Extractor:
    """The entries of a sample themselves."""
    return Extractor("pixels", digest(b"pixels"), lambda x: x.flatten(1).float())


def classifier(which: str) -> LeNet:
    """The shipped classifier for `digits`, `mnist` or `fashion-mnist`, in evaluation mode."""
    from safetensors.torch import load

    one_of("classifier", which, LENETS)
    held = files("latentfit.metrics").joinpath("weights", f"{which}.safetensors").read_bytes()
    model = LeNet()
    model.load_state_dict({name: value.float() for name, value in load(held).items()})
    return model.eval()


def lenet(which: str) -> Extractor:
    """Features of the shipped classifier for `digits`, `mnist` or `fashion-mnist`."""
    model = classifier(which)
    weights = b"".join(value.numpy().tobytes() for value in model.state_dict().values())

    def extract(x: Tensor) -> Tensor:
        return model.to(x.device).features(x.float())

    return Extractor("lenet", digest(weights), extract)


def extractor(name: str, shape: tuple[int, ...], data: str) -> Extractor:
    """The extractor of that name for a data set.

    Arguments:
        name: `auto`, `lenet` or `pixels`; `auto` is `lenet` where one was trained on the data set.
        shape: Shape of one sample.
        data: Name of the data set.

    Example:
        >>> extractor("auto", (16,), "mine").name
        'pixels'
    """
    one_of("features", name, ("auto", "lenet", "pixels"))
    fits = LENETS.get(data) == tuple(shape)
    if name == "lenet" and not fits:
        raise UserError(
            f"no classifier was trained for '{data}' with shape {tuple(shape)}; use --features "
            f"pixels, or data among {', '.join(LENETS)}."
        )
    return lenet(data) if fits and name != "pixels" else pixels()


def digest(held: bytes) -> str:
    """Twelve hexadecimal digits that stand for the bytes."""
    return hashlib.blake2b(held, digest_size=6).hexdigest()
