"""Kept features stand for all that made them, and are no more than a cache."""

from __future__ import annotations

import pytest
import torch
from torch import nn

import latentfit as lf
from latentfit import metrics
from latentfit.scoring import reference as kept
from latentfit.scoring.reference import cache, reference
from shell import command, training

CPU = torch.device("cpu")
DATA = lf.data.load("digits")


class Scaled(nn.Module):
    """Layers and weights say nothing of the factor."""

    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = factor

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.factor * x.flatten(1)


def own_functions():
    net, held = nn.Flatten(), {"factor": 1.0}
    yield metrics.from_module("mine", net)
    yield metrics.from_module("mine", net, features=lambda x: net(2 * x))
    yield metrics.from_module("mine", Scaled(1.0))
    yield metrics.from_module("mine", Scaled(2.0))
    yield metrics.from_module("mine", net, features=lambda x: held["factor"] * net(x))
    held["factor"] = 3.0
    yield metrics.from_module("mine", net, features=lambda x: held["factor"] * net(x))
    yield metrics.Extractor("lenet", metrics.lenet("digits").hash, lambda x: 4 * x.flatten(1))


def test_features_of_functions_from_outside_are_their_own():
    reference(DATA, metrics.lenet("digits"), 40, CPU)
    for extractor in own_functions():
        found = reference(DATA, extractor, 40, CPU)
        assert torch.equal(found.test, extractor(DATA.test.some(40)))
        assert torch.equal(reference(DATA, extractor, 40, CPU).test, found.test)


def test_features_of_shipped_networks_are_kept_by_count_and_data(monkeypatch):
    extractor = metrics.lenet("digits")
    first = reference(DATA, extractor, 40, CPU)
    (path,) = cache().iterdir()
    for part in (DATA.fingerprint, "lenet", extractor.hash, "-40-"):
        assert part in path.name
    monkeypatch.setattr(kept, "extract", lambda *given: pytest.fail("made again"))
    again = reference(DATA, extractor, 40, CPU)
    assert all(torch.equal(vars(first)[name], vars(again)[name]) for name in vars(first))
    with pytest.raises(pytest.fail.Exception):
        reference(DATA, extractor, 41, CPU)


def test_extractors_of_other_layers_have_other_hashes():
    one, other = nn.Sequential(nn.Flatten()), nn.Sequential(nn.Flatten(), nn.ReLU())
    assert metrics.from_module("a", one).hash != metrics.from_module("a", other).hash
    half = nn.Sequential(nn.Flatten(), nn.Linear(64, 2)).bfloat16()
    assert len(metrics.from_module("a", half).hash) == 12
    # Of results that are recorded.
    assert metrics.lenet("digits").hash == "b82d2cdb24b5"


@pytest.mark.parametrize("damage", [b"", b"nonsense", None])
def test_a_damaged_file_is_made_again(damage):
    extractor = metrics.lenet("digits")
    first = reference(DATA, extractor, 40, CPU)
    (path,) = cache().iterdir()
    whole = path.read_bytes()
    if damage is None:  # a sound file of something else
        from safetensors.torch import save_file

        save_file({"test": torch.zeros(2, 2)}, path)
    else:
        path.write_bytes(damage + whole[: len(whole) // 2] * bool(damage))
    assert torch.equal(reference(DATA, extractor, 40, CPU).other, first.other)
    assert path.read_bytes() == whole
    assert [item.name for item in cache().iterdir()] == [path.name]


def test_the_cache_may_be_no_folder(tmp_path, monkeypatch, capsys):
    wrong = tmp_path / "file"
    wrong.write_text("here is a file")
    monkeypatch.setenv("LATENTFIT_CACHE", str(wrong / "cache"))
    found = reference(DATA, metrics.lenet("digits"), 40, CPU)
    assert torch.equal(found.test, metrics.lenet("digits")(DATA.test.some(40)))
    said = capsys.readouterr().err
    assert said.startswith("latentfit: features are not kept for the next time (")
    assert said.count("\n") == 1


def test_a_full_disk_and_no_home_do_not_stop_a_score(monkeypatch, capsys):
    def full(*given):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(kept, "save_file", full)
    reference(DATA, metrics.lenet("digits"), 40, CPU)
    assert "No space left" in capsys.readouterr().err
    assert not list(cache().iterdir())
    monkeypatch.delenv("LATENTFIT_CACHE")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)

    def homeless():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(kept.Path, "home", homeless)
    assert cache() is None
    reference(DATA, metrics.lenet("digits"), 40, CPU)


def test_another_writer_does_not_disturb(monkeypatch):
    extractor, own = metrics.lenet("digits"), kept.save_file
    turns = []

    def save(held, draft):
        own(held, draft)
        if not turns:  # in the middle of it another process writes the same
            turns.append(1)
            reference(DATA, extractor, 40, CPU)

    monkeypatch.setattr(kept, "save_file", save)
    first = reference(DATA, extractor, 40, CPU)
    assert torch.equal(reference(DATA, extractor, 40, CPU).train, first.train)
    assert len(list(cache().iterdir())) == 1


def test_a_training_without_a_cache_ends_with_its_scores(tmp_path, monkeypatch):
    monkeypatch.setenv("LATENTFIT_CACHE", "/proc/none")
    words = training("ae", tmp_path / "run", "--rounds", "2")
    words.remove("--no-evaluate")
    done = command(*words, check=True)
    assert "features are not kept" in done.stderr
    assert (tmp_path / "run" / "report.html").exists()
