"""The small classifier whose features distances are taken on, and the shipped ones."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.utils import convert_conv2d_weight_memory_format

from latentfit.checks import UserError, one_of

LENETS = {
    "digits": (1, 8, 8),
    "mnist": (1, 28, 28),
    "fashion-mnist": (1, 28, 28),
    "cifar10": (3, 32, 32),
}
"""The shipped classifiers and the shape that each was trained on."""
COPIES = {"CIFAR-10 (JPEG)": "cifar10"}
"""Data sets that a shipped classifier is for under another name; it was trained on that copy."""


class LeNet(nn.Module):
    """A small classifier whose last hidden layer of 128 numbers serves as features.

    Two 3x3 convolutions of 32, two of 64, one of 128, each with batch norm and ReLU, halved between
    them; global average; dense 128; dense classes.

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


def classifier(which: str) -> LeNet:
    """The shipped classifier for `digits`, `mnist`, `fashion-mnist` or `cifar10`, to evaluate.

    Raises:
        UserError: There is no such classifier.
    """
    from safetensors.torch import load

    one_of("classifier", which, LENETS)
    held = files("latentfit.metrics").joinpath("weights", f"{which}.safetensors").read_bytes()
    return _made(load(held))


def read_lenet(path: Path, channels: int) -> tuple[LeNet, bool] | None:
    """A classifier from a safetensors file, to evaluate; and whether what it tells are classes.

    Arguments:
        path: Of the file; `kind` in its header says `attributes` where several may hold at once.
        channels: Of the images that it is to look at.

    Returns:
        None where the file holds no `LeNet`, or is none.

    Raises:
        UserError: It is for images of other channels.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "pt") as held:
            state = {key: held.get_tensor(key) for key in held.keys()}  # noqa: SIM118
            kind = (held.metadata() or {}).get("kind")
    except (OSError, SafetensorError):
        return None
    if not _of_lenet(state):
        return None
    if (seen := state["body.0.weight"].shape[1]) != channels:
        raise UserError(
            f"the classifier in {path} is for images of {seen} channels, the data have {channels}; "
            "use one that was trained on such images."
        )
    return _made(state), kind != "attributes"


def _of_lenet(state: dict[str, Tensor]) -> bool:
    """Whether tensors are those of some `LeNet`, by name and shape."""
    first, last = (state.get(name, torch.empty(0)) for name in ("body.0.weight", "head.weight"))
    if first.dim() != 4 or last.dim() != 2:
        return False
    with torch.device("meta"):
        own = LeNet(first.shape[1], last.shape[0]).state_dict()
    shapes = {name: value.shape for name, value in own.items()}
    return shapes == {name: value.shape for name, value in state.items()}


def _made(state: dict[str, Tensor]) -> LeNet:
    channels, classes = state["body.0.weight"].shape[1], state["head.weight"].shape[0]
    model = LeNet(channels, classes).float()  # whatever the default of the process
    model.load_state_dict({name: value.float() for name, value in state.items()})
    convert_conv2d_weight_memory_format(model, torch.channels_last)  # three times faster
    return model.eval()
