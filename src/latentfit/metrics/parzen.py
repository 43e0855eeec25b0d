"""Parzen window estimate of the log-likelihood, from samples alone."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch

from latentfit.checks import UserError, positive
from latentfit.metrics.matrix import Features, pair
from latentfit.metrics.spread import Estimate


def parzen(test: Features, samples: Features, sigma: float) -> Estimate:
    r"""Mean log-density of test data under Gaussians around the samples, in nats.

    .. math:: \overline{\log \frac{1}{S} \sum_j N(t; s_j, \sigma^2 I)}

    A legacy figure: in hundreds of dimensions it ranks models badly.

    Arguments:
        test: With shape (N, d).
        samples: With shape (S, d).
        sigma: Width of the window, positive and finite, in units of the data.

    Returns:
        Mean, its standard error given the samples, and N.

    Raises:
        UserError: `sigma` is not positive and finite, or the sets are not matrices of one width,
            have no rows, or hold NaN or infinity.

    References:
        | Generative Adversarial Nets (Goodfellow et al., 2014), Section 5

    Example:
        >>> round(parzen(torch.zeros(1, 2), torch.zeros(5, 2), 1.0).value, 6)  # -log(2 pi)
        -1.837877
    """
    positive("sigma", sigma, remedy="give a width in units of the data, or that of parzen_width")
    t, s = pair(test, samples)
    constant = math.log(len(s)) + s.shape[1] * math.log(sigma * math.sqrt(2 * math.pi))
    # In float64: sigma is small, and the exponent magnifies rounding.
    parts = [
        (torch.cdist(part, s).square() / (-2 * sigma**2)).logsumexp(1) for part in t.split(256)
    ]
    return Estimate.mean(torch.cat(parts) - constant)


def parzen_width(
    validation: Features, samples: Features, candidates: Sequence[float] | None = None
) -> float:
    """The width that is best on held-out data that are not the test data.

    Arguments:
        validation: With shape (N, d).
        samples: With shape (S, d).
        candidates: Widths to try, in units of the data; 15 log-spaced ones where not given, from
            0.05 to 2 times the mean deviation of a dimension of the samples, which must differ.

    Returns:
        The candidate of the highest `parzen`.

    Raises:
        UserError: There are no candidates, one is not positive and finite, samples without
            candidates are all equal, or the sets are not matrices of one width, have no rows, or
            hold NaN or infinity.
    """
    held, drawn = pair(validation, samples)
    if candidates is None:
        # One row has no deviation, and rounding of the mean can leave equal rows one.
        deviation = float(drawn.std(0).mean()) if bool((drawn != drawn[0]).any()) else 0.0
        remedy = "samples must differ for widths to follow from them, else give 'candidates'"
        positive("deviation", deviation, remedy=remedy)
        candidates = torch.logspace(
            math.log10(0.05 * deviation), math.log10(2 * deviation), 15
        ).tolist()
    if not len(candidates):
        raise UserError("'candidates' must hold at least one width, got none; leave it out.")
    return max(candidates, key=lambda sigma: parzen(held, drawn, sigma).value)
