"""What a player's moves do: the quantity it is after, before and after it moved alone."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from latentfit.game import Game
from latentfit.models import Learner


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
