"""How the dimensions of codes hang together."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from latentfit.checks import UserError


def nac(codes: Tensor, *, form: Literal["correlation", "covariance"] = "correlation") -> float:
    r"""Normalised absolute correlation of codes: mean of :math:`|R_{ij}|` over :math:`i \neq j`.

    Of independent Gaussians it is about :math:`\sqrt{2 / (\pi N)}`, 0.008 for 10,000 codes. The
    sources name a covariance in one place and a correlation in another (baselines 37).

    Arguments:
        codes: Codes of the active dimensions, with shape (N, m), N at least 2.
        form: `correlation`, or `covariance` for the unnormalised mean.

    Returns:
        At least 0. A constant dimension correlates with nothing and is left out; NaN where fewer
        than two dimensions are left, since there is no pair.

    Example:
        >>> nac(torch.tensor([[0.0, 0.0], [1.0, 2.0], [2.0, 4.0]]))
        1.0
    """
    if codes.dim() != 2 or len(codes) < 2:
        raise UserError(f"'codes' must be (N, m) with N at least 2, got {tuple(codes.shape)}.")
    held = codes.detach().double()
    held = held[:, held.var(0) > 0]
    count = held.shape[1]
    if count < 2:
        return float("nan")
    table = torch.cov(held.T)
    if form == "correlation":
        deviation = table.diagonal().sqrt()
        table = table / deviation[:, None] / deviation
    total = table.abs().sum() - table.diagonal().abs().sum()
    return float(total / (count * (count - 1)))
