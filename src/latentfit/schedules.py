"""Weights and rates as pure functions of the round; there is no scheduler state to save."""

from __future__ import annotations

import math
from collections.abc import Callable

Schedule = Callable[[int], float]


def constant(value: float = 1.0) -> Schedule:
    """`value` at every round."""
    return lambda step: value


def ramp(over: int, *, low: float = 0.0, high: float = 1.0) -> Schedule:
    """Straight line from `low` at round 0 to `high` at round `over`, then `high`.

    Example:
        >>> [ramp(10)(step) for step in (0, 5, 10, 99)]
        [0.0, 0.5, 1.0, 1.0]
    """
    return lambda step: low + (high - low) * min(1.0, step / over)


def doubling(start: float, *, every: int, cap: float = math.inf, after: int = 0) -> Schedule:
    """`start`, doubled every `every` rounds once `after` rounds have passed, never above `cap`.

    Example:
        >>> [doubling(0.5, every=10, cap=3)(step) for step in (0, 9, 10, 20, 99)]
        [0.5, 0.5, 1.0, 2.0, 3]
    """
    # The exponent is bounded so that a long run cannot overflow before `min` is taken.
    return lambda step: min(cap, start * 2.0 ** min(1000, max(0, step - after) // every))


def drops(*at: int, factor: float) -> Schedule:
    """1, multiplied by `factor` at each of the rounds `at`.

    Example:
        >>> [drops(10, 20, factor=0.5)(step) for step in (0, 10, 25)]
        [1.0, 0.5, 0.25]
    """
    return lambda step: factor ** float(sum(step >= moment for moment in at))


def after(moment: int) -> Schedule:
    """0 before round `moment`, 1 from then on: a player that waits.

    Example:
        >>> [after(10)(step) for step in (0, 9, 10)]
        [0.0, 0.0, 1.0]
    """
    return lambda step: float(step >= moment)
