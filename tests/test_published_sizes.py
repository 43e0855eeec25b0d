"""Published ways to find a latent size: from data to a number, and what is said where none is."""

from __future__ import annotations

import json

import pytest

from latentfit.checks import UserError
from latentfit.data.synthetic import gaussian
from latentfit.sizing import METHODS, published, published_size
from latentfit.studies.known_sets import KnownSet
from latentfit.studies.size_cases import Question
from latentfit.studies.size_methods import SIZE_METHODS
from shell import command


@pytest.mark.parametrize("method", ["ard-vae", "irmae-wd", "fondue"])
def test_trained_methods_know_a_linear_set(method, monkeypatch, tmp_path):
    monkeypatch.setattr(published, "ROUNDS", 800)
    monkeypatch.setattr(published, "SHORT_ROUNDS", 200)
    data = KnownSet("linear", 3, 16, 1_500).data()
    found = published_size(data, method, folder=tmp_path)
    assert found.method == method
    assert abs(found.latent - 3) <= (method == "fondue")
    assert len(found.curve) >= 3
    assert found.core_seconds > 0
    again = published_size(data, method, budget=0, folder=tmp_path)  # nothing is left to play
    assert (again.latent, again.curve) == (found.latent, found.curve)


@pytest.mark.parametrize("method", ["two-nn", "mle", "moments", "local-pca"])
def test_estimates_of_samples_come_with_their_curve(method):
    data = KnownSet("linear", 4, 16, 1_500).data()
    found = published_size(data, method)
    assert found.latent == 4
    count = len(data.train)
    assert [places for places, _ in found.curve] == [200, count // 4, count // 2, count]


def test_a_method_without_time_or_answer_says_so():
    data = gaussian(n=3, d=16, count=600)
    with pytest.raises(UserError, match=r"the budget ends before ard-vae does; give --budget \d+"):
        published_size(data, "ard-vae", budget=0)
    with pytest.raises(UserError, match="method"):
        published_size(data, "gride")
    few = KnownSet("linear", 3, 16, 120)
    row = Question(few, "mle").play(None, None)  # an answer that does not come is a row
    assert row["latent"] is None
    assert "200" in row["error"]


def test_a_training_that_failed_is_told(monkeypatch):
    failed = [{"key": "x", "error": "reconstruction is not finite in round 3"}]
    monkeypatch.setattr("latentfit.sizing.budget.Table.affords", lambda *_, **__: True)
    monkeypatch.setattr("latentfit.sizing.budget.Table.play", lambda *_: failed)
    with pytest.raises(UserError, match="ard-vae has no answer, its training failed: reconstr"):
        published_size(gaussian(n=3, d=16, count=600), "ard-vae")


def test_the_command_line_asks_them(tmp_path):
    done = command("size", "--data", "synthetic:n=3,d=16,count=1500", "--method", "two-nn",
                     "--out", str(tmp_path))  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("3 latent dimensions by two-nn, which says not how surely")
    held = json.loads((tmp_path / "size.json").read_text())
    assert (held["method"], held["latent"]) == ("two-nn", 3)
    assert (tmp_path / "size.png").stat().st_size > 1_000
    wrong = command("size", "--data", "digits", "--method", "oracle", "--out", str(tmp_path / "x"))
    assert wrong.returncode != 0
    assert all(name in wrong.stderr for name in ("auto", "joint", "neighbours", *METHODS))


def test_the_table_of_methods_counts_what_is_right():
    def row(method, n, latent, **more):
        return {"method": method, "n": n, "latent": latent, "seed": 2, "stratum": "clean",
                "data": "x", "seconds": 9.0, **more}  # fmt: skip

    rows = [row("mle", 8, 8), row("mle", 8, 10), row("mle", 20, 22), row("mle", 5, None)]
    text, _ = SIZE_METHODS.shows(rows, None, None)
    line = next(line for line in text.splitlines() if line.startswith("| mle"))
    assert line == "| mle | 4 | 1 | 1 | 2 | 12% | 1 | none given | 9 |"
    assert "| clean | 1 of 4 |" in text
