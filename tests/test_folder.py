"""Run folders: what is written is read again, also by later versions; what is damaged is named."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch

import latentfit as lf
from latentfit.checks import UserError
from latentfit.schema import plain, read_schema
from latentfit.storage import Card, Facts, RunFolder

FIRST = Path(__file__).parent / "format1"
QUIET = {"progress": False, "device": "cpu"}


def changed(path, **values):
    held = json.loads(path.read_text())
    path.write_text(json.dumps(held | values))


def test_a_run_of_the_first_format_loads_and_goes_on(tmp_path):
    """It is beta-vae with `decoder=learned`, as the setting was called, four rounds long."""
    shutil.copytree(FIRST, tmp_path / "run")
    model = lf.load(tmp_path / "run", device="cpu")
    assert model.recipe is not None
    assert model.recipe[1]["likelihood"] == "learned"
    golden = [0.0289547, 0.076436, -0.0543682, -0.0303044, -0.0257812, 0.0461712]
    assert model.sample(2, seed=0)[0].tolist() == pytest.approx(golden, rel=1e-4)
    folder = RunFolder(tmp_path / "run")
    assert folder.facts.source == {"data": "synthetic:n=2,d=6,count=400", "root": None}
    data = lf.data.load("synthetic:n=2,d=6,count=400")
    settings = {"latent": 2, "width": 1 / 32, "batch": 16}
    again = lf.recipe("beta-vae", data, **settings, likelihood="learned")
    run = lf.train(again, data, rounds=5, out=folder.path, **QUIET)
    assert (run.rounds, [line["round"] for line in folder.lines][:1]) == (5, [4])
    other = lf.recipe("beta-vae", data, **settings, likelihood="fixed")
    with pytest.raises(UserError, match=r"arguments\.likelihood was 'learned', is now 'fixed'"):
        lf.train(other, data, rounds=6, out=folder.path, **QUIET)


def test_old_names_are_replaced_only_where_they_stood():
    """`decoder` was a setting; a label or a part of that name is left as it is."""
    data = {"decoder": 1, "from": 2}
    held = {"from": "p", "identity": {"arguments": {"decoder": "fixed"}, "data": data}}
    facts = Facts.read(held, Path("run.json"))
    assert facts.parent == "p"
    assert facts.identity == {"arguments": {"likelihood": "fixed"}, "data": data}


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"format": 99}, r"was written in format 99, this version reads 1 to 3; use a newer"),
        ({"shape": None}, "does not hold weights of this model|is not complete"),
        ({"recipe": "no-such"}, "unknown recipe 'no-such'"),
        ({"recipe": None}, "was built from parts; pass the built model"),
        ({"arguments": {"latent": 3, "width": 1 / 32}}, "does not hold weights of this model"),
    ],
)
def test_a_card_that_cannot_be_used_is_one_line(values, says, tmp_path):
    shutil.copytree(FIRST, tmp_path / "run")
    changed(tmp_path / "run" / "model.json", **values)
    with pytest.raises(UserError, match=says) as raised:
        lf.load(tmp_path / "run")
    assert "\n" not in str(raised.value)


def test_what_is_written_is_read_again(tmp_path):
    folder = RunFolder(tmp_path)
    assert not folder.exists
    assert not folder.finished
    facts = Facts(identity={"recipe": "ae", "seed": 1}, commit="abc", prior=["gmm", {"count": 2}])
    folder.claim(facts)
    assert folder.facts == facts
    folder.claim(facts)
    with pytest.raises(UserError, match="seed was 1, is now 2"):
        folder.claim(Facts(identity={"recipe": "ae", "seed": 2}))
    data = {"name": "d", "fingerprint": "f", "classes": [], "schema": plain((1, 8, 8)).to_json()}
    card = Card(
        recipe="ae", arguments={"latent": 2}, shape=[1, 8, 8], weights="raw", round=4, data=data
    )
    folder.export(card, {"w": torch.arange(3.0)})
    assert folder.card == card
    assert read_schema(folder.card.data["schema"]) == plain((1, 8, 8))
    assert torch.equal(folder.weights["w"], torch.arange(3.0))
    assert folder.restore("last") is None
    folder.save("last", {"round": 3, "w": torch.ones(2)})
    held = folder.restore("last")
    assert held is not None
    assert held["round"] == 3
    assert folder.scores == {}
    folder.write_scores({"mse": 0.5})
    assert folder.scores == {"mse": 0.5}
    (tmp_path / "plain").touch()
    modes = {path.name: path.stat().st_mode for path in tmp_path.rglob("*") if path.is_file()}
    assert set(modes.values()) == {modes["plain"]}
    log = folder.log(0)
    log.write(5, {"a/b": 1.0})
    log.write(9, {"a/b": 2.0})
    log.close()
    assert [line["round"] for line in folder.lines] == [5, 9]
    folder.log(5).close()
    assert [line["round"] for line in folder.lines] == [5]
    folder.clear()
    assert not folder.exists


def test_what_is_damaged_is_named(tmp_path):
    folder = RunFolder(tmp_path)
    with pytest.raises(UserError, match=r"no run\.json"):
        _ = folder.facts
    (tmp_path / "run.json").write_text("{")
    with pytest.raises(UserError, match="cannot be read as JSON"):
        _ = folder.facts
    (tmp_path / "run.json").write_text("[]")
    with pytest.raises(UserError, match="holds no object"):
        _ = folder.facts
    folder.checkpoint("last").parent.mkdir()
    folder.checkpoint("last").write_bytes(b"no checkpoint")
    with pytest.raises(UserError, match="is not a readable checkpoint"):
        folder.restore("last")
    with pytest.raises(UserError, match="holds no run"):
        RunFolder(tmp_path / "checkpoints").claim(Facts(identity={}))
