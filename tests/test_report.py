"""The report: escaped, self-contained, and honest about what is missing."""

from __future__ import annotations

import json
import re

import pytest
import torch

from latentfit.checks import UserError
from latentfit.pictures import figures, sheets
from latentfit.report.page import again, score_rows, write_page
from latentfit.storage import RunFolder
from test_pictures import LINES, noise

HOSTILE = "<script>alert(1)</script>"
SCORES = {
    "fd_lenet": 12.34567,
    "fd_lenet_sd": 0.5,
    "fd_lenet_reconstruction": 8.0,
    "fd_lenet_floor": 3.25,
    "psnr": None,
    "active": 3,
    "latent": 4,
    "details": {"count": 360, "weights": "averaged"},
}
PLAIN = {"data": {"name": "digits"}, "seed": 3, "commit": "0123abc", "command": "latentfit train x"}


def facts(**more):
    held = {
        "recipe": "flexae", "arguments": {"latent": 4, "note": HOSTILE}, "seed": 0, "batch": 8,
        "data": {"name": HOSTILE, "fingerprint": "f", "shape": [1, 8, 8]}, "average": 0.999,
    }  # fmt: skip
    said = {"versions": {"torch": "2"}, "command": f"latentfit train {HOSTILE}"}
    return {"identity": held | more, **said, **more}  # other keys are left aside


def write_report(place, pictures):
    return write_page(RunFolder(place), pictures, RunFolder(place).scores)


def write(folder, value, name="run.json"):
    (folder / name).write_text(json.dumps(value))


def page_of(folder, run=PLAIN, scores=SCORES, lines=LINES, **pictures):
    write(folder, facts(**run))
    if scores is not None:
        write(folder, scores, "evaluation.json")
    if lines is not None:
        text = "".join(json.dumps(line) + "\n" for line in lines)
        (folder / "metrics.jsonl").write_text(text)
    return write_report(folder, pictures).read_text(encoding="utf-8")


def test_nothing_from_outside_is_markup_and_nothing_is_fetched(tmp_path):
    scores = {"fd_lenet": 1.5, "nac": None, HOSTILE: 2.0, "details": {"count": 3, "x": HOSTILE}}
    write(tmp_path, facts())
    write(tmp_path, scores, "evaluation.json")
    grid = sheets.image_grid(torch.rand(4, 1, 8, 8), columns=2, caption="Samples")
    page = write_report(tmp_path, {"samples": (HOSTILE, grid)}).read_text()
    assert HOSTILE not in page
    assert "&lt;script&gt;" in page
    assert not re.search(r'(src|href)="(?!data:|#)', page)
    assert "url(" not in page
    assert (tmp_path / "figures" / "samples.png").exists()


def test_a_run_without_scores_says_which_command_makes_them(tmp_path):
    write(tmp_path, facts())
    assert "latentfit evaluate" in write_report(tmp_path, {}).read_text()


def test_hostile_keys_versions_and_captions_are_text(tmp_path):
    run = {"recipe": HOSTILE, "arguments": {HOSTILE: HOSTILE}, "versions": {HOSTILE: HOSTILE}}
    caption = f'" onerror="x {HOSTILE}'
    picture = sheets.image_grid(noise(4), columns=2, caption=caption)
    page = page_of(tmp_path, run, {"details": {HOSTILE: HOSTILE}}, samples=(caption, picture))
    assert "<script" not in page
    assert 'onerror="' not in page


def test_the_page_needs_no_other_file(tmp_path):
    grid, lines = sheets.image_grid(noise(4), columns=2), figures.curves(LINES)
    page = page_of(tmp_path, samples=("S.", grid), curves=("C.", lines))
    assert page.count('src="data:image/png;base64,') == page.count("src=") == 2
    assert "href" not in page
    assert "http" not in page.replace("http-equiv", "")
    assert not re.search(r"<(script|link|iframe|object)|@import|url\(", page)
    assert (tmp_path / "figures" / "curves.pdf").exists()


def test_the_page_tells_scores_settings_and_how_to_make_it_again(tmp_path):
    page = page_of(tmp_path)
    assert "<h1>flexae on digits</h1>" in page
    assert "100 rounds in 1 min, Fréchet distance 12.35 ± 0.5 (floor 3.25)." in page
    for text in ("3 of 4", "not defined", "features of lenet", "0123abc"):
        assert text in page
    assert "<dt>weights</dt><dd><code>averaged</code></dd>" in page
    assert "<pre><code>latentfit train x --rounds 100</code></pre>" in page
    assert "Not scored yet" not in page
    assert "No curves" not in page


def test_figures_come_in_order_with_samples_at_the_top(tmp_path):
    sheet = sheets.image_grid(noise(4), columns=2)
    page = page_of(tmp_path, b=("Second.", sheet), samples=("First.", sheet), a=("Third.", sheet))
    found = re.findall(r"<figcaption>(\w+)\.</figcaption>", page)
    assert found == ["First", "Second", "Third"]


def test_the_page_leads_with_the_verdict_and_folds_what_is_long(tmp_path):
    sheet, lines = sheets.image_grid(noise(4), columns=2), figures.curves(LINES)
    scores = SCORES | {"coverage": 0.2, "coverage_floor": 0.9, "coverage_reconstruction": 0.85}
    scores["details"] = {"count": 360, "variants": {"fd": "unbiased"}, "extractor": "lenet"}
    scores["details"]["earlier"] = [
        {"count": 90, "extractor": "pixels", "seed": 3, "scores": ["psnr", "active"]}
    ]
    page = page_of(tmp_path, scores=scores, samples=("First.", sheet), curves=("Last.", lines))
    order = [
        "<h1>", "100 rounds in 1 min", "Good reconstructions, poor samples", "coverage 0.2, floor",
        "Scores against their floors", 'aria-label="distance to new data: 12.3 ± 0.5, floor 3.25',
        "First.", "<summary>All 6 scores", "<summary>Training curves", "Last.",
        "<summary>Settings", "<summary>How the scores were computed", "variants: fd",
        "<summary>How to make it again",
    ]  # fmt: skip
    places = [page.index(text) for text in order]
    assert places == sorted(places)
    assert page.count("<details>") == page.count("</details>") == 5
    assert places[order.index("First.")] < page.index("<details>") < page.index("Last.")
    assert "<dt>earlier: 1: scores</dt><dd><code>psnr, active</code></dd>" in page
    assert "{" not in page[page.index("</style>") :]  # no object is shown raw
    vectors = {"data": {"name": "v", "shape": [5]}}
    page = page_of(tmp_path, vectors, {"fd_pixels": 1.0, "pms_ratio": 1.0})
    assert "test samples in entries" in page
    assert "pixels;" not in page[page.index("</style>") :]


@pytest.mark.parametrize("part", ["fd_lenet", "coverage", "novelty", "mse"])
def test_a_page_of_some_scores_says_what_it_can(tmp_path, part):
    held = {part: 0.5, f"{part}_floor": 0.5, f"{part}_se": None}
    page = page_of(tmp_path, scores=held, lines=None)
    assert page.count('class="bar') == (part != "mse")
    assert page.count('<div class="verdict') == 1
    hostile = {HOSTILE: 0.5, f"{HOSTILE}_floor": 0.5, f"fd_{HOSTILE}": 0.5}
    hostile |= {f"fd_{HOSTILE}_floor": 0.1, "details": {HOSTILE: {HOSTILE: HOSTILE}}}
    assert "<script" not in page_of(tmp_path, scores=hostile)


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("latentfit train ae --data d --rounds 50 --seed 1",
         "latentfit train ae --data d --seed 1 --rounds 100"),
        ("latentfit train ae --rounds=50", "latentfit train ae --rounds 100"),
        ("latentfit demo --out 'a b'", "latentfit demo --out 'a b' --rounds 100"),
        ("latentfit fit-prior run --rounds 50", "latentfit fit-prior run --rounds 50"),
        ("latentfit train o'hara", "latentfit train o'hara"),
    ],
)  # fmt: skip
def test_the_command_states_the_rounds_that_were_played(typed, expected):
    assert again(typed, 100) == expected
    assert again(typed, 0) == typed
    assert again(None, 100) is None


def test_what_is_missing_is_named_with_the_command_that_makes_it(tmp_path):
    page = page_of(tmp_path, scores=None, lines=None)
    assert f"latentfit evaluate {tmp_path}" in page
    assert "No curves" in page
    assert page.count("latentfit train x") == 2
    (tmp_path / "run.json").write_text('{"identity": {}}')
    assert "A model on data" in write_report(tmp_path, {}).read_text()
    with pytest.raises(UserError, match=r"no run\.json"):
        write_report(tmp_path / "nowhere", {})


def test_a_line_cut_off_by_a_kill_is_left_out(tmp_path):
    page_of(tmp_path)
    with (tmp_path / "metrics.jsonl").open("a") as file:
        file.write('{"round": 150, "seconds": 9')
    assert "100 rounds in 1 min" in write_report(tmp_path, {}).read_text()


def test_scores_stand_beside_their_floor_and_unknown_ones_have_no_meaning():
    rows = {row.name: row for row in score_rows(SCORES | {"own": 2.0})}
    assert list(rows) == ["fd_lenet", "fd_lenet_reconstruction", "psnr", "active", "own"]
    assert rows["fd_lenet_reconstruction"].floor == "3.25"
    assert [name for name, row in rows.items() if not row.meaning] == ["own"]
