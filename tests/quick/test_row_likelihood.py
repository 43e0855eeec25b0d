"""The likelihood of a row follows from what its columns are."""

from __future__ import annotations

import math

import pytest
import torch

from latentfit.likelihoods import Columns, Gaussian, OptimalGaussian, SquaredError
from latentfit.schema import Block

pytestmark = pytest.mark.usefixtures("single")
LAYOUT = (Block("gaussian", 0, 1), Block("gaussian", 1, 2, 2), Block("bernoulli", 2, 3),
          Block("categorical", 3, 6), Block("gaussian", 6, 7))  # fmt: skip
ROWS = torch.tensor([[1.0, 2.0, 1, 0, 1, 0, -1.0], [0.5, 0.0, 0, 1, 0, 0, 2.0]])
RAW = torch.tensor([[0.5, 1.0, 0.3, 1.0, 2.0, -1.0, 0.0], [0.0, 9.0, -2.0, 0.0, 0.5, 0.1, 1.0]])


def test_a_row_has_the_likelihood_of_its_columns():
    found = Columns(LAYOUT, SquaredError(bounded=False)).eval()(ROWS, RAW)
    chances = RAW[:, 3:6].log_softmax(1)
    first = 0.25 + 1.0 + math.log1p(math.exp(-0.3)) - float(chances[0, 1]) + 1.0
    # The second number of the second row is missing, and 9 is as good as anything there.
    second = 0.25 + math.log1p(math.exp(-2.0)) - float(chances[1, 0]) + 1.0
    torch.testing.assert_close(found, torch.tensor([first, second]))


@pytest.mark.parametrize("law", [Gaussian(bounded=False, deviation=0.7),
                                 OptimalGaussian(bounded=False)])  # fmt: skip
def test_what_is_missing_does_not_count_in_a_density(law):
    full, held = Columns(LAYOUT, law).eval(), ROWS[1:]
    without = Columns((LAYOUT[0], Block("bernoulli", 1, 2), Block("categorical", 2, 5),
                       Block("gaussian", 5, 6)), law).eval()  # fmt: skip
    kept = [0, 2, 3, 4, 5, 6]
    torch.testing.assert_close(full(held, RAW[1:]), without(held[:, kept], RAW[1:, kept]))
    other = RAW[1:].clone()
    other[0, 1] = -3
    torch.testing.assert_close(full(held, other), full(held, RAW[1:]))


def test_the_mean_of_a_row_holds_probabilities():
    mean = Columns(LAYOUT, SquaredError(bounded=False)).mean(RAW)
    torch.testing.assert_close(mean[:, 3:6], RAW[:, 3:6].softmax(1))
    torch.testing.assert_close(mean[:, 2], RAW[:, 2].sigmoid())
    assert torch.equal(mean[:, [0, 1, 6]], RAW[:, [0, 1, 6]])


def test_rows_are_drawn_by_their_probabilities():
    law = Columns(LAYOUT, SquaredError(bounded=False))
    mean = law.mean(RAW[:1]).repeat(20_000, 1)
    torch.manual_seed(0)
    drawn = law.settle(mean)
    assert set(drawn[:, 2:6].unique().tolist()) == {0.0, 1.0}
    assert (drawn[:, 3:6].sum(1) == 1).all()
    torch.testing.assert_close(drawn[:, 2:6].mean(0), mean[0, 2:6], rtol=0, atol=0.012)
    assert (drawn[drawn[:, 2] == 0, 1] == 0).all()  # a missing number is none
    assert torch.equal(drawn[:, 0], mean[:, 0])  # nothing was learned yet of what is left
    law.residual.fill_(4.0)
    spread = law.settle(mean)[:, [0, 6]] - mean[:, [0, 6]]
    torch.testing.assert_close(spread.std(0), torch.full((2,), 2.0), rtol=0.03, atol=0)


def test_what_training_leaves_is_remembered_where_it_is_there():
    law = Columns(LAYOUT, SquaredError(bounded=False)).train()
    for _ in range(2_000):
        law(ROWS, RAW)
    torch.testing.assert_close(law.residual, torch.tensor([0.25, 1.0, 1.0]))


def test_the_gradient_of_a_row_is_finite_at_extremes():
    raw = (RAW * 1e4).requires_grad_()
    Columns(LAYOUT, SquaredError(bounded=False))(ROWS, raw).sum().backward()
    assert raw.grad is not None
    assert bool(raw.grad.isfinite().all())
