"""Numbers of a round that change with it, kept where the round is played."""

from __future__ import annotations

from collections.abc import Hashable, Mapping

import torch
from torch import Tensor

from latentfit.schedules import Schedule, at


class Dials:
    """One number for each of some schedules, as scalars on a device that are set between rounds.

    A program of tensors that reads them is the same in every round, so that it can be recorded
    once and played again.

    Arguments:
        courses: What each number follows, by name.
        device: Where the numbers lie.
        dtype: Of the numbers.

    Example:
        >>> from latentfit.schedules import ramp
        >>> dials = Dials({"weight": ramp(10)}, torch.device("cpu"), torch.float64)
        >>> weight = dials["weight"]
        >>> dials.turn_to(5)
        >>> weight
        tensor(0.5000, dtype=torch.float64)
    """

    def __init__(
        self, courses: Mapping[Hashable, Schedule], device: torch.device, dtype: torch.dtype
    ) -> None:
        self.courses = dict(courses)
        self.values = torch.zeros(len(self.courses), device=device, dtype=dtype)
        self.views = dict(zip(self.courses, self.values.unbind(), strict=True))

    def __contains__(self, name: Hashable) -> bool:
        """Whether a schedule has that name."""
        return name in self.courses

    def __getitem__(self, name: Hashable) -> Tensor:
        """The number of that name, a scalar."""
        return self.views[name]

    def turn_to(self, step: int) -> None:
        """Set all numbers to those of a round, in one copy."""
        if self.courses:
            numbers = [at(course, step) for course in self.courses.values()]
            self.values.copy_(torch.tensor(numbers, dtype=self.values.dtype), non_blocking=True)
