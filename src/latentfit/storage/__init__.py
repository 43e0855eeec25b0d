"""Files that are whole or absent, and the folder of a run."""

from latentfit.storage.estimator import Estimator, read_estimator, write_estimator
from latentfit.storage.facts import Card, Facts
from latentfit.storage.folder import RunFolder, locked

__all__ = [
    "Card",
    "Estimator",
    "Facts",
    "RunFolder",
    "locked",
    "read_estimator",
    "write_estimator",
]
