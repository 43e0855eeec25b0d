"""Weights and rates as pure functions of the round; there is no scheduler state to save."""

from __future__ import annotations

import math
from collections.abc import Callable

Schedule = Callable[[int], float]
When = Callable[[int], bool]


def always(step: int) -> bool:
    """In every round."""
    return True


def before(moment: int) -> When:
    """In the rounds before `moment`.

    Example:
        >>> [before(10)(step) for step in (0, 9, 10)]
        [True, True, False]
    """
    return lambda step: step < moment


def since(moment: int) -> When:
    """From round `moment` on.

    Example:
        >>> [since(10)(step) for step in (0, 9, 10)]
        [False, False, True]
    """
    return lambda step: step >= moment


def at(course: float | Schedule, step: int) -> float:
    """The number that holds at a round: a number itself, or the value of a schedule.

    Example:
        >>> at(2.0, 7), at(ramp(10), 7)
        (2.0, 0.7)
    """
    return course(step) if callable(course) else course


def ramp(over: int, *, low: float = 0.0, high: float = 1.0) -> Schedule:
    """Straight line from `low` at round 0 to `high` at round `over`, 1 or later, then `high`.

    Example:
        >>> [ramp(10)(step) for step in (0, 5, 10, 99)]
        [0.0, 0.5, 1.0, 1.0]
    """
    return lambda step: low + (high - low) * min(1.0, step / over)


def doubling(start: float, *, every: int, after: int = 0) -> Schedule:
    """`start`, doubled every `every` rounds, 1 at least, once `after` rounds have passed.

    Example:
        >>> [doubling(0.5, every=10)(step) for step in (0, 9, 10, 20, 99)]
        [0.5, 0.5, 1.0, 2.0, 256.0]
    """
    # The exponent is bounded so that a long run cannot overflow before a cap is taken.
    return lambda step: start * 2.0 ** min(500, max(0, step - after) // every)


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


def product(*factors: float | Schedule) -> Schedule:
    """Product of numbers and schedules, round by round.

    Example:
        >>> [product(3.0, after(10), drops(20, factor=0.5))(step) for step in (9, 10, 20)]
        [0.0, 3.0, 1.5]
    """
    return lambda step: math.prod(at(factor, step) for factor in factors)


def at_most(cap: float, schedule: Schedule) -> Schedule:
    """The schedule, never above `cap`.

    Example:
        >>> [at_most(3, ramp(10, high=5.0))(step) for step in (5, 10)]
        [2.5, 3]
    """
    return lambda step: min(cap, schedule(step))
