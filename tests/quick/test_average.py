"""What is exported, validated and resumed is the average; critics and masks are what they were."""

from __future__ import annotations

import copy

import pytest
import torch
from played import QUIET, apart, by_hand
from safetensors.torch import load_file
from torch.nn import ConvTranspose2d as Up
from torch.nn.utils.parametrize import is_parametrized

import latentfit as lf
from latentfit.game import Game
from latentfit.training import Settings
from latentfit.training import train as play
from latentfit.training.average import Average

pytestmark = pytest.mark.usefixtures("single")


@pytest.mark.parametrize("decay", [0.3, None])
def test_what_is_exported_equals_the_average_and_critics_stay_raw(decay, tmp_path):
    data = apart()
    model = lf.recipe("wae-gan", data, latent=2, width=1 / 8, batch=16, average=decay)
    twin = copy.deepcopy(model)
    run = lf.train(model, data, rounds=12, out=tmp_path, **QUIET)
    raw, average = by_hand(twin, data, 12, decay or 0.0)
    expected = raw if decay is None else average
    exported = load_file(tmp_path / "model.safetensors")
    for name, value in exported.items():
        wanted = raw[name] if name.startswith("critic.") else expected[name]
        torch.testing.assert_close(value, wanted, rtol=1e-5, atol=1e-6)
        assert torch.equal(run.model.state_dict()[name], value)
    if decay is not None:
        assert not torch.allclose(
            raw["encoder.layers.1.weight"], average["encoder.layers.1.weight"]
        )
    again = lf.load(tmp_path, device="cpu", weights="raw").state_dict()
    for name, value in raw.items():
        torch.testing.assert_close(again[name], value, rtol=1e-5, atol=1e-6)


def test_the_mask_that_is_exported_is_not_an_average(tmp_path):
    data = apart()
    model = lf.recipe("maskaae", data, latent=3, width=1 / 8, batch=16, warmup=0, average=0.9)
    twin = copy.deepcopy(model)
    lf.train(model, data, rounds=6, out=tmp_path, **QUIET)
    raw, average = by_hand(twin, data, 6, 0.9)
    held = load_file(tmp_path / "model.safetensors")
    torch.testing.assert_close(held["mask.alpha"], raw["mask.alpha"])
    assert not torch.allclose(raw["mask.alpha"], average["mask.alpha"])
    name = "decoder.layers.1.weight"
    torch.testing.assert_close(held[name], average[name], rtol=1e-5, atol=1e-6)


def test_the_average_by_hand_and_after_a_checkpoint():
    model = lf.recipe("flexae", (6,), latent=2, width=1 / 8)
    average, weight = Average(model, 0.5), model.decoder.layers[1].weight
    expected = weight.detach().clone()
    for step in range(12):
        with torch.no_grad():
            weight.add_(1.0)
        average.turn_to(step)
        average.update()
        d = min(0.5, (1 + step) / (10 + step))
        expected = d * expected + (1 - d) * weight.detach()
    name = "decoder.layers.1.weight"
    torch.testing.assert_close(average.state_dict()[name], expected)
    assert not [n for n in average.state_dict() if n.startswith("critic")]
    other = Average(model, 0.5)
    other.load_state_dict({n: v.clone() for n, v in average.state_dict().items()})
    own = weight.detach().clone()
    with other.applied():
        torch.testing.assert_close(model.decoder.layers[1].weight, expected)
    assert torch.equal(weight, own)


def test_validation_looks_at_the_averaged_weights(tmp_path):
    data = apart()
    model = lf.recipe("ae", data, latent=2, width=1 / 8, batch=16, average=0.9)
    twin, seen = copy.deepcopy(model), []
    play(
        model, data, Settings(rounds=4, validate_every=4, progress=False, device="cpu"),
        validate=lambda m: seen.append({n: v.clone() for n, v in m.state_dict().items()}) or 1.0,
    )  # fmt: skip
    _, average = by_hand(twin, data, 4, 0.9)
    held, last = seen  # the last weights beside them, at the end
    name = "decoder.layers.1.weight"
    torch.testing.assert_close(held[name], average[name], rtol=1e-5, atol=1e-6)
    assert not torch.equal(held[name], last[name])


@pytest.mark.parametrize(
    ("worse", "last", "told"), [(2.1, 1.0, True), (1.9, 1.0, False), (-1.0, -1.0, False)]
)
def test_an_average_that_lags_behind_the_weights_is_told(worse, last, told, capsys):
    data, scores = apart(), iter([worse, last])
    model = lf.recipe("ae", data, latent=2, width=1 / 8, batch=16, average=0.9)
    settings = Settings(rounds=4, validate_every=4, progress=True, device="cpu")
    play(model, data, settings, validate=lambda _: next(scores))
    said = " ".join(capsys.readouterr().err.split())
    assert ("at 2.1 on validation data, the last ones at 1" in said) == told
    assert ("--set average=none" in said) == told


def spectral():
    """A small RAE-SN on images, whose networks have both spectral norm and batch norm."""
    return lf.recipe("rae-sn", (1, 8, 8), latent=2, width=1 / 8, rate=1e-2, average=0.9)


def test_averaged_weights_of_networks_with_spectral_norm_have_norm_one():
    model = spectral().train()
    average, game, x = Average(model, 0.9), Game(model), torch.rand(16, 1, 8, 8)
    for step in range(200):
        game.round(iter(lambda: x, None), step)
        average.turn_to(step)
        average.update()
    with average.applied():
        layers = [m.eval() for m in model.modules() if is_parametrized(m)]
        for layer in layers:
            weight = layer.weight.detach()
            rows = weight.transpose(0, 1) if isinstance(layer, Up) else weight
            norm = torch.linalg.matrix_norm(rows.flatten(1), 2)
            assert float(norm) == pytest.approx(1.0, abs=0.02)
    assert len(layers) == 9
