"""Vectors and signals: numbers of one kind, brought to one scale."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal, Self

import numpy as np
import torch
from torch import Tensor

from latentfit.checks import UserError
from latentfit.schema.base import Dialect, Schema, cpu64, far
from latentfit.shapes import Shape, as_array, finite

Scale = Literal["each", "common", "none"]


@dataclass(frozen=True)
class Numbers(Schema):
    r"""The map between the units of the file and those of the network.

    .. math:: \text{seen} = (\text{held} - \text{shift}) / \text{scale}

    in double precision, of log(1 + held) for counts.

    Attributes:
        held: Shape of a sample in its file: any for vectors, (T,) or (C, T) for signals.
        seen: (d,) for vectors, (C, T) for signals.
        shift: In the units of the file, with a shape that `seen` broadcasts with; float64.
        scale: Positive, with the shape of `shift`.
        dtype: Of the file's array, which `restore` gives again.
        low: Lowest value of the training split; whole numbers are kept within it.
        high: Highest value.
        counts: Whole numbers from 0 on, of which the network sees the logarithm.
        names: Of the entries, where the file has some.
        dialect: Of the file, where it is text.
        apart: Names of other columns of the file, which are not modelled.

    Example:
        >>> schema = Numbers.fit(np.array([[1.0], [3.0]]), scale="each")
        >>> schema.shift, schema.restore(torch.tensor([[0.0]]))
        (tensor([2.], dtype=torch.float64), array([[2.]]))
    """

    kind = "numbers"

    held: Shape
    seen: Shape
    shift: Tensor = field(default_factory=lambda: torch.zeros((), dtype=torch.float64))
    scale: Tensor = field(default_factory=lambda: torch.ones((), dtype=torch.float64))
    dtype: str = "float32"
    low: float = float("-inf")
    high: float = float("inf")
    counts: bool = False
    names: tuple[str, ...] = ()
    dialect: Dialect = field(default_factory=Dialect)
    apart: tuple[str, ...] = ()

    @classmethod
    def fit(cls, train: np.ndarray, *, scale: Scale, signal: bool = False, **more: Any) -> Self:
        """The schema of training samples.

        Arguments:
            train: With shape (N, ...), or (N, T) or (N, C, T) for signals.
            scale: A mean and a deviation for `each` entry; one for all, or for all positions of a
                channel (`common`); or `none`.
            signal: Whether these are signals.
            more: Other attributes.
        """
        return cls.fit_in_parts(lambda: [train], scale=scale, signal=signal, **more)

    @classmethod
    def fit_in_parts(
        cls,
        parts: Callable[[], Iterable[np.ndarray]],
        *,
        scale: Scale,
        signal: bool = False,
        **more: Any,
    ) -> Self:
        """As `fit`, of training samples that are read a few at a time, twice.

        Arguments:
            parts: Gives all of them once, in arrays (n, *held).
            scale: As in `fit`.
            signal: As in `fit`.
            more: As in `fit`.
        """
        axes = {"each": (0,), "common": (0, -1), "none": None}[scale]
        count, low, high = 0, float("inf"), float("-inf")
        total: Any = 0.0
        square: Any = 0.0
        held, seen, kind = (), (), ""

        def values(part: np.ndarray) -> np.ndarray:
            shaped = part.reshape(-1, *seen)
            return np.log1p(shaped) if more.get("counts") else shaped

        for part in parts():
            held, kind = part.shape[1:], part.dtype.name
            seen = (math.prod(held),) if not signal else (1, *held) if len(held) == 1 else held
            low, high = min(low, float(part.min())), max(high, float(part.max()))
            count += len(part) * (seen[-1] if scale == "common" else 1)
            if axes is not None:
                total = total + values(part).sum(axes, keepdims=True, dtype=np.float64)
        found: dict[str, Tensor] = {}
        if axes is not None:
            mean = total / count
            for part in parts():
                square = square + np.square(values(part) - mean).sum(axes, keepdims=True)
            spread = np.sqrt(square / (count - 1))[0]
            mean = mean[0]
            # What does not change carries nothing; scale 1 keeps it at zero, also where rounding
            # makes a deviation of it.
            flat = spread <= 1e-12 * np.abs(mean)
            found["shift"] = torch.from_numpy(np.atleast_1d(mean))
            found["scale"] = torch.from_numpy(np.where(flat, 1.0, spread))
        return cls(held=held, seen=seen, dtype=kind, low=low, high=high, **found, **more)

    @property
    def neutral(self) -> bool:
        """Whether the map changes nothing."""
        same = not bool(self.shift.any()) and bool((self.scale == 1).all())
        return same and not self.counts

    @property
    def columns_of_entries(self) -> list[str | int]:
        """The names of vectors that have some."""
        return list(self.names) if len(self.seen) == 1 else []

    def apply(self, held: Any) -> Tensor:
        """From numbers (N, *held) to the network's, float32 with shape (N, *seen).

        Raises:
            UserError: They are of another shape, no numbers, or not finite.
        """
        if isinstance(held, Tensor) and held.device.type != "cpu":
            return self.apply(held.cpu()).to(held.device)
        array = finite(as_array(held, "samples"), "samples")
        if array.shape[1:] != tuple(self.held):
            raise UserError(
                f"samples have shape {array.shape[1:]}, the model takes {tuple(self.held)}; give a "
                f"batch of shape (N, {', '.join(map(str, self.held))})."
            )
        if self.counts and array.min(initial=0) < 0:
            raise UserError(f"counts are 0 and above, got {array.min():g}; give counts.")
        values = torch.from_numpy(array.astype(np.float64)).reshape(-1, *self.seen)
        values = values.log1p() if self.counts else values
        return ((values - self.shift) / self.scale).float()

    def restore(self, seen: Tensor) -> np.ndarray:
        """From the network's (N, *seen) to the units, shape and type of the file (N, *held)."""
        values = cpu64(seen) * self.scale + self.shift
        array = (values.expm1() if self.counts else values).reshape(-1, *self.held).numpy()
        kind = np.dtype(self.dtype)
        if kind.kind in "iub" or self.counts:
            array = array.round().clip(max(self.low, -(2.0**62)), min(self.high, 2.0**62))
        return array.astype(kind)

    def drift(self, seen: Tensor) -> list[str]:
        """Entries, or channels of a signal, that lie far from those of the training."""
        if self.neutral:
            return []
        if len(self.seen) == 1:
            parts, names = seen, self.names or [f"entry {i}" for i in range(self.seen[0])]
        else:
            parts = seen.transpose(0, 1).flatten(1).T
            names = [f"channel {i}" for i in range(self.seen[0])]
        shift, scale = (
            part.expand(self.seen).reshape(parts.shape[1], -1).mean(1).tolist()
            for part in (self.shift, self.scale)
        )
        units = (partial(_straight, *line) for line in zip(shift, scale, strict=True))
        return far(names, parts, units)

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "kind": self.kind,
            "held": list(self.held),
            "seen": list(self.seen),
            "shift": self.shift.tolist(),
            "scale": self.scale.tolist(),
            "dtype": self.dtype,
            "low": self.low,
            "high": self.high,
            "counts": self.counts,
            "names": list(self.names),
            "dialect": vars(self.dialect),
            "apart": list(self.apart),
        }

    @classmethod
    def from_json(cls, told: dict[str, Any]) -> Self:
        """What `to_json` told."""
        double = {key: torch.tensor(told[key], dtype=torch.float64) for key in ("shift", "scale")}
        rest = {key: tuple(told[key]) for key in ("held", "seen", "names", "apart")}
        plain = {key: told[key] for key in ("dtype", "low", "high", "counts")}
        return cls(**double, **rest, **plain, dialect=Dialect(**told["dialect"]))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Numbers) and self.to_json() == other.to_json()

    __hash__: Any = None  # type: ignore[assignment]


def _straight(shift: float, scale: float, seen: float) -> float:
    return shift + scale * seen
