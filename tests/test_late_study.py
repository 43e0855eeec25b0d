"""The study of priors that are fitted to the codes of one encoder."""

from __future__ import annotations

import json

import pytest

from latentfit.checks import UserError
from latentfit.data.synthetic import gaussian
from latentfit.studies import STUDIES, late


@pytest.fixture
def question(monkeypatch):
    """A question of a tiny set, of two priors."""
    monkeypatch.setattr(late, "SETS", {"tiny": (2, lambda root: gaussian(n=2, d=8, count=400))})
    monkeypatch.setattr(late, "FITTED", {"gmm": {"components": 2}, "matching": {"units": 8}})
    return late.LatePriors("tiny", 4, 8, 1 / 8, 0)


def test_all_priors_are_of_one_encoder_and_each_is_fitted_once(question, tmp_path, monkeypatch):
    row = question.play(tmp_path, None)
    found = row["priors"]
    assert list(found) == ["its own", "gmm", "matching"]
    assert len({priors["reconstruction"] for priors in found.values()}) == 1
    assert found["its own"]["fit_seconds"] < found["gmm"]["fit_seconds"]
    assert len({priors["fd"] for priors in found.values()}) == 3
    assert found["matching"]["evaluations"] in (6, 10, 20)
    kept = tmp_path / "runs" / question.key / "priors.json"
    held = json.loads(kept.read_text())
    del held["gmm"]  # as where it was cut off
    kept.write_text(json.dumps(held))
    monkeypatch.setattr("latentfit.expost.refit", _counting(names := []))
    again = question.play(tmp_path, None)["priors"]
    assert names == ["gmm"]
    assert again["gmm"]["fd"] == found["gmm"]["fd"]
    assert again["matching"] == found["matching"]


def _counting(names):
    from latentfit.expost import refit

    def counted(model, data, name, **settings):
        names.append(name)
        return refit(model, data, name, **settings)

    return counted


def test_the_table_says_by_how_much_matching_is_lower():
    def row(seed, own, matching):
        one = {"reconstruction": 1.0, "floor": 0.5, "fit_seconds": 2.0, "draw_seconds": 0.1}
        fitted = {"fd": matching, "evaluations": 10, **one}
        priors = {"its own": {"fd": own, **one}, "matching": fitted}
        return {"data": "tiny", "latent": 2, "seed": seed, "priors": priors}

    rows = [row(0, 10.0, 5.0), row(1, 6.0, 4.0)]
    assert late.saved([r["priors"] for r in rows], "its own") == pytest.approx([0.5, 1 / 3])
    text, _ = STUDIES["late-priors"].shows(rows, None, None)
    assert "| matching | 4.5 ± 0.71 |  |  | 2 ± 0 | 0.1 ± 0 | 10 |" in text
    assert "| its own | 8 ± 2.8 | 44% | 33% | 2 ± 0 | 0.1 ± 0 |  |" in text
    assert text.index("| matching") < text.index("| its own")


def test_data_of_a_package_that_is_not_there_is_one_line():
    with pytest.raises(UserError, match=r"come with nosuch, .*: pip install nosuch\.$"):
        late._of_package("nosuch.sets")
    assert {cell.data for cell in STUDIES["late-priors"].cells("short")} == set(late.SETS)
