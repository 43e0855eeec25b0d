"""An estimator for scikit-learn: pipelines, searches of settings, columns of tables."""

from latentfit.sklearn.estimator import LatentFit
from latentfit.sklearn.scorers import neg_frechet_distance

__all__ = ["LatentFit", "neg_frechet_distance"]
