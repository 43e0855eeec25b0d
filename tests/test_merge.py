"""Scores of several calls in one file, each with what it was computed with."""

from __future__ import annotations

import json

import pytest

from latentfit.report.page import score_rows
from latentfit.scoring.merge import merged
from latentfit.version import __version__
from shell import command, training


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    place = tmp_path_factory.mktemp("merge") / "run"
    command(*training("ae", place, "--rounds", "2"), check=True)
    return place


def evaluated(run, *words):
    done = command("evaluate", run, "--json", *words, check=True)
    return json.loads(done.stdout), json.loads((run / "evaluation.json").read_text()), done.stderr


def test_scores_of_the_same_conditions_stand_together(run):
    first, _, _ = evaluated(run, "--metrics", "fd,kid")
    second, held, said = evaluated(run, "--metrics", "manifold")
    assert "fd_lenet" not in second
    beside = ("details", "verdict")
    plain = {name: value for name, value in {**first, **second}.items() if name not in beside}
    assert {name: held[name] for name in plain} == plain
    assert "earlier" not in held["details"]
    assert set(held["details"]["variants"]) >= {"fd_lenet", "kid_lenet", "precision", "nac"}
    assert tuple(list(held)[-2:]) == beside
    assert not said
    again, held, _ = evaluated(run, "--metrics", "fd,kid")
    assert held["fd_lenet"] == again["fd_lenet"] == first["fd_lenet"]
    assert held["precision"] == second["precision"]


def test_scores_of_other_conditions_say_so(run):
    all_, _, _ = evaluated(run, "--metrics", "fd,prd")
    few, held, said = evaluated(run, "--metrics", "fd", "--count", "50")
    assert held["fd_lenet"] == few["fd_lenet"] != all_["fd_lenet"]
    assert held["details"]["count"] == 50
    (group,) = (g for g in held["details"]["earlier"] if "prd_recall" in g["scores"])
    assert group["count"] == 179
    assert group["extractor"] == "lenet"
    assert not {"fd_lenet", "fd_lenet_floor", "mse"} & set(group["scores"])
    pixels, held, said = evaluated(run, "--metrics", "fd", "--features", "pixels", "--seed", "3")
    groups = {name: g for g in held["details"]["earlier"] for name in g["scores"]}
    assert (held["fd_pixels"], held["fd_lenet"]) == (pixels["fd_pixels"], few["fd_lenet"])
    assert (groups["fd_lenet"]["count"], groups["fd_lenet"]["seed"]) == (50, 0)
    assert groups["prd_recall"]["count"] == 179
    assert "fd_pixels" not in groups
    assert not said
    rows = {row.name: row.meaning for row in score_rows(held)}
    assert "computed with 50 samples, lenet features, seed 0" in rows["fd_lenet"]
    assert "computed with" not in rows["fd_pixels"]
    page = command("report", run, check=True)
    assert page.returncode == 0
    assert "computed with 50 samples" in (run / "report.html").read_text()


def test_scores_of_other_weights_and_data_are_dropped_in_a_line(tmp_path):
    place = tmp_path / "run"
    command(*training("ae", place, "--rounds", "2"), check=True)
    evaluated(place, "--metrics", "fd,prd")
    command(*training("ae", place, "--rounds", "4"), check=True)
    new, held, said = evaluated(place, "--metrics", "fd")
    assert held == new
    assert "prd_recall" not in held
    assert "as of other weights or data: prd_precision, prd_precision_sd" in said
    assert "and 3 more." in said
    assert said.count("\n") == 1
    (place / "evaluation.json").write_text('{"fd_lenet": 1.0, "old": 2.0, "details": {"count": 9}}')
    _, held, said = evaluated(place, "--metrics", "fd")
    assert "old" not in held
    assert "as of other weights or data: old." in said


def test_what_stood_beside_a_score_goes_with_it():
    details = {"model_hash": "a", "weights": "raw", "fingerprint": "b", "count": 9}
    old = {"code_dimension": 2.0, "code_dimension_low": 1.0, "psnr": 3.0, "details": details}
    both, dropped = merged(old, {"code_dimension": None, "details": details})
    assert both == {"code_dimension": None, "psnr": 3.0, "details": {**details, "variants": {}}}
    assert not dropped
    assert merged({}, {"psnr": 1.0, "details": details}) == ({"psnr": 1.0, "details": details}, [])
    for key in ("model_hash", "weights", "fingerprint"):
        new = {"mse": 1.0, "details": details | {key: "other"}}
        assert merged(old, new) == (new, ["code_dimension", "code_dimension_low", "psnr"])


@pytest.mark.parametrize("count", [2, 3, 4, 5, 6, 20])
def test_a_few_samples_are_enough(run, count):
    scores, _, said = evaluated(run, "--count", str(count))
    assert not said
    assert scores["details"]["count"] == count
    assert 0 <= scores["prd_recall_floor"] <= 1
    assert scores["code_dimension"] is None  # 179 test codes are too few


def test_version_and_a_device_called_gpu(tmp_path):
    assert command("--version", check=True).stdout == f"latentfit {__version__}\n"
    done = command(*training("ae", tmp_path / "run"), "--device", "gpu:1")
    assert done.returncode == 2
    assert "did you mean cuda:1? Else use --device auto or cpu" in done.stderr
    assert "did you mean" not in command(*training("ae", tmp_path / "r"), "--device", "abc").stderr
