"""Scores that take a training of their own."""

from __future__ import annotations

import pytest
import torch

from latentfit import metrics
from latentfit.metrics.critic import _score, _steepness
from latentfit.networks import MLP


def test_critic_distance_grows_with_the_distance_and_is_blind_to_scale():
    x, y = (torch.randn(3000, 4, generator=torch.Generator().manual_seed(s)) for s in (0, 1))
    same, near, far = (
        metrics.critic_wasserstein(x, y + shift, rounds=300) for shift in (0.0, 0.5, 1.5)
    )
    assert abs(same) < 0.15
    assert near == pytest.approx(1.0, abs=0.2)  # 0.5 sqrt(4)
    assert far == pytest.approx(3.0, abs=0.5)
    scaled = metrics.critic_wasserstein(100 * x, 100 * (y + 0.5), rounds=300)
    assert scaled == pytest.approx(near, rel=0.02)  # equal but for float32 rounding


def test_the_critic_is_as_steep_as_its_gradient_is_long():
    critic, x = MLP(4, 1, hidden=(16,) * 3, slope=0.2), torch.randn(50, 4)
    layers = [layer for layer in critic.modules() if isinstance(layer, torch.nn.Linear)]
    gradient = torch.func.grad(lambda rows: critic(rows).sum())(x)
    torch.testing.assert_close(_steepness(layers, x), gradient.norm(dim=1))


@pytest.mark.parametrize("count", [5, 400])
def test_the_mean_score_of_a_batch_is_that_of_its_rows(count):
    critic, rows = MLP(4, 1, hidden=(16,) * 3, slope=0.2), torch.randn(count, 4)
    places = torch.randint(count, (256,))
    found = _score(critic, rows, places, rows[places])
    torch.testing.assert_close(found, critic(rows[places]).mean())
