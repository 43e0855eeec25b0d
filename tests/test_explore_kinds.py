"""Pages of tables, signals, colour and models without an encoder; hostile names; the command."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

import latentfit as lf
from latentfit.checks import UserError
from pages import HOSTILE, must_be_quiet, opened
from shell import command, training


def narrow(page, wide=380):
    """Whether a page fits a narrow window; the window is wide again afterwards."""
    told = {"width": wide, "height": 800, "deviceScaleFactor": 1, "mobile": True}
    page.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", told)
    page.settle()
    fits = page.js("return document.documentElement.scrollWidth") <= wide
    page.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    return fits


def cells(page, css):
    return page.js(
        "return [...document.querySelectorAll(arguments[0])].map((row) =>"
        " [...row.children].map((cell) => cell.textContent))", css,
    )  # fmt: skip


def test_rows_have_their_columns_units_and_levels_and_names_are_text(browser, tmp_path):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({
        HOSTILE: rng.choice([HOSTILE, "Ulm", "Köln & Bonn"], 120),
        "income": np.where(rng.random(120) < 0.2, np.nan, rng.lognormal(8, 1, 120).round(2)),
        "age": rng.integers(18, 90, 120),
        "since": pd.date_range("2001-03-01", periods=120).strftime("%Y-%m-%d"),
        "here": ["yes"] * 120,
        "class": rng.choice(["a", HOSTILE], 120),
    })  # fmt: skip
    file = tmp_path / "<img src=x onerror=alert(1)>.csv"
    frame.to_csv(file, index=False)
    data = lf.data.load(str(file), label="class")
    model = lf.recipe("sigma-vae", data, latent=3, width=1 / 16)
    model.likelihood.residual.fill_(0.5)
    page = opened(browser, model, data, tmp_path / "rows.html", split="train", count=30)
    must_be_quiet(page)
    assert page.js("return document.querySelectorAll('img').length") == 0
    assert page.js("return document.querySelector('h1').textContent").endswith(file.name)
    assert HOSTILE in page.find("#legend").text
    # What PyTorch reconstructs, as the file has it.
    place = int(data.train.spread(30)[page.js("return explore.picked")])
    sample = data.train.take(torch.tensor([place]))
    with torch.no_grad():
        both = [model.schema.restore(x).iloc[0] for x in (sample, model.reconstruct(sample))]
    rows = {row[0]: row[1:] for row in cells(page, "#sample tr")[1:]}
    assert list(rows) == [name for name in frame if name != "class"]
    for name, shown in rows.items():
        for text, right in zip(shown, (one[name] for one in both), strict=True):
            if isinstance(right, str):
                assert text == right
            elif pd.isna(right):
                assert text == "missing"
            else:
                assert float(text) == pytest.approx(float(right), rel=1e-3, abs=1)
    drawn = torch.tensor(page.js("return explore.draw(3, 40)"))
    assert drawn[:, 3:][:, model.likelihood.several].unique().tolist() == [0, 1]  # no chances
    held = model.schema.restore(drawn[:, 3:])
    assert set(held[HOSTILE]) == set(frame[HOSTILE])
    assert held["age"].between(frame["age"].min(), frame["age"].max()).all()
    assert held["income"].isna().any()
    assert len(cells(page, "#draws tr")) == 13
    assert narrow(page)


def test_signals_are_lines_in_their_units(browser, tmp_path):
    t = np.linspace(0, 6, 24)
    waves = np.stack([[np.sin(t + k) * 3 + 10, np.cos(t * k)] for k in np.linspace(0, 3, 90)])
    data = lf.data.load(waves.astype("float32"), kind="signals")
    model = lf.recipe("ae-gmm", data, latent=2, width=1 / 16)
    model.prior.fit(torch.randn(200, 2))
    page = opened(browser, model, data, tmp_path / "waves.html", split="train", count=20)
    must_be_quiet(page)
    with torch.no_grad():
        right = model.schema.restore(model.decode(page.code[None]))[0]
    held = model.schema.restore(data.train.take(data.train.spread(20)))
    low, high = float(held.min()), float(held.max())
    for channel in (0, 1):
        text = page.js(
            "const lines = document.querySelectorAll('#here polyline');"
            "return lines[arguments[0]].getAttribute('points')",
            channel,
        )
        points = np.array([[float(x) for x in pair.split(",")] for pair in text.split()])
        assert points[:, 0] == pytest.approx(np.linspace(0, 240, 24), abs=0.06)
        wanted = 5 + 110 * (high - right[channel]) / (high - low)
        assert points[:, 1] == pytest.approx(wanted, abs=0.06)
    # A mixture chooses by chance: the page has codes of it and says so.
    assert "cannot run in a page" in page.find("#drawn").text
    drawn = torch.tensor(page.js("return explore.draw(0, 30)"))
    with torch.no_grad():
        torch.testing.assert_close(
            model.decode(drawn[:, :2]).flatten(1), drawn[:, 2:], rtol=1e-4, atol=1e-4
        )
    assert len(drawn[:, 0].unique()) > 20
    assert narrow(page)


def test_colour_and_no_encoder(browser, tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (40, 9, 12, 3)).astype("uint8")
    data = lf.data.load(images)
    model = lf.recipe("gan", data, latent=1, width=1 / 64)
    page = opened(browser, model, data, tmp_path / "colour.html", count=12)
    must_be_quiet(page)
    with torch.no_grad():
        right = model.decode(page.code[None])[0].movedim(0, -1).flatten(0, 1)
    page.settle()
    found = page.js(
        "const c = document.querySelector('#here canvas');"
        "return Array.from(c.getContext('2d').getImageData(0, 0, c.width, c.height).data)"
    )
    pixels = torch.tensor(found).reshape(-1, 4)[:, :3] / 255
    assert float((pixels - right).abs().max()) < 0.51 / 255
    assert "no encoder" in page.find("#said").text
    assert page.js("return document.querySelectorAll('#sample canvas').length") == 1
    assert narrow(page)


def test_the_command_writes_into_the_run_and_over_nothing_else(tmp_path):
    run = tmp_path / "run"
    command(*training("wae-mmd", run, "--rounds", "2"), check=True)
    done = command("explore", run, "--count", 10, check=True)
    page = run / "explore.html"
    assert str(page) in done.stderr
    assert "all 10 " not in page.read_text()
    first = page.read_text()
    command("explore", run, "--count", 10, check=True)  # its own page may be written again
    assert page.read_text() == first
    page.write_text("mine")
    refused = command("explore", run, "--count", 10)
    assert refused.returncode == 2
    assert page.read_text() == "mine"
    for words in (
        ["--count", 1],
        ["--count", 5_001],
        ["--out", tmp_path / "x.png"],
        ["--split", "all"],
    ):
        wrong = command("explore", run, *words)
        assert wrong.returncode == 2, words
        assert len(wrong.stderr.strip().splitlines()) == 1
    other = tmp_path / "other.html"
    command("explore", run, "--out", other, "--split", "train", check=True)
    assert "500 of 1,439 train samples of digits" in other.read_text()


def test_nothing_may_be_asked_for_and_only_the_packages_script_may_run(tmp_path):
    data = lf.data.load("digits")
    model = lf.recipe("wae-mmd", data, latent=2, width=1 / 64)
    text = lf.explore(model, data, out=tmp_path / "page.html", count=5, title=HOSTILE).read_text()
    policy = text.split('http-equiv="Content-Security-Policy" content="')[1].split('"')[0]
    parts = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    assert parts.pop("default-src") == "'none'"
    assert all(value == "'none'" or value.startswith("'sha256-") for value in parts.values())
    assert HOSTILE not in text
    assert "&lt;/script&gt;&lt;img" in text
    assert "http://" not in text.replace("http://www.w3.org/2000/svg", "")
    assert "https://" not in text


class Running(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(2, 64)

    def forward(self, z):
        return self.layer(z).cumsum(1).reshape(-1, 1, 8, 8)


def test_a_decoder_that_a_page_cannot_run_and_other_faults_end_in_a_line(tmp_path):
    data = lf.data.load("digits")
    model = lf.recipe("wae-mmd", data, latent=2, width=1 / 64, decoder=Running())
    with pytest.raises(
        UserError, match=r"the decoder uses 'aten.cumsum.default', which a page cannot run"
    ):
        lf.explore(model, data, out=tmp_path / "page.html")
    assert not (tmp_path / "page.html").exists()
    usual = lf.recipe("wae-mmd", data, latent=2, width=1 / 64)
    with pytest.raises(UserError, match="say where the page goes"):
        lf.explore(usual, data)
    with pytest.raises(UserError, match="give a data set"):
        lf.explore(usual, np.zeros((4, 1, 8, 8)), out=tmp_path / "page.html")
    with pytest.raises(UserError, match="takes images of shape"):
        lf.explore(usual, lf.data.load(np.zeros((40, 9, 9), np.uint8)), out=tmp_path / "page.html")


def test_the_model_is_left_as_it_was(tmp_path):
    data = lf.data.load("digits")
    model = lf.recipe("wae-mmd", data, latent=2, width=1 / 64).train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    schema = model.schema
    lf.explore(model, data, out=tmp_path / "page.html", count=5)
    assert model.training
    assert model.schema is schema
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
