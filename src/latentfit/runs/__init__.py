"""Runs: train into a folder, load from it, play many."""

from latentfit.runs.cluster import Cluster
from latentfit.runs.local import Local
from latentfit.runs.run import Run, load, save, train

__all__ = ["Cluster", "Local", "Run", "load", "save", "train"]
