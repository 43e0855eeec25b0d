"""Wasserstein distance by a freshly trained critic, so that systems can be compared."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from latentfit.checks import within
from latentfit.metrics.matrix import Features, pair
from latentfit.networks import MLP
from latentfit.optimizers import adam
from latentfit.seeds import seeded

BELOW = 0.2  # slope of the critic's units below their bend
BATCH = 256


def critic_wasserstein(
    codes: Features, draws: Features, *, rounds: int = 1000, seed: int = 0
) -> float:
    r"""Wasserstein-1 distance between codes and prior draws, as a critic of slope one sees it.

    .. math:: \max_H \; \frac{\overline{H(v)} - \overline{H(u)}}{\overline{\|\nabla H(r)\|}}, \quad
              r \text{ on segments between } u \text{ and } v

    Both sets are divided by the codes' root-mean-square deviation, so that a system gains nothing
    by shrinking its codes. A critic of three layers of 128 units learns on one half of each set
    with the gradient penalty of WGAN-GP; the gap is taken on the other half, over the slope that
    the critic has there, since the penalty lets it be a little above one. The critics that systems
    train for themselves are not comparable: they stop at different distances.

    Arguments:
        codes: Codes of data, with shape (N, m), N at least 4.
        draws: Draws from the prior, with shape (M, m), M at least 4.
        rounds: Steps of Adam (rate 1e-3, betas 0.5 and 0.9), batch 256.
        seed: Of the critic and its batches.

    Returns:
        The gap in units of the codes' deviation; about 0 where the laws agree, a little negative by
        chance.

    Raises:
        UserError: `rounds` is below 1, a set has fewer than 4 rows or holds NaN or infinity, or
            they are not matrices of one width.

    Example:
        >>> x = torch.randn(2000, 2)
        >>> 2.5 < critic_wasserstein(x, x + 2.0, rounds=200) < 3.1  # 2 sqrt(2)
        True
    """
    within("rounds", rounds, 1)
    u, v = pair(codes, draws, least=4)
    scale = u.var(0).mean().sqrt().clamp_min(1e-12)
    u, v = (u / scale).float(), (v / scale).float()
    with seeded(seed, "critic"), torch.enable_grad():
        u, v = (rows[torch.randperm(len(rows)).to(rows.device)] for rows in (u, v))
        critic = MLP(u.shape[1], 1, hidden=(128,) * 3, slope=BELOW).to(u)
        layers = [layer for layer in critic.modules() if isinstance(layer, nn.Linear)]
        optimizer = adam(1e-3, 0.5, 0.9)(critic.parameters())
        fit = [rows[: len(rows) // 2] for rows in (u, v)]
        for _ in range(rounds):
            places = [torch.randint(len(rows), (BATCH,)).to(rows.device) for rows in fit]
            a, b = (rows[at] for rows, at in zip(fit, places, strict=True))
            share = torch.rand(BATCH, 1).to(u)
            excess = _steepness(layers, share * a + (1 - share) * b) - 1
            low, high = (_score(critic, *of) for of in zip(fit, places, (a, b), strict=True))
            loss = low - high + 10 * excess.square().mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    with torch.no_grad():
        held = [rows[len(rows) // 2 :] for rows in (v, u)]
        high, low = (_mean(critic, rows) for rows in held)
        count = min(1024, *(len(rows) for rows in held))
        with seeded(seed, "segments"):
            share = torch.rand(count, 1).to(u)
        segments = share * held[0][:count] + (1 - share) * held[1][:count]
        return (high - low) / float(_steepness(layers, segments).mean())


def _score(critic: MLP, rows: Tensor, places: Tensor, batch: Tensor) -> Tensor:
    """Mean score of a batch, the rows at some places."""
    if len(rows) >= len(places):
        return critic(batch).mean()
    # Each row once, as often as it was drawn: the same mean from fewer rows.
    times = torch.bincount(places, minlength=len(rows))
    return critic(rows)[:, 0] @ (times / len(places)).to(rows)


def _steepness(layers: Sequence[nn.Linear], x: Tensor) -> Tensor:
    """Norms (N,) of the critic's gradient at x (N, m).

    Between its bends the critic is linear: its gradient is the product of its matrices, each row
    scaled by whether x lies below the bend. So a backward pass goes through products alone, not
    through a backward pass of its own.
    """
    bends = []
    with torch.no_grad():  # where the bends are takes no part in the gradient
        for layer in layers[:-1]:
            x = layer(x)
            bends.append((x > 0).to(x).mul_(1 - BELOW).add_(BELOW))
            x = x * bends[-1]
    gradient = layers[-1].weight
    for layer, bend in zip(reversed(layers[:-1]), reversed(bends), strict=True):
        gradient = (gradient * bend) @ layer.weight
    return gradient.norm(dim=1)


def _mean(critic: MLP, rows: Tensor) -> float:
    return float(torch.cat([critic(part) for part in rows.split(4096)]).double().mean())
