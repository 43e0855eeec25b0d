"""Published ways to find the latent size, on the shared networks."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.func import grad

from latentfit.checks import UserError, one_of
from latentfit.metrics.dimension import ESTIMATORS, LEAST, intrinsic_dimension
from latentfit.models import Model
from latentfit.runs import load
from latentfit.runs.cells import Cell, run_of
from latentfit.shapes import is_image
from latentfit.sizing.budget import Table
from latentfit.sizing.neighbourhood import SEEN, View, in_parts
from latentfit.sizing.rule import nearest_scales
from latentfit.sizing.verdict import mask_cell, trace, verdict

FIRST = 64  # dimensions that a network starts with, of which it is to leave what it needs
ROUNDS = 4_000  # as many as the trainings of `size` have together
SHORT_ROUNDS = 1_000  # of each of several
SHARE = 0.99  # of the relevance that relevant dimensions have [ARD-VAE, Section 3.4]
THRESHOLD = 0.2  # of the samples' dimension [FONDUE, Algorithm 1]


@dataclass(frozen=True)
class Reading:
    """What a published method says.

    Attributes:
        method: Its name.
        latent: Recommended number of latent dimensions. None of these says how far off it may be.
        curve: What it is read off, pairs of a place and a value.
        axes: What places and values are.
        seconds: Of this call.
        core_seconds: Of its trainings, whenever they were played.
    """

    method: str
    latent: int
    curve: list[tuple[float, float]]
    axes: tuple[str, str]
    seconds: float
    core_seconds: float

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        return asdict(self)


Found = tuple[int, Sequence[tuple[float, float]], tuple[str, str]]
Method = Callable[[Table, int, int], Found]


def read(method: str, table: Table, *, most: int, seed: int) -> Reading:
    """What one of `METHODS` says of a table's data.

    Raises:
        UserError: There is no such method, no time for its training, or no answer comes out of it.
    """
    latent, curve, axes = METHODS[one_of("method", method, METHODS)](table, most, seed)
    held = [(float(place), value) for place, value in curve]
    return Reading(method, latent, held, axes, table.passed(), table.core_seconds())


def irmae_wd(table: Table, most: int, seed: int) -> Found:
    """The singular values of the codes' covariance before their sharpest drop (Zeng et al.)."""
    model = _trained("irmae-wd", table, min(most, FIRST), ROUNDS, seed)
    codes = in_parts(model.encode, _samples(table))
    values = torch.linalg.svdvals(codes.double().T.cov())
    curve = [(place, float(value / values[0])) for place, value in enumerate(values, 1)]
    return sharpest_drop(values), curve, ("singular value of the codes", "of the largest")


def sharpest_drop(values: Tensor, *, floor: float = 0.1) -> int:
    """How many values, in falling order, are before the largest ratio of two that follow.

    The source reads it by eye. Among values below `floor` times the first no drop is looked for: a
    training that is not over has sharp ones there by chance. A tenth was best of ten numbers on
    known sets, of a seed that is not reported.

    Example:
        >>> sharpest_drop(torch.tensor([9.0, 4.0, 0.1, 0.05, 1e-6]))
        2
    """
    held = int((values >= floor * values[0]).sum())
    logs = values[: held + 1].clamp_min(1e-12 * float(values[0])).log()
    return int((logs[:-1] - logs[1:]).argmax()) + 1 if len(logs) > 1 else 1


def ard_vae(table: Table, most: int, seed: int) -> Found:
    """The dimensions that hold 99 % of the relevance (Saha et al., Section 3.4)."""
    model = _trained("ard-vae", table, min(most, FIRST), ROUNDS, seed)
    found = relevance(model, _samples(table)).sort(descending=True).values
    held = found.cumsum(0) / found.sum()
    curve = [(place, float(value / found[0])) for place, value in enumerate(found, 1)]
    latent = int((held < SHARE).sum()) + 1
    return latent, curve, ("dimension, the most relevant first", "relevance")


def relevance(model: Model, x: Tensor) -> Tensor:
    r"""How much each dimension of an `ard-vae` moves what is decoded.

    .. math:: \hat\sigma_l^2 \cdot \frac1N \sum_i \| \partial \hat x_i / \partial \mu_{il} \|^2

    The slope's square is the mean over random directions v of the square of the slope of
    :math:`v \cdot \hat x`: one backward pass for all dimensions.

    Arguments:
        model: Its prior is a `Relevance`.
        x: Samples, with shape (N, *shape); some thousand, for an error of a few hundredths.

    Returns:
        In squared units of the samples, with shape (m,).
    """
    variance: Any = model.prior.variance
    generator, total = torch.Generator().manual_seed(0), torch.zeros_like(variance)
    for part in x.split(512):
        along = torch.randn(part.shape, generator=generator).to(part)
        slope = grad(partial(_along, model, along))(model.encode(part).detach())
        total += slope.square().sum(0)
    return (variance * total / len(x)).detach()


def _along(model: Model, along: Tensor, z: Tensor) -> Tensor:
    return (along * model.decode(z)).sum()


def fondue(table: Table, most: int, seed: int) -> Found:
    """The largest latent size at which a VAE's draws fill no more dimensions than its means.

    A dimension that the VAE does not use has no mean but still a draw. Sizes are doubled from the
    dimension of the samples, then halved in between, each a short training (Bonheme & Grzes,
    Algorithms 1 and 2). Dimensions are by 20 neighbours (`mle`), not calibrated, as published.
    """
    x = _samples(table)
    known = _mle(x.flatten(1))
    seen: dict[int, float] = {}

    def exceeds(m: int) -> bool:
        if m not in seen:
            model: Any = _trained("vae-fixed-variance", table, m, SHORT_ROUNDS, seed)
            code = _codes(model, x)
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(seed)
                drawn = code.sample()
            seen[m] = _mle(drawn) - _mle(code.mean)
        return seen[m] > THRESHOLD * known

    latent = last_before(exceeds, start=min(most, max(1, round(known))), most=most)
    curve = [(float(m), found) for m, found in sorted(seen.items())]
    return latent, curve, ("latent size m", "dimension of draws less that of means")


def last_before(exceeds: Callable[[int], bool], *, start: int, most: int) -> int:
    """The largest size that does not exceed, by doubling from a start and halving in between.

    Example:
        >>> last_before(lambda m: m > 11, start=4, most=64)
        11
    """
    low, high, pivot = 0, most + 1, start
    while pivot != low:
        if exceeds(pivot):
            high, pivot = pivot, (low + pivot) // 2
        else:
            low, pivot = pivot, min(2 * pivot, (pivot + high) // 2 if high <= most else most)
    return max(1, pivot)


def by_samples(estimator: str) -> Method:
    """A neighbour estimate of the samples themselves, calibrated on Gaussians."""

    def found(table: Table, most: int, seed: int) -> Found:
        x = _samples(table).flatten(1)
        counts = sorted({max(LEAST, len(x) // part) for part in (8, 4, 2, 1)})
        curve = [
            (count, intrinsic_dimension(x, estimator=estimator, count=count, seed=seed).value)
            for count in counts
        ]
        return max(1, round(curve[-1][1])), curve, ("samples", "dimension")

    return found


def maskaae(table: Table, most: int, seed: int) -> Found:
    """The dimensions that MaskAAE leaves open, from twice what neighbours of the samples show.

    Raises:
        UserError: The run failed, there is no time for it, or too few samples differ.
    """
    expected = round(nearest_scales(View(table.data).curve))
    cell = mask_cell(table.data, 2 * expected, most, seed)
    _must_afford(table, cell)
    (row,) = table.play([cell])
    found = verdict(row)
    if found.failed:
        raise UserError(f"the run of the mask failed: {found.failed}; give another --seed.")
    return found.active, trace(row, table.folder), ("round", "open in the mask")


METHODS: dict[str, Method] = {
    "maskaae": maskaae,
    "irmae-wd": irmae_wd,
    "ard-vae": ard_vae,
    "fondue": fondue,
    **{name: by_samples(name) for name in ESTIMATORS},
}
"""By name, from a table, the largest size and a seed."""


def _samples(table: Table) -> Tensor:
    return table.data.train.some(SEEN)


def _trained(name: str, table: Table, m: int, rounds: int, seed: int) -> Model:
    """A short training on the shared networks, as wide as those of `size`."""
    image = is_image(table.data.seen)
    settings = {"width": 0.25} if image else {"width": 2.0, "batch": 64}
    cell = Cell(name, table.data.name, m, seed, rounds, settings, ("fd",), "pixels", draws=1,
                fingerprint=table.data.fingerprint)  # fmt: skip
    _must_afford(table, cell)
    (row,) = table.play([cell])
    if "error" in row:
        raise UserError(f"{name} has no answer, its training failed: {row['error']}")
    return load(run_of(row["key"], table.folder).path, device="cpu")


def _must_afford(table: Table, cell: Cell) -> None:
    if not table.affords([cell], whole=True):
        minutes = math.ceil((table.passed() + table.seconds([cell])) / 60)
        raise UserError(
            f"the budget ends before {cell.recipe} does; give --budget {minutes} or more."
        )


def _mle(points: Tensor) -> float:
    return intrinsic_dimension(points, estimator="mle", repeats=2, calibrate=False).value


@torch.no_grad()
def _codes(model: Any, x: Tensor) -> Any:
    found = [model.code(part) for part in x.split(512)]
    return type(found[0]).join(found)
