"""The Inception graph of 2015-12-05, through torch-fidelity (extra `inception`)."""

from __future__ import annotations

import importlib
import os
import tempfile
from pathlib import Path

import torch
from torch import Tensor, nn

from latentfit.checks import UserError

VARIABLE = "LATENTFIT_INCEPTION"


class Inception(nn.Module):
    """From images to the 2048 numbers of pool_3.

    Arguments:
        network: torch-fidelity's extractor, which takes 8-bit colour images and resizes them as
            TensorFlow 1 does.
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: Tensor) -> Tensor:
        """From images (B, 1 or 3, H, W) in [0, 1], rounded to 8 bits, to features (B, 2048)."""
        colour = x.expand(-1, 3, -1, -1)
        whole = (colour.clamp(0, 1) * 255).round().byte()
        # The graph is wide: so many images at a time keep memory under 2 GB.
        return torch.cat([self.network(part)[0] for part in whole.split(64)])

    def classify(self, features: Tensor) -> Tensor:
        """From features (B, 2048) to class logits (B, 1008), without bias, as scores take them."""
        return features @ self.network.get_submodule("fc").get_parameter("weight").T


def weights_path(path: str | Path | None) -> Path | None:
    """The given path, or that of the variable LATENTFIT_INCEPTION; None where neither is set."""
    given = path or os.environ.get(VARIABLE)
    return Path(given) if given else None


def inception_network(path: Path | None) -> Inception:
    """Build the network with weights from a path.

    Raises:
        UserError: No path, no file, a file that is not the weights, or the extra is missing.
    """
    if path is None:
        raise UserError(
            f"Inception features need their weights; set {VARIABLE} to torch-fidelity's "
            "weights-inception-2015-12-05-6726825d.pth, or use --features lenet or pixels."
        )
    if not path.is_file():
        raise UserError(f"no Inception weights at {path}; give the path of the .pth file.")
    try:
        peer = importlib.import_module("torch_fidelity.feature_extractor_inceptionv3")
    except ImportError as error:
        raise UserError(
            "Inception features need the extra: pip install 'latentfit[inception]'."
        ) from error
    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            state = load_file(path)
        else:
            state = torch.load(path, map_location="cpu", weights_only=True)
        # torch-fidelity trusts the file it is given, so it gets one of tensors that we wrote.
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder) / "weights.pth"
            torch.save(state, copy)
            network = peer.FeatureExtractorInceptionV3(
                "inception-v3-compat", ["2048"], feature_extractor_weights_path=str(copy)
            )
    except Exception as error:
        raise UserError(
            f"{path} does not hold torch-fidelity's Inception weights; give the path of "
            "weights-inception-2015-12-05-6726825d.pth."
        ) from error
    return Inception(network)
