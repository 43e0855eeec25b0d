"""Scores that take a training of their own."""

from __future__ import annotations

import pytest
import torch

from latentfit import metrics


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
