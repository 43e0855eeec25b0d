"""Random states and parameters as scikit-learn has them, as whole numbers and plain values."""

from __future__ import annotations

import numbers
from typing import Any

import numpy as np
from sklearn.utils import check_random_state

from latentfit.checks import UserError


def seed_of(state: int | np.random.RandomState | None) -> int:
    """The seed that a random state gives: a whole number is one, a stream draws it, None is new.

    NumPy's global stream does not move.

    Example:
        >>> seed_of(7), seed_of(np.random.RandomState(0)) == seed_of(np.random.RandomState(0))
        (7, True)
    """
    if state is None:
        return int(np.random.default_rng().integers(2**31))
    if isinstance(state, numbers.Integral):
        return int(state)
    return int(check_random_state(state).randint(2**31))


def as_dict(name: str, value: dict[str, Any] | None) -> dict[str, Any]:
    """A parameter that is a dictionary or None, as a dictionary of one's own.

    Raises:
        UserError: It is something else.
    """
    if value is not None and not isinstance(value, dict):
        raise UserError(f"'{name}' must be a dictionary or None, got {value!r}.")
    return dict(value or {})


def plain(value: Any, seed: int) -> Any:
    """Parameters as JSON has them.

    Arguments:
        value: One, or a dictionary of them.
        seed: What stands for a stream, since it gave it.
    """
    if isinstance(value, dict):
        return {name: plain(held, seed) for name, held in value.items()}
    if isinstance(value, np.generic):
        return value.item()
    return seed if isinstance(value, np.random.RandomState) or value is np.random else value
