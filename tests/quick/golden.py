"""The first twenty rounds of every recipe, in float64: `python tests/quick/golden.py --renew`.

A change of the structure must not move them; one that is meant to says in its message why. Without
`--renew` it only shows what moved.
"""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

sys.path.insert(0, str(Path(__file__).parents[1]))

from contract import CASES, IDS, in_double
from latentfit.data import order
from latentfit.game import Game
from latentfit.recipes import recipe
from latentfit.seeds import mix, reseed

FILE = Path(__file__).with_suffix(".json")
ROUNDS, SAMPLES, BATCH, DIGITS = 20, 64, 8, 12
# Schedules pass their first turning points within the rounds that are played.
EARLY: dict[str, dict[str, Any]] = {
    "maskaae": {"pace": 1e-3, "mask_rate": 0.05},
    "lmgae": {"game": "paper", "period": 1},
    "wae-wgan": {},
    "mapae": {"embedding": 12},
    "beta-vae-capacity": {"over": 10},
    "vampprior": {"components": 5, "warmup": 10},
    "vae-iop": {"warmup": 10, "steps": 2},
    "introvae": {"warmup": 10},
}

Losses = dict[str, list[float]]


def points(shape: tuple[int, ...]) -> Tensor:
    """Samples on a curved plane, squashed into (0, 1); a closed form, so no generator matters."""
    row = torch.arange(SAMPLES)[:, None].double()
    place = torch.arange(math.prod(shape)).double()
    a, b = (0.7 * row).sin(), (1.3 * row + 0.2).cos()
    wave = a * (0.9 * place).sin() + b * (0.4 * place + 1).cos() + a * b
    return (2 * wave).sigmoid().reshape(SAMPLES, *shape)


def play(name: str, shape: tuple[int, ...], **settings: Any) -> Losses:
    """Every term of every player over the rounds."""
    with in_double():
        x = points(shape)
        given = {"width": 1 / 64, "batch": BATCH, **EARLY.get(name, {}), **settings}
        game = Game(recipe(name, shape, latent=4, **given))
        batches = (x[indices] for indices in order(SAMPLES, size=BATCH, seed=0))
        found: Losses = {}
        for step in range(ROUNDS):
            reseed(mix(0, "golden", step), torch.device("cpu"))
            for term, value in game.round(batches, step).items():
                found.setdefault(term, []).append(float(f"{value.item():.{DIGITS}g}"))
    return found


def moved(found: Losses, golden: Losses) -> str:
    """What differs by more than float64 can explain; empty where nothing does.

    Twenty rounds of these small networks amplify a rounding by less than a million: 1e-16 becomes
    1e-10 at most, a thousandth of what is allowed.
    """
    if found.keys() != golden.keys():
        return f"terms are {', '.join(found)}, were {', '.join(golden)}"
    for term, values in golden.items():
        size = max(map(abs, values))
        if len(values) != len(found[term]):
            return f"{term}: played {len(found[term])} times, was {len(values)}"
        for step, (now, was) in enumerate(zip(found[term], values, strict=True)):
            if not abs(now - was) <= 1e-7 * (abs(was) + 1e-3 * size) + 1e-12:
                return f"{term}: {now:.9g} at its move {step}, was {was:.9g}"
    return ""


def read() -> dict[str, Losses]:
    """The losses that are kept, by recipe and kind of data."""
    return json.loads(FILE.read_text()) if FILE.exists() else {}


def main() -> None:
    """Show what moved; keep it with `--renew`."""
    torch.set_num_threads(1)
    golden, found = read(), {}
    for case, (name, shape) in zip(IDS, CASES, strict=True):
        found[case] = play(name, shape)
        if text := moved(found[case], golden.get(case, {})):
            print(f"{case}: {text}" if case in golden else f"{case}: new")
    for case in golden.keys() - found.keys():
        print(f"{case}: gone")
    if "--renew" in sys.argv:
        lines = (f"{json.dumps(case)}: {json.dumps(held)}" for case, held in found.items())
        FILE.write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
