"""The numbers of a training in a tracker: trackio, MLflow or Weights & Biases (extras)."""

from latentfit.tracking.tracker import Tracker, track

__all__ = ["Tracker", "track"]
