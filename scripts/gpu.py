"""What a GPU shows, in under nine minutes: python scripts/gpu.py [--minutes 9] [--data-root data].

Every step is a process of its own with a time limit, and writes a line to `results/gpu/` as soon as
it has one, so that a step that hangs or fails costs itself alone. In order: whether recorded rounds
are those that are played move by move, for every recipe; rounds per second of some games, played
and recorded, in each precision; a run that is stopped and goes on; FlexAE-SR on MNIST with the
published networks for the time that is left, scored. `--device cpu` plays all of it without a card,
where nothing is recorded.
"""

from __future__ import annotations

import argparse
import copy
import functools
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

import latentfit as lf
from latentfit.data import Data, load, order
from latentfit.data.resident import Resident
from latentfit.game import Game
from latentfit.recipes import RECIPES, recipe
from latentfit.training.average import Average
from latentfit.training.precision import prepared, products
from latentfit.training.recorded import WARM, Graph
from latentfit.training.rounds import Rounds

RESULTS = Path(__file__).parents[1] / "results" / "gpu"
IMAGE = (1, 28, 28)
GAMES = ("flexae-sr", "maskaae", "vae-fixed-variance", "wae-mmd", "wae-gan", "introvae", "rae-l2")
MODES = [
    ("32", False, False), ("tf32", False, False), ("32", True, False), ("tf32", True, False),
    ("bf16", True, False), ("bf16", True, True),
]  # fmt: skip
"""Precision, recorded, compiled."""


def say(file: Path, **what: Any) -> None:
    """A line of results."""
    with file.open("a") as lines:
        lines.write(json.dumps(what) + "\n")
    print(file.stem, json.dumps(what), flush=True)


def images(given: argparse.Namespace) -> Data:
    """MNIST, or noise of its shape where it is not at hand."""
    try:
        return load("mnist", root=given.data_root)
    except lf.checks.UserError:
        return lf.data.arrays(torch.rand(4096, *IMAGE), name="noise")


def rounds(
    model: Any, split: Any, device: torch.device, mode: tuple[str, bool, bool], told: list[str]
) -> Rounds:
    """The rounds of a model on a device."""
    precision, recorded, compiled = mode
    game = Game(
        model,
        prepare=functools.partial(prepared, precision=precision, device=device, compiled=compiled),
        capturable=device.type == "cuda",
    )
    average = Average(model, model.average) if model.average is not None else None
    return Rounds(
        game, average, split, order(len(split), size=model.batch, seed=0), seed=0, device=device,
        tell=told.append, tape=Graph if recorded and device.type == "cuda" else None,
    )  # fmt: skip


def waited(device: torch.device) -> None:
    """All that was launched is done."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def equality(given: argparse.Namespace) -> None:
    """Recorded rounds against those played move by move, bit for bit, for every recipe."""
    device = torch.device(given.device)
    split = Resident(torch.rand(512, *IMAGE, generator=torch.Generator().manual_seed(0)).to(device))
    for name in given.recipes or RECIPES:
        try:
            model = recipe(name, IMAGE, latent=8, width=1 / 8, batch=32).to(device).train()
            told: list[str] = []
            pair = []
            for recorded in (False, True):
                twin = copy.deepcopy(model)
                with products("32"):
                    held = rounds(twin, split, device, ("32", recorded, False), told)
                    terms = [held.play(step) for step in (*range(WARM + 5), 20_000, 20_001)]
                values = [float(value) for found in terms for value in found.values()]
                pair.append((twin.state_dict(), values))
            (one, first), (two, second) = pair
            off = max(float((one[k].double() - two[k].double()).abs().max()) for k in one)
            say(
                given.to / "equality.jsonl",
                recipe=name,
                same=off == 0 and first == second,
                most=off,
                told=told,
            )
        except Exception as error:  # the next recipe is of interest all the same
            say(
                given.to / "equality.jsonl",
                recipe=name,
                error=f"{type(error).__name__}: {error}"[:300],
            )


def speed(given: argparse.Namespace) -> None:
    """Rounds per second with the published networks."""
    device, data = torch.device(given.device), images(given).to(given.device)
    for name in given.recipes or GAMES:
        for mode in [mode for mode in MODES if not (given.quick and mode[2])]:
            precision, recorded, compiled = mode
            facts = {"recipe": name, "precision": precision, "recorded": recorded,
                     "compiled": compiled}  # fmt: skip
            try:
                model = recipe(name, data, latent=16, width=given.width).to(device).train()
                told: list[str] = []
                with products(precision):
                    held = rounds(model, data.train, device, mode, told)
                    began = time.perf_counter()
                    for step in range(WARM + 3):
                        held.play(step)
                    waited(device)
                    ready = time.perf_counter() - began
                    count, began = 0, time.perf_counter()
                    while time.perf_counter() - began < given.seconds:
                        held.play(WARM + 3 + count)
                        count += 1
                        if count % 16 == 0:
                            waited(device)
                    waited(device)
                    rate = count / (time.perf_counter() - began)
                memory = torch.cuda.max_memory_allocated() if device.type == "cuda" else 0
                say(given.to / "speed.jsonl", **facts, rounds_per_second=round(rate, 2),
                    ready_seconds=round(ready, 1), batch=model.batch, peak_bytes=memory,
                    told=told)  # fmt: skip
            except Exception as error:
                say(
                    given.to / "speed.jsonl",
                    **facts,
                    error=f"{type(error).__name__}: {error}"[:300],
                )


def resume(given: argparse.Namespace) -> None:
    """A run that is played in two parts against one that is played in one."""
    data, weights = images(given), []
    with tempfile.TemporaryDirectory() as place:
        for name, parts in (("whole", (40,)), ("halves", (23, 40))):
            model = recipe("flexae-sr", data, latent=16, width=1 / 8)
            for until in parts:
                model = recipe("flexae-sr", data, latent=16, width=1 / 8)
                lf.train(model, data, rounds=until, out=Path(place) / name,
                         device=given.device, progress=False)  # fmt: skip
            weights.append(model.state_dict())
        one, two = weights
        off = max(float((one[k].double() - two[k].double()).abs().max()) for k in one)
    say(given.to / "resume.jsonl", same=off == 0, most=off)


def flagship(given: argparse.Namespace) -> None:
    """FlexAE-SR on MNIST for some seconds, scored."""
    data = images(given)
    model = recipe("flexae-sr", data, latent=16, width=given.width)
    with tempfile.TemporaryDirectory() as place:
        folder, began, played = Path(place), time.perf_counter(), 0
        chunk = given.chunk
        while time.perf_counter() - began < given.seconds and played < 130_000:
            played += chunk
            lf.train(model, data, rounds=played, out=folder, device=given.device,
                     precision=given.precision, progress=False)  # fmt: skip
            say(
                given.to / "flagship.jsonl",
                rounds=played,
                seconds=round(time.perf_counter() - began, 1),
            )
        scores = lf.evaluate(model, data)
        say(given.to / "flagship.jsonl", rounds=played, data=data.name,
            seconds=round(time.perf_counter() - began, 1),
            scores={k: v for k, v in scores.items() if isinstance(v, float)})  # fmt: skip


STEPS: dict[str, tuple[Callable[[argparse.Namespace], None], float]] = {
    "equality": (equality, 0.22), "speed": (speed, 0.35), "resume": (resume, 0.08),
    "flagship": (flagship, 0.35),
}  # fmt: skip
"""Each with the share of the time that it may take at most."""


def main() -> None:
    """Play all steps, or one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=9.0, help="in all, at most")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--data-root", default=None)
    parser.add_argument("--recipes", nargs="*", help="only these")
    parser.add_argument("--width", type=float, default=1.0, help="1 is the published size")
    parser.add_argument("--precision", default="auto", help="of the long run")
    parser.add_argument("--to", type=Path, default=RESULTS)
    parser.add_argument("--only", nargs="*", choices=STEPS, default=list(STEPS))
    parser.add_argument("--quick", action="store_true", help="nothing is compiled")
    parser.add_argument("--step", choices=STEPS, help=argparse.SUPPRESS)
    parser.add_argument("--seconds", type=float, default=2.5, help=argparse.SUPPRESS)
    parser.add_argument("--chunk", type=int, default=2000, help=argparse.SUPPRESS)
    given = parser.parse_args()
    given.to.mkdir(parents=True, exist_ok=True)
    if given.step:
        STEPS[given.step][0](given)
        return
    card = torch.cuda.get_device_name() if torch.cuda.is_available() else "no GPU"
    say(given.to / "machine.jsonl", card=card, torch=torch.__version__)
    end = time.monotonic() + 60 * given.minutes
    for step in given.only:
        left = end - time.monotonic()
        last = step == given.only[-1]
        limit = left if last else min(left, 60 * given.minutes * STEPS[step][1])
        # The long run needs a third of its time to be scored.
        seconds = 0.6 * limit if step == "flagship" else given.seconds
        words = [*sys.argv[1:], "--step", step, "--seconds", str(seconds)]
        began = time.monotonic()
        try:
            done = subprocess.run([sys.executable, __file__, *words], timeout=max(1, limit))
            ended = f"ended with {done.returncode}"
        except subprocess.TimeoutExpired:
            ended = f"was stopped after {limit:.0f} s"
        say(
            given.to / "machine.jsonl",
            step=step,
            ended=ended,
            seconds=round(time.monotonic() - began, 1),
        )


if __name__ == "__main__":
    main()
