"""The authors' game of MaskAAE from several seeds at once: `python scripts/masks_together.py`.

From 32 dimensions the authors' clock takes 216,000 rounds, two hours a seed on one core, of which
nearly all is the cost of calling small kernels. Here the networks of all seeds lie in one tensor
and move together; each sees the batches and the noise that `latentfit reproduce mask-games` would
give it, so its weights are those of that study up to rounding (`tests/test_together.py`). Rows are
added to the study's `cells.jsonl`; the same call goes on where it stopped. It ends when no mask has
changed for two doublings of c_t and none is half open, since c_t then only presses harder on what
is 0 or 1 already; rows say how many rounds were `played`.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from stack import Stack
from torch import Tensor, nn

from latentfit.checks import UserError
from latentfit.data import Data, load, order
from latentfit.models import MaskAAE
from latentfit.networks import MLP
from latentfit.optimizers import rmsprop
from latentfit.penalties import masked_variance
from latentfit.recipes import recipe
from latentfit.runs.cells import Cell
from latentfit.runs.run import commit
from latentfit.scoring.scores import evaluate
from latentfit.seeds import mix, reseed
from latentfit.storage import locked
from latentfit.storage.files import read_lines, save_state, write_lines
from latentfit.studies import STUDIES

CPU = torch.device("cpu")


class Together:
    """The game of several models that differ by their seeds and data only."""

    def __init__(
        self, models: Sequence[MaskAAE], data: Sequence[Data], seeds: Sequence[int]
    ) -> None:
        first = models[0]
        if first.pruning is None or first.mask is None or first.average is None:
            raise TypeError("only masked games with an average are played together.")
        if first.pruning.form != "one" or first.noise or first.pruning.warmup:
            raise TypeError("only the authors' form is played here: no noise, no warm-up.")
        if first.encoder_first or first.silence is not masked_variance:
            raise TypeError("LMGAE's order and penalty are not played here.")
        self.models, self.seeds, self.pruning = models, seeds, first.pruning
        self.entries, self.latent, self.batch = first.shape[0], first.latent, first.batch
        self.encoder, self.decoder, self.critic = (
            Stack([getattr(model, part) for model in models])
            for part in ("encoder", "decoder", "critic")
        )
        self.alpha = nn.Parameter(
            torch.stack([m.mask.alpha.detach()[None] for m in models if m.mask])
        )
        pair = [*self.encoder.parameters(), *self.decoder.parameters()]
        self.moves = {
            "autoencoder": (rmsprop(5e-4)(pair), pair),
            "critic": (rmsprop(1e-4)(self.critic.parameters()), self.critic.parameters()),
            "encoder": (rmsprop(1e-4)(self.encoder.parameters()), self.encoder.parameters()),
            "mask": (rmsprop(self.pruning.mask_rate)([self.alpha]), [self.alpha]),
        }
        self.decay, self.averages = first.average, [p.detach().clone() for p in pair]
        self.pair, self.values = pair, [part.train.first(10**9) for part in data]
        self.fall, self.press = self.pruning.fall(), self.pruning.press(self.latent)
        self.step = 0
        # Which dimensions were open, half open and closed when that last changed, and when.
        self.shape, self.since = torch.zeros(len(models), self.latent, dtype=torch.int32), 0

    def batches(self) -> Iterator[Tensor]:
        """Batch after batch (K, B, d), from the present round on."""
        orders = [
            order(len(x), size=self.batch, seed=seed, start=8 * self.step)
            for x, seed in zip(self.values, self.seeds, strict=True)
        ]
        while True:
            yield torch.stack([x[next(o)] for x, o in zip(self.values, orders, strict=True)])

    def noise(self) -> tuple[list[Tensor], list[Tensor]]:
        """Normal draws and shares of segments, as each seed's own round would draw them."""
        draws, shares = [], []
        for seed in self.seeds:
            reseed(mix(seed, 0, self.step), CPU)
            own: list[Tensor] = []
            for move in range(6):  # five of the critic, one of the mask
                own.append(torch.randn(self.batch, self.latent))
                torch.randn(self.batch, self.latent)  # the noise of draws, which is none here
                if move < 5:
                    own.append(torch.rand(self.batch, 1))
            draws.append(own)
        lists = [torch.stack(held) for held in zip(*draws, strict=True)]
        shares = [lists[place] for place in range(1, 10, 2)]
        return [*(lists[place] for place in range(0, 10, 2)), lists[10]], shares

    def move(self, name: str, loss: Tensor) -> None:
        """One step of a player; what it does not own keeps no gradient."""
        optimizer, owned = self.moves[name]
        for p, g in zip(owned, torch.autograd.grad(loss, owned), strict=True):
            p.grad = g.contiguous()  # as a fused optimiser reads it
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)

    def round(self, batches: Iterator[Tensor]) -> dict[str, Tensor]:
        """One round of all games; some terms, each (K,)."""
        chosen, fall, (draws, shares) = self.pruning, self.fall(self.step), self.noise()
        x, mu = next(batches), -torch.expm1(-self.alpha.detach())
        code = self.encoder(x)
        error = (x - self.decoder(mu * code)).square().sum(2).mean(1)
        spread = (code - code.mean(1, keepdim=True)).square() * torch.exp(-10 * mu.square())
        silence, gap = spread.mean((1, 2)), torch.zeros(())
        self.move("autoencoder", fall * (error / self.entries + chosen.variance * silence).sum())
        for z, t in zip(draws[:5], shares, strict=True):
            with torch.no_grad():
                u, v = mu * self.encoder(next(batches)), mu * z
            low, high = (self.critic(rows).mean((1, 2)) for rows in (u, v))
            slope = (self.critic.slopes(t * u + (1 - t) * v).norm(dim=2) - 1).square().mean(1)
            gap = low - high
            self.move("critic", (gap + 10 * slope).sum())
        u = mu * self.encoder(next(batches))
        self.move("encoder", -self.critic(u).mean((1, 2)).sum())
        x = next(batches)
        with torch.no_grad():
            code = self.encoder(x)
        mu = -torch.expm1(-self.alpha)
        u = mu * code
        rebuilt = (x - self.decoder(u)).square().sum(2).mean(1)
        omega = self.critic(mu * draws[5]).mean((1, 2)) - self.critic(u).mean((1, 2))
        decided = (mu * (1 - mu)).abs().sum((1, 2))
        loss = 1000 / self.entries * rebuilt + chosen.omega * (1 + omega).square()
        self.move("mask", (fall * loss + fall * self.press(self.step) * decided).sum())
        with torch.no_grad():
            self.alpha.clamp_(min=0.0)
            d = min(self.decay, (1 + self.step) / (10 + self.step))
            torch._foreach_lerp_(self.averages, self.pair, 1 - d)  # type: ignore[attr-defined]
        self.step += 1
        return {"reconstruction": error.detach(), "gap": gap.detach()}

    def decided(self) -> bool:
        """Look at the masks: is none half open, and none changed for two doublings of c_t?"""
        mu = -torch.expm1(-self.alpha.detach()[:, 0])
        now = (mu >= 0.1).int() + (mu > 0.9).int()
        if not torch.equal(now, self.shape):
            self.shape, self.since = now, self.step
        return not (now == 1).any() and self.step - self.since >= 8 * self.pruning.period

    def export(self) -> Sequence[MaskAAE]:
        """The models with averaged networks, the last critic and the last mask, to evaluate."""
        half = len(self.encoder.parameters())
        parts = {
            "encoder": (self.encoder, self.averages[:half]),
            "decoder": (self.decoder, self.averages[half:]),
            "critic": (self.critic, self.critic.parameters()),
        }
        for part, (stack, tensors) in parts.items():
            stack.unstack([getattr(model, part) for model in self.models], tensors)
        for number, model in enumerate(self.models):
            if model.mask is not None:
                model.mask.alpha.data.copy_(self.alpha.detach()[number, 0])
            model.eval()
        return self.models

    def state_dict(self) -> dict[str, Any]:
        """What is needed to go on."""
        return {
            "step": self.step,
            "averages": self.averages,
            "alpha": self.alpha.detach(),
            "shape": self.shape,
            "since": self.since,
            "networks": [p.detach() for p in (*self.pair, *self.critic.parameters())],
            "optimizers": {name: opt.state_dict() for name, (opt, _) in self.moves.items()},
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from what `state_dict` gave."""
        self.step, self.shape, self.since = (state[key] for key in ("step", "shape", "since"))
        networks = (*self.pair, *self.critic.parameters())
        with torch.no_grad():
            for p, value in zip(networks, state["networks"], strict=True):
                p.copy_(value)
            for p, value in zip(self.averages, state["averages"], strict=True):
                p.copy_(value)
            self.alpha.copy_(state["alpha"])
        for name, (optimizer, _) in self.moves.items():
            optimizer.load_state_dict(state["optimizers"][name])


def together(cells: Sequence[Cell]) -> Together:
    """The game of some cells of the study, not yet begun."""
    data = [load(cell.data) for cell in cells]
    models = [
        recipe(cell.recipe, part, latent=cell.latent, seed=cell.seed, **cell.settings)
        for cell, part in zip(cells, data, strict=True)
    ]
    masked = [model for model in models if isinstance(model, MaskAAE)]
    if not all(isinstance(model.encoder, MLP) for model in masked):
        raise TypeError("only dense networks are stacked.")
    return Together(masked, data, [cell.seed for cell in cells])


def main() -> None:
    """Play the cells that the folder lacks, and add their rows."""
    parser = argparse.ArgumentParser(description="Play the authors' masks together.")
    parser.add_argument("--latent", type=int, default=32, help="from how many dimensions")
    parser.add_argument("--out", type=Path, required=True, help="folder of the study")
    given = parser.parse_args()
    torch.set_num_threads(1)
    with locked(given.out):
        play(given.out, given.latent)


def play(folder: Path, latent: int) -> None:
    """Play what the folder lacks from so many dimensions, and add the rows."""
    path, kept = folder / "cells.jsonl", folder / f"together-{latent}.pt"
    done = {row["key"]: row for row in read_lines(path)}
    cells = [
        cell
        for cell in STUDIES["mask-games"].cells("short")
        if isinstance(cell, Cell)
        and cell.settings.get("game") == "authors" and cell.latent == latent
        and cell.key not in done
    ]  # fmt: skip
    if not cells:
        return
    game, seconds, keys = together(cells), 0.0, [cell.key for cell in cells]
    if kept.exists():
        state = torch.load(kept, weights_only=True)
        if state["cells"] != keys:
            raise UserError(f"{kept} holds other cells; delete it, or choose another --out.")
        game.load_state_dict(state["game"])
        seconds = state["seconds"]
    batches, began, saved, ended = game.batches(), time.monotonic(), time.monotonic(), False
    while not ended:
        terms = game.round(batches)
        if game.step % 1_200 and game.step < cells[0].rounds:
            continue
        ended = game.decided() or game.step >= cells[0].rounds
        open_, half = (game.shape > 0).sum(1).tolist(), (game.shape == 1).sum(1).tolist()
        passed = time.monotonic() - began
        errors = [round(value, 3) for value in terms["reconstruction"].tolist()]
        where = f"{game.step} of {cells[0].rounds}, {passed:.0f} s"
        print(f"{where}: open {open_}, half open {half}, error {errors}", flush=True)
        if ended or time.monotonic() - saved > 300:
            state = {"cells": keys, "game": game.state_dict(), "seconds": seconds + passed}
            save_state(kept, state)
            saved = time.monotonic()
    each = (seconds + time.monotonic() - began) / len(cells)
    for cell, model in zip(cells, game.export(), strict=True):
        scores = evaluate(model, load(cell.data), features=cell.features, groups=cell.groups,
                          seed=cell.seed)  # fmt: skip
        done[cell.key] = {
            "key": cell.key, **cell.identity, "commit": commit(), "scores": scores, "seconds": each,
            "train_seconds": each, "parameters": sum(p.numel() for p in model.parameters()),
            "mask": model.mask().tolist() if model.mask is not None else [], "played": game.step,
        }  # fmt: skip
    write_lines(path, done.values())


if __name__ == "__main__":
    main()
