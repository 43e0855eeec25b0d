"""Whether codes keep the neighbourhoods of samples, through scikit-learn."""

from __future__ import annotations

from dataclasses import dataclass

from latentfit.checks import UserError, within
from latentfit.metrics.matrix import Features, matrix


@dataclass(frozen=True)
class Neighbourhoods:
    """How far codes keep neighbourhoods, each from 0 to 1; chance is about 0.5.

    Attributes:
        trustworthiness: High where neighbours among the codes are neighbours among the samples.
        continuity: High where neighbours among the samples are neighbours among the codes.
    """

    trustworthiness: float
    continuity: float


def neighbourhoods(samples: Features, codes: Features, *, k: int = 10) -> Neighbourhoods:
    r"""Trustworthiness and continuity of codes.

    .. math::
        T = 1 - \frac{2}{N k (2 N - 3 k - 1)} \sum_i \sum_{j \in U_i} (r(i, j) - k)

    with U_i those of the k nearest codes of i that are not among its k nearest samples, and r(i, j)
    the rank of j among the samples by their distance to i. Continuity has the parts exchanged.

    Arguments:
        samples: With shape (N, d).
        codes: Theirs, with shape (N, m).
        k: Neighbours that count, below N / 2.

    Raises:
        UserError: The rows are not equally many, `k` is out of range, or something is not finite.

    References:
        | Neighborhood preservation in nonlinear projection methods (Venna and Kaski, 2001)

    Example:
        >>> import torch
        >>> x = torch.linspace(0, 1, 30)[:, None] ** 2
        >>> neighbourhoods(x, 3 * x, k=5)
        Neighbourhoods(trustworthiness=1.0, continuity=1.0)
    """
    from sklearn.manifold import trustworthiness

    x, z = matrix(samples, what="samples"), matrix(codes, what="codes")
    if len(x) != len(z):
        raise UserError(f"there are {len(x)} samples and {len(z)} codes; give a code a sample.")
    within("k", k, 1, (len(x) - 1) // 2, remedy="it is below half of the samples")
    held = [rows.cpu().numpy() for rows in (x, z)]
    value, other = (
        float(trustworthiness(*sides, n_neighbors=k)) for sides in (held, held[::-1])
    )  # fmt: skip
    return Neighbourhoods(value, other)
