"""Random numbers as an input: what a prior draws is taken from tensors that are handed over."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_leaves

LAWS = {
    "normal": "standard Gaussian numbers, independent of each other",
    "uniform": "uniform numbers in [0, 1), independent of each other",
}
"""Laws of what samplers take, by the names of their inputs."""

Take = Callable[[str, Sequence[int]], Tensor]


class NoGraphError(Exception):
    """Why something has no form as a graph of tensors; a person reads it beside the file's name."""


class Noise(TorchFunctionMode):
    """Inside, random numbers come from a function of law and shape, whoever asks for them.

    A choice among several is made by a uniform number. Draws from a generator of their own are no
    noise, and left alone.

    Arguments:
        take: From a law and a shape to as many numbers.

    Example:
        >>> with Noise(lambda law, shape: torch.full(shape, 0.5)):
        ...     torch.randn(2), torch.randint(10, (2,)), torch.multinomial(torch.ones(4), 1)
        (tensor([0.5000, 0.5000]), tensor([5, 5]), tensor([2]))
    """

    def __init__(self, take: Take) -> None:
        super().__init__()
        self.take = take

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        """What PyTorch calls for each of its functions."""
        own = kwargs or {}
        if func not in DRAWS or own.get("generator") is not None:
            return func(*args, **own)
        return DRAWS[func](self.take, *args, **own)


class Counted(TorchFunctionMode):
    """Inside, counts the calls of PyTorch, and which tensors they look at.

    Attributes:
        calls: How many.
        seen: Identities of the tensors.
    """

    def __init__(self) -> None:
        super().__init__()
        self.calls, self.seen = 0, set[int]()

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        """What PyTorch calls for each of its functions."""
        self.calls += 1
        held = tree_leaves((args, kwargs or {}))
        self.seen.update(id(leaf) for leaf in held if isinstance(leaf, Tensor))
        return func(*args, **(kwargs or {}))


class Takings:
    """Which random numbers a draw takes for each sample, in what order.

    Arguments:
        draw: Draws a number of samples.

    Attributes:
        each: Law and count of each taking.
        sizes: Numbers of each law for a sample.

    Raises:
        NoGraphError: They are not so many for each sample.

    Example:
        >>> Takings(lambda n: torch.randn(n, 3) + torch.rand(n, 1)).sizes
        {'normal': 3, 'uniform': 1}
    """

    def __init__(self, draw: Callable[[int], Any]) -> None:
        counted = [self._of(draw, n) for n in (2, 3)]
        if counted[0] != counted[1]:
            raise NoGraphError("its draws are not as many random numbers for each sample")
        self.each = counted[0]
        totals = Counter[str]()
        for law, count in self.each:
            totals[law] += count
        self.sizes = {law: totals[law] for law in LAWS if totals[law]}

    @staticmethod
    def _of(draw: Callable[[int], Any], n: int) -> list[tuple[str, int]]:
        found: list[tuple[str, int]] = []

        def take(law: str, shape: Sequence[int]) -> Tensor:
            if math.prod(shape) % n:
                raise NoGraphError("its draws are not as many random numbers for each sample")
            found.append((law, math.prod(shape) // n))
            return torch.randn(*shape) if law == "normal" else torch.rand(*shape)

        with torch.no_grad(), Noise(take):
            draw(n)
        return found

    def giving(self, noise: Sequence[Tensor]) -> Noise:
        """Hands over numbers (n, size), one tensor for each law of `sizes`, in that order."""
        given, places = dict(zip(self.sizes, noise, strict=True)), Counter[str]()
        order = iter(self.each)

        def take(law: str, shape: Sequence[int]) -> Tensor:
            _, count = next(order)
            start = places[law]
            places[law] += count
            return given[law][:, start : start + count].reshape(*shape)

        return Noise(take)


def _shape(size: tuple[Any, ...]) -> Sequence[int]:
    return size[0] if len(size) == 1 and not isinstance(size[0], int | torch.SymInt) else size


def _plain(law: str) -> Callable[..., Tensor]:
    def made(take: Take, *size: Any, dtype: torch.dtype | None = None, **_: Any) -> Tensor:
        return take(law, _shape(size)).to(dtype or torch.get_default_dtype())

    return made


def _like(law: str) -> Callable[..., Tensor]:
    def made(take: Take, like: Tensor, **_: Any) -> Tensor:
        return take(law, like.shape).to(like.dtype)

    return made


def _whole(take: Take, high: int, size: Sequence[int], **_: Any) -> Tensor:
    """Whole numbers below `high`."""
    return (take("uniform", size).double() * high).long().clamp(max=high - 1)


def _choice(take: Take, weights: Tensor, count: int = 1, *_: Any, **__: Any) -> Tensor:
    """Places by their weights: the first at which the sum of the shares exceeds the number."""
    among = weights.double().cumsum(-1)
    at = take("uniform", (*weights.shape[:-1], count)).double() * among[..., -1:]
    places = (among[..., None, :] <= at[..., :, None]).sum(-1)
    return places.clamp(max=weights.shape[-1] - 1)


def _refused(take: Take, *_: Any, **__: Any) -> Tensor:
    raise NoGraphError("it draws random numbers in a form that a graph cannot take from outside")


DRAWS: dict[Any, Callable[..., Any]] = {
    torch.randn: _plain("normal"),
    torch.rand: _plain("uniform"),
    torch.randn_like: _like("normal"),
    torch.rand_like: _like("uniform"),
    torch.randint: _whole,
    torch.multinomial: _choice,
    **dict.fromkeys(
        (torch.randperm, torch.normal, torch.bernoulli, torch.poisson, torch.randint_like,
         Tensor.normal_, Tensor.uniform_, Tensor.bernoulli_, Tensor.exponential_), _refused,
    ),
}  # fmt: skip
"""How each function of PyTorch that draws takes its numbers."""
