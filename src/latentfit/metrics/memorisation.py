"""Memorisation: are generated samples nearer to the training data than fresh data are?"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from latentfit.checks import UserError
from latentfit.metrics.matrix import Features, matrix, numbers
from latentfit.metrics.neighbours import nearest
from latentfit.metrics.spread import Estimate

STRAY = 0.01  # share of fresh samples that may count as near copies


def nearest_distance(a: Features, b: Features) -> Estimate:
    r"""Mean over A of the distance to the nearest neighbour in B.

    .. math:: \mathrm{MS}(A, B) = \overline{\min_{b \in B} \|a - b\|_2}, \quad a \in A

    On pixels in [0, 1] it is FlexAE's PMS, on Inception features its IMS.

    Arguments:
        a: With shape (N, k).
        b: With shape (M, k); must not hold rows of `a` unless copies are what is looked for.

    Returns:
        Mean, its standard error given B, and N.

    Raises:
        UserError: Not matrices of one width, no rows, or NaN or infinity among the entries.

    References:
        | FlexAE (Mondal et al., 2021), Table 4

    Example:
        >>> import torch
        >>> nearest_distance(torch.zeros(1, 2), torch.tensor([[3.0, 4.0], [6.0, 8.0]])).value
        5.0
    """
    return Estimate.mean(nearest(a, b)[0])


@dataclass(frozen=True)
class Memorisation:
    """The four comparisons of FlexAE's Table 4, at equal counts.

    Attributes:
        train_train: From one part of the training data to another, disjoint one.
        generated_train: From samples to that other part.
        train_test: From the training data to the test data.
        generated_test: From samples to the test data.
    """

    train_train: Estimate
    generated_train: Estimate
    train_test: Estimate
    generated_test: Estimate

    @property
    def ratio(self) -> float:
        """How much nearer samples are to training than to test data: 1 where nothing is memorised.

        (generated-train / generated-test) / (train-train / train-test). Samples that are merely
        smooth are nearer to both, which cancels; copies of training data bring it to 0. NaN where
        a distance that is divided by is 0, as between rows that are all equal.
        """
        if 0 in (self.generated_test.value, self.train_train.value, self.train_test.value):
            return math.nan
        own = self.generated_train.value / self.generated_test.value
        return own / (self.train_train.value / self.train_test.value)


def memorisation(
    generated: Features, train: Features, other: Features, test: Features
) -> Memorisation:
    """Compare distances of samples and of data to training and test data.

    Arguments:
        generated: Samples, with shape (N, k).
        train: A part of the training data, the one that samples are compared with, (N, k).
        other: A disjoint part of the training data, (N, k).
        test: Test data, (N, k).

    Raises:
        UserError: Not matrices of one width, no rows, or NaN or infinity among the entries.
    """
    return Memorisation(
        train_train=nearest_distance(other, train),
        generated_train=nearest_distance(generated, train),
        train_test=nearest_distance(train, test),
        generated_test=nearest_distance(generated, test),
    )


def foot(rows: Features, first: Features, second: Features) -> Tensor:
    r"""Where rows stand on the line from the nearest of some others to the second nearest.

    .. math:: \lambda = \frac{(g - t_1) \cdot (t_2 - t_1)}{\|t_2 - t_1\|^2}

    About 0 of a copy of t_1, whatever was added to it across the line, as noise is in many
    dimensions; 1/2 halfway, about which rows gather that know nothing of t_1.

    Arguments:
        rows: g, with shape (N, k).
        first: The nearest other row t_1 of each, with shape (N, k).
        second: The second nearest t_2, with shape (N, k).

    Returns:
        At most 1/2, float64 (N,). Where both others are one point, 0 of a row that is that point
        and 1/2 of all others.

    Raises:
        UserError: Not matrices of one shape, or NaN or infinity among the entries.

    Example:
        >>> first, second = torch.zeros(2, 2), torch.tensor([[4.0, 0.0], [4.0, 0.0]])
        >>> foot(torch.tensor([[0.0, 3.0], [1.0, 0.0]]), first, second)
        tensor([0.0000, 0.2500], dtype=torch.float64)
    """
    g, one, two = (matrix(part).double() for part in (rows, first, second))
    if not g.shape == one.shape == two.shape:
        raise UserError(
            f"rows and their neighbours must have one shape, got {tuple(g.shape)}, "
            f"{tuple(one.shape)} and {tuple(two.shape)}."
        )
    line = two - one
    apart, along = line.square().sum(1), ((g - one) * line).sum(1)
    return torch.where(apart > 0, along / apart, 0.5 * (g != one).any(1))


def authenticity(samples: Features, fresh: Features, *, distinct: int | None = None) -> Estimate:
    r"""The share of samples that are no near copies, by where they and fresh data stand.

    With A the share of samples whose `foot` is nearer to 0 than that of all but k of T fresh rows,
    as fresh samples' is with chance :math:`\alpha = k / (T + 1)`, about 1 %, or more where others
    tie with the k-th:

    .. math:: 1 - \max\left(0, \frac{A - \alpha}{1 - \alpha}\right)

    Arguments:
        samples: `foot` of samples among training rows, with shape (N,).
        fresh: That of data that were not trained on, with shape (T,).
        distinct: How many different things the samples are, where some repeat others; at one the
            error is infinite.

    Returns:
        The share, its standard error and N.

    Raises:
        UserError: There are no values on a side, or they are not finite numbers.

    References:
        | How Faithful is Your Synthetic Data? (Alaa et al., 2022), Section 2.3, coined the word.
          Theirs counts samples that are nearer to a training row than that is to its own
          neighbour, as a third of fresh MNIST images are; here fresh data lose nothing on the mean,
          and noise does not hide a copy.

    Example:
        >>> fresh = torch.linspace(0.1, 0.5, 99)
        >>> authenticity(torch.cat([fresh[1:61], torch.zeros(40)]), fresh).value
        0.606...
    """
    made, known = _values(samples, "samples").abs(), _values(fresh, "fresh").abs()
    k = max(1, round(STRAY * (len(known) + 1)))
    least = known.sort().values[k - 1]
    alpha = int((known <= least).sum()) / (len(known) + 1)
    near = float((made <= least).double().mean())
    chance = alpha * (1 - alpha) / (len(known) + 2)  # a share behind an order statistic is beta
    seen = len(made) if distinct is None else distinct
    error = math.sqrt(near * (1 - near) / seen + chance) / (1 - alpha) if seen > 1 else math.inf
    return Estimate(1 - max(0.0, (near - alpha) / (1 - alpha)), error, len(made))


def membership(train: Features, other: Features, made: Features) -> float:
    """How well nearness to the nearest generated row tells training from other rows.

    Area under the ROC curve: 0.5 where who was trained on does not leak, 1 where it leaks wholly.
    Lower is better; chance spreads it by about 0.4 / sqrt(N) with N rows a side. What it can reach
    is bounded by the share of the training rows that were copied.

    Arguments:
        train: Rows that were trained on, with shape (N, k).
        other: Rows of the same source that were not, with shape (M, k).
        made: Generated rows, with shape (G, k).

    Raises:
        UserError: Not matrices of one width, no rows, or NaN or infinity among the entries.

    References:
        | GAN-Leaks (Chen et al., 2020), the full black-box attack

    Example:
        >>> membership(torch.zeros(3, 2), torch.ones(3, 2), torch.zeros(1, 2))
        1.0
    """
    return told_apart(*(nearest(rows, made)[0][:, 0] for rows in (train, other)))


def told_apart(members: Features, others: Features) -> float:
    """Area under the ROC curve of telling members by their smaller values; ties count half.

    Arguments:
        members: Values with shape (N,).
        others: Values with shape (M,).

    Raises:
        UserError: There are no values on a side, or they are not finite numbers.

    Example:
        >>> told_apart(torch.tensor([1.0, 2.0]), torch.tensor([2.0, 3.0]))
        0.875
    """
    from sklearn.metrics import roc_auc_score

    a, b = _values(members, "members"), _values(others, "others")
    truth = torch.arange(len(a) + len(b)) < len(a)
    return float(roc_auc_score(truth.numpy(), -torch.cat([a, b]).cpu().numpy()))


def _values(x: Features, what: str) -> Tensor:
    """Numbers (N,), of which there are some, all finite."""
    held = numbers(x, what).flatten()
    if not len(held) or not bool(held.isfinite().all()):
        kind = "none" if not len(held) else f"{int((~held.isfinite()).sum())} that are not finite"
        raise UserError(f"{what} must be finite numbers, got {kind} of {len(held)}.")
    return held
