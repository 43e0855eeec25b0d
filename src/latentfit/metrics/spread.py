"""How sure a score is: repeats and bootstrap."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from latentfit.checks import within
from latentfit.metrics.matrix import Features, matrix, numbers


@dataclass(frozen=True)
class Estimate:
    """A score with its spread.

    Attributes:
        value: The mean.
        spread: Standard deviation over the repeats, or standard error of the mean, as said by
            what returned it.
        count: Number of repeats or samples behind it.
    """

    value: float
    spread: float
    count: int

    @classmethod
    def of(cls, repeats: Sequence[float]) -> Estimate:
        """Mean and standard deviation of repeats; 0 for a single one."""
        deviation = statistics.stdev(repeats) if len(repeats) > 1 else 0.0
        return cls(statistics.fmean(repeats), deviation, len(repeats))

    @classmethod
    def mean(cls, values: Features) -> Estimate:
        """Mean of one value a sample (N,), with its standard error."""
        held = numbers(values, "values")
        error = float(held.std() / len(held) ** 0.5) if len(held) > 1 else 0.0
        return cls(float(held.mean()), error, len(held))


def bootstrap(
    score: Callable[..., float], *sets: Features, repeats: int = 100, seed: int = 0
) -> Estimate:
    """Spread of a score when each set is drawn again from itself, with replacement.

    For scores that are means or moments: error, Frechet distance, NAC. Not for those that look at
    neighbours within a set, since a row that is drawn twice is its own neighbour; repeat those on
    fresh draws instead.

    Arguments:
        score: From the sets to a number.
        sets: Each with shape (N, k); drawn independently.
        repeats: Bootstrap samples, at least 2.
        seed: Of the draws.

    Returns:
        The score of the sets as they are, the bootstrap's standard deviation, and `repeats`.

    Raises:
        UserError: `repeats` is below 2, or a set is no matrix, has no rows, or holds NaN or
            infinity.

    Example:
        >>> x = torch.randn(400, 1)
        >>> bootstrap(lambda rows: float(rows.mean()), x).spread < 0.1  # 1 / sqrt(400) = 0.05
        True
    """
    within("repeats", repeats, 2)
    held = [matrix(rows) for rows in sets]
    generator = torch.Generator().manual_seed(seed)

    def again(rows: Tensor) -> Tensor:
        return rows[torch.randint(len(rows), (len(rows),), generator=generator).to(rows.device)]

    drawn = [score(*(again(rows) for rows in held)) for _ in range(repeats)]
    return Estimate(score(*held), statistics.stdev(drawn), repeats)
