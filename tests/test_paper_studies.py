"""The papers' tables: what is published, chosen, compared; cells that say more of a training."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from safetensors.torch import save_file
from scipy.stats import spearmanr

import latentfit as lf
from latentfit import metrics
from latentfit.checks import UserError
from latentfit.metrics import LeNet
from latentfit.recipes import RECIPES
from latentfit.runs.cells import Cell, play_cells, run_of
from latentfit.scoring.scores import evaluate
from latentfit.studies import STUDIES, edits, rates
from latentfit.studies.published import agreement, published, recipes_of
from latentfit.studies.systems import _order

DATA = "synthetic:n=2,d=8,count=600"
CELL = Cell("ae", DATA, 2, 0, 6, {"width": 0.25, "batch": 16, "average": 0.5}, ("fd",), "pixels")


def test_a_cell_is_scored_on_the_way_as_it_would_be_at_the_end(tmp_path):
    (long,) = play_cells([replace(CELL, at=(2, 4))], tmp_path / "a", progress=False)
    short = play_cells(
        [replace(CELL, rounds=rounds) for rounds in (2, 4, 6)], tmp_path / "b", progress=False
    )
    two, four, six = (row["scores"] for row in short)
    assert long["trace"] == {"2": two, "4": four}
    assert long["scores"] == six
    assert two["fd_pixels"] != four["fd_pixels"]
    # One that was stopped after the first of them goes on from there.
    cell = replace(CELL, at=(2, 4), seed=1)
    play_cells([replace(cell, at=(2,), rounds=4)], tmp_path / "c", progress=False)
    first = run_of(replace(cell, at=(2,), rounds=4).key, tmp_path / "c").path
    first.rename(run_of(cell.key, tmp_path / "c").path)
    (resumed,) = play_cells([cell], tmp_path / "c", progress=False)
    (whole,) = play_cells([cell], tmp_path / "d", progress=False)
    assert (resumed["trace"], resumed["scores"]) == (whole["trace"], whole["scores"])


def test_later_fields_of_a_cell_leave_older_keys_as_they_were():
    assert CELL.key == "ae-2-0-" + CELL.key[-8:]
    assert not {"at", "split", "raw", "draws", "options", "fingerprint"} & set(CELL.identity)
    for field in ({"at": (2,)}, {"split": "validation"}, {"raw": True}, {"draws": 1},
                  {"options": {"size": 8}}):  # fmt: skip
        assert replace(CELL, **field).key != CELL.key


def test_raw_weights_and_validation_samples_are_scored_apart(tmp_path):
    raw = replace(CELL, raw=True)
    judged = replace(CELL, split="validation")
    ours, theirs = play_cells([raw, judged], tmp_path, progress=False)
    data = lf.data.load(DATA)
    for weights, found in (("raw", ours["raw"]), ("auto", ours["scores"])):
        model = lf.load(run_of(raw.key, tmp_path).path, weights=weights, device="cpu")
        expected = evaluate(model, data, features="pixels", groups=("fd",))
        assert found["fd_pixels"] == expected["fd_pixels"]
    assert ours["raw"]["mse"] != ours["scores"]["mse"]
    model = lf.load(run_of(judged.key, tmp_path).path, device="cpu")
    x = data.validation.first(9999)
    mse = float((model.reconstruct(x) - x).square().mean().detach())
    assert theirs["scores"]["mse"] == pytest.approx(mse, rel=1e-5)
    assert theirs["scores"]["mse"] != ours["scores"]["mse"]


def test_features_of_a_file_give_scores_their_name(tmp_path):
    torch.manual_seed(0)
    model = LeNet(1, 3).eval()
    held = {key: value.contiguous() for key, value in model.state_dict().items()}
    save_file(held, tmp_path / "mine.safetensors")
    x = torch.rand(4, 1, 8, 8)
    found = metrics.extractor(str(tmp_path / "mine.safetensors"), (1, 8, 8), "digits")
    assert (found.name, found.distance) == ("mine", "fd_mine")
    torch.testing.assert_close(found(x), model.features(x).detach())
    torch.testing.assert_close(found.head(found(x)), model(x).detach())
    save_file(held, tmp_path / "several.safetensors", metadata={"kind": "attributes"})
    several = metrics.extractor(str(tmp_path / "several.safetensors"), (1, 8, 8), "digits")
    assert several.head is None
    with pytest.raises(UserError, match="1 channels, the data have 3"):
        metrics.extractor(str(tmp_path / "mine.safetensors"), (3, 8, 8), "x")
    save_file(held, tmp_path / "lenet.safetensors")
    with pytest.raises(UserError, match="'lenet' is taken"):
        metrics.extractor(str(tmp_path / "lenet.safetensors"), (1, 8, 8), "digits")
    cell = Cell("ae", "digits", 2, 0, 2, {"width": 1 / 64}, ("fd",), "mine.safetensors")
    (row,) = play_cells([cell], tmp_path, progress=False)
    assert row["scores"]["fd_mine"] > 0


def test_the_jpeg_copy_of_cifar10_has_the_shipped_features():
    assert metrics.extractor("auto", (3, 32, 32), "CIFAR-10 (JPEG)").name == "lenet"
    assert metrics.extractor("auto", (3, 32, 32), "mine").name == "pixels"


def test_published_numbers_are_those_of_the_tables():
    fid = published("FlexAE, Table 1", "fid_gen")
    assert fid["flexae-sr", "mnist"] == 6.75
    assert fid["vae-fixed-variance", "celeba"] == 63.85
    assert published("Geng, Table 2", "mse")["introvae", "cifar10"] == 0.0492
    assert len(recipes_of("FlexAE, Table 1")) == 15
    for table in rates.TABLES:
        assert set(recipes_of(table)) <= set(RECIPES)


def test_orders_are_compared_by_rank():
    theirs = dict(zip("abcdefgh", range(8), strict=True))
    assert agreement(theirs, theirs).startswith("1.00 (1.00 to 1.00, n = 8)")
    moved = {**theirs, "a": 100.0}
    told = agreement(moved, theirs)
    value = spearmanr([moved[k] for k in theirs], list(theirs.values()))[0]
    assert told.startswith(f"{value:.2f} (")
    assert told.endswith("more than 5 places off: `a` 8 for 1")
    low, high = (float(word) for word in told.split("(")[1].split(",")[0].split(" to "))
    assert low < value < high
    assert agreement({"a": 1.0}, theirs) == ""


def test_the_order_of_systems_is_compared_with_the_published_one():
    rows = [
        {"recipe": name, "seed": seed, "scores": {"fd_lenet": fd}}
        for name, seed, fd in (
            ("flexae-sr", 0, 1.0), ("wae-gan", 0, 3.0), ("wae-gan", 1, 5.0), ("vae-flow", 0, 9.0),
            ("maskaae", 0, 20.0), ("wae-mmd", 0, 30.0),
        )
    ]  # fmt: skip
    lost = {"recipe": "alae", "seed": 0, "error": "diverged"}
    mine = {"recipe": "sigma-vae", "seed": 0, "scores": {"fd_lenet": 2.0}}  # nothing published
    text = _order([*rows, lost, mine])
    assert "(2 seeds;" in text
    assert "with FlexAE's Table 1 0.40 (" in text
    assert "n = 4)" in text
    assert "MaskAAE" not in text  # three systems say nothing of an order


def row(name, data, times, fd):
    usual = rates.rates(name)
    settings = {rate: times * value for rate, value in usual.items()}
    scores = {} if fd is None else {"scores": {"fd_lenet": fd}}
    return {"recipe": name, "data": data, "settings": settings, "features": "lenet", **scores}


def test_the_rate_with_the_lowest_distance_is_chosen():
    rows = [
        row("wae-gan", "mnist", 1, 3.0), row("wae-gan", "mnist", 3, 2.0),
        row("wae-gan", "mnist", 10, None), row("wae-gan", "cifar10", 1, 9.0),
        row("wae-gan", "cifar10", 10, 8.0), row("mapae", "cifar10", 3, 5.0),
        row("mapae", "cifar10", 1, 6.0),
    ]  # fmt: skip
    assert rates.best(rows) == {"wae-gan": (3.0, 10.0), "mapae": (3.0, 3.0)}


def test_no_rate_is_tried_on_a_reported_seed_or_beyond_the_cap():
    cells = STUDIES["rates"].cells("short")
    assert {cell.seed for cell in cells} == {rates.SEED}
    assert {cell.split for cell in cells} == {"validation"}
    tried = {}
    for cell in cells:
        usual = rates.rates(cell.recipe)
        factors = {round(cell.settings[name] / value, 6) for name, value in usual.items()}
        assert len(factors) == 1  # all rates of a system move together
        (times,) = factors
        tried.setdefault((cell.recipe, cell.data), []).append(times)
        assert times == 1 or max(cell.settings[name] for name in usual) <= rates.CAP * 1.001
    assert tried["wae-gan", "mnist"] == [1, 3, 10]
    assert tried["alae", "mnist"] == [1]
    for study in ("learned-prior", "latent-size", "mask-gain", "edits"):
        assert {cell.seed for cell in STUDIES[study].cells("short")} == {0, 1, 2}


def test_studies_of_one_folder_share_their_cells():
    priors = {cell.key for cell in STUDIES["learned-prior"].cells("short")}
    assert {cell.key for cell in STUDIES["edits"].cells("short")} <= priors
    sizes = STUDIES["latent-size"].cells("short")
    assert sum(cell.key in priors for cell in sizes) == len(sizes) // 3


def test_edits_are_told_by_the_classifier():
    data = lf.data.load("digits")
    x, labels = data.train.first(2000), data.train.labels
    means = torch.stack([x[labels == k].mean(0) for k in range(10)])

    def tell(images):  # the nearest mean
        return -(images[:, None] - means).square().flatten(2).sum(2)

    model = lf.recipe("ae", data, latent=64, encoder=torch.nn.Flatten(), width=1 / 64,
                      decoder=torch.nn.Unflatten(1, (1, 8, 8)), link="identity")  # fmt: skip
    found = edits.classes(model.eval(), data, tell)
    assert found["rebuilt"] > 0.8
    assert found["edited"] > 0.8  # a shift by the difference of means is what the rule sees
    still = edits.classes(model, data, lambda images: torch.eye(10)[[3]].expand(len(images), 10))
    assert still["edited"] == pytest.approx(0.1, abs=0.01)  # everything is a three


def test_a_lost_candidate_is_never_chosen():
    rows = [row("aae", "cifar10", 1, 50.0), row("aae", "cifar10", 3, None)]
    assert rates.best(rows)["aae"] == (1.0, 1.0)
