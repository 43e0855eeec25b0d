"""Convolutions, dense networks and a linear map on real signals, at equal rounds.

Needs chemotools (`pip install 'latentfit[dev]'`), and for time series aeon, which may lie apart:

    python benchmarks/signals.py [--aeon FOLDER] [--rounds 1000] [--seeds 1] > lines.jsonl

Each line: the share of the test signals' variance that is left after reconstruction with 8
dimensions; and, for reconstructions and for samples of `ae-gmm`, the mean distance of the log power
spectra from those of test signals, with the distance of training signals as the floor.
"""

from __future__ import annotations

import argparse
import importlib
import json
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

import latentfit as lf
from latentfit.networks import MLP
from latentfit.networks.signals import SignalDecoder, SignalEncoder

LATENT = 8
Pair = tuple[nn.Module, nn.Module]


def signals(aeon: str | None) -> dict[str, np.ndarray]:
    """Real signals (N, C, T) by the names of their sets."""
    from chemotools import datasets

    held = {
        "fermentation (NIR)": np.asarray(datasets.load_fermentation_test()[0], float)[:, None],
        "coffee (IR)": np.asarray(datasets.load_coffee()[0], float)[:, None],
    }
    if aeon:
        sys.path.append(aeon)
        load = importlib.import_module("aeon.datasets").load_classification
        for name in ("GunPoint", "ItalyPowerDemand", "OSULeaf", "BasicMotions"):
            held[name] = np.asarray(load(name)[0], float)
    return held


def dense(units: int) -> Callable[[tuple[int, int]], Pair]:
    """Encoder and decoder with three hidden layers."""

    def build(shape: tuple[int, int]) -> Pair:
        form: dict[str, Any] = {"hidden": (units,) * 3, "slope": 0.2}
        return MLP(shape, LATENT, **form), MLP(LATENT, shape, **form)

    return build


def house(shape: tuple[int, int]) -> Pair:
    """The family of `networks.signals`, also where a signal is short for it."""
    return SignalEncoder(shape, LATENT), SignalDecoder(shape, LATENT)


def bent(shape: tuple[int, int]) -> Pair:
    """The same without the linear map beside."""
    encoder, decoder = SignalEncoder(shape, LATENT), SignalDecoder(shape, LATENT)
    for straight in (encoder.straight, decoder.straight):
        nn.init.zeros_(straight.weight)
        straight.requires_grad_(False)
    return encoder, decoder


NETWORKS = {"dense 128": dense(128), "dense 256": dense(256), "convolutions": bent,
            "convolutions, linear map": house}  # fmt: skip


def spectrum(x: Tensor) -> Tensor:
    """Logarithm of the mean power at each frequency, (C, F), floored at a millionth of the most."""
    power = torch.fft.rfft(x.double()).abs().square().mean(0)
    return (power + 1e-6 * power.max()).log()


def apart(x: Tensor, test: Tensor) -> float:
    """Mean distance of two log power spectra."""
    return float((spectrum(x) - spectrum(test)).abs().mean())


def main() -> None:
    """Print a line for each set, network and seed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--aeon")
    parser.add_argument("--rounds", type=int, default=1000)
    parser.add_argument("--seeds", type=int, default=1)
    given = parser.parse_args()
    for name, x in signals(given.aeon).items():
        data = lf.data.arrays(x, kind="signals", name=name)
        test = data.test.first(len(data.test))
        floor = apart(data.train.first(len(test)), test)
        for label, build in NETWORKS.items():
            for seed in range(given.seeds):
                torch.manual_seed(seed)
                encoder, decoder = build(data.seen)
                model = lf.recipe("ae-gmm", data, latent=LATENT, batch=32, seed=seed,
                                  encoder=encoder, decoder=decoder)  # fmt: skip
                lf.train(model, data, rounds=given.rounds, seed=seed, progress=False)
                with torch.no_grad():
                    again = model.reconstruct(test)
                line = {
                    "data": name,
                    "shape": list(x.shape),
                    "networks": label,
                    "weights": sum(p.numel() for n in (encoder, decoder) for p in n.parameters()),
                    "rounds": given.rounds,
                    "seed": seed,
                    "error": float((again - test).square().mean() / test.var()),
                    "spectrum_reconstruction": apart(again, test),
                    "spectrum_samples": apart(model.sample(1000, seed=seed), test),
                    "spectrum_floor": floor,
                }
                print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
