"""Files that are whole or absent, and the folder of a run."""

from latentfit.storage.facts import Card, Facts
from latentfit.storage.folder import RunFolder, locked

__all__ = ["Card", "Facts", "RunFolder", "locked"]
