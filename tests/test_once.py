"""What a training has made for its scores is not made again for its report."""

from __future__ import annotations

import functools
import sys
from collections import Counter

import pytest
import torch

from latentfit import metrics
from latentfit.models import Model
from latentfit.scoring import Subject, subject
from latentfit.training import encode
from shell import command, training

SCORES = ("frechet", "kid", "prd", "manifold", "memorisation", "sliced_wasserstein", "nac",
          "inception_score", "critic_wasserstein", "intrinsic_dimension", "errors")  # fmt: skip


def marked(value):
    """What stands for an argument: the content of a tensor, the identity of anything else."""
    if isinstance(value, torch.Tensor):
        return tuple(value.shape), float(value.double().sum())
    return value if isinstance(value, int | float | str | None) else id(value)


@pytest.fixture
def calls(monkeypatch):
    """How often each score was computed, by its arguments, and what was sampled and encoded."""
    seen: Counter[object] = Counter()

    def counted(name, own):
        @functools.wraps(own)
        def call(*values, **named):
            given = tuple(map(marked, values)), tuple((k, marked(v)) for k, v in named.items())
            seen[name, given] += 1
            return own(*values, **named)

        return call

    for name in SCORES:
        monkeypatch.setattr(metrics, name, counted(name, getattr(metrics, name)))
    monkeypatch.setattr(subject, "encode_all", counted("encode", encode.encode_all))
    own = Model.sample

    def sample(model, n, **rest):
        seen["sample", n] += 1
        return own(model, n, **rest)

    monkeypatch.setattr(Model, "sample", sample)
    return seen


def test_a_training_scores_samples_and_encodes_once(calls, tmp_path):
    words = [word for word in training("flexae-sr", tmp_path / "run", "--rounds", "10")]
    words.remove("--no-evaluate")
    command(*words, check=True)
    sampled = {key[1]: times for key, times in calls.items() if key[0] == "sample"}
    # The last validation, of 179 samples too, of averaged and of last weights; three draws for all
    # scores and figures.
    assert sampled == {179: 5}
    encoded = [times for key, times in calls.items() if key[0] == "encode"]
    assert encoded == [1]
    twice = [key[0] for key, times in calls.items() if times > 1 and key[0] != "sample"]
    assert twice == []
    assert {"frechet", "kid", "prd", "manifold", "memorisation"} <= {key[0] for key in calls}


def test_a_report_alone_makes_no_score_that_is_in_the_folder(calls, tmp_path):
    words = [word for word in training("ae", tmp_path / "run", "--rounds", "10")]
    words.remove("--no-evaluate")
    command(*words, check=True)
    calls.clear()
    command("report", tmp_path / "run", check=True)
    assert {key[0] for key in calls} == {"sample", "encode", "prd"}  # its curve is not in the file
    assert sum(times for key, times in calls.items() if key[0] == "sample") == 1


def test_a_report_on_inception_makes_what_it_shows(calls, monkeypatch, tmp_path):
    command(*training("ae", tmp_path / "run", "--rounds", "2"), check=True)
    calls.clear()
    slow = metrics.Extractor("inception", "0", lambda x: pytest.fail("no features are shown"))
    monkeypatch.setattr(metrics, "extractor", lambda *given: slow)
    rebuilt = []
    own = Model.reconstruct
    monkeypatch.setattr(
        Model, "reconstruct", lambda model, x: [rebuilt.append(len(x)), own(model, x)][1]
    )
    command("report", tmp_path / "run", check=True)
    assert {key[1]: times for key, times in calls.items() if key[0] == "sample"} == {64: 1}
    assert rebuilt == [64]


def test_neighbours_of_test_samples_are_found_once_for_all_sets(monkeypatch):
    import latentfit as lf

    found = []
    cover = sys.modules["latentfit.metrics.manifold"]  # the name is that of its function too
    own = cover.nearest
    monkeypatch.setattr(cover, "nearest", lambda *a, **b: [found.append(a), own(*a, **b)][1])
    data = lf.data.load("digits")
    held = Subject(lf.recipe("wae-mmd", data, latent=3, width=1 / 64), data, count=50, draws=2)
    for pair in (pair for pairs in held.pairs.values() for pair in pairs):
        _ = pair.manifold
    assert len(found) == 4 + 1  # two draws, reconstructions, the floor; and the test samples


def test_what_a_subject_gives_is_made_once(calls):
    import latentfit as lf

    data = lf.data.load("digits")
    held = Subject(lf.recipe("wae-mmd", data, latent=3, width=1 / 64), data, count=50, draws=2)
    for _ in range(2):
        _ = held.generated, held.reconstructed, held.code, held.pairs, held.memory, held.active
    assert calls["sample", 50] == 2
    assert all(times == 1 for key, times in calls.items() if key[0] != "sample")
