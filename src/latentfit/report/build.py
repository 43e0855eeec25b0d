"""The report of a run: its figures, made from the model, the data and the lines of the folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from latentfit import metrics
from latentfit.data.base import spread
from latentfit.models import Model
from latentfit.pictures import charts, figures, sheets, signals, tables
from latentfit.report.page import write_page
from latentfit.schema import Table
from latentfit.scoring import Subject, walks
from latentfit.scoring.kinds import dated
from latentfit.scoring.scores import Scores, on
from latentfit.storage import RunFolder
from latentfit.storage.folder import Line

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    Named = tuple[str, tuple[str, Figure]]  # key, caption and figure


def write_report(
    folder: RunFolder,
    model: Model,
    subject: Subject | None,
    *,
    scores: Scores | None = None,
    seed: int = 0,
) -> Path:
    """Write `report.html` and the figures of a finished run.

    Arguments:
        folder: The run folder.
        model: What it holds.
        subject: The model beside its data; what was made for its scores is not made again. None
            leaves out what needs the data.
        scores: What `evaluate` gave; those of the folder where not given.
        seed: Of the uncurated samples.

    Returns:
        The path of the report.
    """
    scores = folder.scores if scores is None else scores
    return write_page(folder, dict(_figures(folder, model, subject, scores, seed)), scores)


@torch.no_grad()
def _figures(
    folder: RunFolder, model: Model, subject: Subject | None, scores: Scores, seed: int
) -> Iterator[Named]:
    kind = kind_of(model)
    count, draw = KINDS[kind]
    generated = model.sample(count, seed=seed).cpu() if subject is None else subject.generated[0]
    generated = generated[:count]
    if kind == "images" and len(generated) < count:  # scores have as many as there are test images
        more = model.sample(count - len(generated), seed=seed).cpu()
        generated = torch.cat([generated, more])
    yield from draw(subject, generated, seed)
    if subject is not None:
        if model.encodes and model.latent > 1:
            yield from _codes(subject)
        yield from _curves_of(subject)
        yield from _covered(scores)
    yield from _training(folder.lines)


def _of_images(subject: Subject | None, generated: Tensor, seed: int) -> Iterator[Named]:
    caption = f"Uncurated samples, seed {seed}."
    yield "samples", (caption, sheets.image_grid(generated, columns=8, caption=caption))
    if subject is not None:
        if subject.model.encodes:
            yield from _rebuilt(subject)
        yield from _neighbours(subject, generated[:8], seed)


def _of_vectors(subject: Subject | None, generated: Tensor, seed: int) -> Iterator[Named]:
    if subject is not None:
        caption = f"Test data and generated samples, seed {seed}, principal axes of the data."
        test = subject.test[spread(subject.count, len(generated))].cpu()
        yield "samples", (caption, figures.vectors(test, generated))


def _of_tables(subject: Subject | None, generated: Tensor, seed: int) -> Iterator[Named]:
    if subject is None:
        return
    schema = subject.data.schema
    places = spread(subject.count, len(generated))
    test, made = dated(subject, subject.test[places]), dated(subject, generated)
    discrete = [c.name for c in schema.columns if c.discrete] if isinstance(schema, Table) else []
    fixed = [c.name for c in schema.columns if not c.width] if isinstance(schema, Table) else []
    test, made = test.drop(columns=fixed), made.drop(columns=fixed)
    caption = f"Each column: test rows and generated ones, seed {seed}."
    yield "samples", (caption, tables.marginals(test, made, discrete))
    for key, figure, caption in (
        ("pairs", tables.pairs(test, made, discrete), "The numbers that go together most."),
        ("correlations", tables.correlations(test, made, discrete), "Correlations of numbers."),
    ):
        if figure is not None:
            yield key, (f"{caption} Test and generated rows, seed {seed}.", figure)


def _of_signals(subject: Subject | None, generated: Tensor, seed: int) -> Iterator[Named]:
    groups = {} if subject is None else {"test data": _held(subject, subject.test)}
    groups["generated"] = generated if subject is None else _held(subject, generated)
    caption = f"Test signals and generated ones, seed {seed}, in the units of the data."
    yield "samples", (caption, signals.overlaid(groups))
    if subject is not None and subject.model.encodes:
        places = spread(subject.count, 8)
        pair = [_held(subject, held[places]) for held in (subject.test, subject.reconstructed)]
        caption = "Test signals from all over the split, and their reconstructions."
        yield "reconstructions", (caption, signals.reconstructed(*pair))


def _held(subject: Subject, seen: Tensor) -> Any:
    """Signals in the units of the data."""
    return subject.data.schema.restore(seen)


Draw = Callable[["Subject | None", Tensor, int], Iterator["Named"]]
KINDS: dict[str, tuple[int, Draw]] = {
    "images": (64, _of_images),
    "tables": (2_000, _of_tables),
    "signals": (64, _of_signals),
    "vectors": (2_000, _of_vectors),
}
"""How many samples a kind of data is shown by, and its own figures."""


def kind_of(model: Model) -> str:
    """Which of `KINDS` the samples of a model are."""
    if isinstance(model.schema, Table):
        return "tables"
    return {1: "vectors", 2: "signals", 3: "images"}[len(model.shape)]


def _training(lines: list[Line]) -> Iterator[Named]:
    masks = [
        {"round": line["round"], "mask": line["mask/values"]}
        for line in lines
        if "mask/values" in line
    ]
    if masks:
        caption = "The mask over the training; a dimension is active at 0.1 and above."
        yield "mask", (caption, figures.mask_trace(masks))
    plain = [{n: v for n, v in line.items() if not isinstance(v, list)} for line in lines]
    if plain:
        yield "curves", ("Every term of every player.", figures.curves(plain))


def _codes(subject: Subject) -> Iterator[Named]:
    codes, (draws, _) = subject.code.centre(), subject.against_prior
    caption = "Test codes and prior draws on the first two principal axes of the codes."
    yield "latent", (caption, figures.latent_scatter(codes, draws))
    yield "covariance", ("Covariance of the test codes.", figures.covariance(codes))


def _rebuilt(subject: Subject) -> Iterator[Named]:
    model, data = subject.model, subject.data
    codes = subject.code.centre().to(subject.device)
    places = spread(subject.count, 16)
    inputs, outputs = subject.test[places].cpu(), subject.reconstructed[places]
    caption = (
        f"{len(inputs)} test images from all over the split (odd rows) and their reconstructions "
        "(even rows)."
    )
    yield "reconstructions", (caption, sheets.reconstructions(inputs, outputs, caption))
    if pairs := min(6, len(codes) // 2):
        ends = codes[spread(len(codes), 2 * pairs)]
        rows = walks.between(model, ends[:pairs], ends[pairs:], steps=9).cpu()
        caption = "Straight lines between the codes of pairs of test images, decoded."
        yield "interpolations", (caption, sheets.rows_grid(rows, caption))
    count = min(8, model.latent)
    moved, order = walks.traverse(model, codes, codes[0], dimensions=count, steps=9)
    caption = (
        "The first test image with one latent dimension moved through 2.5 deviations to each side; "
        f"a row for each of the {count} dimensions that change most, in order: "
        f"{', '.join(str(number) for number in order.tolist())}."
    )
    yield "traversals", (caption, sheets.rows_grid(moved.cpu(), caption))
    known = walks.directed(data)[:6]
    if len(known) > 1:
        along = walks.attribute_directions(model, data, known)
        edited = [walks.move(model, codes[:1], direction, steps=9) for direction in along]
        caption = (
            "The first test image moved against (left) and along (right) the direction of an "
            f"attribute, up to 1.5 times; a row for each of: {', '.join(known)}."
        )
        yield "directions", (caption, sheets.rows_grid(torch.cat(edited).cpu(), caption))


def _neighbours(subject: Subject, generated: Tensor, seed: int) -> Iterator[Named]:
    extractors = [metrics.pixels()]
    if subject.extractor.name == "lenet":
        extractors.append(subject.extractor)
    for extractor in extractors:
        rows = walks.neighbours(subject.data, generated, extractor, k=8)
        caption = (
            f"Uncurated samples, seed {seed} (first column), and the training images nearest to "
            f"them by {extractor.name}, nearest first."
        )
        yield f"neighbours-{extractor.name}", (caption, sheets.rows_grid(rows, caption))


def _curves_of(subject: Subject) -> Iterator[Named]:
    if subject.extractor.name == "inception" and "pairs" not in vars(subject):
        return  # minutes on a CPU; `evaluate` keeps its numbers
    first = subject.pairs[""][0]
    curves = {
        "generated": first.curve,
        "training data (floor)": subject.pairs["_floor"][0].curve,
    }
    caption = (
        f"Precision and recall of {subject.count:,} samples over {first.clusters} clusters of "
        f"{on(subject.extractor.name, image=subject.image)}, seed {subject.seed}."
    )
    yield "prd", (caption, charts.prd_curves(curves))


def _covered(scores: Scores) -> Iterator[Named]:
    kinds = {"": "generated", "_reconstruction": "reconstructions", "_floor": "training data"}
    for key, across, up in (("coverage", "coverage", "density"), ("recall", "recall", "precision")):
        if f"{key}_floor" in scores:
            points = {
                kind: (scores[across + suffix], scores[up + suffix])
                for suffix, kind in kinds.items()
                if across + suffix in scores  # without an encoder nothing is reconstructed
            }
            caption = f"{across.capitalize()} and {up} of samples, reconstructions, training data."
            yield key, (caption, charts.fidelity_diversity(points, (across, up)))
