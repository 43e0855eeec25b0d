"""Runs: train into a folder, load from it, play many."""

from latentfit.runs.run import Run, load, train

__all__ = ["Run", "load", "train"]
