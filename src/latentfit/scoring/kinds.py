"""Scores of tables and of signals, on samples as the file of the data holds them."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from latentfit import metrics
from latentfit.schema import Table
from latentfit.schema.base import Frame
from latentfit.scoring.metric import Found, Metric
from latentfit.scoring.novelty import membership, membership_by_error
from latentfit.scoring.subject import Subject
from latentfit.shapes import is_signal

Score = Callable[[Any, Any], float | None]
CHANCE = 0.5
"""Of telling two sides apart that are alike."""


def dated(subject: Subject, seen: Tensor) -> Frame:
    """Samples as a table of numbers, times and choices.

    Arguments:
        subject: A model of a table.
        seen: As a network sees them, with shape (N, entries).
    """
    schema = subject.data.schema
    return schema.dated(seen) if isinstance(schema, Table) else schema.restore(seen)


class Rows:
    """Tables of a subject: test, training and generated rows, equally many of each.

    Arguments:
        subject: A model of a table.
    """

    def __init__(self, subject: Subject) -> None:
        self.subject = subject

    @cached_property
    def test(self) -> Frame:
        """Test rows."""
        return dated(self.subject, self.subject.test)

    @cached_property
    def train(self) -> Frame:
        """Training rows."""
        split = self.subject.data.train
        return dated(self.subject, split.some(self.subject.count))

    @cached_property
    def made(self) -> list[Frame]:
        """Generated rows, a table for each draw."""
        return [dated(self.subject, rows) for rows in self.subject.generated]

    @cached_property
    def discrete(self) -> list[Any]:
        """Names of the columns whose cells are levels; constant ones have one."""
        schema = self.subject.data.schema
        columns = schema.columns if isinstance(schema, Table) else ()
        return [column.name for column in columns if column.discrete or column.width == 0]

    @cached_property
    def records(self) -> metrics.Records | None:
        """How near generated rows come to training rows."""
        return metrics.nearest_record(self.train, self.test, self.made[0], self.discrete)


def _rows(subject: Subject) -> Rows | None:
    if not isinstance(subject.data.schema, Table):
        return None
    return subject.kept("rows", Rows)


def _each(draws: list[Any], real: Any, train: Any, score: Score) -> Found:
    """A score of each draw against test data: mean, spread, and the floor of training data."""
    found = [score(real, made) for made in draws]
    known = [value for value in found if value is not None]
    if len(known) < len(found):
        return None
    spread = statistics.stdev(known) if len(known) > 1 else 0.0
    return {"": statistics.fmean(known), "_sd": spread, "_floor": score(real, train)}


def _of_rows(score: Callable[..., Any]) -> Callable[[Subject], Found]:
    def found(subject: Subject) -> Found:
        rows = _rows(subject)
        if rows is None:
            return {}
        return _each(rows.made, rows.test, rows.train,
                     lambda real, made: score(real, made, rows.discrete))  # fmt: skip

    return found


def _of_records(
    score: Callable[[metrics.Records], float], floor: Callable[[metrics.Records], float]
) -> Callable[[Subject], Found]:
    def found(subject: Subject) -> Found:
        rows = _rows(subject)
        if rows is None:
            return {}
        records = rows.records
        return None if records is None else {"": score(records), "_floor": floor(records)}

    return found


def _membership(subject: Subject) -> Found:
    rows = _rows(subject)
    if rows is None:
        found = membership(subject)
    else:
        found = metrics.membership_attack(rows.train, rows.test, rows.made[0], rows.discrete)
    beside = {"_reconstruction": membership_by_error(subject)} if subject.model.encodes else {}
    return None if found is None else {"": found, **beside, "_floor": CHANCE}


def _of_signals(score: Score) -> Callable[[Subject], Found]:
    def found(subject: Subject) -> Found:
        if not is_signal(subject.data.seen):
            return {}
        train = subject.data.train.some(subject.count)
        return _each(subject.generated, subject.test, train, score)

    return found


@torch.no_grad()
def _explained_columns(subject: Subject) -> Found:
    """Mean over columns of what reconstructions get right."""
    rows = _rows(subject)
    if rows is None or not subject.model.encodes:
        return {}
    rebuilt = dated(subject, subject.reconstructed)
    discrete = [name for name in rows.discrete if rows.test[name].nunique(dropna=False) > 1]
    if not discrete:
        return {}
    pairs = [
        [frame[name].astype(str).to_numpy() for frame in (rebuilt, rows.test)] for name in discrete
    ]
    right = [float((found == held).mean()) for found, held in pairs]
    return statistics.fmean(right)


ROWS = (
    Metric("columns", "columns",
           _of_rows(lambda *of: metrics.column_distance(*of).value),
           "mean distance of the distributions of a column, 0 to 1", "lower",
           "Kolmogorov-Smirnov for numbers, total variation for choices, missing cells counted"),
    Metric("pairs", "columns", _of_rows(lambda *of: metrics.pair_distance(*of).value),
           "mean distance of the dependences of a pair of columns, 0 to 1", "lower",
           "half the difference of correlations for two numbers, else total variation of counts"),
    Metric("correlations", "columns",
           _of_rows(lambda *of: metrics.correlation_difference(*of).value),
           "mean difference of the associations of two columns, 0 to 1", "lower",
           "Pearson, Cramer's V, correlation ratio"),
    Metric("two_sample", "columns", _of_rows(metrics.two_sample),
           "how well a classifier tells generated from test rows; 0.5 where it cannot", "lower",
           "area under the ROC curve, boosted trees, five folds"),
    Metric("nearer", "memorisation", _of_records(lambda found: found.nearer, lambda found: CHANCE),
           "share of rows that are nearer to a training than to a test row; 0.5 where nothing is "
           "memorised, 1 for copies", "", "Gower's distance"),
    Metric("copies", "memorisation",
           _of_records(lambda found: found.copies, lambda found: found.fresh_copies),
           "share of generated rows that are training rows to the last digit", "lower"),
    Metric("membership", "memorisation", _membership,
           "how well the nearest sample tells what was trained on; 0.5 where it does not",
           "lower", "area under the ROC curve of the distance of entries, of tables Gower's; with "
           "_reconstruction that of the error of reconstructions"),
    Metric("right_choices", "", _explained_columns,
           "share of choices that reconstructions get right, mean of the columns", "higher"),
    Metric("spectrum", "signals", _of_signals(metrics.spectrum_distance),
           "difference of the mean log spectra of samples and test signals, in dB", "lower"),
    Metric("autocorrelation", "signals", _of_signals(metrics.autocorrelation_distance),
           "difference of the mean autocorrelations of samples and test signals, 0 to 2", "lower"),
)  # fmt: skip
"""Rows of the table of scores, for tables and signals."""
