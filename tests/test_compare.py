"""Systems side by side: equal conditions, finished runs too, and what the command writes."""

from __future__ import annotations

import json

import pandas as pd
import pytest

import latentfit as lf
from latentfit.checks import UserError
from latentfit.comparing import Conditions, Summary, compare, compare_runs
from latentfit.comparing import trained as module
from latentfit.comparing.conditions import parsed
from latentfit.runs.cells import Cell, run_of
from latentfit.runs.pool import play_cells
from latentfit.storage import RunFolder
from shell import QUIET, command

SMALL = {"width": 0.05}
DATA = "synthetic:n=2,d=6,count=400"


@pytest.fixture(scope="module")
def data():
    return lf.data.load(DATA)


def asked(data, **more):
    held = {"recipes": ("ae", "flexae"), "latents": (2, 3), "seeds": 2, "rounds": 100,
            "settings": SMALL}  # fmt: skip
    return Conditions(data, **{**held, **more})


def test_every_system_is_given_the_same(data):
    cells = asked(data).cells()
    assert [(c.seed, c.latent, c.recipe) for c in cells[:5]] == [
        (0, 2, "ae"), (0, 2, "flexae"), (0, 3, "ae"), (0, 3, "flexae"), (1, 2, "ae"),
    ]  # fmt: skip
    assert len(cells) == 8
    assert {c.rounds for c in cells} == {100}
    for cell in cells:
        assert cell.settings == {"width": 0.05, "batch": 128, "average": 0.8}
        assert cell.split == "test"


def test_a_setting_of_one_system_and_of_all(data):
    held = asked(data, settings={"width": 0.05, "flexae.rate": 1e-3, "average": None})
    assert held.given("ae", 2) == {"width": 0.05, "batch": 128, "average": None}
    assert held.given("flexae", 2)["rate"] == 1e-3


def test_what_counts_rounds_shrinks_with_them(data):
    held = asked(data, recipes=("maskaae", "vampprior", "beta-vae-capacity"))
    assert held.given("maskaae", 2)["pace"] == pytest.approx(100 / 9_000)
    assert held.given("vampprior", 2)["warmup"] == 10  # of 13,000
    assert held.given("beta-vae-capacity", 2)["over"] == 75
    long = asked(data, recipes=("maskaae", "vampprior"), rounds=500_000)
    assert long.given("maskaae", 2)["pace"] == 1
    assert long.given("vampprior", 2)["warmup"] == 13_000


def test_what_cannot_be_is_refused_before_the_first_training(data):
    for more, says in (
        ({"recipes": ()}, "nothing to compare"),
        ({"recipes": ("ea",)}, "unknown recipe 'ea'"),
        ({"settings": {"widht": 1.0}}, "did you mean width"),
        ({"settings": {"gan.width": 1.0}}, "unknown recipe of this comparison 'gan'"),
        ({"settings": {"flexae.with": 1.0}}, "did you mean width"),
        ({"settings": {"width": -1.0}}, "'width' must be"),
        ({"recipes": ("ae", "vq-vae")}, "images"),
        ({"latents": (0,)}, "'latent' must be"),
        ({"seeds": 0}, "'seeds' must be"),
        ({"rounds": 0}, "'rounds' must be at least 1, got 0"),
        ({"rounds": -5}, "'rounds' must be at least 1, got -5"),
        ({"latents": ()}, "nothing to compare"),
    ):
        with pytest.raises(UserError, match=says):
            asked(data, **more)
    with pytest.raises(UserError, match="either 'rounds' or 'minutes'"):
        compare(["ae"], data, rounds=3, minutes=1)
    with pytest.raises(UserError, match="'latent' must be"):
        compare(["ae"], data, latent=0, rounds=3)
    with pytest.raises(UserError, match="nothing to compare"):
        compare_runs([])
    with pytest.raises(UserError, match="unknown rates 'best'"):
        compare(["ae"], data, rates="best")


def test_settings_from_the_shell():
    names = ["ae", "flexae"]
    assert parsed(["width=0.5", "average=none", "flexae.rate=1e-3"], names) == {
        "width": 0.5, "average": None, "flexae.rate": 1e-3,
    }  # fmt: skip
    for pair, says in (
        ("width", "name=value"),
        ("with=1", "did you mean width"),
        ("gan.width=1", "unknown recipe of this"),
        ("width=a", "a number"),
    ):
        with pytest.raises(UserError, match=says):
            parsed([pair], names)


def test_rates_are_searched_on_validation_samples_and_another_seed(data, tmp_path, monkeypatch):
    scores = {1e-4: 3.0, 3e-4: 1.0, 1e-3: 2.0}  # of flexae, and of ae at twice these rates
    played = []

    def play(self, folder, data):
        played.append(self)
        rate = self.settings.get("rate", 0)
        fd = scores.get(round(rate / (2 if self.recipe == "ae" else 1), 6), 9.0)
        return {"key": self.key, **self.identity, "seconds": 1.0, "train_seconds": 1.0,
                "parameters": 1, "scores": {"fd_pixels": fd, "fd_pixels_floor": 0.0}}  # fmt: skip

    monkeypatch.setattr(Cell, "play", play)
    frame = compare(["ae", "flexae"], data, latent=2, rounds=100, seeds=1, rates="search",
                    settings=SMALL, folder=tmp_path)  # fmt: skip
    searched, reported = played[:6], played[6:]
    assert {(c.split, c.seed) for c in searched} == {("validation", 1_000)}
    assert {(c.split, c.seed) for c in reported} == {("test", 0)}
    assert [c.settings["rate"] for c in reported] == pytest.approx([6e-4, 3e-4])
    assert frame.attrs["conditions"][-1].endswith("in times of its own: ae 3, flexae 3")
    # What is given, or tied to a clock, stays; the factor 1 is written down, too.
    some = asked(data, recipes=("ae", "maskaae", "wae-wgan", "flexae"), settings={"ae.rate": 1e-3})
    assert list(some.searched()) == ["flexae"]
    assert some.searched()["flexae"][0].settings["rate"] == 1e-4
    with pytest.raises(UserError, match="are given, or tied to a clock"):
        asked(data, recipes=("ae", "maskaae"), settings={"ae.rate": 1e-3}).searched()


def test_minutes_become_rounds_that_are_kept(data, tmp_path, monkeypatch):
    seconds = {"ae": 0.01, "flexae": 0.04}
    monkeypatch.setattr(module, "seconds_a_round", lambda cell, data: seconds[cell.recipe])
    held = module._timed(asked(data), 0.5, tmp_path)
    assert held.rounds == {"ae-2": 3_000, "ae-3": 3_000, "flexae-2": 750, "flexae-3": 750}
    assert held.given("flexae", 2)["average"] == pytest.approx(1 - 20 / 750, abs=1e-6)
    assert any("0.5 minutes of each on one thread" in line for line in held.told())
    wider = module._timed(asked(data, settings={"width": 0.1}), 1.0, tmp_path)
    assert wider.rounds["ae-2"] == 6_000
    monkeypatch.setattr(module, "seconds_a_round", None)  # it is not measured again
    assert module._timed(asked(data), 0.5, tmp_path).rounds == held.rounds
    monkeypatch.setattr(module, "seconds_a_round", lambda cell, data: 0.1)  # but for others
    assert module._timed(asked(data, settings={"width": 0.1}), 0.5, tmp_path).rounds["ae-2"] == 300
    with pytest.raises(UserError, match="'minutes' must be"):
        module._timed(asked(data), 0.0, tmp_path)


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    out = tmp_path_factory.mktemp("compare")
    said = command(
        "compare", "ae", "wae-mmd", "gan", "--data", DATA, "--latent", 2,
        "--seeds", 2, "--rounds", 40, "--set", "width=0.05", "--workers", 1, "--out", out,
        check=True,
    )  # fmt: skip
    return out, said


def test_the_command_writes_a_page_and_tables(played):
    out, said = played
    assert "training data themselves reach a fd_pixels of" in said.stdout
    frame = pd.read_csv(out / "comparison.csv")
    assert len(frame) == 6
    assert set(frame["entry"]) == {"ae", "wae-mmd", "gan"}
    assert (frame["memory"].isna() | (frame["memory"] > 1e8)).all()
    held = json.loads((out / "comparison.json").read_text())
    assert held["scores"] == ["fd_pixels", "mse"]
    assert len(held["differences"]) == 3 + 3
    assert held["trainings"][2]["mse"] is None  # a GAN reconstructs nothing
    assert "| gan |" in (out / "comparison.md").read_text()
    assert r"fd\_pixels" in (out / "comparison.tex").read_text()
    page = (out / "comparison.html").read_text()
    assert page.count("<img") == 3 + 2  # samples of each, ranks, front


def test_given_again_nothing_is_trained_and_the_numbers_stay(played):
    out, _ = played
    before = (out / "comparison.csv").read_text()
    again = command(
        "compare", "ae", "wae-mmd", "gan", "--data", DATA, "--latent", 2,
        "--seeds", 2, "--rounds", 40, "--set", "width=0.05", "--out", out, "--json", check=True,
    )  # fmt: skip
    assert (out / "comparison.csv").read_text() == before
    assert json.loads(again.stdout)["scores"] == ["fd_pixels", "mse"]


def test_what_a_person_gets_wrong_is_told(tmp_path):
    for words, says in (
        (("compare", "ae"), "'ae' is no run folder; give --data"),
        (("compare", tmp_path), "no finished run at"),
        (("compare", tmp_path, "--rounds", 5), "'--rounds' is for trainings"),
        (("compare", tmp_path, "--seeds", 4), "'--seeds' is for trainings"),
        (("compare", tmp_path, "--label", "a"), "'--label' is for trainings"),
    ):
        told = command(*words, "--out", tmp_path / "x")
        assert told.returncode == 2
        assert says in told.stderr
    (tmp_path / "comparison.md").write_text("mine")
    told = command("compare", "ae", "--data", "digits", "--out", tmp_path)
    assert told.returncode == 2
    assert (tmp_path / "comparison.md").read_text() == "mine"


@pytest.fixture(scope="module")
def runs(data, tmp_path_factory):
    out = tmp_path_factory.mktemp("runs")
    found = []
    for name, rate, seed in (
        ("ae", 1e-3, 0),
        ("ae", 1e-2, 0),
        ("ae", 1e-3, 1),
        ("wae-mmd", 1e-3, 0),
    ):
        model = lf.recipe(name, data, latent=2, seed=seed, rate=rate, **SMALL)
        path = out / f"{name}-{rate}-{seed}"
        folder = lf.train(model, data, rounds=20, out=path, seed=seed, **QUIET).folder
        folder.write_scores(lf.evaluate(model, data, groups=["fd"]))
        found.append(path)
    return found


def test_finished_runs_are_entries_by_what_tells_them_apart(runs):
    frame = compare_runs(runs)
    assert frame["entry"].tolist() == ["ae, rate = 0.001", "ae, rate = 0.01", "ae, rate = 0.001",
                                       "wae-mmd"]  # fmt: skip
    assert frame["seed"].tolist() == [0, 0, 1, 0]
    assert "rounds 20" in frame.attrs["conditions"][1]
    assert "latent 2" in frame.attrs["conditions"][1]
    assert frame.attrs["conditions"][-1] == "not equal: rate, batch"
    assert len(Summary(frame).table) == 3


def test_a_prior_that_was_fitted_later_makes_another_entry(runs, data, tmp_path):
    command("fit-prior", runs[0], "--prior", "kde", "--data", DATA, "--out", tmp_path / "kde",
            check=True)  # fmt: skip
    model, folder = lf.load(tmp_path / "kde", device="cpu"), RunFolder(tmp_path / "kde")
    folder.write_scores(lf.evaluate(model, data, groups=["fd"]))
    frame = compare_runs([runs[0], tmp_path / "kde"])
    assert frame["entry"].tolist() == ["ae, prior = none", "ae, prior = kde"]


def test_runs_that_do_not_compare_are_refused(runs, data, tmp_path):
    with pytest.raises(UserError, match="are the same training"):
        compare_runs([runs[0], runs[0]])
    other = lf.data.load("synthetic:n=2,d=6,count=400,seed=1")
    model = lf.recipe("ae", other, latent=2, **SMALL)
    folder = lf.train(model, other, rounds=5, out=tmp_path / "other", **QUIET).folder
    with pytest.raises(UserError, match="is not scored; latentfit evaluate"):
        compare_runs([runs[0], tmp_path / "other"])
    folder.write_scores(lf.evaluate(model, other, groups=["fd"]))
    with pytest.raises(UserError, match="trained on different data"):
        compare_runs([runs[0], tmp_path / "other"])
    model = lf.recipe("ae", data, latent=2, **SMALL)
    folder = lf.train(model, data, rounds=5, out=tmp_path / "few", **QUIET).folder
    folder.write_scores(lf.evaluate(model, data, groups=["fd"], count=20))
    with pytest.raises(UserError, match="not scored alike: count 66 and 20"):
        compare_runs([runs[0], tmp_path / "few"])


def test_a_training_that_ends_early_says_after_how_many_rounds(data, tmp_path, monkeypatch):
    monkeypatch.setattr("latentfit.runs.run.validation_score", lambda data: lambda model: 1.0)
    (cell,) = asked(data, recipes=("ae",), latents=(2,), seeds=1, patience=2).cells()
    (row,) = play_cells([cell], tmp_path, data=data, progress=False)
    assert (row["rounds"], row["played"]) == (100, 15)  # validated at 5, 10 and 15
    assert run_of(cell.key, tmp_path).card.round == 15
    frame = compare(["ae"], data, latent=2, seeds=1, rounds=100, patience=2, settings=SMALL)
    assert frame["rounds"].tolist() == [15]
    assert any("ended after 2 validations of twenty" in c for c in frame.attrs["conditions"])


def test_what_a_comparison_says():
    def told(rows):
        frame = pd.DataFrame(rows, columns=["entry", "seed", "fd_pixels", "mse"])
        return Summary(frame.assign(error="", run=None)).sentences()[0]

    a, b = (
        [("a", s, 1 + 0.01 * s, 1.0) for s in range(3)],
        [("b", s, 5 - 0.01 * s, None) for s in range(3)],
    )
    assert told(a + b).startswith("1 of 1 differences is real")
    assert "by fd_pixels a before b; by mse none" in told(a + b)
    assert "by fd_pixels a before b" in told(b + a)
    assert told(a[:1] + b[1:2]).startswith("no two entries have two seeds in common")
    assert told(a).startswith("one system alone")
    noisy = [("b", s, v, 1.0) for s, v in enumerate((0.0, 2.0, 1.0))]
    assert told(a + noisy).startswith("none of 2 differences is real")
