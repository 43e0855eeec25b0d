"""Does `diagnose` name the fault that was planted? Twenty cases, in codes and in models.

    python scripts/planted_faults.py --out results/diagnosis

It writes `table.md`: the fault, what was named first, all findings, seconds.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
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


def codes() -> Iterator[tuple[str, str, Tensor]]:
    """Fault, what was done, and codes, beside draws of N(0, I)."""
    generator = torch.Generator().manual_seed(1)

    def normal(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator)

    z = normal(COUNT, ENTRIES)
    yield "none", "nothing", z
    dead = z.clone()
    dead[:, :3] *= 1e-3
    yield "dead-dimensions", "3 of 12 dimensions do not vary", dead
    yield "scale", "twice the deviation", 2 * z
    yield "scale", "two thirds of the deviation", z / 1.5
    yield "unequal-scales", "deviations from 0.3 to 2.2", z * torch.linspace(0.3, 2.2, ENTRIES)
    yield "off-centre", "all means at 0.7", z + 0.7
    one = z.clone()
    one[:, 0] = one[:, 0].abs()
    yield "off-centre", "one dimension is positive", one
    yield "correlated", "a common factor", 0.8 * normal(COUNT, 1) + 0.6 * z
    pairs = z.clone()
    pairs[:, ::2] = 0.9 * pairs[:, 1::2] + 0.44 * pairs[:, ::2]
    yield "correlated", "pairs with a correlation of 0.9", pairs
    centres = nn.functional.normalize(normal(5, ENTRIES)) * 6
    groups = z + centres[torch.randint(5, (COUNT,), generator=generator)]
    yield "clusters", "five, six deviations from the middle", groups
    yield "clusters", "the same, standardised", (groups - groups.mean(0)) / groups.std(0)
    torch.manual_seed(2)
    tails = z * (3 / torch.distributions.Chi2(3.0).sample((COUNT, 1))).sqrt()
    yield "heavy-tails", "Student's t of 3 degrees", tails / tails.abs().median() * 0.674
    shell = nn.functional.normalize(z) * ENTRIES**0.5 * (1 + 0.03 * normal(COUNT, 1))
    yield "shell", "all lengths alike", shell


def of_those(z: Tensor) -> tuple[Model, Data]:
    """A model of codes whose prior is N(0, I) in their own units."""
    data = lf.data.arrays(z.numpy(), kind="vectors", scale="none", name="codes")
    model = of_codes(data.schema)
    model.refitted = ("planted", {})  # it has a prior, to which the codes are held
    return model, data


def models() -> Iterator[tuple[str, str, Model, Data]]:
    """Fault, what was done, model and data."""
    for fault, what, z in codes():
        yield fault, what, *of_those(z)
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


def main(out: Path) -> None:
    """Plant, ask, and write the table."""
    lines, right = [], 0
    for fault, what, model, data in models():
        began = time.monotonic()
        found = diagnose(model.eval(), data).findings
        first = found[0].name if found else "none"
        right += first == fault
        told = ", ".join(f"{f.name} {f.severity:.1f}" for f in found) or "none"
        lines.append([fault, what, first, told, f"{time.monotonic() - began:.0f}"])
        print(*lines[-1], sep=" | ", flush=True)
    columns = ["planted", "how", "named first", "all, with severities", "seconds"]
    out.mkdir(parents=True, exist_ok=True)
    text = f"{right} of {len(lines)} are named first.\n\n{table(columns, lines)}"
    (out / "table.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    main(parser.parse_args().out)
