"""Runs: train into a folder, load from it, play many."""

from latentfit.runs.run import Run, load, save, train

__all__ = ["Run", "load", "save", "train"]
