"""What a player's moves do: the quantity it is after, before and after it moved alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from latentfit.game import Game
from latentfit.models import Body, Learner, Model
from latentfit.posteriors import Code

Built = TypeVar("Built", bound=Model)
# Inputs in closed form, for golden numbers.
ROW, COLUMN = torch.arange(6.0, dtype=torch.float64)[:, None], torch.arange(4.0)[None]
A, B = torch.sin(1 + ROW + 2 * COLUMN), torch.cos(2 + 3 * ROW + COLUMN)
X = torch.rand(16, 12, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def moved(
    model: Learner,
    player: str,
    quantity: Callable[[], Tensor],
    *batches: Tensor,
    times: int = 1,
    step: int = 0,
) -> tuple[float, float]:
    """The quantity before and after a player moved so often, everything else standing still."""
    game = Game(model)
    with torch.no_grad():
        before = float(quantity())
    for number in range(times):
        torch.manual_seed(number)
        game.move(player, batches, step)
    with torch.no_grad():
        return before, float(quantity())


def built(kind: type[Built], **parts: Any) -> Built:
    """A model of samples (3,) and codes (2,) from its parts by name."""
    body = {name: parts.pop(name) for name in ("encoder", "decoder", "likelihood")}
    return kind(Body(shape=(3,), latent=2, **body), **parts)


class Known(nn.Module):
    """A network with one linear layer, weights as given: what it says can be worked out by hand."""

    def __init__(self, weight: list[list[float]], bias: list[float] | None = None) -> None:
        super().__init__()
        rows = torch.tensor(weight)
        self.layer = nn.Linear(rows.shape[1], rows.shape[0])
        self.layer.weight.data = rows.clone()
        self.layer.bias.data = torch.tensor(bias or [0.0] * len(rows))

    def forward(self, x: Tensor) -> Tensor:
        return self.layer(x.flatten(1))


def slope_by_hand(critic: nn.Module, a: Tensor, b: Tensor, t: Tensor) -> Tensor:
    """WGAN-GP's penalty at t a + (1 - t) b, by a second backward pass."""
    r = (t * a + (1 - t) * b).detach().requires_grad_()
    (g,) = torch.autograd.grad(critic(r).sum(), r, create_graph=True)
    return ((g.flatten(1).square().sum(1).sqrt() - 1) ** 2).mean()


def bent(inputs: int, outputs: int, seed: int = 0) -> nn.Module:
    """A small smooth network whose slope differs from place to place."""
    torch.manual_seed(seed)
    return nn.Sequential(nn.Flatten(), nn.Linear(inputs, 5), nn.Tanh(), nn.Linear(5, outputs))


class Copy(nn.Module):
    """A posterior whose codes are the samples' first entries, all of them where m is not given."""

    def __init__(self, latent: int | None = None) -> None:
        super().__init__()
        self.latent = latent

    def forward(self, x: Tensor) -> Code:
        return Code(x[:, : self.latent])


def kl(model: nn.Module, x: Tensor) -> Tensor:
    """KL of Gaussian posteriors from N(0, I), of each sample."""
    code = model.posterior(x)
    return 0.5 * (code.mean**2 + code.scale**2 - 1 - 2 * code.scale.log()).sum(1)
