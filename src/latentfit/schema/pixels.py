"""Images: pixels between black and white."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor

from latentfit.checks import UserError
from latentfit.schema.base import Schema
from latentfit.shapes import Shape, images


@dataclass(frozen=True)
class Pixels(Schema):
    """Images as shares of white, in [0, 1].

    Attributes:
        seen: (C, H, W).
        white: Value of white in the file: 255 for 8 bits, 65,535 for 16, 4,095 for 12, 1 for floats
            and for images of 0 and 1.
        dtype: Of the file's pixels.
        crop: Whether images of another size are cut to shape; else they are squeezed into it.
        background: Colour behind transparency.
        mean: Of the brightness of the training images; None where it is not known.
        spread: Deviation of that brightness between images.

    Example:
        >>> Pixels((1, 2, 2)).apply(np.full((1, 2, 2), 255, np.uint8)).mean()
        tensor(1.)
    """

    kind = "pixels"

    seen: Shape
    white: float = 255
    dtype: str = "uint8"
    crop: bool = False
    background: str = "white"
    mean: float | None = None
    spread: float | None = None

    @property
    def held(self) -> Shape:  # pyright: ignore
        """(C, H, W)."""
        return self.seen

    def apply(self, held: Any) -> Tensor:
        """From images to [0, 1], float32 with shape (N, C, H, W).

        Raises:
            UserError: They have another shape, or pixels out of range.
        """
        found, _, _ = images(held, "samples", white=self.white)
        if tuple(found.shape[1:]) != tuple(self.seen):
            raise UserError(
                f"samples have shape {tuple(found.shape[1:])}, the model takes {tuple(self.seen)}; "
                f"give a batch of shape (N, {', '.join(map(str, self.seen))})."
            )
        return found.float() / 255 if found.dtype == torch.uint8 else found

    def restore(self, seen: Tensor) -> np.ndarray:
        """Images in [0, 1], float32 with shape (N, C, H, W)."""
        return seen.detach().cpu().float().numpy()

    def pixels(self, seen: Tensor) -> np.ndarray:
        """Images in the type of the file, with shape (N, H, W), or (N, H, W, C) for C above 1."""
        kind = np.dtype(self.dtype)
        kind = np.dtype(np.uint8) if kind.kind == "f" else kind
        white = 255 if np.dtype(self.dtype).kind == "f" else self.white
        found = (seen.detach().cpu().double().clamp(0, 1) * white).round().movedim(1, -1).numpy()
        return (found[..., 0] if found.shape[-1] == 1 else found).astype(kind)

    def drift(self, seen: Tensor) -> list[str]:
        """The brightness, where it is more than 3 deviations between images away."""
        if self.mean is None or self.spread is None:
            return []
        mean = float(seen.mean())
        if abs(mean - self.mean) <= 3 * self.spread + 0.02:
            return []
        return [f"the mean brightness is {mean:.3f}, at the training {self.mean:.3f}"]

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {"kind": self.kind, **vars(self)} | {"seen": list(self.seen)}

    @classmethod
    def from_json(cls, told: dict[str, Any]) -> Self:
        """What `to_json` told."""
        held: dict[str, Any] = {key: value for key, value in told.items() if key != "kind"}
        held["seen"] = tuple(told["seen"])
        return cls(**held)


def brightness(pixels: Any, places: Tensor) -> dict[str, Any]:
    """Mean and deviation between images of the mean of an image, for `Pixels`.

    Arguments:
        pixels: uint8, or shares of white, with shape (N, C, H, W); or what gives some of them.
        places: Those that count.
    """
    means = torch.cat([pixels[some].float().flatten(1).mean(1) for some in places.split(1024)])
    means = means.double() / (255 if pixels.dtype == torch.uint8 else 1)
    return {"mean": float(means.mean()), "spread": float(means.std()) if len(means) > 1 else 0.0}
