"""The right latent size: one number, an interval, and the evidence."""

from latentfit.sizing.budget import Table
from latentfit.sizing.conclude import Evidence, Size, conclude
from latentfit.sizing.find import gather, size
from latentfit.sizing.verdict import IMAGE_MASK, Verdict, trace, verdict

__all__ = [
    "IMAGE_MASK",
    "Evidence",
    "Size",
    "Table",
    "Verdict",
    "conclude",
    "gather",
    "size",
    "trace",
    "verdict",
]
