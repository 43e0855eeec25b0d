"""Features that distances are computed on: pixels, a small classifier's last layer, Inception's.

A distance is called FID only on features of the Inception graph; on others it carries their name.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn

from latentfit.checks import UserError, one_of
from latentfit.metrics.inception import inception_network, weights_path
from latentfit.metrics.lenet import COPIES, LENETS, LeNet, classifier, read_lenet
from latentfit.shapes import as_array, as_tensor, finite, images, is_image

SHIPPED = ("auto", "lenet", "pixels", "inception")
"""What `extractor` takes by name, so that no other extractor may be called so."""
PART = 64  # samples at a time on a CPU: what lies between two layers stays in its cache


@dataclass(frozen=True)
class Extractor:
    """A named function from samples to features.

    Attributes:
        name: Goes into the name of every score, as in `fd_lenet`.
        hash: Of the weights, so that scores of different extractors are never mixed up.
        function: From (B, *shape) to (B, k).
        head: From features (B, k) to class logits (B, C); None where there are no classes.
        kept: Whether name and hash stand for the whole function, so that features of data may be
            kept on disk by them. Of a function from outside no hash does: its code, and what that
            reads, can change.
    """

    name: str
    hash: str
    function: Callable[[Tensor], Tensor]
    head: Callable[[Tensor], Tensor] | None = None
    kept: bool = False

    @torch.no_grad()
    def __call__(self, samples: Tensor | ArrayLike) -> Tensor:
        """From samples (N, *shape) to float32 features (N, k), a few at a time.

        Arguments:
            samples: A tensor in the network's units, images in [0, 1]; or an array, of which
                whole numbers are pixels from 0 to 255.

        Raises:
            UserError: An array holds no samples, or values out of range.
        """
        x = samples if isinstance(samples, Tensor) else _seen(samples)
        size = PART if x.device.type == "cpu" else 512
        return torch.cat([self.function(part) for part in x.split(size)]).float()

    @property
    def distance(self) -> str:
        """Name of the Frechet distance on these features."""
        return "fid" if self.name == "inception" else f"fd_{self.name}"


def _seen(samples: ArrayLike) -> Tensor:
    array = finite(as_array(samples, "samples"), "samples")
    if array.ndim < 3:
        return as_tensor(array.astype(np.float32, copy=False))
    x, _, _ = images(array, "samples")
    return x.float() / 255 if x.dtype == torch.uint8 else x


def pixels() -> Extractor:
    """The entries of a sample themselves: from (B, *shape) to (B, k), k their number."""
    return Extractor("pixels", digest(b"pixels"), lambda x: x.flatten(1).float())


def from_module(
    name: str,
    module: nn.Module,
    *,
    features: Callable[[Tensor], Tensor] | None = None,
    head: Callable[[Tensor], Tensor] | None = None,
) -> Extractor:
    """An extractor from any module; its hash is that of weights and layers.

    Features of data are made anew for each call of `evaluate`, since no hash tells one function
    from another.

    Arguments:
        name: What scores will be called; none of `SHIPPED`, which scores of others would carry.
        module: From images (B, C, H, W) in [0, 1] or vectors (B, d); put into evaluation mode.
        features: Its part that gives features (B, k); the module itself where not given.
        head: From features to class logits, if there are classes.

    Raises:
        UserError: The name is one of `SHIPPED`.

    Example:
        >>> from_module("mine", nn.Flatten())(torch.zeros(2, 1, 3, 3)).shape
        torch.Size([2, 9])
    """
    _free(name)
    shapes = {key: tuple(value.shape) for key, value in module.state_dict().items()}
    mark = f"{module!r}{shapes}"
    return _module(name, module, features or module, head, mark=mark.encode())


def lenet(which: str) -> Extractor:
    """Features (B, 128) of the shipped classifier for one of `LENETS`, from images in [0, 1].

    Raises:
        UserError: There is no such classifier.
    """
    model = classifier(which)
    return _of_lenet("lenet", model, model.head)


def inception(path: str | Path | None = None) -> Extractor:
    """The features (B, 2048) of the Inception graph that FID is defined on (extra `inception`).

    Arguments:
        path: Weights as torch-fidelity publishes them; LATENTFIT_INCEPTION where not given.

    Raises:
        UserError: No path, no file, a file that is not the weights, or the extra is missing.
    """
    network = inception_network(weights_path(path))
    return _module("inception", network, network, network.classify, kept=True)


def extractor(name: str, shape: tuple[int, ...], data: str) -> Extractor:
    """The extractor of that name for a data set.

    Arguments:
        name: `auto`, `lenet`, `pixels`, `inception`, or the path of weights, of Inception or of a
            `LeNet` in safetensors, which gives its name. `auto` is `lenet` where one was trained on
            the data set, else `inception` where images have its weights at hand
            (LATENTFIT_INCEPTION), else `pixels`.
        shape: Shape of one sample, (C, H, W) or (d,).
        data: Name of the data set.

    Raises:
        UserError: There is no such extractor, it does not fit the samples, or Inception weights or
            the extra are missing.

    Example:
        >>> extractor("auto", (16,), "mine").name
        'pixels'
    """
    data = COPIES.get(data, data)
    fits, image = LENETS.get(data) == tuple(shape), is_image(shape)
    if name == "auto":
        name = "lenet" if fits else "inception" if image and weights_path(None) else "pixels"
    path = name if Path(name).suffix in (".pth", ".pt", ".safetensors") else None
    if path is None:
        one_of("features", name, SHIPPED)
    elif image and (found := read_lenet(Path(path), shape[0])):
        model, classes = found
        stem = Path(path).stem
        return _of_lenet(_free(stem), model, model.head if classes else None)
    if name == "pixels":
        return pixels()
    if name == "lenet":
        if not fits:
            raise UserError(
                f"no classifier was trained for '{data}' with shape {tuple(shape)}; use --features "
                f"pixels, or data among {', '.join(LENETS)}."
            )
        return lenet(data)
    if not image:
        raise UserError("Inception features need images; use --features pixels for vectors.")
    return inception(path)


def digest(held: bytes) -> str:
    """Twelve hexadecimal digits that stand for the bytes."""
    return hashlib.blake2b(held, digest_size=6).hexdigest()


def weights(module: nn.Module) -> bytes:
    """The bytes of all that a module's `state_dict` holds."""
    held = (value.detach().cpu().contiguous().flatten() for value in module.state_dict().values())
    return b"".join(value.view(torch.uint8).numpy().tobytes() for value in held)


def _free(name: str) -> str:
    if name in SHIPPED:
        raise UserError(
            f"the name '{name}' is taken; give your extractor one beside {', '.join(SHIPPED)}."
        )
    return name


def _of_lenet(name: str, model: LeNet, head: nn.Module | None) -> Extractor:
    return _module(name, model, lambda x: model.features(x.float()), head, kept=True)


def _module(
    name: str,
    module: nn.Module,
    features: Callable[[Tensor], Tensor],
    head: Callable[[Tensor], Tensor] | None,
    *,
    kept: bool = False,
    mark: bytes = b"",
) -> Extractor:
    module.eval()

    def extract(x: Tensor) -> Tensor:
        module.to(x.device)
        return features(x)

    return Extractor(name, digest(weights(module) + mark), extract, head, kept)
