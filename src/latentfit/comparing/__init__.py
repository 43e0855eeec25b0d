"""Systems side by side under equal conditions, and which differences are real."""

from latentfit.comparing.conditions import Conditions
from latentfit.comparing.finished import compare_runs
from latentfit.comparing.inference import differences, front, ranks
from latentfit.comparing.summary import Summary
from latentfit.comparing.trained import compare

__all__ = [
    "Conditions",
    "Summary",
    "compare",
    "compare_runs",
    "differences",
    "front",
    "ranks",
]
