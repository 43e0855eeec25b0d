"""What holds for every recipe: one name here enrols a new system in every contract test."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

from latentfit.data import Data, arrays
from latentfit.models import Model
from latentfit.recipes import RECIPES, recipe

IMAGE, VECTOR = (1, 8, 8), (12,)
CASES = [
    (name, shape)
    for name, shape in itertools.product(RECIPES, (IMAGE, VECTOR))
    # A cross-entropy needs images, and so does a grid of codes.
    if (name, shape) not in (("vae-bernoulli", VECTOR), ("vq-vae", VECTOR))
]
# Each recipe once, on vectors where it can: what does not depend on the kind of data is cheaper so.
ONCE = [
    (name, next(shape for n, shape in reversed(CASES) if n == name))
    for name in dict.fromkeys(name for name, _ in CASES)
]
IDS = [f"{name}-{'image' if shape == IMAGE else 'vector'}" for name, shape in CASES]


# Games are played and not their warm-ups, in which a mask must not move and no margin is pushed.
AT_ONCE: dict[str, dict[str, object]] = {
    **{name: {"warmup": 0} for name in ("maskaae", "lmgae", "vampprior", "vae-iop")},
    "introvae": {"warmup": 1},  # its margin is found in it
}


def small(name: str, shape: tuple[int, ...], *, seed: int = 0, **settings: object) -> Model:
    settings = AT_ONCE.get(name, {}) | settings
    return recipe(name, shape, latent=4, seed=seed, width=1 / 64, batch=16, **settings)  # type: ignore[arg-type]


def points(shape: tuple[int, ...], seed: int = 0, count: int = 16) -> Iterator[Tensor]:
    generator = torch.Generator().manual_seed(seed)
    while True:
        yield torch.rand(count, *shape, generator=generator)


def toy(shape: tuple[int, ...], count: int = 200) -> Data:
    """Samples on a plane, squashed into [0, 1]: something to learn."""
    generator = torch.Generator().manual_seed(1)
    plane = 3 * torch.randn(2, math.prod(shape), generator=generator)
    x = (torch.randn(count, 2, generator=generator) @ plane).sigmoid()
    return arrays(x.reshape(count, *shape).numpy())


@contextmanager
def in_double() -> Iterator[None]:
    """Everything that is made inside is in float64."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.set_default_dtype(before)
