"""From evidence to an answer: the rule, its intervals, and what is told."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
import torch

from latentfit import sizing
from latentfit.data import arrays
from latentfit.sizing import rule
from latentfit.sizing.conclude import conclude, settled
from latentfit.studies.known_sets import OTHERS, REPORTING
from latentfit.studies.size_cases import answered, fitted
from sized import checked, evidence, mask_of, near


@pytest.mark.parametrize(
    ("masks", "expected"),
    [
        ([mask_of(8)], True),
        ([mask_of(8), mask_of(9)], True),
        ([mask_of(16)], False),  # contradicts the neighbours
        ([mask_of(3), mask_of(4)], False),
        ([mask_of(8), mask_of(3, "exploded")], True),
        ([mask_of(8, "exploded")], False),
        ([], False),
    ],
)
def test_masks_settle_only_in_agreement(masks, expected):
    assert settled(near(8.3), masks) is expected


def test_conclusions_follow_the_evidence():
    curve = [checked(4, 15.8, 0.3), checked(8, 1.9, 0.05), checked(16, 2.7, 0.04)]
    sure = conclude(evidence(near(8.2), [mask_of(8)], curve))
    assert (sure.latent, sure.sure) == (8, "high")
    assert sure.interval[0] >= 7
    assert sure.interval[1] <= 9
    told = "\n".join(sure.why)
    assert "the mask left 8 dimensions open" in told
    assert (
        "fewer dimensions, m = 4: reconstructions lose 30.0% of the variance (m = 8: 5.0%)" in told
    )
    assert "more dimensions, m = 16" in told
    assert "PCA takes 20 components" in told
    failed = conclude(evidence(near(8.2), [mask_of(3, "exploded")]))
    assert failed.latent == 8
    assert any("1 of 1 runs of the mask failed" in why for why in failed.why)


def test_evidence_that_contradicts_itself_says_nothing():
    found = conclude(evidence(near(8.2), [mask_of(3), mask_of(3)]))
    assert found.sure == "none"
    assert "contradict" in found.why[0]
    assert found.interval[0] <= 3
    assert found.interval[1] >= 8


def test_noise_parts_and_copies_are_told():
    parts = [{"dimension": 2.1, "share": 0.4}, {"dimension": 8.1, "share": 0.6}]
    found = conclude(evidence(near(8.2, raw=11.0, parts=parts, copies=120)))
    told = "\n".join(found.why)
    assert "those of the samples themselves say 11.0: noise" in told
    assert "40% of about 2, 60% of about 8 dimensions" in told
    assert "120 of 1,000 samples are left out" in told
    clean = "\n".join(conclude(evidence(near(8.2, raw=8.5))).why)
    assert "noise" not in clean
    assert "left out" not in clean


@pytest.mark.parametrize(
    ("half", "quarter", "expected"),
    [
        ((1.0, 0.2), (2.0, 0.1), 4),  # better in both, then in one only
        ((1.0, 0.2), (0.5, 0.1), 2),
        ((1.0, 0.5), (0.5, 0.1), 8),  # samples are better, but less of the data is kept
        ((3.0, 0.2), (0.5, 0.1), 8),
        ((2.03, 0.305), (3.0, 0.1), 4),  # as well, but for 2 %
        ((2.05, 0.2), (0.5, 0.1), 8),
        ((1.0, 0.307), (0.5, 0.1), 8),
    ],
)
def test_samples_that_do_not_fill_the_dimension_get_half_of_it(half, quarter, expected):
    check = [checked(16, 3.0, 0.4), checked(8, 2.0, 0.3), checked(4, *half), checked(2, *quarter)]
    found = conclude(evidence(near(8.0), [mask_of(8)], check))
    assert found.latent == expected
    assert found.interval[0] <= expected
    assert any("do not fill more" in why for why in found.why) is (expected < 8)


@pytest.mark.parametrize(
    ("double", "fourfold", "expected"),
    [
        ((1.9, 0.2), (3.0, 0.1), 16),  # better in both, then in one only
        ((1.9, 0.2), (1.5, 0.05), 32),
        ((1.97, 0.2), (1.0, 0.0), 8),  # by less than 2 %
        ((1.0, 0.22), (0.5, 0.0), 8),  # noise in 8 more of 64 entries would make as much
        ((2.5, 0.1), (0.5, 0.0), 8),
    ],
)
def test_what_a_network_does_better_with_twice_of_gets_it(double, fourfold, expected):
    check = [checked(4, 4.0, 0.6), checked(8, 2.0, 0.3), checked(16, *double)]
    held = evidence(near(8.0, entries=64), [], [*check, checked(32, *fourfold)])
    found = conclude(held | {"max_latent": 32})
    assert found.latent == expected
    assert found.interval[1] >= expected
    assert found.sure == ("high" if expected == 8 else "low")
    assert any("uses more dimensions here" in why for why in found.why) is (expected > 8)
    assert conclude(held | {"max_latent": 16}).latent <= 16


def test_noise_raises_the_nearest_scale_and_curvature_the_next():
    for five, twenty in ((9.0, 8.0), (8.0, 9.0)):
        found = near(8.0) | {"rebuilt": {"5": five, "20": twenty, "80": 7.0}}
        assert rule.of_neighbours(found)["value"] == 8


def kept(error, latent=4, rebuilt=4.2, raw=31.0):
    """What neighbours say where an auto-encoder of 32 entries loses that share of the variance."""
    return near(rebuilt, raw, latent=latent, error=error, entries=32)


def test_reconstructions_of_noise_say_nothing():
    white = kept(28 / 32)  # each dimension keeps as much as each other loses
    assert rule.standing(white) == pytest.approx(1.0)
    found = conclude(evidence(white))
    assert found.latent >= 31
    assert found.interval[1] == 32  # no more than entries
    assert found.interval[0] < 16
    assert found.sure == "low"
    assert any("nothing stands out of noise" in why for why in found.why)


def test_where_detail_is_not_clear_of_noise_the_samples_bound_the_interval():
    dim = kept(0.4)
    assert rule.NOTHING < rule.standing(dim) < rule.CLEAR
    found = conclude(evidence(dim))
    assert (found.latent, found.interval) == (4, (4, 32))
    assert found.sure == "low"
    assert any("where dimensions end is not clear" in why for why in found.why)
    clear = kept(0.1)
    assert rule.standing(clear) > rule.CLEAR
    assert conclude(evidence(clear)).interval == (4, 5)


def test_what_an_auto_encoder_keeps_may_stand_out_without_end():
    several = kept(0.0), kept(0.1, latent=32), near(8.0, error=None), near(8.0, latent=None)
    for found in several:
        assert rule.standing(found) == math.inf
    assert rule.standing(kept(1.2)) == 0.0  # worse than the mean


def test_entries_that_hardly_vary_are_told():
    torch.manual_seed(0)
    codes = torch.randn(3000, 3) @ torch.randn(3, 6)
    codes = torch.cat([codes, 1e-3 * torch.randn(3000, 10)], 1).numpy()
    told = "6 of 16 entries are active, 10 have less"
    for scale, said in (("each", True), ("common", False)):
        data = arrays(codes, kind="vectors", scale=scale)
        found = sizing.size(data, budget=0)
        assert any(told in why for why in found.why)
        assert any("give --scale common" in why for why in found.why) == said
        assert found.evidence["spread"]["effective"] < 3.01
    assert found.latent == 3


def test_an_answer_beyond_what_was_tried_is_told():
    said = evidence(near(30.0)) | {"max_latent": 16}
    assert any("more than m = 16" in why and "--max-latent" in why for why in conclude(said).why)


def test_estimates_together_are_between_and_surer():
    a, b = rule.of_neighbours(near(8.0)), rule.of_masks([9])
    both = rule.together([a, b])
    assert a["value"] < both["value"] < b["value"]
    for alone in (a, b):
        assert both["high"] / both["low"] < alone["high"] / alone["low"]
    assert rule.together([a]) == pytest.approx(a)


def test_intervals_widen_with_dimensions_and_without_reconstructions():
    def width(found):
        return math.log(found["high"] / found["low"])

    calm, high = (rule.of_neighbours(n) for n in (near(8.0), near(30.0)))
    assert calm["value"] == 8
    assert width(calm) < width(high)
    assert high["value"] == pytest.approx(30 * 2.5**rule.RISE)  # neighbours are low there
    alone = rule.of_neighbours(near(None, 8.0, latent=None))
    assert width(alone) > 2 * width(calm)
    assert alone["value"] / alone["low"] > alone["high"] / alone["value"]  # noise adds dimensions


def test_the_rule_is_what_the_recorded_rows_say():
    path = Path(__file__).parents[1] / "results" / "size-cases" / "cells.jsonl"
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    rise, deviation = fitted(rows)
    assert rise == pytest.approx(rule.RISE, abs=0.01)
    assert deviation < rule.WIDTH < 1.5 * deviation
    for seeds, least in ((REPORTING, 1.0), (OTHERS, 0.95)):
        half = [row for row in rows if row["seed"] in seeds]
        assert len(half) in (90, 110)
        said = [answered(row).interval for row in half]
        held = [low <= row["n"] <= high for row, (low, high) in zip(half, said, strict=True)]
        assert sum(held) >= least * len(half)
