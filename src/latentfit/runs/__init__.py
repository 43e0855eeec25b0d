"""Runs: train into a folder, load from it, share it, play many."""

from latentfit.runs.cluster import Cluster
from latentfit.runs.local import Local
from latentfit.runs.run import Run, load, save, train
from latentfit.runs.sharing import push

__all__ = ["Cluster", "Local", "Run", "load", "push", "save", "train"]
