"""Networks of signals: their form, every recipe on them, and what they refuse."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn.utils.parametrize import is_parametrized

from contract import AT_ONCE, points
from latentfit import networks
from latentfit.checks import UserError
from latentfit.game import Game
from latentfit.networks.signals import Fit, SignalDecoder, SignalEncoder, halvings
from latentfit.recipes import RECIPES, recipe

LONG, SHORT = (2, 50), (3, 5)
WITHOUT = ("vae-bernoulli", "vq-vae")


def count(network):
    return sum(p.numel() for p in network.parameters())


@pytest.mark.parametrize("positions", [3, 4, 7, 24, 32, 33, 50, 63, 64, 150, 1047, 5000])
@pytest.mark.parametrize("channels", [1, 3])
def test_any_length_comes_back_and_few_positions_are_left_inside(positions, channels):
    shape = (channels, positions)
    torch.manual_seed(0)
    encoder = networks.encoder(shape, 5)
    if positions > 16:
        inner = Fit(shape)(torch.zeros(1, *shape)).shape[2] / 2 ** halvings(positions)
        assert 8 < inner <= 16
        assert inner == round(inner)
    assert any(isinstance(layer, nn.Conv1d) for layer in encoder.modules()) == (positions > 3)
    x = torch.randn(3, *shape)
    z = encoder(x)
    assert z.shape == (3, 5)
    assert networks.decoder(shape, 5)(z).shape == x.shape
    assert count(encoder) < 400_000


def test_what_is_added_on_the_way_in_repeats_the_last_position():
    x = torch.arange(66.0).reshape(1, 2, 33)
    held = Fit((2, 33))(x)
    assert held.shape == (1, 2, 36)
    torch.testing.assert_close(held[..., :33], x)
    torch.testing.assert_close(held[..., 33:], x[..., -1:].expand(1, 2, 3))


def test_the_decoder_lays_no_comb_over_what_it_gives():
    decoder = SignalDecoder((1, 128), 2, width=0.25).eval()
    with torch.no_grad():
        for layer in decoder.modules():
            if isinstance(layer, nn.Linear | nn.ConvTranspose1d):
                layer.weight.fill_(0.1)
        decoder.straight.weight.zero_()
        (signal,) = decoder(torch.ones(1, 2))[0]
    inside = signal[40:-40]
    assert float(inside.abs().min()) > 0
    torch.testing.assert_close(inside, inside[:1].expand_as(inside))


def test_a_linear_map_lies_beside_the_convolutions():
    for network, inputs in ((SignalEncoder(LONG, 3), LONG), (SignalDecoder(LONG, 3), (3,))):
        with torch.no_grad():
            for layer in network.layers.modules():
                if isinstance(layer, nn.Linear | nn.Conv1d | nn.ConvTranspose1d):
                    layer.weight.zero_()
        x = torch.randn(4, *inputs)
        expected = x.flatten(1) @ network.straight.weight.T
        torch.testing.assert_close(network.eval()(x).flatten(1), expected)


def test_each_signal_is_judged_alone():
    x = torch.randn(6, *LONG)
    network = networks.encoder(LONG, 2)
    torch.testing.assert_close(network(x)[:2], network(x[:2]))


def test_width_reaches_the_networks():
    shape = (1, 150)
    assert (
        count(recipe("ae", shape, latent=4, width=0.5)) < count(recipe("ae", shape, latent=4)) / 3
    )


def test_spectral_norm_is_on_every_layer():
    network = networks.spectrally_normal_everywhere(SignalDecoder(LONG, 3))
    layers = [layer for layer in network.modules()
              if isinstance(layer, nn.Linear | nn.ConvTranspose1d)]  # fmt: skip
    assert len(layers) == 5
    assert all(is_parametrized(layer, "weight") for layer in layers)


@pytest.mark.parametrize("shape", [LONG, SHORT], ids=["long", "short"])
@pytest.mark.parametrize("name", [name for name in RECIPES if name not in WITHOUT])
def test_every_recipe_plays_on_signals(name, shape):
    model = recipe(name, shape, latent=4, width=1 / 16, batch=8, **AT_ONCE.get(name, {}))
    game, batches = Game(model), points(shape, count=8)
    terms = [game.round(batches, number) for number in range(2)]
    assert all(value.isfinite() for value in terms[-1].values())
    model.eval()
    assert model.decode(torch.randn(3, 4)).shape == (3, *shape)
    assert all(p.isfinite().all() for p in model.parameters())


@pytest.mark.parametrize(
    ("name", "shape", "settings", "said"),
    [
        ("vae-bernoulli", LONG, {}, r"needs images in \[0, 1\], got signals"),
        ("vq-vae", LONG, {}, "needs images, got signals"),
        ("pioneer", LONG, {"phase": 2}, "need images, got signals; use --set phase=0"),
        ("ae", LONG, {"family": "sngan"}, "one of images; leave it out for signals"),
        ("ae", LONG, {"link": "identity"}, "signals have no link"),
        ("ae", LONG, {"momentum": 0.1}, "networks of signals have no batch norm"),
        ("ae", (12,), {"momentum": 0.1}, "networks of vectors have no batch norm"),
    ],
)
def test_what_is_of_images_is_refused(name, shape, settings, said):
    with pytest.raises(UserError, match=said):
        recipe(name, shape, latent=4, **settings)
