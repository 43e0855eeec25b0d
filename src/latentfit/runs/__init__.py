"""Runs: train into a folder, load from it, play many."""

from latentfit.runs.card import built
from latentfit.runs.cluster import Cluster
from latentfit.runs.local import Local
from latentfit.runs.run import Run, described, load, save, train, write

__all__ = [
    "Cluster",
    "Local",
    "Run",
    "built",
    "described",
    "load",
    "save",
    "train",
    "write",
]
