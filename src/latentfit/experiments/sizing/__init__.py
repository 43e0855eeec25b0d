"""The right latent size: one number, an interval, and the evidence."""

from latentfit.experiments.sizing.conclude import Size
from latentfit.experiments.sizing.size import size
from latentfit.experiments.sizing.verdict import IMAGE_MASK, Verdict, trace, verdict

__all__ = [
    "IMAGE_MASK",
    "Size",
    "Verdict",
    "size",
    "trace",
    "verdict",
]
