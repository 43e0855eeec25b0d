"""Whether samples are copies of training rows: values of what is closed, and planted copies."""

from __future__ import annotations

import math
from types import SimpleNamespace

import pytest
import torch
from sklearn.metrics import roc_auc_score

from latentfit import metrics
from latentfit.checks import UserError
from latentfit.data.base import spread
from latentfit.metrics.memorisation import told_apart
from latentfit.scoring.novelty import authenticity, membership, membership_by_error, novelty
from latentfit.scoring.subject import Subject


def test_a_foot_is_where_a_row_stands_on_the_line_between_its_neighbours():
    first, second = torch.zeros(5, 2), torch.tensor([[4.0, 0.0]]).repeat(5, 1)
    rows = torch.tensor([[0.0, 0.0], [0.0, 9.0], [1.0, -3.0], [2.0, 1.0], [-2.0, 0.0]])
    found = metrics.foot(rows, first, second)
    torch.testing.assert_close(found, torch.tensor([0, 0, 0.25, 0.5, -0.5]).double())
    far = metrics.foot(rows + 1e6, first + 1e6, second + 1e6)
    torch.testing.assert_close(far, found)  # no digits are lost to a common offset
    assert metrics.foot(rows[:2], first[:2], first[:2]).tolist() == [0, 0.5]  # a copy; no word
    with pytest.raises(UserError, match="must have one shape, got"):
        metrics.foot(rows, first, second[:1])


def test_authenticity_takes_off_what_fresh_data_have_by_chance():
    fresh = torch.arange(1, 200) / 400  # the two nearest of 199 are the chance of 1 %
    made = torch.tensor([0.0] * 30 + [-0.001] * 20 + [0.3] * 50)
    found = metrics.authenticity(made, fresh)
    assert found.value == pytest.approx(1 - (0.5 - 0.01) / 0.99)
    chance = 0.01 * 0.99 / 201
    assert found.spread == pytest.approx(math.sqrt(0.25 / 100 + chance) / 0.99)
    assert metrics.authenticity(-made, fresh).value == found.value  # beyond is as near
    fewer = metrics.authenticity(made, fresh, distinct=25)
    assert fewer.spread == pytest.approx(math.sqrt(0.25 / 25 + chance) / 0.99)
    assert metrics.authenticity(made, fresh, distinct=1).spread == math.inf
    assert metrics.authenticity(fresh, fresh).value == pytest.approx(1, abs=1e-3)
    tied = torch.cat([torch.zeros(20), fresh[:179]])  # a tenth of fresh data are copies, too
    found = metrics.authenticity(made.clamp_min(0), tied)
    assert found.value == pytest.approx(1 - (0.5 - 0.1) / 0.9)


@pytest.mark.parametrize("values", [[], [0.1, float("nan")], [float("inf")]])
def test_values_that_are_none_or_not_finite_are_refused(values):
    for score in (metrics.authenticity, told_apart):
        for sides in ((values, [0.1, 0.2]), ([0.1, 0.2], values)):
            with pytest.raises(UserError, match="must be finite numbers, got"):
                score(*(torch.tensor(side) for side in sides))


def test_the_area_is_that_of_the_curve():
    a, b = torch.randn(60).round(decimals=1), (torch.randn(40) + 0.5).round(decimals=1)
    truth = [1] * 60 + [0] * 40
    assert told_apart(a, b) == pytest.approx(roc_auc_score(truth, -torch.cat([a, b]).numpy()))


class Split:
    def __init__(self, rows):
        self.rows = torch.as_tensor(rows, dtype=torch.float32).reshape(len(rows), -1)

    def __len__(self):
        return len(self.rows)

    def take(self, places):
        return self.rows[places]

    def some(self, count):
        return self.rows[spread(len(self.rows), count)]

    def chunks(self, size):
        return self.rows.split(min(size, 400))  # several, whatever the size


class Stub:
    """Of a subject what copies are looked for by."""

    def __init__(self, train, test, *draws):
        self.data = SimpleNamespace(train=Split(train), test=Split(test))
        self.generated = [Split(rows).rows for rows in draws]
        self.place = self.device = torch.device("cpu")
        self._kept = {}

    kept = Subject.kept


def test_novelty_is_a_ratio_of_ratios_of_distances():
    # Training rows are 2, 2, 4 from each other and 1 from the test; samples 0.5 from both.
    found = novelty(Stub([0, 2, 6], [1, 5], [0.5, 5.5]))
    assert found.value == pytest.approx((0.5 / 0.5) / ((8 / 3) / 1))
    assert novelty(Stub([1, 1, 1], [1, 1], [1.0])) is None


def test_copies_of_any_training_row_are_seen_and_fresh_or_blurred_rows_are_not():
    generator = torch.Generator().manual_seed(0)
    train, test, fresh = torch.randn(1_600, 4, generator=generator).split([1_000, 100, 500])
    assert novelty(Stub(train, test, train[:300])).value == 0
    half = torch.cat([train[:100], fresh[:100]])
    assert novelty(Stub(train, test, half)).value == pytest.approx(0.5, abs=0.1)
    assert novelty(Stub(train, test, fresh[:100], train[:100])).value == pytest.approx(0.5, abs=0.1)
    far = novelty(Stub(train, test, train[[0, 400]]))  # first rows of two chunks
    assert 0 < far.spread < math.inf
    for rows in (fresh, 0.5 * fresh):
        found = novelty(Stub(train, test, rows[:250], rows[250:]))
        assert abs(found.value - 1) < 3 * found.spread < 0.3
    same = novelty(Stub(train, test, fresh[:1].repeat(200, 1)))
    assert same.spread == math.inf  # one observation, however often


def test_near_copies_are_counted_whatever_noise_is_on_them():
    generator = torch.Generator().manual_seed(0)
    train, test, fresh = torch.randn(2_600, 32, generator=generator).split([1_600, 500, 500])
    noise = 0.3 * torch.randn(500, 32, generator=generator)
    for rows in (fresh, fresh + noise, 0.5 * fresh):
        found = authenticity(Stub(train, test, rows))
        assert found.value > 1 - 3 * found.spread > 0.97
    near = torch.cat([(train + noise.repeat(4, 1)[:1_600])[:100], fresh[:400]])
    found = authenticity(Stub(train, test, near))
    assert found.value == pytest.approx(0.8, abs=0.02)
    assert math.sqrt(0.2 * 0.8 / 500) < found.spread < 0.023  # of fewer different neighbours
    # The same copies, one apiece: as many observations as there are rows that they are of.
    same = authenticity(Stub(train, test, train[:2].repeat(250, 1)))
    assert same.value == 0
    assert same.spread < 0.01
    assert authenticity(Stub(train, test, train[:1].repeat(500, 1))).spread == math.inf


def test_training_rows_that_repeat_each_other_hide_no_copies():
    generator = torch.Generator().manual_seed(0)
    train, test, fresh = torch.randn(1_400, 16, generator=generator).split([400, 500, 500])
    made = torch.cat([train[:250], fresh[:250]])
    for times in (2, 5):
        found = authenticity(Stub(train.repeat(times, 1), test, made))
        assert found.value == pytest.approx(0.5, abs=0.02)
    few = torch.randint(3, (900, 6), generator=generator).float()  # 729 kinds of rows
    train, test, fresh = few.split([500, 200, 200])
    both = [authenticity(Stub(train, test, rows)).value for rows in (fresh, train[:200])]
    assert both[0] > 0.9  # as many are copies by chance as of the test rows
    assert both[1] == 0


def test_who_was_trained_on_is_told_by_samples_and_by_reconstructions():
    generator = torch.Generator().manual_seed(0)
    train, test, fresh = torch.randn(1_500, 8, generator=generator).split(500)
    assert membership(Stub(train, test, train)) == 1
    assert membership(Stub(train, test, fresh)) == pytest.approx(0.5, abs=0.05)
    assert membership(Stub(train, test, torch.cat([train[:250], fresh]))) > 0.7
    it = Stub(train, test, fresh)
    for rebuild, told in (
        (lambda x: torch.where(torch.isin(x, train), x, 0), 1.0),
        (lambda x: 0 * x, pytest.approx(0.5, abs=0.05)),
        (lambda x: x / 0 * 0, None),
    ):
        it.model = torch.nn.Identity()
        it.model.reconstruct = rebuild
        it.errors = metrics.errors(test, rebuild(test))
        assert membership_by_error(it) == told
