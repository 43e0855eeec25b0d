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
from latentfit.studies import STUDIES, curves, gain, mapped, priors, rates
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


def test_a_lost_candidate_is_never_chosen():
    rows = [row("aae", "cifar10", 1, 50.0), row("aae", "cifar10", 3, None)]
    assert rates.best(rows)["aae"] == (1.0, 1.0)


def fabricated(study, scores, monkeypatch, module, keep):
    """Rows of the cells that `keep` keeps, with scores by their recipe, size and seed."""
    model = RECIPES["wae-gan"].small((1, 28, 28), 4).eval()
    monkeypatch.setattr(module, "opened", lambda row, folder: model)
    return [
        {"key": cell.key, **cell.identity, "options": cell.options, "raw": scores(cell, 2.0),
         "scores": scores(cell, 1.0), "mask": [1.0] * 3 + [0.0] * (cell.latent - 3)}
        for cell in STUDIES[study].cells("short")
        if keep(cell)
    ]  # fmt: skip


def test_tables_of_priors_show_ours_beside_the_published(tmp_path, monkeypatch):
    def scores(cell, times):
        fd = times * (10 + cell.seed + published("FlexAE, Table 1", "fid_gen").get(
            (cell.recipe, cell.data), 200.0))  # fmt: skip
        return {"fd_lenet": fd, "fd_lenet_floor": 0.5, "fd_lenet_reconstruction": 1.0, "mse": 0.25,
                "prd_precision": 0.5, "prd_recall": 0.6, "pms_ratio": 0.9, "jumps_lenet": 3.0,
                "midpoints_lenet": 4.0}  # fmt: skip

    rows = fabricated("learned-prior", scores, monkeypatch, priors, lambda c: c.data == "mnist")
    text, figures = STUDIES["learned-prior"].shows(rows, tmp_path, None)
    assert "Rank correlation with FlexAE, Table 1: 1.00 (1.00 to 1.00, n = 14)" in text
    line = next(line for line in text.splitlines() if line.startswith("| flexae-sr |"))
    assert line == "| flexae-sr | 17.8 ± 1 | 35.5 ± 2 | 1 ± 0 | 0.25 ± 0 | 6.75 | - | - | - |"
    assert "| MNIST | flexae-sr | 0.5 ± 0 (0.98) | 0.6 ± 0 (0.99) |" in text
    assert "| MNIST | flexae | 18.3 ± 1 | 1 ± 0 | 4 ± 0 | 3 ± 0 | 0.9 ± 0 | failed |" in text
    assert set(figures) == {"learned-prior", "samples-mnist"}
    lost = [{k: v for k, v in row.items() if k not in ("scores", "raw")} | {"error": "diverged"}
            if row["recipe"] == "alae" else row for row in rows]  # fmt: skip
    assert "n = 13)" in STUDIES["learned-prior"].shows(lost, tmp_path, None)[0]


def test_the_gain_of_a_mask_is_that_of_pairs_of_seeds(tmp_path, monkeypatch):
    def scores(cell, times):
        fd = (cell.seed + 1) * (1.0 if cell.recipe == "maskaae" else 2.0)
        nac = 0.1 if cell.recipe == "maskaae" else 0.3
        return {"fd_lenet": fd, "fd_lenet_reconstruction": fd, "fd_lenet_floor": 1.0, "mse": 0.1,
                "nac": nac, "prior_wasserstein": 0.5}  # fmt: skip

    rows = fabricated("mask-gain", scores, monkeypatch, gain,
                      lambda c: c.data == "fashion-mnist")  # fmt: skip
    monkeypatch.setattr(gain, "_codes", lambda *_: {})
    text, figures = STUDIES["mask-gain"].shows(rows, tmp_path, None)
    sizes = gain.SIZES["fashion-mnist"]
    for m in sizes:
        assert f"| Fashion-MNIST | {m} | 0.5 ± 0 | 0.333 ± 0 |" in text
        assert f"| Fashion-MNIST | {m} | maskaae | 3, 3, 3 | 2 ± 1 |" in text
    assert "| Fashion-MNIST | 40 | 0.025 | 0.019 |" in text
    assert "mask-gain" in figures


def test_forms_of_the_mapped_prior_are_told_apart():
    cells = [cell for cell in STUDIES["mapped-prior"].cells("short") if cell.seed == 0]
    rows = [{"settings": cell.settings} for cell in cells]
    found = [mapped._of(form, rows) for form in mapped.FORMS.values()]
    assert [len(held) for held in found] == [1] * 4
    neither, norm, regulariser, both = (held[0]["settings"] for held in found)
    assert (neither["normalise"], neither["interpolation"]) == (False, 0)
    assert (norm.get("normalise", True), norm["realism"]) == (True, 0)
    assert (regulariser["normalise"], "interpolation" in regulariser) == (False, False)
    assert not {"normalise", "interpolation"} & set(both)
    model = [RECIPES["mapae"].model((1, 28, 28), latent=8, data="mnist", **{
        **cell.settings, "width": 1 / 64}) for cell in cells]  # fmt: skip
    x = torch.rand(64, 1, 28, 28)
    spread = [m.train().encode(x).std(0).mean().item() for m in model]
    assert spread[1] == pytest.approx(1, abs=0.05) == spread[3]
    assert spread[0] < 0.9


def test_a_search_by_thirds_finds_the_lowest():
    for low, high in ((1, 64), (4, 12), (7, 8)):
        for best in range(low, high + 1):
            scores = {m: (m - best) ** 2 for m in range(low, high + 1)}
            assert curves.ternary(scores)[0] == best
    rough = {1: 5, 2: 1, 3: 9, 4: 9, 5: 9, 6: 2, 7: 3, 8: 4}  # not convex: it may miss 2
    found, looked = curves.ternary(rough)
    assert found in (2, 6)
    assert looked < 8


def test_arms_are_ratios_within_a_seed():
    rows = [
        {"recipe": "wae-gan", "settings": {}, "latent": m, "seed": seed, "features": "auto",
         "data": "synthetic:n=8,d=128,seed=0", "scores": {"fd_pixels": (seed + 1) * fd}}
        for m, fd in ((4, 10.0), (8, 2.0), (16, 3.0)) for seed in (0, 1)
    ]  # fmt: skip
    text, figures = STUDIES["u-curve"].shows(rows, None, None)
    assert "`wae-gan`: FD at 4 over 8: 5 ± 0; at 16 over 8: 1.5 ± 0." in text
    assert set(figures) == {"u-curve-8"}
