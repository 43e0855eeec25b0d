"""Metrics: pure functions of feature matrices, and the extractors that make features."""

from latentfit.metrics.columns import column_distance, correlation_difference, pair_distance
from latentfit.metrics.covariance import (
    active_units,
    kl_profile,
    nac,
    non_normality,
    open_dimensions,
    variances,
)
from latentfit.metrics.critic import critic_wasserstein
from latentfit.metrics.dimension import (
    ESTIMATORS,
    Dimension,
    UndefinedError,
    effective_dimension,
    intrinsic_dimension,
    knee,
    outstanding_components,
    spectral_dimension,
)
from latentfit.metrics.features import (
    Extractor,
    LeNet,
    classifier,
    extractor,
    from_module,
    inception,
    lenet,
    pixels,
)
from latentfit.metrics.frechet import Moments, frechet, frechet_moments, moments
from latentfit.metrics.kernel import kid
from latentfit.metrics.labels import inception_score
from latentfit.metrics.likelihood import bits_per_dimension, elbo, importance_weighted
from latentfit.metrics.manifold import Manifold, density_coverage, manifold, precision_recall
from latentfit.metrics.matrix import Known
from latentfit.metrics.memorisation import (
    Memorisation,
    authenticity,
    foot,
    membership,
    memorisation,
    nearest_distance,
)
from latentfit.metrics.mixed import Breakdown
from latentfit.metrics.neighbourhoods import Neighbourhoods, neighbourhoods
from latentfit.metrics.neighbours import nearest
from latentfit.metrics.parzen import parzen, parzen_width
from latentfit.metrics.prd import PRD, prd, prd_curve
from latentfit.metrics.reconstruction import errors, mse, psnr
from latentfit.metrics.records import Records, membership_attack, nearest_record, two_sample
from latentfit.metrics.scales import Part, parts, scale_curve, without_near_copies
from latentfit.metrics.signals import autocorrelation_distance, spectrum_distance
from latentfit.metrics.spread import Estimate, bootstrap
from latentfit.metrics.wasserstein import sliced_wasserstein, wasserstein

__all__ = [
    "ESTIMATORS",
    "PRD",
    "Breakdown",
    "Dimension",
    "Estimate",
    "Extractor",
    "Known",
    "LeNet",
    "Manifold",
    "Memorisation",
    "Moments",
    "Neighbourhoods",
    "Part",
    "Records",
    "UndefinedError",
    "active_units",
    "authenticity",
    "autocorrelation_distance",
    "bits_per_dimension",
    "bootstrap",
    "classifier",
    "column_distance",
    "correlation_difference",
    "critic_wasserstein",
    "density_coverage",
    "effective_dimension",
    "elbo",
    "errors",
    "extractor",
    "foot",
    "frechet",
    "frechet_moments",
    "from_module",
    "importance_weighted",
    "inception",
    "inception_score",
    "intrinsic_dimension",
    "kid",
    "kl_profile",
    "knee",
    "lenet",
    "manifold",
    "membership",
    "membership_attack",
    "memorisation",
    "moments",
    "mse",
    "nac",
    "nearest",
    "nearest_distance",
    "nearest_record",
    "neighbourhoods",
    "non_normality",
    "open_dimensions",
    "outstanding_components",
    "pair_distance",
    "parts",
    "parzen",
    "parzen_width",
    "pixels",
    "prd",
    "prd_curve",
    "precision_recall",
    "psnr",
    "scale_curve",
    "sliced_wasserstein",
    "spectral_dimension",
    "spectrum_distance",
    "two_sample",
    "variances",
    "wasserstein",
    "without_near_copies",
]
