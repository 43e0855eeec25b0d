"""Runs: train into a folder, load from it, share it, play many."""

from latentfit.runs.card import built
from latentfit.runs.cluster import Cluster
from latentfit.runs.local import Local
from latentfit.runs.run import Run, described, load, save, train, write
from latentfit.runs.sharing import push

__all__ = [
    "Cluster",
    "Local",
    "Run",
    "built",
    "described",
    "load",
    "push",
    "save",
    "train",
    "write",
]
