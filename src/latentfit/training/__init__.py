"""Training: the loop and its settings."""

from latentfit.training.distributed import pick_device
from latentfit.training.encode import encode_all
from latentfit.training.loop import Progress, train
from latentfit.training.settings import Settings

__all__ = ["Progress", "Settings", "encode_all", "pick_device", "train"]
