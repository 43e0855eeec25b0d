"""A search over settings: its space, what it finds and gives up, how it goes on."""

from __future__ import annotations

import json
import math

import pandas as pd
import pytest
import torch

import latentfit as lf
from latentfit.checks import UserError
from latentfit.tuning.search import RUNGS, Rung
from latentfit.tuning.space import space
from latentfit.tuning.tune import tune
from shell import command

pytest.importorskip("optuna")
DATA = "synthetic:n=2,d=6,count=400"


@pytest.fixture(scope="module")
def data():
    return lf.data.load(DATA)


DIGITS = lf.data.load("digits")
COLOUR = lf.data.arrays(torch.rand(40, 3, 8, 8).numpy(), name="colour")


def told(name, over=None, data=DIGITS, **given):
    return [dimension.told() for dimension in space(name, data, over, given)]


def test_rates_and_weights_are_searched_around_the_system_s_own():
    assert told("flexae") == ["rate 1e-05 to 0.001", "penalty 1 to 100"]
    assert told("flexae", penalty=3.0) == ["rate 1e-05 to 0.001"]
    assert told("gan")[0] == "rate 1e-05 to 0.001"  # whose default depends on another setting
    assert "encoder_rate 5e-06 to 0.0005" in told("aae")
    # Those of colour images are others; what is no rate and no weight of a term is left as it is.
    assert "weight 20 to 2000" in told("wae-gan")
    assert "weight 5 to 500" in told("wae-gan", data=COLOUR)
    assert not [one for one in (*told("vq-vae"), *told("aae")) if "variance" in one or "dev" in one]
    assert "has no rate or weight left" in refused("gan", form="ls")  # whose own rate is another


def refused(name, **given):
    with pytest.raises(UserError) as error:
        space(name, DIGITS, None, given)
    return str(error.value)


def test_a_person_says_what_is_searched():
    over = ["width=0.1:1", "batch=64,128", "latent=2:16", "rate"]
    assert told("flexae", over) == [
        "width 0.1 to 1", "batch of 64, 128", "latent 2 to 16", "rate 1e-05 to 0.001",
    ]  # fmt: skip
    assert told("maskaae", ["game"]) == ["game of recovering, authors, paper"]


def test_spaces_that_make_no_sense_are_refused():
    for over, given, says in (
        (["with"], {}, "did you mean width"),
        (["width=1:0.1"], {}, "searched between two numbers above 0, got '1:0.1'"),
        (["width=0:1"], {}, "'width' must be"),
        (["width=0.1:1"], {"width": 1.0}, "'width' is given and searched"),
        (None, {"rate": 1e-4, "penalty": 1.0}, "has no rate or weight left"),
    ):
        with pytest.raises(UserError, match=says):
            space("flexae", DIGITS, over, given)
    with pytest.raises(UserError, match="has no number of its own"):
        space("ae", DIGITS, ["average"], {})
    with pytest.raises(UserError, match="unknown recipe"):
        space("flexa", DIGITS, None, {})


PLAYED = []


@pytest.fixture
def surface(monkeypatch):
    """Scores by a formula, lowest at a rate of 7e-4 and a penalty of 30."""
    PLAYED.clear()

    def play(self, folder, data):
        PLAYED.append(self.key)
        rate, penalty = (self.cell.settings[n] for n in ("rate", "penalty"))
        off = math.log(rate / 7e-4) ** 2 + math.log(penalty / 30) ** 2
        row = {"key": self.key, "recipe": "flexae", "data": "d", "latent": 2, "seed": 0,
               "settings": self.cell.settings, "rounds": self.rounds, "seconds": 10.0}  # fmt: skip
        if rate > 9e-4:
            return row | {"error": "it diverged"}
        return row | {"scores": {"fd_pixels": 1 + off * 100 / self.rounds, "fd_pixels_floor": 1.0}}

    monkeypatch.setattr(Rung, "play", play)


def search(data, folder=None, **more):
    return tune("flexae", data, latent=2, rounds=100, folder=folder, **{"minutes": 12.0, **more})


def test_it_finds_what_is_best_and_gives_up_what_is_not(data, surface):
    found = search(data)
    first = found.trials.iloc[0]
    assert (first["rate"], first["penalty"]) == (1e-4, 10.0)
    assert found.own == first["value"] == pytest.approx(1 + math.log(7) ** 2 + math.log(3) ** 2)
    assert found.value < 1 + 0.3 * (found.own - 1)
    assert found.score == "fd_pixels"
    assert found.settings.keys() == {"batch", "average", "rate", "penalty"}
    assert found.trials["number"].tolist() == list(range(len(found.trials)))
    pruned = found.trials[found.trials["pruned"]]
    assert 3 < len(pruned) < len(found.trials)
    assert set(pruned["rounds"]) <= {25, 50}
    assert not found.trials[found.trials["value"] == found.value]["pruned"].any()
    assert found.trials["value"].isna().any()  # a rate that diverged stops nothing
    assert RUNGS[-1] == 1


def test_it_is_a_function_of_its_seed_and_goes_on_where_it_stopped(data, surface, tmp_path):
    short = search(data, tmp_path, minutes=3.0)
    played = len(PLAYED)
    again = search(data, tmp_path, minutes=3.0)
    assert len(PLAYED) == played
    pd.testing.assert_frame_equal(short.trials, again.trials)
    longer, whole = search(data, tmp_path, minutes=6.0), search(data, minutes=6.0)
    pd.testing.assert_frame_equal(longer.trials, whole.trials)
    pd.testing.assert_frame_equal(longer.trials.iloc[: len(short.trials)], short.trials)
    other = search(data, minutes=3.0, seed=1)
    assert not other.trials.equals(short.trials)


def test_the_own_settings_are_those_of_the_first_trial_whichever_ends_first(data, surface):
    first = search(data, minutes=1.0).own
    for workers in (2, 3):
        engine = Beside(workers)
        found = search(data, minutes=6.0, workers=engine)
        assert found.own == first == found.trials["value"].iloc[0]
        assert found.trials["number"].tolist() == list(range(len(found.trials)))


class Beside:
    """An engine of several workers, in this process."""

    def __init__(self, workers):
        self.workers = workers

    def rows(self, cells, folder, data):
        yield from (cell.play(folder, data) for cell in cells)


def test_minutes_are_those_of_the_clock(data, surface):
    # Rungs of 10 s: the first trial takes 30, a batch of three as long; what is alone counts whole.
    alone, three = search(data, minutes=1.0), search(data, minutes=1.0, workers=Beside(3))
    assert len(alone.trials) <= 4
    assert 6 <= len(three.trials) <= 12


def test_the_answer_has_all_that_the_trials_had(data, monkeypatch):
    monkeypatch.setattr(Rung, "play", lambda self, folder, data: {
        "key": self.key, "seconds": 99.0, "scores": {"fd_pixels": 1.0}})  # fmt: skip
    found = tune("vampprior", data, latent=2, rounds=100, minutes=0.1)
    assert found.settings["warmup"] == 10  # not the 13,000 of the paper
    cells = []
    monkeypatch.setattr(Rung, "play", lambda self, folder, data: cells.append(self.cell) or {
        "key": self.key, "seconds": 99.0, "scores": {"fd_pixels": 1.0}})  # fmt: skip
    tune("maskaae", data, rounds=900, minutes=0.1, over=["game=authors,recovering"], latent=4)
    usual = {"authors": 3_600, "recovering": 9_000}
    for cell in cells:
        assert cell.settings["pace"] == min(1, 900 / usual[cell.settings["game"]])


def test_all_trials_fail(data, monkeypatch):
    monkeypatch.setattr(Rung, "play", lambda self, folder, data: {
        "key": self.key, "seconds": 1.0, "error": "it diverged"})  # fmt: skip
    with pytest.raises(UserError, match="every trial failed"):
        search(data, minutes=0.1)


def test_its_trainings_are_judged_by_validation_samples_and_on_a_seed_of_their_own(
    data, monkeypatch
):
    cells = []
    monkeypatch.setattr(Rung, "play", lambda self, folder, data: cells.append(self.cell) or {
        "key": self.key, "seconds": 99.0, "scores": {"fd_pixels": 1.0}})  # fmt: skip
    found = search(data, minutes=0.1, settings={"width": 0.05}, over=["latent=2:4", "rate"])
    assert {(c.split, c.seed, c.settings["width"]) for c in cells} == {("validation", 2_000, 0.05)}
    words = found.command("my data.csv", 100)
    assert words.startswith("latentfit train flexae --data 'my data.csv' --latent 2 --rounds 100")
    assert "--set width=0.05" in words


def test_the_command_answers_with_a_command(tmp_path):
    given = ("tune", "ae-gmm", "--data", DATA, "--latent", 2, "--set", "width=0.05", "--rounds", 40,
             "--minutes", 0.02, "--workers", 1, "--out", tmp_path / "a")  # fmt: skip
    said = command(*given, check=True)
    assert "latentfit train ae-gmm --data synthetic:n=2,d=6,count=400 --out" in said.stdout
    assert f"--out {tmp_path / 'a' / 'best'} --latent 2 --rounds 40" in said.stdout
    assert "what is best for few is not always so for many" in said.stderr
    held = json.loads((tmp_path / "a" / "tuning.json").read_text())
    assert held["value"] <= held["own"]
    assert len(pd.read_csv(tmp_path / "a" / "tuning.csv")) == held["trials"]
    assert (tmp_path / "a" / "tuning.png").stat().st_size > 5_000
    printed = command(*given, "--json", check=True)
    assert json.loads(printed.stdout) == held
    wrong = command("tune", "flexa", "--data", DATA, "--out", tmp_path / "b")
    assert wrong.returncode == 2
    assert "did you mean flexae" in wrong.stderr
