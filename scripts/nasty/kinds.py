"""All cases, kind by kind."""

from __future__ import annotations

import numpy as np

from nasty import arrays, cells, files, images, options, uses, writing
from nasty.case import Case

FAMILIES = (writing, cells, files, arrays, images, options, uses)


def cases(seed: int = 0) -> list[Case]:
    """All cases; which row or type is hit depends on the seed."""
    found = [
        case
        for number, family in enumerate(FAMILIES)
        for case in family.cases(np.random.default_rng([seed, number]))
    ]
    doubles = {case.name for case in found if [c.name for c in found].count(case.name) > 1}
    if doubles:
        raise ValueError(f"two cases are called by {doubles}")
    return found
