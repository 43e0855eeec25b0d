"""Does it pay to train K small models as one stack, `torch.func.vmap` over their weights?

A fixed-prior game on vectors (three dense networks, 128 wide, batch 64): K models one after the
other against K in one stack, on one thread, in alternation. A line for each pair goes to `--out`.

    python benchmarks/stacked.py --out results/speed
"""

from __future__ import annotations

import argparse
import copy
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state, vmap
from torch.nn.functional import softplus

BATCH, ENTRIES, LATENT, RATE = 64, 128, 16, 1e-3
Weights = dict[str, Tensor]
Apply = Callable[[Weights, Tensor], Tensor]


def network(inputs: int, outputs: int, width: int = 128) -> nn.Sequential:
    """Three hidden layers."""
    layers: list[nn.Module] = []
    for size in (inputs, width, width):
        layers += [nn.Linear(size, width), nn.LeakyReLU(0.2)]
    return nn.Sequential(*layers, nn.Linear(width, outputs))


def stacked(count: int, inputs: int, outputs: int) -> tuple[Weights, Apply]:
    """The weights of `count` networks, and the network as a function of its weights."""
    held = [network(inputs, outputs) for _ in range(count)]
    weights, _ = stack_module_state(held)
    base = copy.deepcopy(held[0]).to("meta")
    return {k: nn.Parameter(w.detach()) for k, w in weights.items()}, (
        lambda w, x: functional_call(base, w, (x,))
    )


def one(inputs: int, outputs: int) -> tuple[Weights, Apply]:
    """The same for a single network, as plain modules are called."""
    held = network(inputs, outputs)
    return dict(held.named_parameters()), lambda _, x: held(x)


def seconds(rounds: int, count: int, stack: bool) -> float:
    """Of a round of one model: autoencoder, critic of codes, encoder."""
    make = (lambda a, b: stacked(count, a, b)) if stack else one
    (e, encode), (d, decode), (h, critic) = (
        make(a, b) for a, b in ((ENTRIES, LATENT), (LATENT, ENTRIES), (LATENT, 1))
    )
    each: Callable[..., Callable[..., Tensor]] = vmap if stack else (lambda f: f)
    rebuilds = each(lambda e, d, x: (decode(d, encode(e, x)) - x).square().mean())
    judges = each(
        lambda h, z, c: softplus(-critic(h, z)).mean() + softplus(critic(h, c)).mean()
    )  # fmt: skip
    matches = each(lambda h, e, x: softplus(-critic(h, encode(e, x))).mean())
    codes = each(encode)
    moved = [[*e.values(), *d.values()], [*h.values()], [*e.values()]]
    optimizers = [torch.optim.Adam(owned, RATE, fused=True) for owned in moved]
    data, lead = torch.randn(50_000, ENTRIES), (count,) if stack else ()

    def move(player: int, loss: Tensor) -> None:
        optimizers[player].zero_grad()
        loss.sum().backward(inputs=moved[player])
        optimizers[player].step()

    began = time.perf_counter()
    for _ in range(rounds):
        x = data[torch.randint(0, len(data), (*lead, BATCH))]
        move(0, rebuilds(e, d, x))
        with torch.no_grad():
            c = codes(e, x)
        move(1, judges(h, torch.randn(*lead, BATCH, LATENT), c))
        move(2, matches(h, e, x))
    return (time.perf_counter() - began) / rounds / (count if stack else 1)


def main() -> None:
    """Time pairs."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--out", type=Path, default=Path("results/speed"))
    asked.add_argument("--pairs", type=int, default=5)
    given = asked.parse_args()
    torch.set_num_threads(1)
    lines = []
    for count in (5, 10, 20):
        for stack in (True, False):
            seconds(30, count, stack)
        for pair in range(given.pairs):
            alone, together = seconds(200, count, False), seconds(60, count, True)
            lines.append({"models": count, "pair": pair, "alone_ms": 1000 * alone,
                          "stacked_ms": 1000 * together})  # fmt: skip
        ratios = [v["alone_ms"] / v["stacked_ms"] for v in lines if v["models"] == count]
        print(f"{count} models: {statistics.median(ratios):.2f} times as fast in a stack")
    given.out.mkdir(parents=True, exist_ok=True)
    text = "".join(json.dumps(line) + "\n" for line in lines)
    (given.out / "stacked.jsonl").write_text(text)


if __name__ == "__main__":
    main()
