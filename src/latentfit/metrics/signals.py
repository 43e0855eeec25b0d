"""Scores of signals: spectrum and autocorrelation."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from latentfit.checks import UserError

Signals = Tensor | NDArray[Any]
"""Signals (N, C, T), from PyTorch or NumPy; computed on in float64."""

FLOOR = 1e-8  # of the mean real power: 80 dB below it


def spectrum_distance(real: Signals, made: Signals) -> float | None:
    r"""Root mean square difference of the mean log spectra, in dB; 0 where equal.

    .. math:: \Big[\overline{(S_{cf} - S'_{cf})^2}\Big]^{1/2}, \quad
              S_{cf} = \overline{10 \log_{10} |\hat{x}_{cf}|^2}

    with the means over channels c and frequencies f = 1 to T/2 outside, over signals inside. The
    mean of a signal, f = 0, is left out. Powers more than 80 dB below the mean real power of their
    channel count as 80 dB below it, so that rounding does not. Twice the amplitude is 6.02 dB,
    whatever the signals are. Lower is better.

    Arguments:
        real: With shape (N, C, T).
        made: With shape (M, C, T).

    Returns:
        The distance over channels in which real signals vary; None where none does, or a side has
        no signals.

    Raises:
        UserError: Not (N, C, T), channels or lengths differ, or NaN or infinity among the entries.

    Example:
        >>> x = np.random.default_rng(0).normal(size=(9, 2, 32))
        >>> round(spectrum_distance(x, 2 * x), 4)  # 20 log10(2)
        6.0206
    """
    a, b = _signals(real, made)
    if not a.size or not b.size:
        return None
    power, other = (np.abs(np.fft.rfft(_centred(x)))[..., 1:] ** 2 for x in (a, b))
    varies = np.ptp(a, axis=2).max(axis=0) > 0
    if not varies.any():
        return None
    floor = FLOOR * power[:, varies].mean(axis=(0, 2))[:, None]
    level, seen = (
        10 * np.log10(np.maximum(x[:, varies], floor)).mean(axis=0) for x in (power, other)
    )
    return float(np.sqrt(((level - seen) ** 2).mean()))


def autocorrelation_distance(real: Signals, made: Signals) -> float | None:
    r"""Mean absolute difference of the mean autocorrelations, in 0 to 2; 0 where equal.

    .. math:: \overline{|R_{ck} - R'_{ck}|}, \quad R_{ck} = \overline{
              \textstyle\sum_t (x_{ct} - \bar{x}_c) (x_{c,t+k} - \bar{x}_c) \,/\,
              \sum_t (x_{ct} - \bar{x}_c)^2}

    with the means over channels c and lags k = 1 to T/2 outside, over signals inside. It does not
    see scale, which `spectrum_distance` does. A signal that is constant has none and counts as 0.
    Lower is better.

    Arguments:
        real: With shape (N, C, T).
        made: With shape (M, C, T).

    Returns:
        The distance over channels in which real signals vary; None where none does, or a side has
        no signals.

    Raises:
        UserError: Not (N, C, T), channels or lengths differ, or NaN or infinity among the entries.

    References:
        | Time Series Analysis (Box and Jenkins, 1976), Section 2.1.5, the biased estimate

    Example:
        >>> import torch
        >>> up = torch.tensor([[[1.0, 1.0, -1.0, -1.0]]])  # lag 1: 1 / 4, lag 2: -2 / 4
        >>> autocorrelation_distance(up, torch.tensor([[[1.0, -1.0, 1.0, -1.0]]]))  # -3/4, 2/4
        1.0
    """
    a, b = _signals(real, made)
    if not a.size or not b.size:
        return None
    varies = np.ptp(a, axis=2).max(axis=0) > 0
    if not varies.any():
        return None
    gap = _autocorrelation(a[:, varies]) - _autocorrelation(b[:, varies])
    return float(np.abs(gap).mean())


def _signals(real: Signals, made: Signals) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Both as float64 arrays (N, C, T) of the same channels and length."""
    a, b = (
        np.asarray(x.detach().cpu() if isinstance(x, Tensor) else x, np.float64)
        for x in (real, made)
    )
    if a.ndim != 3 or b.ndim != 3 or a.shape[1:] != b.shape[1:]:
        raise UserError(f"signals must both be (N, C, T), got {a.shape} and {b.shape}.")
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        raise UserError("signals hold NaN or infinity; look at what made them.")
    return a, b


def _centred(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Each signal less its mean; exactly 0 where it is constant."""
    return np.where(np.ptp(x, axis=2, keepdims=True) > 0, x - x.mean(axis=2, keepdims=True), 0.0)


def _autocorrelation(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean over signals at lags 1 to T/2, with shape (C, T/2)."""
    length = x.shape[2]
    held = _centred(x)
    held = held / np.maximum(np.linalg.norm(held, axis=2, keepdims=True), np.finfo(float).tiny)
    # Padded to twice the length, so that the ends do not meet.
    power = np.abs(np.fft.rfft(held, 2 * length)) ** 2
    return np.fft.irfft(power, 2 * length)[..., 1 : length // 2 + 1].mean(axis=0)
