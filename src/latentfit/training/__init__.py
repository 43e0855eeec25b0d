"""Training: the loop, resumable run folders, priors that come afterwards."""

from latentfit.training.distributed import pick_device
from latentfit.training.loop import Progress, Settings, train
from latentfit.training.posthoc import encode_all, fit_prior, waits

__all__ = ["Progress", "Settings", "encode_all", "fit_prior", "pick_device", "train", "waits"]
