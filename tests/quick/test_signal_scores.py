"""Scores of signals against closed forms."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from latentfit.checks import UserError
from latentfit.metrics import autocorrelation_distance, spectrum_distance

NOISE = np.random.default_rng(0).normal(size=(50, 2, 64))
TIME = np.arange(64)


def waves(frequency, count=16):
    """Sine waves of one frequency at all phases, with shape (count, 1, 64)."""
    phase = 2 * np.pi * np.arange(count)[:, None, None] / count
    return np.sin(2 * np.pi * frequency * TIME / 64 + phase)


@pytest.mark.parametrize("factor", [0.1, 3.0, -1.0])
def test_spectrum_tells_scale_in_decibels(factor):
    expected = abs(20 * np.log10(abs(factor)))
    assert spectrum_distance(NOISE, factor * NOISE) == pytest.approx(expected)
    assert autocorrelation_distance(NOISE, factor * NOISE) == pytest.approx(0, abs=1e-12)


def test_spectrum_of_two_waves():
    # All power in one of 32 frequencies, so the mean is 1 / 32 of it and the floor 80 dB lower.
    step = 80 + 10 * np.log10(32)
    expected = (2 * step**2 / 32) ** 0.5
    assert spectrum_distance(waves(4), waves(7)) == pytest.approx(expected)
    quiet = [np.concatenate([waves(f), 1e-6 * waves(f)], axis=1) for f in (4, 7)]
    assert spectrum_distance(*quiet) == pytest.approx(expected)  # each channel has its own floor
    assert spectrum_distance(waves(4), waves(4, count=5)) == pytest.approx(0, abs=1e-9)
    assert spectrum_distance(waves(4), waves(4) + 1e9) == pytest.approx(0, abs=1e-3)


def test_channels_count_alike():
    one = NOISE.copy()
    one[:, 1] *= 10
    assert spectrum_distance(NOISE, one) == pytest.approx(20 / 2**0.5)
    flat = np.concatenate([NOISE, np.ones_like(NOISE[:, :1])], axis=1)
    assert spectrum_distance(flat, 10 * flat) == pytest.approx(20)  # what never varies is left out
    assert autocorrelation_distance(flat, flat[:, [0, 1, 0]]) == pytest.approx(0, abs=1e-12)


def test_autocorrelation_against_its_sum():
    x, y = NOISE[:3], NOISE[3:5, ::-1] + 0.5 * np.roll(NOISE[3:5], 1, axis=2)

    def mean(signals):
        held = []
        for row in signals.reshape(-1, 64):
            z = row - row.mean()
            held.append([z[:-k] @ z[k:] / (z @ z) for k in range(1, 33)])
        return np.mean(np.reshape(held, (len(signals), 2, 32)), axis=0)

    expected = np.abs(mean(x) - mean(y)).mean()
    assert autocorrelation_distance(x, y) == pytest.approx(expected)
    assert autocorrelation_distance(torch.from_numpy(x), y) == pytest.approx(expected)


def test_a_constant_signal_has_none():
    # That of a wave of frequency f is (1 - k / T) cos(2 pi f k / T) over whole periods, nearly.
    lags = np.arange(1, 33)
    expected = np.abs((1 - lags / 64) * np.cos(2 * np.pi * 4 * lags / 64)).mean()
    flat = np.full((3, 1, 64), 0.1)
    assert autocorrelation_distance(waves(4), flat) == pytest.approx(expected, rel=1e-6)
    assert autocorrelation_distance(flat, flat) is None
    assert spectrum_distance(flat, waves(4)) is None
    assert spectrum_distance(waves(4), flat) > 10


@pytest.mark.parametrize("score", [spectrum_distance, autocorrelation_distance])
def test_ends_of_the_range(score):
    assert score(NOISE, NOISE[:0]) is None
    assert score(NOISE[..., :1], NOISE[..., :1]) is None
    assert score(NOISE[..., :2], NOISE[..., :2]) == pytest.approx(0, abs=1e-12)
    with pytest.raises(UserError, match="must both be"):
        score(NOISE, NOISE[:, 0])
    with pytest.raises(UserError, match="must both be"):
        score(NOISE, NOISE[..., :5])
    with pytest.raises(UserError, match="NaN or infinity"):
        score(NOISE, np.where(NOISE > 2, np.nan, NOISE))
