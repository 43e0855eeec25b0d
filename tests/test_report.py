"""The report: escaped, self-contained, and honest about what is missing."""

from __future__ import annotations

import json
import re

import torch

from latentfit.experiments import figures
from latentfit.experiments.report import write_report

HOSTILE = "<script>alert(1)</script>"


def facts(**more):
    data = {"name": HOSTILE, "fingerprint": "f", "shape": [1, 8, 8]}
    return {
        "recipe": "flexae",
        "arguments": {"latent": 4, "note": HOSTILE},
        "data": data,
        "seed": 0,
        "batch": 8,
        "average": 0.999,
        "versions": {"torch": "2"},
        "commit": None,
        "command": f"latentfit train {HOSTILE}",
        **more,
    }


def write(folder, value, name="run.json"):
    (folder / name).write_text(json.dumps(value))


def test_nothing_from_outside_is_markup_and_nothing_is_fetched(tmp_path):
    write(tmp_path, facts())
    scores = {"fd_lenet": 1.5, "nac": None, HOSTILE: 2.0, "details": {"count": 3, "x": HOSTILE}}
    write(tmp_path, scores, "evaluation.json")
    grid = figures.image_grid(torch.rand(4, 1, 8, 8), columns=2, caption="Samples")
    page = write_report(tmp_path, {"samples": (HOSTILE, grid)}).read_text()
    assert HOSTILE not in page
    assert "&lt;script&gt;" in page
    assert not re.search(r'(src|href)="(?!data:|#)', page)
    assert "url(" not in page
    assert (tmp_path / "figures" / "samples.png").exists()


def test_a_run_without_scores_says_which_command_makes_them(tmp_path):
    write(tmp_path, facts())
    assert "latentfit evaluate" in write_report(tmp_path, {}).read_text()


def test_tiles_are_the_pixels():
    images = torch.zeros(3, 1, 2, 2)
    images[2] = 1
    sheet = figures.tile(images, 2, gap=1)
    assert sheet.shape == (5, 5)
    assert (sheet[3:5, 0:2] == 255).all()
    assert (sheet[0:2, 0:2] == 0).all()
    assert (sheet[0:2, 3:5] == 0).all()
    assert figures.tile(torch.rand(3, 3, 4, 6), 2).shape[2] == 3


def test_figures_of_small_records():
    lines = [
        {"round": 50, "seconds": 1.0, "a/x": 1.0, "a/y": -3.0, "critic/gap": 1e-3},
        {"round": 100, "seconds": 2.0, "a/x": 1e4, "a/y": 2.0, "critic/gap": 1e3},
        {"round": 100, "validation": 3.0},
    ]
    titles = [axes.get_title("left") for axes in figures.curves(lines).axes]
    assert {"a", "critic", "validation"} <= {title.lower() for title in titles}
    masks = [{"round": r, "mask": [0.05, 0.9]} for r in (0, 50)]
    assert figures.mask_trace(masks).axes
    assert figures.latent_scatter(torch.randn(30, 3), torch.randn(30, 3)).axes
    assert figures.vectors(torch.randn(30, 3), torch.randn(20, 3)).axes
    assert figures.covariance(torch.randn(30, 3)).axes
