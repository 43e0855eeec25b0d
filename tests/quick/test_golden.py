"""The first rounds of every recipe are what they were."""

from __future__ import annotations

import copy

import golden
import pytest

from contract import CASES, IDS

KEPT = golden.read()


EACH = [(case, *held) for case, held in zip(IDS, CASES, strict=True)]


@pytest.mark.parametrize(("case", "name", "shape"), EACH, ids=IDS)
def test_losses_are_golden(case, name, shape):
    assert not golden.moved(golden.play(name, shape), KEPT[case])


def test_no_golden_loss_is_of_a_recipe_that_is_gone():
    assert set(KEPT) == set(IDS)


def test_what_moved_is_noticed():
    losses = KEPT["flexae-vector"]

    def changed(**values):
        other = copy.deepcopy(losses)
        for name, value in values.items():
            other["critic/gap"][int(name[1:])] = value
        return golden.moved(other, losses)

    assert not changed()
    assert "critic/gap" in changed(m7=losses["critic/gap"][7] * (1 + 1e-5))
    assert "critic/gap" in changed(m3=float("nan"))
    other = copy.deepcopy(losses)
    del other["critic/gap"][7]
    assert "played 19 times, was 20" in golden.moved(other, losses)
    del other["critic/gap"]
    assert "terms are" in golden.moved(other, losses)
