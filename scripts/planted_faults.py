"""Does `diagnose` name the fault that was planted? One at a time, and two at once.

    python scripts/planted_faults.py --out results/diagnosis

It writes `table.md`: the faults, what was named first, or missed, all findings, seconds.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import torch
from torch import Tensor, nn

import latentfit as lf
from latentfit.data import Data
from latentfit.diagnosis import diagnose
from latentfit.expost import of_codes
from latentfit.models import Model
from latentfit.priors import Normal, Prior
from latentfit.studies.base import table
from latentfit.training import encode_all

COUNT, ENTRIES = 4_000, 12
QUIET = {"progress": False, "device": "cpu", "validate": False}


class Blown(Prior):
    """Draws of another prior, scaled and moved: of the prior that a model is left with."""

    def __init__(self, prior: Prior, scale: float = 1.0, shift: float = 0.0) -> None:
        super().__init__()
        self.prior, self.by, self.shift = prior, scale, shift

    def sample(self, n: int) -> Tensor:
        """Draw n codes."""
        return self.by * self.prior.sample(n) + self.shift


class Copies(Prior):
    """Draws of another prior, of which each fifth lies next to one of some codes (N, m)."""

    def __init__(self, prior: Prior, codes: Tensor) -> None:
        super().__init__()
        self.prior, self.codes = prior, codes

    def sample(self, n: int) -> Tensor:
        """Draw n codes."""
        drawn, copies = self.prior.sample(n), n // 5
        at = torch.randint(len(self.codes), (copies,))
        noise = 0.003 * self.codes.std(0) * torch.randn(copies, drawn.shape[1])
        drawn[:copies] = self.codes[at] + noise
        return drawn


def normal(*shape: int, seed: int = 1) -> Tensor:
    """Draws of N(0, 1)."""
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def dead(z: Tensor) -> Tensor:
    """Three dimensions that hardly vary."""
    return torch.cat([1e-3 * z[:, :3], z[:, 3:]], 1)


def positive(z: Tensor) -> Tensor:
    """The last dimension without its sign."""
    return torch.cat([z[:, :-1], z[:, -1:].abs()], 1)


def pairs(z: Tensor) -> Tensor:
    """Each second dimension follows its neighbour."""
    held = z.clone()
    held[:, ::2] = 0.9 * z[:, 1::2] + 0.44 * z[:, ::2]
    return held


def groups(z: Tensor) -> Tensor:
    """Five groups, six deviations from the middle."""
    centres = nn.functional.normalize(normal(5, z.shape[1], seed=3)) * 6
    return z + centres[torch.arange(len(z)) % 5]


def tails(z: Tensor) -> Tensor:
    """Student's t of 3 degrees, whose middle half is a Gaussian's."""
    torch.manual_seed(2)
    drawn = z * (3 / torch.distributions.Chi2(3.0).sample((len(z), 1))).sqrt()
    return drawn / drawn.abs().median() * 0.674


def shell(z: Tensor) -> Tensor:
    """Lengths that hardly differ."""
    far = z.shape[1] ** 0.5 * (1 + 0.03 * normal(len(z), 1, seed=4))
    return nn.functional.normalize(z) * far


def standardised(z: Tensor) -> Tensor:
    """Means 0, deviations 1."""
    return (z - z.mean(0)) / z.std(0)


IN_CODES: list[tuple[str, str, Callable[[Tensor], Tensor]]] = [
    ("none", "nothing", lambda z: z),
    ("dead-dimensions", "3 of 12 dimensions do not vary", dead),
    ("scale", "twice the deviation", lambda z: 2 * z),
    ("scale", "two thirds of the deviation", lambda z: z / 1.5),
    ("unequal-scales", "deviations from 0.3 to 2.2", lambda z: z * torch.linspace(0.3, 2.2, 12)),
    ("off-centre", "all means at 0.7", lambda z: z + 0.7),
    ("off-centre", "one dimension is positive", positive),
    ("correlated", "a common factor", lambda z: 0.8 * normal(len(z), 1, seed=2) + 0.6 * z),
    ("correlated", "pairs with a correlation of 0.9", pairs),
    ("clusters", "five, six deviations from the middle", groups),
    ("clusters", "the same, standardised", lambda z: standardised(groups(z))),
    ("heavy-tails", "Student's t of 3 degrees", tails),
    ("shell", "all lengths alike", shell),
]
"""Fault, what was done, and how codes of N(0, I) are changed."""
TOGETHER = [(1, 2), (7, 1), (9, 1), (2, 5), (2, 8), (4, 6), (4, 8), (8, 5), (8, 11), (11, 2),
            (11, 5), (9, 2), (12, 5), (1, 12), (11, 4)]  # fmt: skip
"""Places in `IN_CODES` of what is planted one after the other."""


def of_those(z: Tensor) -> tuple[Model, Data]:
    """A model of codes whose prior is N(0, I) in their own units."""
    data = lf.data.arrays(z.numpy(), kind="vectors", scale="none", name="codes")
    model = of_codes(data.schema)
    model.refitted = ("planted", {})  # it has a prior, to which the codes are held
    return model, data


def models() -> Iterator[tuple[str, str, Model, Data]]:
    """Fault, what was done, model and data."""
    z = normal(COUNT, ENTRIES)
    for fault, what, change in IN_CODES:
        yield fault, what, *of_those(change(z))
    data = lf.data.load("synthetic:n=4,d=24")
    healthy = lf.recipe("ae", data, latent=4, width=1 / 8, batch=64, rate=1e-3)
    lf.train(healthy, data, rounds=1_500, **QUIET)
    yield "none", "an auto-encoder with the Gaussian of its codes", healthy, data
    blown = lf.recipe("ae", data, latent=4, width=1 / 8, batch=64, rate=1e-3)
    blown.load_state_dict(healthy.state_dict())
    blown.prior = Blown(healthy.prior, scale=2.0)
    yield "scale", "the prior draws twice as far", blown, data
    kept = lf.recipe("ae", data, latent=4, width=1 / 8, batch=64, rate=1e-3)
    kept.load_state_dict(healthy.state_dict())
    lf.refit(kept, data, "kde", rounds=1)
    kept.prior.get_buffer("width").zero_()
    yield "memorised", "a kernel density of no width", kept, data
    some = lf.recipe("ae", data, latent=4, width=1 / 8, batch=64, rate=1e-3)
    some.load_state_dict(healthy.state_dict())
    some.prior = Copies(healthy.prior, encode_all(healthy, data.train).sample())
    yield (
        "memorised",
        "a fifth of the draws lie next to codes, a tenth as far as their neighbours",
        some,
        data,
    )
    vae = lf.recipe("vae-fixed-variance", data, latent=12, width=1 / 8, batch=64, rate=1e-3)
    lf.train(vae, data, rounds=1_500, **QUIET)
    vae.prior = Normal(12)
    yield "collapsed-dimensions", "twelve where four are needed", vae, data
    poor = lf.recipe("ae", data, latent=1, width=1 / 8, batch=64, rate=1e-3)
    lf.train(poor, data, rounds=600, **QUIET)
    lf.refit(poor, data, "kde", rounds=1)
    yield "poor-reconstructions", "one dimension where four are needed", poor, data
    digits = lf.data.load("digits")
    moved = lf.recipe("ae", digits, latent=8, width=1 / 8, batch=64, rate=1e-3)
    lf.train(moved, digits, rounds=300, **QUIET)
    for part in moved.modules():
        if isinstance(part, nn.BatchNorm2d):
            mean, variance = (part.get_buffer(f"running_{what}") for what in ("mean", "var"))
            mean += 0.5 * variance.sqrt()
    lf.refit(moved, digits, "gaussian", rounds=1)
    yield "batch-norm", "running means are moved by half a deviation", moved, digits


def named(model: Model, data: Data) -> tuple[list[str], list[str]]:
    """What is found, the first first, and two entries of a line: with severities, and seconds."""
    began = time.monotonic()
    found = diagnose(model.eval(), data).findings
    told = ", ".join(f"{f.name} {f.severity:.1f}" for f in found) or "none"
    return [f.name for f in found], [told, f"{time.monotonic() - began:.0f}"]


def main(out: Path) -> None:
    """Plant, ask, and write the tables."""
    alone, both, first_right, all_right = [], [], 0, 0
    for fault, what, model, data in models():
        found, ends = named(model, data)
        first = found[0] if found else "none"
        first_right += first == fault
        alone.append([fault, what, first, *ends])
        print(*alone[-1], sep=" | ", flush=True)
    for one, two in TOGETHER:
        (fault, what, change), (other, how, then) = IN_CODES[one], IN_CODES[two]
        found, ends = named(*of_those(then(change(normal(COUNT, ENTRIES)))))
        missed = sorted({fault, other} - set(found))
        all_right += not missed
        both.append([f"{fault}, {other}", f"{what}; {how}", ", ".join(missed), *ends])
        print(*both[-1], sep=" | ", flush=True)
    ends = ["all, with severities", "seconds"]
    text = f"{first_right} of {len(alone)} are named first.\n\n"
    text += table(["planted", "how", "named first", *ends], alone)
    text += f"\nTwo at once: of {len(both)} pairs both are named in {all_right}.\n\n"
    text += table(["planted", "how", "missed", *ends], both)
    out.mkdir(parents=True, exist_ok=True)
    (out / "table.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    main(parser.parse_args().out)
