"""A fault of a latent space, and how severe it is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Finding:
    """A fault.

    Attributes:
        name: What it is called.
        severity: From 1 on it is a fault; they are brought to one scale, so that the largest comes
            first.
        says: One sentence, with its numbers.
        remedy: What to do about it.
        general: Others cause it: it comes after them.
    """

    name: str
    severity: float
    says: str
    remedy: str
    general: bool = False

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        return asdict(self)


FOLLOW = "fit a prior that follows the codes: latentfit fit-prior {run} --prior matching"
"""The remedy of most: `{run}` is the run folder, or `--codes FILE`."""
FEWER = "train with fewer latent dimensions; latentfit size says how many"


def ranked(found: Iterable[Finding]) -> list[Finding]:
    """Those that are faults, the most severe first, general ones last; of each name the worst."""
    held = sorted(found, key=lambda finding: (finding.general, -finding.severity))
    first = {finding.name: finding for finding in reversed(held)}
    return [f for f in held if f.severity >= 1 and f is first[f.name]]
