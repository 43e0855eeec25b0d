"""Faults of a trained model, and what other priors would reach."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn

from latentfit import metrics
from latentfit.checks import UserError
from latentfit.data.base import Data
from latentfit.diagnosis.codes import DEAD, MOST, of_codes
from latentfit.diagnosis.findings import FEWER, Finding, ranked
from latentfit.expost import GIVEN, refit
from latentfit.models import Model
from latentfit.networks import evaluating
from latentfit.scoring.novelty import authenticity, novelty
from latentfit.scoring.subject import Subject
from latentfit.scoring.table import KL_LEAST
from latentfit.seeds import seeded
from latentfit.training import encode_all

TRIED: dict[str, int] = {"gaussian": 1, "gmm": 1, "kde": 1, "matching": 4_000}
"""Late priors that are tried, and the rounds that they count by."""
# Share of the variance that is lost; error of test samples over that of training samples.
LOST, OVER = 0.5, 2.0
STEADY, NEW = 0.3, 0.85  # how far codes move between modes, in deviations; nearness to training
OWN = 0.9  # share of draws that are no near copies


@dataclass(frozen=True)
class Diagnosis:
    """What is wrong with a latent space.

    Attributes:
        findings: Faults, the most severe first.
        numbers: `entries` m, those `active`, the `effective` dimension (participation ratio), the
            `dimension` by neighbours; `distance` of codes to the prior, sliced Wasserstein in
            deviations, with its `floor` between codes and ends `low` and `high`.
        priors: The distance that late priors reach, by name, and `now`, on codes that were held
            out.
        advice: A sentence, with a command where there is one.
    """

    findings: list[Finding]
    numbers: dict[str, float | None]
    priors: dict[str, float]
    advice: str

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        return asdict(self)


def diagnose(model: Model, data: Data, *, name: str = "RUN", seed: int = 0) -> Diagnosis:
    """Look for faults of a model's latent space, and try late priors.

    Arguments:
        model: Trained, with an encoder; one of `expost.of_codes` is asked for its codes alone.
        data: What it was trained on.
        name: The run folder, for the commands that are advised.
        seed: Of draws and priors.

    Raises:
        UserError: The model has no encoder, or there are fewer than 100 training codes.
    """
    if not model.encodes:
        raise UserError("the model has no encoder, and so no codes to look at.")
    unfitted = model.recipe is not None and model.recipe[0] == GIVEN and model.refitted is None
    with seeded(seed, "codes"):
        known, held = (encode_all(model, split).sample().cpu() for split in (data.train, data.test))
    some = known[torch.randperm(len(known), generator=torch.Generator().manual_seed(seed))[:MOST]]
    drawn = None if unfitted else _drawn(model, len(some), seed)
    found = of_codes(some, drawn, seed=seed)
    if drawn is not None:
        copies = _copied("codes", _nearness(drawn, known, held), _own(drawn, known, held))
        found = ranked([*found, copies, *_of_model(model, data, seed)])
    live = some[:, some.std(0) > DEAD * some.std(0).max()]
    priors = _priors(model, data, held, seed, now=drawn is not None)
    distance = None if drawn is None else _distance(some, drawn)
    numbers: dict[str, float | None] = {
        "entries": some.shape[1],
        "active": live.shape[1],
        "effective": metrics.effective_dimension(some),
        "dimension": _dimension(live),
        **(distance or {}),
    }
    return Diagnosis(found, numbers, priors, _advice(found, priors, name))


def _drawn(model: Model, count: int, seed: int) -> Tensor:
    with seeded(seed, "draws"), evaluating(model), torch.no_grad():
        return model.prior.sample(count).cpu()


def _of_model(model: Model, data: Data, seed: int) -> Iterator[Finding]:
    subject = Subject(model, data, count=2_000, draws=1, features="pixels", seed=seed)
    code = subject.code
    if code.scale is not None:
        carried = metrics.kl_profile(code.mean, code.scale)
        gone, m = int((carried < KL_LEAST).sum()), len(carried)
        if gone:
            says = f"{gone} of {m} dimensions carry less than {KL_LEAST} nats"
            yield Finding("collapsed-dimensions", 1 + 5 * gone / m, says, FEWER)
    yield from _moved(model, data)
    test, train = subject.test, data.train.some(len(subject.test))
    errors = [float(metrics.errors(x, _rebuilt(model, x)).mean()) for x in (test, train)]
    lost = errors[0] / max(1e-12, float(test.double().var(0).mean()))
    yield Finding(
        "poor-reconstructions",
        (lost - LOST) / 0.1 + 1 if lost > LOST else 0.0,
        f"reconstructions of test samples lose {lost:.0%} of the variance",
        "train for longer, wider, or with more latent dimensions",
    )
    over = errors[0] / max(1e-12, errors[1])
    yield Finding(
        "overfitted",
        (over - 1) / (OVER - 1) if lost > 0.1 else 0.0,
        f"test samples are reconstructed with {over:.2g} times the error of training samples",
        "use more data, a narrower network or fewer rounds",
    )
    if (new := novelty(subject)) is not None:
        yield _copied("samples", new.value, authenticity(subject).value)


def _nearness(drawn: Tensor, known: Tensor, held: Tensor) -> float:
    """As `scoring.novelty`, of codes: 1 where draws are new, 0 where they are training codes."""

    def near(of: Tensor, to: Tensor, k: int = 1) -> float:
        return max(1e-12, float(metrics.nearest(of, to, k)[0][:, -1].median()))

    own = known[:: max(1, len(known) // 2_000)]
    return near(drawn, known) / near(drawn, held) / (near(own, known, 2) / near(own, held))


def _own(drawn: Tensor, known: Tensor, held: Tensor) -> float:
    """As `scoring.authenticity`, of codes."""
    feet = []
    for rows in (drawn, held[:MOST]):
        first, second = known[metrics.nearest(rows, known, 2)[1]].unbind(1)
        feet.append(metrics.foot(rows, first, second))
    return metrics.authenticity(*feet).value


def _copied(what: str, ratio: float, own: float) -> Finding:
    """Of what is drawn, "codes" or "samples": all nearer to training rows, or some copies."""
    return Finding(
        "memorised",
        max((1 - ratio) / (1 - NEW), (1 - own) / (1 - OWN)),
        f"{what} that are drawn lie {ratio:.2g} times as far from training {what} as test {what} "
        f"do, {1 - own:.0%} of them are near copies",
        "fit a prior that keeps no codes, use more data, or fewer rounds",
    )


def _rebuilt(model: Model, x: Tensor) -> Tensor:
    with evaluating(model), torch.no_grad():
        parts = [model.reconstruct(part.to(model.device)).cpu() for part in x.split(512)]
    return torch.cat(parts)


def _moved(model: Model, data: Data) -> Iterator[Finding]:
    """How far codes move between training and evaluation mode, by batch norm."""
    if not any(isinstance(part, nn.modules.batchnorm._BatchNorm) for part in model.modules()):
        return
    x = data.train.some(256).to(model.device)
    other = copy.deepcopy(model)  # its running statistics move
    with torch.no_grad():
        still = model.eval().code(x).centre()
        moving = other.train().code(x).centre()
    gap = float(((moving - still).square().mean() / still.var(0).mean().clamp_min(1e-12)).sqrt())
    yield Finding(
        "batch-norm",
        gap / STEADY,
        f"codes move by {gap:.2g} deviations between training and evaluation mode: the running "
        "statistics of batch norm are not those of the data",
        "train for longer at the same rate, with larger batches, or average the weights",
    )


def _scaled(a: Tensor, b: Tensor) -> float:
    scale = a.std(0).clamp_min(1e-12)
    count = min(len(a), len(b))
    return metrics.sliced_wasserstein(a[:count] / scale, b[:count] / scale)


def _distance(codes: Tensor, drawn: Tensor) -> dict[str, float | None]:
    """Of codes to draws, that between halves of the codes, and a 95 % interval by tenths."""
    parts = [_scaled(a, b) for a, b in zip(codes.chunk(10), drawn.chunk(10), strict=True)]
    whole, half = _scaled(codes, drawn), len(codes) // 2
    spread = 1.96 * float(torch.tensor(parts).std()) / math.sqrt(len(parts))
    floor = _scaled(codes[:half], codes[half:])
    ends = {"low": max(0.0, whole - spread), "high": whole + spread}
    return {"distance": whole, "floor": floor, **ends}


def _dimension(codes: Tensor) -> float | None:
    try:
        return metrics.intrinsic_dimension(codes, count=2_000, repeats=3).value
    except UserError:
        return None


def _priors(model: Model, data: Data, held: Tensor, seed: int, *, now: bool) -> dict[str, float]:
    """Distance of held-out codes to draws of each late prior, and of the prior as it is."""
    found = {"now": _scaled(held, _drawn(model, len(held), seed))} if now else {}
    for name, rounds in TRIED.items():
        other = copy.deepcopy(model)
        try:
            refit(other, data, name, rounds=rounds, seed=seed, progress=False)
        except UserError:  # too few codes for it
            continue
        found[name] = _scaled(held, _drawn(other, len(held), seed))
    return found


def _advice(found: list[Finding], priors: dict[str, float], name: str) -> str:
    if not found:
        return "Nothing is wrong that was looked for."
    first = found[0]
    command = first.remedy.format(run=name)
    if "{run}" in first.remedy and priors:
        best = min((n for n in priors if n != "now"), key=priors.__getitem__, default=None)
        if best is not None and priors[best] < 0.9 * priors.get("matching", math.inf):
            command = command.replace("--prior matching", f"--prior {best}")
    return f"{command[0].upper()}{command[1:]}."
