"""The scores that compare two sets of features, by name: what `evaluate` prints."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import asdict, dataclass

from torch import Tensor

from latentfit import metrics
from latentfit.metrics import Extractor

Scores = dict[str, float]


@dataclass(frozen=True)
class Comparison:
    """A score, or a few that are found together, of samples against data.

    Attributes:
        compare: From features of samples, features of data and a seed to numbers by name.
        variant: Exactly how it is computed, for the record.
        vectors: Whether it is for vectors only.
    """

    compare: Callable[[Tensor, Tensor, int], Scores]
    variant: str
    vectors: bool = False


def _prd(generated: Tensor, real: Tensor, seed: int) -> Scores:
    curve = metrics.prd(generated, real, seed=seed)
    return {"prd_precision": curve.f1_8, "prd_recall": curve.f8}


def _manifold(generated: Tensor, real: Tensor, seed: int) -> Scores:
    k = min(5, len(real) - 1)
    return asdict(metrics.manifold(generated, real, near=min(3, k), far=k))


COMPARISONS = {
    "fd": Comparison(
        lambda a, b, seed: {"fd": metrics.frechet(a, b)},
        "unbiased covariances, symmetric eigenvalue form, float64",
    ),
    "kid": Comparison(
        lambda a, b, seed: {"kid": metrics.kid(a, b, seed=seed).value},
        "cubic kernel, unbiased, mean of 100 subsets of 1,000",
    ),
    "prd": Comparison(
        _prd,
        "20 clusters of the union by minibatch k-means, 10 curves averaged; precision is the "
        "largest F_1/8, recall the largest F_8",
    ),
    "manifold": Comparison(
        _manifold,
        "precision and recall with k = 3, border included (improved precision and recall); density "
        "and coverage with k = 5, border excluded",
    ),
    "sliced": Comparison(
        lambda a, b, seed: {"sliced_wasserstein": metrics.sliced_wasserstein(a, b, seed=seed)},
        "512 directions, p = 2",
        vectors=True,
    ),
}
"""What compares generated samples, reconstructions and training data with test data."""

NAMES = (*COMPARISONS, "classifier", "memorisation", "likelihood", "latent", "dimension")
"""Groups of scores that `--metrics` takes; reconstruction errors are always there."""


# What a score means, by the whole of its name; the extractor takes the place of {0}.
_GENERATED = "between generated and test samples in the features of {0}; lower is better"
MEANINGS = {
    r"fid": "Frechet inception distance between generated and test samples; lower is better",
    r"fd_([^_]+)": f"Frechet distance {_GENERATED}, and about the floor is as good as new data",
    r"(?:fd_|kid_)?([^_]+)_reconstruction": "the same for reconstructions of the test samples",
    r"(?:fd_|kid_)?(.+)_floor": "the same for training samples: what data themselves reach",
    r"(?:fd_|kid_)?(.+)_sd": "standard deviation over independent draws of generated samples",
    r"(.+)_se": "standard error of the mean over test samples",
    r"kid_([^_]+)": f"kernel distance {_GENERATED}; unbiased at small counts, may be negative",
    r"prd_precision": "largest F_1/8 over clusters: falls when samples lie beside the data",
    r"prd_recall": "largest F_8 over clusters: falls when a part of the data is missed",
    r"precision": "share of samples within a ball of the data (k = 3); higher is better",
    r"recall": "share of test data within a ball of the samples (k = 3); higher is better",
    r"density": "balls of the data around a sample, over k = 5; about 1 is right",
    r"coverage": "share of test data whose ball (k = 5) holds a sample; higher is better",
    r"sliced_wasserstein": "Wasserstein distance over 512 directions; lower is better",
    r"inception_score": "sharpness and evenness of Inception's classes; higher is better",
    r"classifier_score": "sharpness and evenness of the classifier's classes; higher is better",
    r"pms_ratio": "nearness of samples to training against test data, on pixels; 1 where nothing "
    "is memorised, 0 for copies",
    r"ims_ratio": "the same on Inception features",
    r"ms_([^_]+)_ratio": "the same on the features of {0}",
    r"(?:pms|ims|ms_[^_]+)_train_train": "mean distance of training data to the nearest of others",
    r"(?:pms|ims|ms_[^_]+)_generated_train": "mean distance of samples to the nearest training one",
    r"(?:pms|ims|ms_[^_]+)_train_test": "mean distance of training data to the nearest test one",
    r"(?:pms|ims|ms_[^_]+)_generated_test": "mean distance of samples to the nearest test one",
    r"mse": "mean squared error of reconstructions over all entries; lower is better",
    r"psnr": "-10 log10 mse in dB, for images; higher is better",
    r"elbo": "evidence lower bound in nats a sample, where the model has one; higher is better",
    r"log_likelihood": "importance-weighted bound in nats a sample (100 draws); higher is better",
    r"nac": "mean absolute correlation between active dimensions of the test codes; 0 where none "
    "goes with another, 1 where all say the same",
    r"nac_covariance": "the same without dividing by the deviations",
    r"active": "latent dimensions that carry something, of those that the model was given",
    r"latent": "latent dimensions that the model was given",
    r"active_units": "latent dimensions whose mean code has a variance above 0.01",
    r"code_dimension(_low|_high)?": "dimensions that the test codes fill (TwoNN, bias undone), and "
    "the ends of a 95 % interval",
    r"code_spectral_95": "principal components that hold 95 % of the variance of the test codes",
    r"kl_dimensions": "latent dimensions that carry at least 0.01 nats, where the posterior is "
    "Gaussian",
    r"non_normality": "Kolmogorov-Smirnov distance of a dimension from a Gaussian, mean of active",
    r"prior_sliced_wasserstein": "sliced distance of test codes to prior draws, in deviations",
    r"prior_wasserstein": "distance of test codes to prior draws by a fresh critic, in deviations",
}


def meaning(name: str) -> str:
    """What a score says, in a line; empty for an unknown one.

    Example:
        >>> meaning("kid_lenet")[:52]
        'kernel distance between generated and test samples i'
    """
    for pattern, text in MEANINGS.items():
        if found := re.fullmatch(pattern, name):
            return text.format(*found.groups())
    return ""


def named(scores: Scores, extractor: Extractor) -> Scores:
    """Scores under the names that say what they were computed on."""
    heads = {"fd": extractor.distance, "kid": f"kid_{extractor.name}"}
    return {heads.get(name, name): value for name, value in scores.items()}
