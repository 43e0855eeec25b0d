"""What scores mean together: each rule at its threshold, and the scores it rests on."""

from __future__ import annotations

import json
import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch

import latentfit as lf
from latentfit.data.memory import arrays
from latentfit.report.chart import bars
from latentfit.scoring import METRICS, verdict
from latentfit.scoring.verdict import falling
from latentfit.storage import RunFolder

FLOORS = {
    "precision": 0.9, "density": 1.0, "prd_precision": 0.98, "coverage": 0.95, "prd_recall": 0.98,
    "fd_lenet": 2.0,
}  # fmt: skip
FRESH = {"novelty": 1.0, "novelty_se": 0.02, "details": {"count": 10_000, "draws": 3}}
FELL = [{"round": n, "a/reconstruction": 10.0 - n} for n in range(8)]
FLAT = [{"round": n, "a/reconstruction": max(3.0, 10.0 - 4 * n)} for n in range(8)]


def held(encodes=True, rebuilt=None, **more):
    """The scores of a model as good as new data, but for some."""
    scores = {name: value for name, value in FLOORS.items()}
    scores |= {f"{name}_floor": value for name, value in FLOORS.items()}
    if encodes:
        again = FLOORS | (rebuilt or {})
        scores |= {f"{name}_reconstruction": value for name, value in again.items()}
        scores |= {"explained": 0.9, "mse": 0.1}
    return scores | FRESH | more


NOISE = {"precision": 0.1, "density": 0.1, "coverage": 0.2}  # samples
BLURRED = {"precision": 0.3, "coverage": 0.3}  # reconstructions


@pytest.mark.parametrize(
    ("scores", "lines", "key"),
    [
        (held(), (), "as-good-as-new"),
        (held(encodes=False), FELL, "as-good-as-new"),
        # A share is worse from a tenth of its floor on, a distance from half as much again.
        (held(coverage=0.856), (), "as-good-as-new"),
        (held(coverage=0.854), (), "close"),
        (held(density=0.81), (), "as-good-as-new"),
        (held(density=0.79), (), "close"),
        (held(prd_recall=0.932), (), "as-good-as-new"),
        (held(prd_recall=0.930), (), "close"),
        (held(fd_lenet=2.9), (), "as-good-as-new"),
        (held(fd_lenet=3.1), (), "close"),
        (held(fd_lenet=3.1, fd_lenet_sd=0.4), (), "close"),  # 2 x 0.4 x sqrt(4/3) = 0.92
        (held(fd_lenet=3.1, fd_lenet_sd=0.5), (), "as-good-as-new"),  # 1.15
        (held(fd_lenet=200.0), (), "close"),  # a distance alone makes nothing poor
        # Thrice that is poor; why, the others say.
        (held(coverage=0.667), (), "close"),
        (held(coverage=0.663), (), "misses-part"),
        (held(coverage=0.663, precision=0.812), (), "misses-part"),
        (held(coverage=0.663, precision=0.7), (), "prior-misses-codes"),
        (held(**NOISE), (), "prior-misses-codes"),
        (held(**NOISE, rebuilt=BLURRED), FLAT, "blurs"),
        # Of the 0.75 of coverage that samples lack, half is 0.375.
        (held(coverage=0.2, precision=0.7, rebuilt={"coverage": 0.58}), (), "prior-misses-codes"),
        (held(coverage=0.2, precision=0.7, rebuilt={"coverage": 0.57}), (), "blurs"),
        # Undertrained is what was still falling and has no good reconstructions.
        (held(**NOISE, rebuilt=BLURRED), FELL, "undertrained"),
        (held(**NOISE), FELL, "prior-misses-codes"),
        (held(**NOISE, encodes=False), FELL, "undertrained"),
        (held(**NOISE, encodes=False), FLAT, "blurs"),
        # Or what has no curve, and nothing of the data.
        (held(**NOISE, rebuilt=BLURRED, explained=0.49), FELL[:4], "undertrained"),
        (held(**NOISE, rebuilt=BLURRED, explained=0.51), FELL[:4], "blurs"),
        (held(**NOISE, rebuilt=BLURRED, explained=0.49), FLAT, "blurs"),
        (held(**NOISE | {"coverage": 0.094}, encodes=False), FELL[:4], "undertrained"),
        (held(**NOISE | {"coverage": 0.096}, encodes=False), FELL[:4], "blurs"),
        (held(**NOISE | {"coverage": 0.094}, encodes=False), (), "blurs"),  # no run is known
        (held(**NOISE | {"coverage": 0.05}, rebuilt=BLURRED, explained=None), FELL[:4], "blurs"),
        # Copies come before all others; three errors below 1.
        (held(novelty=0.8), (), "remembers"),
        (held(novelty=0.81), (), "as-good-as-new"),
        (held(novelty=0.5, novelty_se=0.16), (), "remembers"),
        (held(novelty=0.5, novelty_se=0.17), (), "as-good-as-new"),
        (held(novelty=0.5, novelty_se=None), (), "as-good-as-new"),
        (held(**NOISE, novelty=0.1), FELL, "remembers"),
        (held(authenticity=0.9, authenticity_se=0.033), (), "remembers"),
        (held(authenticity=0.9, authenticity_se=0.034), (), "as-good-as-new"),
        (held(authenticity=0.91, authenticity_se=0.001), (), "as-good-as-new"),
        # Nothing to compare, or distances only.
        ({"mse": 0.1}, (), "unclear"),
        ({"fd_lenet": 5.0, "fd_lenet_floor": 2.0}, (), "unclear"),
        ({"fd_lenet": 2.5, "fd_lenet_floor": 2.0}, (), "as-good-as-new"),
        ({"coverage": None, "coverage_floor": 1.0}, (), "unclear"),
    ],
)  # fmt: skip
def test_each_rule_at_its_threshold(scores, lines, key):
    assert verdict(scores, lines).key == key


@pytest.mark.parametrize(
    ("count", "key", "short"), [(60, "unclear", "unclear"), (100, "as-good-as-new", "close")]
)
def test_few_test_samples_clear_nobody_but_convict(count, key, short):
    # Coverage 0.95 twice: two errors are 2 sqrt(2 x 0.95 x 0.05 / N), 0.0795 at 60 and 0.0616
    # at 100; precision 0.9: 0.1095 and 0.0849, where 0.09 is needed.
    details = {"count": count, "draws": 3}
    found = verdict(held(details=details))
    assert found.key == key
    if key == "unclear":
        assert found.sentence == "Too few test samples to tell: 60, of about 90 needed."
        assert found.reasons[0].value == pytest.approx(2 * math.sqrt(2 * 0.9 * 0.1 / 60))
    assert verdict(held(details=details, **NOISE)).key == "prior-misses-codes"
    # 0.1 of coverage lacks, two errors are 0.108 and 0.0837.
    assert verdict(held(details=details, coverage=0.85)).key == short


def test_how_many_would_do_is_told_of_shares_alone():
    for floor, value in ((0.0, 0.1), (0.88, 0.88)):
        found = verdict({"precision": value, "precision_floor": floor,
                         "details": {"count": 105, "draws": 3}})  # fmt: skip
        assert found.key in ("unclear", "as-good-as-new")
    assert found.sentence == "Too few test samples to tell: 105, of about 200 needed."
    distance = {"fd_x": 1.0, "fd_x_floor": 1.0, "fd_x_sd": 0.5}
    found = verdict(distance | {"details": {"count": 9_000, "draws": 1}})
    assert found.sentence == "Too few test samples to tell: 9,000."


def test_scores_of_an_earlier_call_keep_their_count():
    earlier = [{"count": 60, "draws": 3, "scores": ["precision", "precision_floor"]}]
    found = verdict(held(details={"count": 10_000, "draws": 3, "earlier": earlier}))
    assert (found.key, found.sentence) == (
        "unclear",
        "Too few test samples to tell: 60, of about 90 needed.",
    )
    earlier = [{"count": 10_000, "draws": 1, "scores": ["fd_lenet", "fd_lenet_sd"]}]
    noisy = {"fd_lenet": 3.1, "fd_lenet_sd": 0.4}  # of a single draw, 2 x 0.4 x sqrt(2) = 1.13
    details = {"count": 10_000, "draws": 3, "earlier": earlier}
    assert verdict(held(**noisy, details=details)).key == "as-good-as-new"


def test_a_verdict_says_which_numbers_it_compared():
    found = verdict(held(**NOISE)).to_json()
    first, second = found["reasons"]
    assert (first["score"], first["value"], first["against"]) == ("precision", 0.1, 0.9)
    assert second["score"] == "precision_reconstruction"
    assert first["text"] == "precision 0.1, floor 0.9"
    assert json.loads(json.dumps(found))["key"] == "prior-misses-codes"
    beside = verdict(held(**NOISE | {"coverage": 0.0}, encodes=False)).reasons
    assert [reason.score for reason in beside] == ["coverage", "precision"]
    unseen = {name: value for name, value in held().items() if not name.startswith("novelty")}
    assert "whether it remembers training data was not scored" in verdict(unseen).sentence


def test_a_curve_falls_while_its_last_quarter_gains():
    steps = [8.0, 8.0, 4.0, 4.0, 3.0, 3.0]

    def after(last, name="a/reconstruction"):
        return falling([{name: value} for value in [*steps, last, last]])

    assert after(2.8) is False  # gains 0.2 of a fall of 5.2
    assert after(2.7)  # 0.3 of 5.3
    assert after(2.7, "validation")
    assert after(3.5) is False
    assert after(2.7, "critic/gap") is None
    assert falling([{"a/reconstruction": 9.0}] * 7) is None
    noisy = [8.0, 8.0, 4.0, 4.0, 5.0, 1.0, 4.0, 0.0]
    assert falling([{"a/reconstruction": value} for value in noisy]) is False
    both = [{"validation": 9.0 - n, "a/reconstruction": 1.0} for n in range(8)]
    assert falling(both) is False  # the reconstruction term decides


# What reconstructions explain --------------------------------------------------------------------


def test_explained_is_the_share_of_the_variance():
    test = torch.tensor([[0.0, 0.0], [2.0, 4.0]])  # variances 1 and 4
    model = SimpleNamespace(encodes=True)
    told = SimpleNamespace(model=model, test=test, error=SimpleNamespace(value=0.5))
    assert METRICS["explained"].of(told) == pytest.approx(1 - 0.5 / 2.5)
    assert METRICS["explained"].of(SimpleNamespace(**vars(told) | {"test": 0 * test})) is None


# The chart ----------------------------------------------------------------------------------------


def test_bars_lie_where_their_scores_do():
    scores = {
        "fd_lenet": 20.0, "fd_lenet_sd": 2.0, "fd_lenet_floor": 2.0, "coverage": 0.5,
        "coverage_floor": 1.0, "novelty": 0.75, "novelty_floor": 1.0, "explained": 0.25,
    }  # fmt: skip
    found = {bar.name: bar for bar in bars(scores)}
    assert list(found) == ["fd_lenet", "coverage", "novelty", "explained"]
    distance = found["fd_lenet"]  # from half to a thousand floors, logarithmic
    assert distance.value == pytest.approx(100 * math.log(20) / math.log(2000), abs=0.01)
    assert distance.floor == pytest.approx(100 * math.log(2) / math.log(2000), abs=0.01)
    assert distance.low < distance.value < distance.high
    assert distance.text == "20 ± 2, floor 2: 10 times"
    assert (found["coverage"].value, found["coverage"].floor) == (50, 100)
    assert found["coverage"].band == (90, 10)
    assert found["novelty"].value == 50
    assert [bar.good for bar in found.values()] == [False, False, False, None]
    assert found["explained"].floor is None


def test_the_share_that_lacks_most_is_drawn():
    scores = {"precision": 0.85, "precision_floor": 0.9, "density": 0.2, "density_floor": 1.0}
    assert [bar.name for bar in bars(scores)] == ["density"]
    assert [bar.name for bar in bars(scores | {"precision": 0.0})] == ["precision"]
    assert bars({"fd_lenet": 3.0, "fd_lenet_floor": 0.0, "psnr": 3.0}) == []


def test_the_shell_says_the_verdict_and_keeps_it(tmp_path, capsys):
    from latentfit.cli.shared import score_run
    from latentfit.scoring import Subject

    data = arrays(np.random.default_rng(0).normal(size=(300, 3)).astype(np.float32))
    model = lf.recipe("vae-fixed-variance", data, latent=2).eval()
    (tmp_path / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in FELL))
    scores = score_run(Subject(model, data, draws=1), tmp_path, groups="manifold")
    kept = RunFolder(tmp_path).scores["verdict"]
    assert kept == scores["verdict"] == verdict(scores, FELL).to_json()
    assert kept["key"] == "undertrained"  # the lines of the folder are read
    assert f"Verdict: {kept['sentence']}" in capsys.readouterr().err
