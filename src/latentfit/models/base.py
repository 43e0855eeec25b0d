"""What a model is: it encodes, decodes, samples, and says who plays in which order."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any, ClassVar, Generic, TypeVar

import torch
from torch import Tensor, nn

from latentfit.game import Turn
from latentfit.likelihoods import Likelihood
from latentfit.networks import evaluating
from latentfit.priors import Prior
from latentfit.units import Units

Shape = tuple[int, ...]


class Learner(nn.Module, ABC):
    """What the training loop plays: turns, with a batch size and perhaps averaged weights.

    Attributes:
        batch: Batch size of the paper.
        average: Decay of the exponential average of the weights that sample; None keeps none.
        current: Names of the networks whose last weights count: those that only judge, and a mask,
            which is decided and not averaged.
        recipe: Name and arguments of the recipe that built it; None if built from parts.
    """

    current: ClassVar[tuple[str, ...]] = ()

    def __init__(self, *, batch: int, average: float | None = None) -> None:
        super().__init__()
        self.batch, self.average = batch, average
        self.recipe: tuple[str, dict[str, Any]] | None = None

    @abstractmethod
    def turns(self) -> Iterator[Turn]:
        """The turns of one round, in the order of the paper."""


Kind = TypeVar("Kind", bound=Learner)


class Learned(Prior, Generic[Kind]):
    """A prior that is trained, after the auto-encoder, on the codes of the training split.

    Arguments:
        model: What is trained.
        longer: Rounds of its training for each round of the auto-encoder's.
    """

    def __init__(self, model: Kind, *, longer: float) -> None:
        super().__init__()
        self.model: Kind = model
        self.longer = longer

    def begin(self, codes: Tensor) -> None:
        """What the training must know of the codes (N, m) before it starts; nothing as a rule."""


class Model(Learner):
    """An auto-encoder with a prior and a list of turns.

    A model is itself a prior: it has `sample(n)`.

    Attributes:
        shape: Shape of one sample: (C, H, W) or (d,).
        latent: Number of latent dimensions m.
        encodes: Whether it has an encoder, and so reconstructs.
        units: The map to the units of the data's file; the identity for images.
        late: Name and settings of a prior that took the place of the recipe's; None as a rule.
    """

    encodes: ClassVar[bool] = True
    decoder: nn.Module
    likelihood: Likelihood
    prior: Prior

    def __init__(
        self, *, shape: Shape, latent: int, batch: int, average: float | None = None
    ) -> None:
        super().__init__(batch=batch, average=average)
        self.shape, self.latent = tuple(shape), latent
        self.units = Units()
        self.late: tuple[str, dict[str, Any]] | None = None

    @abstractmethod
    def encode(self, x: Tensor) -> Tensor:
        """From samples (B, *shape) to their (mean) codes (B, m)."""

    def decode(self, z: Tensor) -> Tensor:
        """From codes (B, m) to samples (B, *shape): in [0, 1] for images."""
        return self.likelihood.mean(self.decoder(z))

    def reconstruct(self, x: Tensor) -> Tensor:
        """From samples to their reconstructions, shape kept."""
        return self.decode(self.encode(x))

    @torch.no_grad()
    def sample(self, n: int) -> Tensor:
        """Draw n samples, with shape (n, *shape), in evaluation mode.

        In the network's units: [0, 1] for images; `units.restore` gives those of the file.
        Draws come from PyTorch's global stream; `seeds.seeded` fixes them.
        """
        with evaluating(self):
            return torch.cat([self.decode(z) for z in self.prior.sample(n).split(512)])
