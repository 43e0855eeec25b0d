"""Some 300 sets whose dimension is known, clean and not: what sizing is judged on.

Rules are chosen on two seeds of each case, and reported on two others and on cases of other sizes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from latentfit.data import Data, arrays
from latentfit.data.synthetic import push
from latentfit.seeds import mix

CHOOSING, REPORTING, OTHERS = (0, 1), (2, 3), (6, 7)  # seeds; the last of unseen cases


@dataclass(frozen=True)
class KnownSet:
    """A set of known dimension.

    Attributes:
        stratum: What is difficult about it.
        n: Its dimension; of a mixture the largest of its parts'.
        d: Entries of a sample.
        count: Samples in all, of which a tenth each is for validation and test.
        level: How much of the difficulty: share of noise or of copies, digits kept, ...
        seed: Of everything.
    """

    stratum: str
    n: int
    d: int
    count: int = 6_000
    level: float = 0.0
    seed: int = 0

    @property
    def name(self) -> str:
        """All that it is, in a word."""
        return f"{self.stratum}-n{self.n}-d{self.d}-{self.count}-{self.level:g}-s{self.seed}"

    def points(self) -> Tensor:
        """The samples, with shape (count, d)."""
        generator = torch.Generator().manual_seed(mix(self.seed, self.name))
        return MAKERS[self.stratum](self, generator)

    def data(self) -> Data:
        """The samples as a data set of vectors."""
        return arrays(self.points().numpy(), name=self.name, fixed=True, kind="vectors")


def _normal(of: KnownSet, generator: torch.Generator) -> Tensor:
    return torch.randn(of.count, of.n, generator=generator)


def _net(of: KnownSet, generator: torch.Generator) -> Tensor:
    """The papers' set: a Gaussian through a random network."""
    return push(_normal(of, generator), of.d, seed=of.seed)


def _noisy(of: KnownSet, generator: torch.Generator) -> Tensor:
    """With noise in every entry, `level` times the mean deviation of the entries."""
    x = _net(of, generator)
    return x + of.level * x.std(0).mean() * torch.randn(x.shape, generator=generator)


def _copied(of: KnownSet, generator: torch.Generator) -> Tensor:
    """A share `level` of the rows is another row again, but for a thousandth of its deviation."""
    x = _net(of, generator)
    copies = round(of.level * of.count)
    places = torch.randint(copies, of.count, (copies,), generator=generator)
    jitter = 1e-3 * x.std(0) * torch.randn(copies, of.d, generator=generator)
    return torch.cat([x[places] + jitter, x[copies:]])


def _rounded(of: KnownSet, generator: torch.Generator) -> Tensor:
    """Whole numbers of `level` steps a deviation."""
    x = _net(of, generator)
    return (x / x.std(0) * of.level).round()


def _tailed(of: KnownSet, generator: torch.Generator) -> Tensor:
    """Latent points of Student's law with `level` degrees of freedom."""
    rng = np.random.default_rng(mix(of.seed, of.name))
    z = torch.from_numpy(rng.standard_t(of.level, (of.count, of.n)).astype(np.float32))
    return push(z, of.d, seed=of.seed)


def _unequal(of: KnownSet, generator: torch.Generator) -> Tensor:
    """Latent deviations from 1 down to `level`, neighbours correlated by a half."""
    z = _normal(of, generator)
    z[:, 1:] = 0.5 * z[:, :-1] + math.sqrt(0.75) * z[:, 1:]
    return push(z * torch.logspace(0, math.log10(of.level), of.n), of.d, seed=of.seed)


def _bounded(of: KnownSet, generator: torch.Generator) -> Tensor:
    """Uniform factors through a random network: the law has edges."""
    z = math.sqrt(12) * (torch.rand(of.count, of.n, generator=generator) - 0.5)
    return push(z, of.d, seed=of.seed)


def _saturated(of: KnownSet, generator: torch.Generator) -> Tensor:
    """Factors that gather at two ends, turned into d dimensions."""
    return (1.3 * _normal(of, generator)).tanh() @ _frame(of.n, of.d, generator)


def _filled(of: KnownSet, generator: torch.Generator) -> Tensor:
    """No fewer dimensions than entries, of deviations from 1 down to `level`, rotated."""
    z = _normal(of, generator) * torch.logspace(0, math.log10(of.level), of.n)
    return z @ _frame(of.n, of.d, generator)


def _linear(of: KnownSet, generator: torch.Generator) -> Tensor:
    """A linear subspace."""
    return _normal(of, generator) @ torch.randn(of.n, of.d, generator=generator)


def _sphere(of: KnownSet, generator: torch.Generator) -> Tensor:
    """The unit sphere of n + 1 dimensions, turned into d."""
    z = torch.randn(of.count, of.n + 1, generator=generator)
    return z / z.norm(dim=1, keepdim=True) @ _frame(of.n + 1, of.d, generator)


def _torus(of: KnownSet, generator: torch.Generator) -> Tensor:
    """A product of n circles, turned into d dimensions."""
    angle = 2 * math.pi * torch.rand(of.count, of.n, generator=generator)
    return torch.cat([angle.cos(), angle.sin()], 1) @ _frame(2 * of.n, of.d, generator)


def _roll(of: KnownSet, generator: torch.Generator) -> Tensor:
    """Rolls, each of two dimensions in three, n / 2 of them side by side, turned into d."""
    parts = []
    for _ in range(of.n // 2):
        turn = 1.5 * math.pi * (1 + 2 * torch.rand(of.count, generator=generator))
        height = 21 * torch.rand(of.count, generator=generator)
        parts += [turn * turn.cos(), height, turn * turn.sin()]
    return torch.stack(parts, 1) @ _frame(len(parts), of.d, generator)


def _mixed(of: KnownSet, generator: torch.Generator) -> Tensor:
    """Half of n, half of `level` dimensions, far apart."""
    half = of.count // 2
    parts = []
    for number, (n, rows) in enumerate(((of.n, half), (int(of.level), of.count - half))):
        z = torch.randn(rows, n, generator=generator)
        x = push(z, of.d, seed=of.seed + 1_000 * number)
        parts.append(x / x.std() + 5 * number)
    x = torch.cat(parts)
    return x[torch.randperm(of.count, generator=generator)]


def _counts(of: KnownSet, generator: torch.Generator) -> Tensor:
    """Logarithms of Poisson counts, of mean `level`, whose rates follow n factors."""
    x = _net(of, generator)
    x = x / x.std(0)
    rate = of.level * torch.exp(0.8 * x - 0.32)
    return torch.poisson(rate, generator=generator).log1p()


def _frame(a: int, b: int, generator: torch.Generator) -> Tensor:
    """Rows (a, b) that are orthonormal."""
    return torch.linalg.qr(torch.randn(b, a, generator=generator)).Q.T


MAKERS: dict[str, Callable[[KnownSet, torch.Generator], Tensor]] = {
    "clean": _net,
    "few": _net,
    "many": _net,
    "noise": _noisy,
    "tiny": _noisy,
    "copies": _copied,
    "rounded": _rounded,
    "tails": _tailed,
    "unequal": _unequal,
    "bounded": _bounded,
    "saturated": _saturated,
    "filled": _filled,
    "linear": _linear,
    "sphere": _sphere,
    "torus": _torus,
    "roll": _roll,
    "mixed": _mixed,
    "counts": _counts,
}


Case = tuple[str, int, int, int, float]
CASES: list[Case] = [
    *(("clean", n, d, 6_000, 0.0) for n, d in
      ((2, 16), (3, 64), (5, 128), (8, 128), (12, 128), (16, 256), (24, 256), (40, 512))),
    *(("few", n, 64, count, 0.0) for n, count in
      ((3, 300), (5, 1_000), (8, 1_000), (12, 2_000))),
    *(("many", n, 64, 50_000, 0.0) for n in (4, 10)),
    *(("noise", n, d, 6_000, level) for n, d, level in
      ((3, 32, 0.1), (5, 128, 0.3), (8, 128, 0.05), (8, 128, 0.18), (12, 256, 0.1),
       (16, 512, 0.2))),
    *(("copies", n, 128, 6_000, level) for n, level in ((5, 0.2), (8, 0.2), (8, 0.5))),
    *(("rounded", n, 64, 6_000, level) for n, level in ((4, 2.0), (8, 1.0), (8, 10.0))),
    *(("tails", n, 128, 6_000, level) for n, level in ((4, 3.0), (8, 3.0), (12, 5.0))),
    *(("unequal", n, 128, 6_000, level) for n, level in ((4, 0.3), (8, 0.3), (12, 0.5))),
    *(("bounded", n, d, 6_000, 0.0) for n, d in ((3, 32), (8, 128), (12, 128))),
    *(("filled", n, n, 6_000, level) for n, level in ((6, 1.0), (12, 0.5))),
    *(("linear", n, 64, 6_000, 0.0) for n in (2, 6, 12, 24)),
    *(("sphere", n, 64, 6_000, 0.0) for n in (2, 5, 9, 15)),
    *(("torus", n, 64, 6_000, 0.0) for n in (2, 4, 7)),
    *(("roll", n, 32, 6_000, 0.0) for n in (2, 4)),
    *(("mixed", n, 64, 6_000, level) for n, level in ((6, 2.0), (10, 5.0))),
    *(("counts", n, 256, 6_000, level) for n, level in ((3, 2.0), (6, 5.0), (8, 20.0))),
]  # fmt: skip
"""What rules are chosen on, and, with other seeds, reported on."""

UNSEEN: list[Case] = [
    *(("clean", n, d, 4_000, 0.0) for n, d in ((4, 24), (7, 96), (10, 200), (20, 160), (30, 400))),
    *(("few", n, 48, count, 0.0) for n, count in ((2, 400), (6, 700), (10, 1_500))),
    *(("tiny", n, d, count, level) for n, d, count, level in
      ((2, 13, 150, 0.0), (6, 30, 150, 0.0), (4, 30, 180, 0.1), (3, 13, 180, 0.2))),
    ("many", 7, 40, 50_000, 0.0),
    *(("noise", n, d, 4_000, level) for n, d, level in
      ((2, 64, 0.2), (4, 48, 0.15), (6, 200, 0.3), (10, 96, 0.1), (20, 400, 0.1))),
    *(("copies", n, 64, 5_000, level) for n, level in ((3, 0.4), (10, 0.1))),
    *(("rounded", n, 96, 5_000, level) for n, level in ((3, 1.0), (6, 3.0))),
    *(("tails", n, 64, 5_000, level) for n, level in ((3, 2.5), (6, 4.0))),
    *(("unequal", n, 64, 5_000, level) for n, level in ((3, 0.2), (6, 0.4))),
    *(("bounded", n, d, 4_000, 0.0) for n, d in ((5, 64), (10, 96))),
    *(("saturated", n, d, 4_000, 0.0) for n, d in ((4, 48), (8, 96))),
    *(("filled", n, n, 4_000, level) for n, level in ((9, 1.0), (16, 0.7))),
    *(("linear", n, 100, 3_000, 0.0) for n in (4, 9, 18)),
    *(("sphere", n, 40, 3_000, 0.0) for n in (3, 7, 12)),
    *(("torus", n, 40, 4_000, 0.0) for n in (3, 5)),
    ("roll", 2, 64, 2_000, 0.0),
    *(("mixed", n, 100, 5_000, level) for n, level in ((5, 3.0), (8, 2.0))),
    *(("counts", n, 128, 5_000, level) for n, level in ((4, 5.0), (5, 10.0))),
]  # fmt: skip
"""Sizes, counts and levels that no rule was chosen on."""


def known_sets(seeds: tuple[int, ...], cases: Sequence[Case] = tuple(CASES)) -> list[KnownSet]:
    """All sets of some seeds, case by case."""
    return [KnownSet(*case, seed=seed) for case in cases for seed in seeds]
