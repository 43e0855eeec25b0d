"""Memorisation: are generated samples nearer to the training data than fresh data are?"""

from __future__ import annotations

import math
from dataclasses import dataclass

from latentfit.metrics.matrix import Features
from latentfit.metrics.neighbours import nearest
from latentfit.metrics.spread import Estimate


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
