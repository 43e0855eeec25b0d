"""The game under Lightning's Trainer has the bits of our loop."""

from __future__ import annotations

import doctest
import math
import sys

import pandas as pd
import pytest
import torch

import latentfit as lf
from contract import toy
from latentfit.checks import DivergenceError, UserError
from shell import QUIET

pytestmark = [
    pytest.mark.xdist_group("lightning"),  # imported once
    pytest.mark.filterwarnings("ignore"),  # of Lightning itself, about PyTorch and about loggers
]
DATA = toy((6,), count=100)  # five rounds of one batch in a pass
ROUNDS, SOME = 8, 3
SILENT = {
    "logger": False, "enable_checkpointing": False, "enable_progress_bar": False,
    "enable_model_summary": False, "accelerator": "cpu", "devices": 1,
}  # fmt: skip
GAMES = {
    "wae-mmd": {},  # one player; an epoch is many rounds
    "two-stage-vae": {},  # a prior that is trained afterwards
    "flexae-sr": {"average": 0.9},  # six players, eleven batches
    "maskaae": {"average": 0.9, "warmup": 3, "period": 2},  # weights and rates that change
}


@pytest.fixture(scope="module")
def module():
    pytest.importorskip("lightning", reason="pip install 'latentfit[lightning]'")
    from latentfit.lightning import GameModule

    return lambda name, **more: GameModule(model(name, **more), DATA)


def trainer(rounds=ROUNDS, **more):
    from lightning.pytorch import Trainer

    return Trainer(max_steps=rounds, **{**SILENT, **more})


def model(name, **more):
    more = {"seed": 0} | GAMES.get(name, {}) | more
    return lf.recipe(name, DATA, latent=3, width=1 / 16, batch=16, **more)


def same(a, b):
    return all(torch.equal(value, b.state_dict()[name]) for name, value in a.state_dict().items())


@pytest.mark.parametrize("name", GAMES)
def test_the_bits_are_those_of_our_loop_and_so_are_they_after_a_checkpoint(module, name, tmp_path):
    ours = model(name)
    lf.train(ours, DATA, rounds=ROUNDS, validate=False, **QUIET)
    whole = module(name)
    (played := trainer()).fit(whole)
    assert played.global_step == ROUNDS
    assert same(ours, whole.trained())
    assert not whole.trained().training
    (stopped := trainer(SOME)).fit(first := module(name))
    assert not same(ours, first.trained())
    stopped.save_checkpoint(tmp_path / "some.ckpt")
    later = module(name)
    trainer().fit(later, ckpt_path=tmp_path / "some.ckpt", weights_only=True)
    assert same(ours, later.trained())
    assert same(whole.model, later.model)
    read = type(whole).load_from_checkpoint(
        tmp_path / "some.ckpt", model=model(name, seed=1), data=DATA
    )
    assert same(first.trained(), read.trained())


def test_it_logs_terms_by_round_and_validation(module, tmp_path):
    """A loss that is logged is that of our loop; checkpoints of Lightning count rounds."""
    from lightning.pytorch.callbacks import ModelCheckpoint
    from lightning.pytorch.loggers import CSVLogger

    kept = ModelCheckpoint(tmp_path, save_top_k=-1, every_n_train_steps=3, filename="{step}")
    logger = CSVLogger(tmp_path)
    played = trainer(
        logger=logger, enable_checkpointing=True, callbacks=[kept], log_every_n_steps=1
    )
    played.fit(module("maskaae"))
    names = {f"step={step}.ckpt" for step in (3, 6)}
    assert names == {path.name for path in tmp_path.glob("*.ckpt")}
    heard = []
    lf.train(
        model("maskaae"), DATA, rounds=ROUNDS, log_every=1, validate_every=1,
        on_log=lambda *told: heard.append(told), **QUIET
    )  # fmt: skip
    lines = pd.read_csv(f"{logger.log_dir}/metrics.csv").to_dict("records")
    terms = {
        (step, name): value
        for step, told in heard
        for name, value in told.items()
        if "/" in name and name != "mask/active"
    }
    logged = {
        (line["step"] + 1, name): value
        for line in lines
        for name, value in line.items()
        if "/" in name and not math.isnan(value)
    }
    assert logged.keys() == terms.keys()
    assert all(value == pytest.approx(terms[key], rel=1e-6) for key, value in logged.items())
    ours = {step: told["validation"] for step, told in heard if "validation" in told}
    theirs = {line["step"] + 1: line["validation"] for line in lines if line["validation"] > 0}
    assert theirs
    assert {step: pytest.approx(ours[step], rel=1e-6) for step in theirs} == theirs


def test_what_would_be_another_game_is_refused(module, monkeypatch):
    for more, says in (
        ({"precision": "bf16-mixed"}, "plays in precision 32-true, got bf16-mixed"),
        ({"precision": "64-true"}, "plays in precision 32-true, got 64-true"),
    ):
        with pytest.raises(UserError, match=says):
            trainer(**more).fit(module("wae-mmd"))
    several = trainer()
    monkeypatch.setattr(type(several), "world_size", 2)
    with pytest.raises(UserError, match="plays in one process, the Trainer has 2"):
        several.fit(module("wae-mmd"))
    monkeypatch.undo()
    with pytest.raises(UserError, match="only fitted"):
        trainer().validate(module("wae-mmd"))
    with pytest.raises(UserError, match="nothing is trained yet"):
        module("wae-mmd").trained()
    with pytest.raises(UserError, match=r"played by Trainer\.fit"):
        module("wae-mmd").train_dataloader()
    with pytest.raises(UserError, match="player 'critic' would not move in any of 8 rounds"):
        trainer().fit(module("mapae", embedding=8))


def test_divergence_names_the_player(module, monkeypatch):
    lost = lambda likelihood, x, raw: raw.flatten(1).sum(1) * float("nan")  # noqa: E731
    held = module("wae-mmd")
    monkeypatch.setattr(type(held.model.likelihood), "forward", lost)
    with pytest.raises(DivergenceError, match="player 'autoencoder' diverged by round 5: term"):
        trainer(log_every_n_steps=5, num_sanity_val_steps=0).fit(held)


def test_the_example_of_the_module_runs(module):
    found = doctest.testmod(
        sys.modules["latentfit.lightning"], optionflags=doctest.NORMALIZE_WHITESPACE
    )
    assert found.attempted
    assert not found.failed


def test_without_the_extra_one_line_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "lightning.pytorch", None)
    monkeypatch.delitem(sys.modules, "latentfit.lightning", raising=False)
    with pytest.raises(UserError, match=r"pip install 'latentfit\[lightning\]'"):
        import latentfit.lightning  # noqa: F401
