"""Settings of a system that generate best, found by validation samples."""

from latentfit.tuning.tune import Tuned, tune

__all__ = ["Tuned", "tune"]
