"""Time of a step of ours and of Pythae 0.1.2: the same networks, batch and images, in turn.

Each training is a process of its own, so that what one library tells the machine does not help the
other. The networks are the same functions; theirs are computed by the layers of PyTorch. Needs the
environment of `against_pythae.py`. A line for each training goes to `--out`.

    python benchmarks/steps_against_pythae.py --out results/speed --data-root data
"""

from __future__ import annotations

import argparse
import json
import logging
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import torch
from against_pythae import BATCH, LATENT, RATE, SYSTEMS, their_model, their_training
from pythae.pipelines import TrainingPipeline
from torch import nn

from latentfit.data import Data, load
from latentfit.networks.taps import OneChannel, OneChannelUp
from latentfit.recipes import recipe
from latentfit.storage import RunFolder
from latentfit.training import Settings, train

STEPS = 300


def ours(name: str, data: Data, width: float, steps: int) -> float:
    """Seconds of a training of ours, checkpoint and log lines included."""
    known, settings = SYSTEMS[name]
    model = recipe(known, data, latent=LATENT, width=width, batch=BATCH, rate=RATE, **settings)
    with tempfile.TemporaryDirectory() as folder:
        playing = Settings(rounds=steps, device="cpu", progress=False)
        began = time.perf_counter()
        train(model, data, playing, folder=RunFolder(Path(folder)))
        return time.perf_counter() - began


def theirs(name: str, data: Data, width: float, steps: int) -> float:
    """Seconds of a training of theirs, of one epoch of as many steps."""
    images = data.train.first(steps * BATCH)
    with tempfile.TemporaryDirectory() as folder:
        model = their_model(name, data.seen, width)
        for layer in model.modules():
            if isinstance(layer, OneChannel):
                layer.__class__ = nn.Conv2d
            elif isinstance(layer, OneChannelUp):
                layer.__class__ = nn.ConvTranspose2d
        pipeline = TrainingPipeline(model=model, training_config=their_training(name, folder, 1, 0))
        began = time.perf_counter()
        pipeline(train_data=images)
        return time.perf_counter() - began


def main() -> None:
    """Time pairs, and print the median ratio of each system and over all."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--out", type=Path, default=Path("results/speed"))
    asked.add_argument("--data-root", type=Path, default=Path("data"))
    asked.add_argument("--width", type=float, default=0.125)
    asked.add_argument("--pairs", type=int, default=3)
    asked.add_argument("--systems", nargs="+", choices=SYSTEMS, default=list(SYSTEMS))
    asked.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    given = asked.parse_args()
    if given.one:
        logging.disable(logging.INFO)  # theirs tells much
        torch.set_num_threads(1)
        library, name = given.one
        data = load("mnist", root=given.data_root)
        play = ours if library == "ours" else theirs
        play(name, data, given.width, 10)  # what is loaded and made ready once
        seconds = play(name, data, given.width, STEPS)
        print(json.dumps({"ms": 1000 * seconds / STEPS}))
        return
    given.out.mkdir(parents=True, exist_ok=True)
    lines, medians = [], []
    for name in given.systems:
        ratios = []
        for pair in range(given.pairs):
            found = {}
            for library in ("ours", "pythae"):
                words = [sys.executable, __file__, "--one", library, name, "--width",
                         str(given.width), "--data-root", str(given.data_root)]  # fmt: skip
                done = subprocess.run(words, capture_output=True, text=True, check=True)
                found[library] = json.loads(done.stdout.splitlines()[-1])["ms"]
            ratios.append(found["pythae"] / found["ours"])
            lines.append({"system": name, "pair": pair, "width": given.width, "steps": STEPS,
                          "ours_ms": found["ours"], "pythae_ms": found["pythae"]})  # fmt: skip
        medians.append(statistics.median(ratios))
        print(f"{name}: {medians[-1]:.2f} times as fast ({min(ratios):.2f} to {max(ratios):.2f})",
              flush=True)  # fmt: skip
        text = "".join(json.dumps(line) + "\n" for line in lines)
        (given.out / "steps.jsonl").write_text(text)
    print(f"median of the systems {statistics.median(medians):.2f}, least {min(medians):.2f}")


if __name__ == "__main__":
    main()
