"""The right latent size: one number, an interval, and the evidence."""

from latentfit.sizing.conclude import Size
from latentfit.sizing.find import size
from latentfit.sizing.verdict import IMAGE_MASK, Verdict, trace, verdict

__all__ = [
    "IMAGE_MASK",
    "Size",
    "Verdict",
    "size",
    "trace",
    "verdict",
]
