"""How good an estimator is: what a search of settings raises."""

from __future__ import annotations

from typing import Any

from sklearn.pipeline import Pipeline

from latentfit import metrics


def neg_frechet_distance(estimator: Any, X: Any, y: Any = None) -> float:
    """Minus the Fréchet distance between rows and as many samples.

    Both are compared as the network sees them, in standardised entries: the score `fd_pixels` of
    `lf.evaluate`. It is for `scoring` of `GridSearchCV` and its kin, which raise it.

    Arguments:
        estimator: A fitted `LatentFit`, or a pipeline that ends with one.
        X: Rows (N, columns) that it was not fitted on, N at least 2.
        y: Nothing is made of it.

    Returns:
        At most 0. Samples are those of the seed that the estimator was fitted with.

    Example:
        >>> import numpy as np
        >>> from latentfit.sklearn import LatentFit
        >>> x = np.random.default_rng(0).normal(size=(200, 3))
        >>> fitted = LatentFit("ae", 1, rounds=5, settings={"width": 1 / 16}, random_state=0).fit(x)
        >>> neg_frechet_distance(fitted, x) < 0
        True
    """
    if isinstance(estimator, Pipeline):
        X = estimator[:-1].transform(X) if len(estimator) > 1 else X
        estimator = estimator[-1]
    seen = estimator.seen(X)
    made = estimator.model_.sample(len(seen), seed=estimator.seed_).cpu()
    return -metrics.frechet(made, seen)
