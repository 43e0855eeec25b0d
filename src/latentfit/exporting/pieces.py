"""What is exported of a model: its encoder, its decoder, and its sampler, each from tensors."""

from __future__ import annotations

import copy
from abc import abstractmethod
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from latentfit.exporting.forms import prior_formed, pruned
from latentfit.exporting.noise import LAWS, Counted, Takings
from latentfit.exporting.units import Units
from latentfit.models import Model
from latentfit.priors import ByClass, Prior


@dataclass(frozen=True)
class Port:
    """An input or an output.

    Attributes:
        name: Its own.
        shape: Of one sample of a batch.
        dtype: Of its numbers.
        told: What a person should know: units, or the law of noise.
    """

    name: str
    shape: tuple[int, ...]
    dtype: torch.dtype
    told: dict[str, Any]

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        kind = str(self.dtype).removeprefix("torch.")
        return {"name": self.name, "shape": ["batch", *self.shape], "type": kind, **self.told}


class Piece(nn.Module):
    """A part of a model as a function of tensors, in evaluation mode.

    Arguments:
        model: The model.
        units: Of its samples.

    Attributes:
        name: Of its file.
        ports: Its inputs.
        gives: Its output.
    """

    name: str
    ports: tuple[Port, ...]
    gives: Port

    def __init__(self, model: Model, units: Units) -> None:
        super().__init__()
        self.model, self.units = model, units

    @abstractmethod
    def forward(self, *given: Tensor) -> Tensor:
        """From the inputs, a batch each, to the output."""

    @abstractmethod
    def some(self, n: int) -> list[Tensor]:
        """Inputs of n samples to try it on."""

    def calls(self) -> int:
        """How many calls of PyTorch it is; tensors that none of them looks at are left out."""
        with torch.no_grad(), Counted() as counted:
            self(*self.some(2))
        pruned(self, counted.seen)
        return counted.calls


class Encoding(Piece):
    """From samples to their mean codes, masked where the model has a mask."""

    name = "encoder"

    def __init__(self, model: Model, units: Units) -> None:
        super().__init__(model, units)
        self.ports = (samples_port(units),)
        self.gives = codes_port(model)

    def forward(self, *given: Tensor) -> Tensor:
        """From samples (B, ...) to codes (B, m)."""
        return self.model.code(self.units.seen(given[0])).centre()

    def some(self, n: int) -> list[Tensor]:
        """Samples at random."""
        return [self.units.some(n)]


class Decoding(Piece):
    """From codes to samples: the means that the decoder gives."""

    name = "decoder"

    def __init__(self, model: Model, units: Units) -> None:
        super().__init__(model, units)
        self.ports = (codes_port(model),)
        self.gives = samples_port(units)

    def forward(self, *given: Tensor) -> Tensor:
        """From codes (B, m) to samples (B, ...)."""
        return self.units.held(self.model.decode(given[0]))

    def some(self, n: int) -> list[Tensor]:
        """Gaussian codes."""
        return [torch.randn(n, self.model.latent)]


class Sampling(Piece):
    """From random numbers to samples, as `Model.sample` draws them.

    Arguments:
        model: The model.
        units: Of its samples.

    Raises:
        UserError: The prior is not fitted yet.
        NoGraphError: Its draws do not follow from random numbers for each sample.
    """

    name = "sampler"

    def __init__(self, model: Model, units: Units) -> None:
        super().__init__(model, units)
        self.prior = prior_formed(copy.deepcopy(model.prior))
        self.classes = model.classes
        label = torch.zeros(1, dtype=torch.long) if self.classes else None
        self.takings = Takings(lambda n: self._drawn(n, None if label is None else label.expand(n)))
        noise = [
            Port(law, (size,), torch.float32, {"law": LAWS[law]})
            for law, size in self.takings.sizes.items()
        ]
        if self.classes:
            told = {"law": "number of a class, from 0 on", "classes": list(self.classes),
                    "shares": shares(model.prior)}  # fmt: skip
            noise.append(Port("label", (), torch.int64, told))
        self.ports, self.gives = tuple(noise), samples_port(units)

    def forward(self, *given: Tensor) -> Tensor:
        """From noise (B, size), and labels (B,) where there are classes, to samples (B, ...)."""
        noise, label = (given[:-1], given[-1]) if self.classes else (given, None)
        with self.takings.giving(noise):
            return self._drawn(given[0].shape[0], label)

    def _drawn(self, n: int, label: Tensor | None) -> Tensor:
        codes = self.prior.sample(n) if label is None else self.prior.sample_of(n, label)  # type: ignore[arg-type]
        model = self.model
        return self.units.held(model.likelihood.settle(model.decode(codes)))

    def some(self, n: int) -> list[Tensor]:
        """Random numbers of their laws."""
        found = []
        for port in self.ports:
            if port.name == "label":
                found.append(torch.arange(n) % len(self.classes))
            else:
                draw = torch.randn if port.name == "normal" else torch.rand
                found.append(draw(n, *port.shape))
        return found


def samples_port(units: Units) -> Port:
    """Samples in the units of the file."""
    return Port("samples", units.shape, units.dtype, {"units": units.told["units"]})


def codes_port(model: Model) -> Port:
    """Codes."""
    return Port("codes", (model.latent,), torch.float32, {"units": "those of the latent space"})


def shares(prior: Prior) -> list[float]:
    """How many of the training codes are of each class."""
    of = prior if isinstance(prior, ByClass) else getattr(prior, "model", None)
    return [round(float(share), 6) for share in getattr(of, "shares", ())]
