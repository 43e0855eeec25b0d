"""How many dimensions codes use, how they hang together, and how far from a Gaussian they are."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from latentfit.checks import UserError, one_of, positive
from latentfit.metrics.matrix import Features, matrix, numbers, pair
from latentfit.networks.mask import OPEN
from latentfit.shapes import as_array, as_tensor


def nac(
    codes: Features,
    *,
    active: Features | None = None,
    form: Literal["correlation", "covariance"] = "correlation",
) -> float:
    r"""Normalised absolute correlation of codes: mean of :math:`|R_{ij}|` over :math:`i \neq j`.

    Of independent Gaussians it is about :math:`\sqrt{2 / (\pi N)}`, 0.008 for 10,000 codes. The
    sources name a covariance in one place and a correlation in another (slides, Table 2).

    Arguments:
        codes: Codes, with shape (N, m), N at least 2.
        active: Dimensions to use, booleans with shape (m,); all where not given.
        form: `correlation`, or `covariance` for the unnormalised mean.

    Returns:
        At least 0. A constant dimension correlates with nothing and is left out; NaN where fewer
        than two dimensions are left, since there is no pair.

    Raises:
        UserError: The form is unknown, codes are no matrix of 2 rows or hold NaN or infinity, or
            `active` does not fit them.

    Example:
        >>> nac(torch.tensor([[0.0, 0.0], [1.0, 2.0], [2.0, 4.0]]))
        1.0
    """
    one_of("form", form, ("correlation", "covariance"))
    held = matrix(codes, least=2, what="codes")
    if active is not None:
        chosen = as_tensor(as_array(active, "active"))
        if chosen.dtype != torch.bool or chosen.shape != held.shape[1:]:
            raise UserError(
                f"'active' must hold {held.shape[1]} booleans, one for each dimension of the "
                f"codes, got {chosen.dtype} with shape {tuple(chosen.shape)}."
            )
        held = held[:, chosen.to(held.device)]
    # Before a variance is taken of no column, which warns.
    if held.shape[1] < 2:
        return float("nan")
    # Both: rounding of the mean can leave a constant column a variance above 0, and the variance of
    # a column of tiny numbers can underflow to 0.
    held = held[:, (held != held[0]).any(0) & (held.var(0) > 0)]
    count = held.shape[1]
    if count < 2:
        return float("nan")
    table = torch.cov(held.T)
    if form == "correlation":
        deviation = table.diagonal().sqrt()
        table = table / deviation[:, None] / deviation
    total = table.abs().sum() - table.diagonal().abs().sum()
    return float(total / (count * (count - 1)))


def variances(codes: Features) -> Tensor:
    """Unbiased variance of each dimension of codes (N, m), with shape (m,), in float64.

    Raises:
        UserError: Not a matrix, fewer than 2 rows, or NaN or infinity among the entries.

    Example:
        >>> variances(torch.tensor([[0.0, 3.0], [2.0, 3.0]]))
        tensor([2., 0.], dtype=torch.float64)
    """
    return matrix(codes, least=2, what="codes").var(0)


def active_units(means: Features, *, threshold: float = 0.01) -> int:
    r"""Number of latent dimensions whose posterior mean varies with the data.

    .. math:: \#\{j: \mathrm{Var}_x \, \mathbb{E}[z_j | x] > 0.01\}

    Arguments:
        means: Posterior means, with shape (N, m), N at least 2, on the scale of a standard normal
            prior.
        threshold: Smallest variance of an active unit.

    Raises:
        UserError: Not a matrix, fewer than 2 rows, or NaN or infinity among the entries.

    References:
        | Importance Weighted Autoencoders (Burda et al., 2016), Section 5.2

    Example:
        >>> active_units(torch.tensor([[0.0, 3.0], [2.0, 3.0]]))
        1
    """
    return int((variances(means) > threshold).sum())


def kl_profile(mean: Features, scale: Features) -> Tensor:
    r"""Nats that each latent dimension carries: its KL to N(0, 1), mean over the data.

    .. math:: \frac12 \mathbb{E}_x[\mu_j^2 + s_j^2 - 1 - \log s_j^2]

    A dimension that a VAE has given up has 0. It holds I(x; z_j) and the mismatch with the prior.

    Arguments:
        mean: Posterior means, with shape (N, m).
        scale: Posterior standard deviations, with the shape of `mean`, positive.

    Returns:
        With shape (m,), in nats, at least 0.

    Raises:
        UserError: Not matrices of one shape, no rows, NaN or infinity among the entries, or a
            deviation that is not positive.

    References:
        | Diagnosing and Enhancing VAE Models (Dai & Wipf, 2019), Section 4

    Example:
        >>> kl_profile(torch.tensor([[0.0, 1.0], [0.0, -1.0]]), torch.ones(2, 2)).tolist()
        [0.0, 0.5]
    """
    mu, s = pair(mean, scale)
    if len(mu) != len(s):
        raise UserError(
            f"'mean' and 'scale' need as many rows, got {len(mu)} and {len(s)}; give one scale for "
            "each mean."
        )
    positive("scale", float(s.min()), remedy="give deviations, not their logarithms")
    return 0.5 * (mu.square() + s.square() - 1 - 2 * s.log()).mean(0)


def non_normality(codes: Features) -> Tensor:
    r"""Kolmogorov-Smirnov distance of each standardised dimension from a Gaussian.

    .. math:: \sup_t |F_j(t) - \Phi(t)|

    0 for a Gaussian of any mean and deviation; about :math:`0.6 / \sqrt N` is noise.

    Arguments:
        codes: With shape (N, m), N at least 2.

    Returns:
        With shape (m,), in [0, 1]; NaN for a constant dimension.

    Raises:
        UserError: Not a matrix, fewer than 2 rows, or NaN or infinity among the entries.

    Example:
        >>> bool(non_normality(torch.randn(4000, 1)) < 0.03)
        True
        >>> round(non_normality(torch.arange(4001.0)[:, None]).item(), 2)  # uniform
        0.06
    """
    held = matrix(codes, least=2, what="codes")
    scaled = ((held - held.mean(0)) / held.std(0)).sort(0).values
    law = torch.special.ndtr(scaled)
    step = torch.arange(len(held) + 1, dtype=torch.float64, device=held.device) / len(held)
    above, below = step[1:, None] - law, law - step[:-1, None]
    return torch.maximum(above, below).amax(0)


def open_dimensions(
    codes: Features,
    mask: Features | None = None,
    *,
    deviation: Features | None = None,
    prior: Features | None = None,
) -> Tensor:
    r"""Which dimensions carry anything, booleans with shape (m,).

    With a mask: where it is at least `networks.mask.OPEN`. Without: where codes differ by more than
    the rounding of their type, their variance is at least a hundredth of the largest, and

    - of posteriors with noise, the variance of the means is at least a hundredth of the noise's,
      :math:`\mathrm{Var} \mu_j \geq \overline{s_j^2} / 100`: of a collapsed one it is not, and
      `active_units` agrees where the noise is the prior's;
    - of points, the deviation is at least a hundredth of the prior's, where draws of it are given.

    Arguments:
        codes: With shape (N, m), N at least 2 without a mask.
        mask: Factors in [0, 1], with shape (m,).
        deviation: Standard deviations of the posteriors around `codes`, with shape (N, m).
        prior: Draws of the prior, with shape (M, m), M at least 2.

    Raises:
        UserError: Codes are no matrix of 2 rows or hold NaN or infinity, or the others do not fit
            them.

    Example:
        >>> codes = torch.tensor([[0.0, -1.0], [1e-3, 1.0]])
        >>> open_dimensions(codes).tolist(), open_dimensions(codes[:, :1]).tolist()
        ([False, True], [True])
        >>> open_dimensions(codes[:, :1], deviation=torch.ones(2, 1)).tolist()
        [False]
    """
    held = matrix(codes, least=2 if mask is None else 0, what="codes")
    if mask is not None:
        factors = numbers(mask, "mask")
        if factors.shape != held.shape[1:]:
            raise _unfit("mask", factors, held)
        return factors >= OPEN
    variance = held.var(0)
    kind = codes.dtype if isinstance(codes, Tensor) else torch.float64
    rounding = 8 * torch.finfo(kind).eps if kind.is_floating_point else 0.0
    # Both, as in `nac`: rounding of the mean can leave equal codes a variance above 0.
    found = (held != held[0]).any(0) & (variance.sqrt() > rounding * held.abs().amax(0))
    found &= variance >= 0.01 * variance.max()
    if deviation is not None:
        scale = matrix(deviation, what="deviations").to(held.device)
        if scale.shape != held.shape:
            raise _unfit("deviation", scale, held)
        found &= variance >= 0.01 * scale.square().mean(0)
    elif prior is not None:
        drawn = matrix(prior, least=2, what="draws of the prior").to(held.device)
        if drawn.shape[1:] != held.shape[1:]:
            raise _unfit("prior", drawn, held)
        found &= variance >= 1e-4 * drawn.var(0)
    return found


def _unfit(name: str, given: Tensor, codes: Tensor) -> UserError:
    return UserError(
        f"'{name}' of shape {tuple(given.shape)} does not fit codes of shape {tuple(codes.shape)}; "
        "give a column for each of their dimensions."
    )
