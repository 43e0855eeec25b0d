"""The right latent size: one number, an interval, and the evidence."""

from latentfit.sizing.budget import Table
from latentfit.sizing.conclude import Size, conclude
from latentfit.sizing.evidence import Evidence
from latentfit.sizing.find import gather, largest, published_size, size
from latentfit.sizing.published import METHODS, Reading, read
from latentfit.sizing.verdict import IMAGE_MASK, Verdict, trace, verdict

__all__ = [
    "IMAGE_MASK",
    "METHODS",
    "Evidence",
    "Reading",
    "Size",
    "Table",
    "Verdict",
    "conclude",
    "gather",
    "largest",
    "published_size",
    "read",
    "size",
    "trace",
    "verdict",
]
