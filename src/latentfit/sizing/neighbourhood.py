"""What neighbours say of the dimension: of samples, and of what an auto-encoder makes of them."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import TypedDict

import torch
from torch import Tensor

from latentfit import metrics
from latentfit.checks import UserError
from latentfit.data.base import Data
from latentfit.runs import load
from latentfit.runs.cells import Cell, Row, run_of, value
from latentfit.shapes import is_image

Play = Callable[[Cell], "tuple[Row, Path] | None"]
LEAST = 100  # training samples that differ
SEEN = 5_000  # samples that are looked at
SCALE = "20"  # neighbours whose estimate counts, as a key of `Neighbours`
# Entries in all, and for each component above noise, so that the other components tell what is.
MANY, FEW = 32, 8
NOISY = 1.3  # factor between samples and reconstructions from which noise is lowered further
ROUNDS = 2_000  # few: a network that is trained for long learns the noise of its samples, too


class PartOf(TypedDict):
    """Samples of about one `dimension`, not calibrated, and their `share` of all."""

    dimension: float
    share: float


class Neighbours(TypedDict):
    """Dimensions by neighbours.

    `samples` are looked at, of which `copies` are left out as near copies of others. `curve` is the
    calibrated dimension by the number of neighbours (as text), of the samples of the highest part.
    Then what an auto-encoder with `latent` dimensions says, where one was played: `rebuilt` is the
    curve of the same samples as it reconstructs them, `error` its mean squared error on test
    samples over their variance, `parts` what its reconstructions fall into. `entries` are those of
    a sample.
    """

    samples: int
    copies: int
    entries: int
    curve: dict[str, float]
    latent: int | None
    rebuilt: dict[str, float]
    error: float | None
    parts: list[PartOf]


class View:
    """Samples of a data set as their neighbours see them.

    Arguments:
        data: Of any kind; at least 100 training samples that differ.

    Raises:
        UserError: Fewer samples differ, or all distances between them tie.
    """

    def __init__(self, data: Data) -> None:
        self.data, x = data, data.train.some(SEEN)
        self.seen, rows = len(x), metrics.without_near_copies(x.flatten(1))
        if len(rows) < LEAST:
            raise UserError(
                f"sizing needs at least {LEAST} training samples that differ, got {len(rows)} "
                f"among {self.seen}; give more data."
            )
        self.x = x[rows]
        self.curve = _finite(self.x.flatten(1))
        if not self.curve:
            raise UserError(
                "neighbours say nothing of the dimension: distances between samples tie, as where "
                "values are rounded; give finer values, or train at sizes of your own."
            )

    def alone(self) -> Neighbours:
        """What the samples say, without an auto-encoder."""
        return {
            "samples": self.seen,
            "copies": self.seen - len(self.x),
            "entries": self.x[0].numel(),
            "curve": self.curve,
            "latent": None,
            "rebuilt": {},
            "error": None,
            "parts": [],
        }

    def denoised(self, most: int, seed: int, play: Play) -> Neighbours:
        """What reconstructions say: of the smallest auto-encoder that loses noise alone.

        The first has twice the dimensions that the samples show, at most as many as principal
        components stand out of noise, where these are few; where its reconstructions fill two
        thirds of it, a larger one follows. As long as samples show far more than their
        reconstructions, there is noise, of which a network with room for it keeps some. So a
        smaller one follows, down to four fifths of what the last showed, as long as its error on
        test samples is above that of the last, and of the best so far, by no more than noise would
        make it, in the dimensions that it lacks.

        Arguments:
            most: Dimensions at most.
            seed: Of the weights.
            play: From a cell to its row and the folder of its run; None where there is no time.
        """
        known = self.alone()
        outstanding = metrics.outstanding_components(self.x.flatten(1))
        if known["entries"] >= max(MANY, FEW * outstanding):  # else none tell what noise is
            most = min(most, max(4, outstanding))
        m = min(most, max(4, math.ceil(2 * _last(self.curve))))
        best = known
        while played := play(self._cell(m, seed)):
            found = self._through(*played)
            before, far = known["latent"], _last(found["rebuilt"])
            smaller = before is not None and m < before
            if smaller and not all(_loses_noise(found, larger) for larger in (known, best)):
                break
            known = found
            if not before or m > before or (found["error"] or 0) < (best["error"] or 0):
                best = found
            if 1.5 * far > m and m < most and (before is None or m > before):
                m = min(most, math.ceil(2 * far))  # several kinds of samples hid the highest
                continue
            fewer = min(math.ceil(1.5 * far), max(m // 2, math.ceil(0.8 * far)))
            if not far or not _noisy(known) or fewer >= m:
                break
            m = fewer
        return known

    def _cell(self, m: int, seed: int) -> Cell:
        pace = {"batch": 64, "rate": 1e-3, "average": 0.99}
        settings = {"width": 0.25 if is_image(self.data.seen) else 2.0, **pace}
        return Cell("ae", self.data.name, m, seed, ROUNDS, settings, ("fd",), "pixels", draws=1,
                    fingerprint=self.data.fingerprint)  # fmt: skip

    def _through(self, row: Row, folder: Path) -> Neighbours:
        """What the samples and their reconstructions by one auto-encoder say."""
        explained = value(row, "explained")
        if explained is None:  # it diverged
            return self.alone()
        model = load(run_of(row["key"], folder).path, device="cpu")
        rebuilt = in_parts(model.reconstruct, self.x)
        found = metrics.parts(rebuilt)
        rows = found[-1].rows
        curve, smooth = (_finite(points[rows]) for points in (self.x.flatten(1), rebuilt))
        parts: list[PartOf] = [
            {"dimension": part.dimension, "share": len(part.rows) / len(rebuilt)} for part in found
        ]
        return {
            **self.alone(),
            "curve": curve,
            "latent": row["latent"],
            "rebuilt": smooth,
            "error": 1 - explained,
            "parts": parts,
        }


def _finite(points: Tensor) -> dict[str, float]:
    """The curve of points (N, d), without what is not finite, and at most d."""
    found = metrics.scale_curve(points)
    return {str(k): min(n, points.shape[1]) for k, n in found.items() if math.isfinite(n)}


def _last(curve: dict[str, float]) -> float:
    """The estimate from the most neighbours, 0 where there is none."""
    return next(reversed(curve.values()), 0.0)


def _noisy(found: Neighbours) -> bool:
    """Whether samples show far more dimensions than their reconstructions."""
    raw, rebuilt = found["curve"].get(SCALE, math.inf), found["rebuilt"].get(SCALE, 0.0)
    return raw > NOISY * rebuilt


def _loses_noise(found: Neighbours, larger: Neighbours) -> bool:
    """Whether a smaller auto-encoder is as good as a larger one, but for noise.

    Noise of variance s in each entry is all that a good one of m dimensions loses: s (1 - m / d).
    One of fewer dimensions loses s more for each; twice as much and a seventh are allowed, since
    training is short.
    """
    if not (m := found["latent"]) or not (most := larger["latent"]):
        return False
    a, b = found["error"] or 0.0, larger["error"] or 0.0
    each = b / max(1, found["entries"] - most)
    return a <= 1.15 * b + 2 * (most - m) * each


@torch.no_grad()
def in_parts(function: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """A function of samples (N, *shape), some hundred at a time, each flattened."""
    return torch.cat([function(part).flatten(1) for part in x.split(512)])
