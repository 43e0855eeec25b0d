"""The table of scores: a row each, from which `evaluate`, `list metrics` and the report follow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import torch

from latentfit import metrics
from latentfit.plugins import Table
from latentfit.posteriors import Code
from latentfit.scoring.kinds import ROWS
from latentfit.scoring.lines import LINES, STEPS, jumps, midpoints
from latentfit.scoring.metric import Comparison, Found, Metric
from latentfit.scoring.novelty import authenticity, novelty
from latentfit.scoring.subject import Subject
from latentfit.seeds import seeded


def _estimate(found: metrics.Estimate) -> dict[str, float]:
    return {"": found.value, "_se": found.spread}


def _psnr(subject: Subject) -> Found:
    if not (subject.model.encodes and subject.image):
        return {}
    return metrics.psnr(subject.test, subject.reconstructed)


def _explained(subject: Subject) -> float | None:
    variance = float(subject.test.flatten(1).double().var(0, correction=0).mean())
    return 1 - subject.error.value / variance if variance > 0 else None


def _of_fresh(score: Callable[[Subject], metrics.Estimate | None]) -> Callable[[Subject], Found]:
    """A score that is 1 for fresh data."""

    def found(subject: Subject) -> Found:
        share = score(subject)
        return None if share is None else {**_estimate(share), "_floor": 1.0}

    return found


def _classes(subject: Subject) -> Found:
    if subject.classes is None:
        return {}
    made, floor = subject.classes
    return {"": made.value, "_sd": made.spread, "_floor": floor.value}


def _bound(place: int) -> Callable[[Subject], Found]:
    return lambda subject: {} if subject.bounds is None else _estimate(subject.bounds[place])


def _coded(score: Callable[[Subject], Found]) -> Callable[[Subject], Found]:
    """A score of models with an encoder."""
    return lambda subject: score(subject) if subject.model.encodes else {}


def _alive(score: Callable[[Subject], Found]) -> Callable[[Subject], Found]:
    """A score of codes of which some dimension is open; not defined where none is."""
    return _coded(lambda subject: score(subject) if bool(subject.active.any()) else None)


def _nac(form: Literal["correlation", "covariance"]) -> Callable[[Subject], Found]:
    return _coded(
        lambda subject: metrics.nac(subject.code.centre(), active=subject.active, form=form)
    )


def _kl_dimensions(subject: Subject) -> Found:
    code = subject.code  # one that went through a flow is no Gaussian
    if code.scale is None or type(code) is not Code:
        return {}
    if not bool((code.scale > 0).all()):  # an encoder from outside may give points
        return None
    return int((metrics.kl_profile(code.mean, code.scale) > KL_LEAST).sum())


def _spectral(subject: Subject) -> int:
    alive = bool(subject.active.any())  # else what is left is rounding
    return metrics.spectral_dimension(subject.code.centre()) if alive else 0


def _dimension(subject: Subject) -> Found:
    if not bool(subject.active.any()) or (found := subject.dimension) is None:
        return None
    return {"": found.value, "_low": found.low, "_high": found.high}


def _not_normal(subject: Subject) -> float:
    return float(metrics.non_normality(subject.code.centre())[subject.active].mean())


@torch.no_grad()
def _sliced(subject: Subject) -> Found:
    with seeded(subject.seed, "prior floor"):
        again = subject.model.prior.sample(len(subject.code)).cpu()
    drawn, codes = (rows[:, subject.active] for rows in subject.against_prior)
    scale = codes.var(0).mean().sqrt().clamp_min(1e-12)
    known = metrics.Known((drawn / scale).to(subject.place))
    compared = {"": codes, "_floor": again[:, subject.active]}
    return {suffix: metrics.sliced_wasserstein((rows / scale).to(subject.place), known)
            for suffix, rows in compared.items()}  # fmt: skip


def _critic(subject: Subject) -> float | None:
    if len(subject.code) < 4:  # half of them judge the critic, and one says nothing
        return None
    # Closed dimensions count nothing: a masked prior's noise there is not a mismatch.
    drawn, codes = (rows[:, subject.active].to(subject.place) for rows in subject.against_prior)
    return metrics.critic_wasserstein(codes, drawn, seed=subject.seed)


def _parzen(subject: Subject) -> Found:
    if subject.image:  # in hundreds of dimensions it ranks models badly
        return {}
    wide = subject.data.validation.some(subject.count).flatten(1)
    test = subject.test.flatten(1)
    train = subject.data.train.some(subject.count).flatten(1)
    sets = {"": subject.generated[0].flatten(1), "_floor": train}
    return {suffix: metrics.parzen(test, rows, metrics.parzen_width(wide, rows)).value
            for suffix, rows in sets.items()}  # fmt: skip


def _neighbourhoods(which: str) -> Callable[[Subject], Found]:
    def found(subject: Subject) -> Found:
        test = subject.data.test
        codes = subject.code.centre()[test.spread(NEIGHBOURS[0])]
        k = min(NEIGHBOURS[1], (len(codes) - 1) // 2)
        if k < 1:
            return None
        x = test.some(NEIGHBOURS[0]).flatten(1)
        both = subject.kept("neighbourhoods", lambda _: metrics.neighbourhoods(x, codes, k=k))
        return getattr(both, which)

    return _coded(found)


NEIGHBOURS = (2_000, 10)  # test samples whose neighbourhoods are compared, and neighbours of each
KL_LEAST = 0.01  # nats that a dimension must carry to count
_NEAREST = {
    "ratio": "nearness of samples to training against test data, on <features>; 1 where nothing is "
    "memorised, 0 for copies",
    "train_train": "mean distance of training data to the nearest of others, on <features>",
    "generated_train": "mean distance of samples to the nearest training one, on <features>",
    "train_test": "mean distance of training data to the nearest test one, on <features>",
    "generated_test": "mean distance of samples to the nearest test one, on <features>",
}


def _nearest(what: str, pixels: bool) -> Metric:
    def score(subject: Subject) -> Found:
        name = "pixels" if pixels else subject.extractor.name
        if not pixels and name == "pixels":
            return {}
        found = subject.memory[name]
        return found.ratio if what == "ratio" else getattr(found, what).value

    meaning = _NEAREST[what].replace("<features>", "pixels") if pixels else _NEAREST[what]
    return Metric(
        f"pms_{what}" if pixels else f"ms_<features>_{what}",
        "memorisation",
        score,
        meaning,
        "higher" if what == "ratio" else "",
        also={} if pixels else {"inception": f"ims_{what}"},
    )


_BALLS = (
    "precision and recall with k = 3, border included; density and coverage with k = 5, without"
)
_DRAWS = "500 test samples, 100 draws each, where posterior, prior and decoder have densities"
_CLUSTERS = (
    "20 clusters, or as many as test samples where these are fewer, of the union by minibatch "
    "k-means, 10 curves averaged"
)

# fmt: off
METRICS: Table[Metric] = Table("metrics", Metric, (
    *ROWS,
    Comparison("fd_<features>", "fd", lambda pair: metrics.frechet(pair.samples, pair.known),
               "Fréchet distance between generated and test samples in the features of <features>; "
               "about the floor is as good as new data", "lower",
               "unbiased covariances, symmetric eigenvalue form, float64",
               also={"inception": "fid"}),
    Comparison("kid_<features>", "kid",
               lambda pair: metrics.kid(pair.samples, pair.known, seed=pair.seed).value,
               "kernel distance between generated and test samples in the features of <features>; "
               "unbiased at small counts, may be negative", "lower",
               "cubic kernel, unbiased, mean of 100 subsets of 1,000"),
    Comparison("prd_precision", "prd", lambda pair: pair.curve.f1_8,
               "largest F_1/8 over clusters: falls when samples lie beside the data", "higher",
               _CLUSTERS),
    Comparison("prd_recall", "prd", lambda pair: pair.curve.f8,
               "largest F_8 over clusters: falls when a part of the data is missed", "higher",
               _CLUSTERS),
    Comparison("precision", "manifold", lambda pair: pair.manifold.precision,
               "share of samples within a ball of the data (k = 3)", "higher", _BALLS),
    Comparison("recall", "manifold", lambda pair: pair.manifold.recall,
               "share of test data within a ball of the samples (k = 3)", "higher", _BALLS),
    Comparison("density", "manifold", lambda pair: pair.manifold.density,
               "balls of the data around a sample, over k = 5; about 1 is right", "", _BALLS),
    Comparison("coverage", "manifold", lambda pair: pair.manifold.coverage,
               "share of test data whose ball (k = 5) holds a sample", "higher", _BALLS),
    Comparison("sliced_wasserstein", "sliced",
               lambda pair: metrics.sliced_wasserstein(pair.samples, pair.known, seed=pair.seed),
               "Wasserstein distance over 512 directions", "lower", "512 directions, p = 2",
               vectors=True),
    Metric("mse", "", _coded(lambda subject: _estimate(subject.error)),
           "mean squared error of reconstructions over all entries", "lower"),
    Metric("explained", "", _coded(_explained),
           "share of the variance of the test data that reconstructions hold; 0 for their mean",
           "higher"),
    Metric("psnr", "", _psnr, "-10 log10 mse in dB, for images", "higher"),
    Metric("classifier_score", "classifier", _classes,
           "sharpness and evenness of the classes of <features>", "higher",
           "exp of the mutual information of sample and label, 10 splits from 1,000 samples on",
           also={"inception": "inception_score"}),
    Metric("novelty", "memorisation", _of_fresh(novelty),
           "nearness of samples to all training data against test data, over that of training data "
           "themselves; 1 where nothing is memorised, 0 for copies", "",
           "entries, at most 2,000 samples and 2,000 training rows, each against whole splits"),
    Metric("authenticity", "memorisation", _of_fresh(authenticity),
           "share of samples that are no near copies of training data; 1 where none is", "higher",
           "entries; foot on the line to the second nearest training row, as near as 1 % of test "
           "rows have it, at most 2,000 of each"),
    *(_nearest(what, pixels) for pixels in (True, False) for what in _NEAREST),
    Metric("elbo", "likelihood", _bound(0),
           "evidence lower bound in nats a sample, where the model has one", "higher", _DRAWS),
    Metric("log_likelihood", "likelihood", _bound(1),
           "importance-weighted bound in nats a sample", "higher", _DRAWS),
    Metric("nac", "", _nac("correlation"),
           "mean absolute correlation between active dimensions of the test codes; 0 where none "
           "goes with another, 1 where all say the same", "",
           "mean absolute off-diagonal correlation of the active dimensions, test codes"),
    Metric("nac_covariance", "", _nac("covariance"), "nac without dividing by the deviations"),
    Metric("active", "", _coded(lambda subject: int(subject.active.sum())),
           "latent dimensions that carry something, of those that the model was given", "",
           "mask at least 0.1; without one, variance at least a hundredth of the largest and of "
           "the posterior's noise; of points, deviation a hundredth of the prior's"),
    Metric("latent", "", _coded(lambda subject: subject.model.latent),
           "latent dimensions that the model was given"),
    Metric("active_units", "latent",
           _coded(lambda subject: metrics.active_units(subject.code.centre())),
           "latent dimensions whose mean code has a variance above 0.01"),
    Metric("non_normality", "latent", _alive(_not_normal),
           "Kolmogorov-Smirnov distance of a dimension from a Gaussian, mean of active"),
    Metric("prior_sliced_wasserstein", "latent", _alive(_sliced),
           "sliced distance of test codes to prior draws, in deviations", "lower"),
    Metric("prior_wasserstein", "latent", _alive(_critic),
           "distance of test codes to prior draws by a fresh critic, in deviations", "lower"),
    Metric("parzen", "parzen", _parzen,
           "mean log-density of test samples under Gaussians around generated ones, in nats; for "
           "vectors", "higher", "entries; width by validation samples", asked=True),
    Metric("trustworthiness", "neighbourhoods", _neighbourhoods("trustworthiness"),
           "whether neighbours among test codes are neighbours among the samples, 0 to 1; chance "
           "is about 0.5", "higher", "2,000 test samples, entries, k = 10", asked=True),
    Metric("continuity", "neighbourhoods", _neighbourhoods("continuity"),
           "whether neighbours among test samples are neighbours among their codes, 0 to 1",
           "higher", "2,000 test samples, entries, k = 10", asked=True),
    Metric("midpoints_<features>", "lines", _coded(midpoints),
           "Fréchet distance between decoded midpoints of pairs of test codes and test samples in "
           "the features of <features>", "lower", "as fd_<features>", asked=True),
    Metric("jumps_<features>", "lines", _coded(jumps),
           "largest step of a decoded line between test codes over its mean step in the features "
           "of <features>; 1 where it changes evenly", "lower",
           f"{LINES} lines of {STEPS} points", asked=True),
    Metric("code_spectral_95", "dimension",
           _coded(_spectral),
           "principal components that hold 95 % of the variance of the test codes"),
    Metric("kl_dimensions", "dimension", _coded(_kl_dimensions),
           "latent dimensions that carry at least 0.01 nats, where posteriors are Gaussian"),
    Metric("code_dimension", "dimension", _coded(_dimension),
           "dimensions that the test codes fill (TwoNN, bias undone)"),
))
# fmt: on
"""Every score by name, ours and those of plug-ins."""
