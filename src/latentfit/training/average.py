"""Exponential average of the weights that encode, decode and sample."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

from latentfit.models import Learner


class Average:
    r"""Average over rounds of a model's weights and running statistics, critics left out.

    .. math:: a \leftarrow d\, a + (1 - d)\, w, \quad d_t = \min(d, (1 + t) / (10 + t))

    The start of the average is short so that the first weights do not linger. The unit vectors of
    spectral norm are brought back to length 1: shorter, they would underrate the norm.

    Arguments:
        model: Whose weights are averaged.
        decay: d, for example 0.999: a horizon of about 1,000 rounds.
    """

    def __init__(self, model: Learner, decay: float) -> None:
        self.decay = decay
        kept = {
            name: value
            for name, value in model.state_dict().items()
            if value.is_floating_point() and name.split(".")[0] not in model.current
        }
        self.live = list(kept.values())  # share memory with the model
        self.shadow = {name: value.clone() for name, value in kept.items()}
        self.values = list(self.shadow.values())
        self.shares = {value.dtype: value.new_zeros(()) for value in self.values}
        self.units = [v for name, v in self.shadow.items() if name.endswith(("._u", "._v"))]

    def turn_to(self, step: int) -> None:
        """Set the decay to that of a round."""
        decay = min(self.decay, (1 + step) / (10 + step))
        for share in self.shares.values():
            share.fill_(1 - decay)

    @torch.no_grad()
    def update(self) -> None:
        """Take the weights of a finished round in."""
        shares = [self.shares[value.dtype] for value in self.values]
        torch._foreach_lerp_(self.values, self.live, shares)  # pyright: ignore
        for vector in self.units:
            vector.div_(vector.norm())

    @contextmanager
    def applied(self) -> Iterator[None]:
        """The model holds the averaged weights inside, and its own again afterwards."""
        own = [value.clone() for value in self.live]
        self._write(self.values)
        try:
            yield
        finally:
            self._write(own)

    def state_dict(self) -> dict[str, Tensor]:
        """The averaged tensors by name."""
        return self.shadow

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """Continue from what `state_dict` gave."""
        with torch.no_grad():
            for name, value in self.shadow.items():
                value.copy_(state[name])

    @torch.no_grad()
    def _write(self, values: list[Tensor]) -> None:
        for place, value in zip(self.live, values, strict=True):
            place.copy_(value)
