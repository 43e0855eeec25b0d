"""Wasserstein distance by a freshly trained critic, so that systems can be compared."""

from __future__ import annotations

import torch
from torch import Tensor

from latentfit.adversarial import wasserstein_gap
from latentfit.checks import within
from latentfit.metrics.matrix import Features, pair
from latentfit.networks import MLP
from latentfit.penalties import slope
from latentfit.seeds import seeded


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
        critic = MLP(u.shape[1], 1, hidden=(128,) * 3, slope=0.2).to(u)
        optimizer = torch.optim.Adam(critic.parameters(), 1e-3, betas=(0.5, 0.9), fused=True)
        fit = [rows[: len(rows) // 2] for rows in (u, v)]
        for _ in range(rounds):
            a, b = (rows[torch.randint(len(rows), (256,)).to(rows.device)] for rows in fit)
            loss = wasserstein_gap(high=critic(b), low=critic(a)) + 10 * slope(critic, a, b)
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
    gradient = torch.func.grad(lambda r: critic(r).sum())(segments)
    return (high - low) / float(gradient.detach().norm(dim=1).mean())


def _mean(critic: MLP, rows: Tensor) -> float:
    return float(torch.cat([critic(part) for part in rows.split(4096)]).double().mean())
