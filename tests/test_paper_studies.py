"""The papers' tables: what is published, chosen, compared; cells that say more of a training."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from scipy.stats import spearmanr

from latentfit import metrics
from latentfit.checks import UserError
from latentfit.recipes import RECIPES
from latentfit.studies import STUDIES, base, curves, gain, mapped, rates
from latentfit.studies.published import agreement, published, recipes_of
from latentfit.studies.systems import _order

RECORDED = rates.CHOSEN
ROOT = Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def chosen(monkeypatch):
    monkeypatch.setattr(rates, "CHOSEN", dict.fromkeys(RECIPES, 3.0))


def test_a_rate_that_is_not_chosen_is_no_rate(monkeypatch):
    cells = {(c.recipe, c.data): c for c in STUDIES["learned-prior"].cells("short")}
    usual = rates.rates("wae-gan")["rate"]
    assert cells["wae-gan", "fashion-mnist"].settings["rate"] == pytest.approx(3 * usual)
    monkeypatch.setattr(rates, "CHOSEN", {})
    with pytest.raises(UserError, match="no rate is chosen for '"):
        STUDIES["learned-prior"].cells("short")


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
        row("wae-gan", "mnist", 10, None), row("mapae", "cifar10", 3, 6.0),
        row("mapae", "cifar10", 1, 5.0),
    ]  # fmt: skip
    assert rates.best(rows) == {"wae-gan": 3.0, "mapae": 1.0}


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
    assert tried["mapae", "cifar10"] == [1, 3, 10]  # no table has it on MNIST
    assert len(tried) == len({name for name, _ in tried}) == 21
    for study in ("learned-prior", "latent-size", "mask-gain", "edits"):
        assert {cell.seed for cell in STUDIES[study].cells("short")} == {0, 1, 2}


def test_studies_of_one_folder_share_their_cells():
    priors = {cell.key for cell in STUDIES["learned-prior"].cells("short")}
    assert {cell.key for cell in STUDIES["edits"].cells("short")} <= priors
    sizes = STUDIES["latent-size"].cells("short")
    assert sum(cell.key in priors for cell in sizes) == len(sizes) // 3


def test_a_lost_candidate_is_never_chosen():
    rows = [row("aae", "cifar10", 1, 50.0), row("aae", "cifar10", 3, None)]
    assert rates.best(rows) == {"aae": 1.0}


def fabricated(study, scores, monkeypatch, module, keep):
    """Rows of the cells that `keep` keeps, with scores by their recipe, size and seed."""
    model = RECIPES["wae-gan"].small((1, 28, 28), 4).eval()
    monkeypatch.setattr(module, "opened", lambda row, folder: model)
    monkeypatch.setattr(base, "run_of", lambda key, folder: SimpleNamespace(finished=True))
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

    rows = fabricated("learned-prior", scores, monkeypatch, base, lambda c: c.data == "mnist")
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
    assert set(figures) == {"u-curve"}


def test_what_is_chosen_is_what_the_recorded_rows_say():
    path = ROOT / "results" / "rates" / "cells.jsonl"
    recorded = [json.loads(line) for line in path.read_text().splitlines()]
    assert rates.best(recorded) == RECORDED
    assert {r["key"] for r in recorded} == {c.key for c in STUDIES["rates"].cells("short")}
