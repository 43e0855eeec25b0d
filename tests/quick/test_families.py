"""Families of networks: their published sizes, every recipe that has them, and what they refuse."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from contract import AT_ONCE, IMAGE, VECTOR, points
from latentfit import networks
from latentfit.checks import UserError
from latentfit.game import Game
from latentfit.recipes import RECIPES, Parts, recipe

# Networks of their own, on images: always, or where a setting asks for them.
OWN = {
    "maskaae": {},
    "lmgae": {},
    "wae-wgan": {},
    "vq-vae": {},
    "pioneer": {"phase": 2},
}
SHARED = {"maskaae": {"dense": False}, "lmgae": {"dense": False}, "wae-wgan": {"dense": False}}
NORMS = (nn.BatchNorm1d, nn.BatchNorm2d)


def count(network):
    return sum(p.numel() for p in network.parameters())


def kinds(network):
    return [type(layer).__name__ for layer in network.modules()]


@pytest.mark.parametrize(
    ("side", "generator", "discriminator"),
    [(32, 4_276_739, 1_053_825), (64, 12_220_675, 10_141_441)],
)
def test_residual_networks_are_those_of_mimicry(side, generator, discriminator):
    shape = (3, side, side)
    assert count(networks.decoder(shape, 128, family="sngan")) == generator
    critic = networks.encoder(shape, 1, family="sngan", norm=False)
    assert count(critic) == discriminator
    # Each sample is judged alone.
    assert not [layer for layer in critic.modules() if isinstance(layer, NORMS)]


@pytest.mark.parametrize("family", ["dai-wipf", "sngan"])
@pytest.mark.parametrize("name", [name for name in RECIPES if name != "vq-vae"])
def test_every_recipe_plays_with_every_family(name, family):
    settings = AT_ONCE.get(name, {}) | SHARED.get(name, {}) | {"width": 1 / 64, "batch": 8}
    usual = recipe(name, IMAGE, latent=4, **settings)
    model = recipe(name, IMAGE, latent=4, family=family, **settings)
    parts = ("encoder", "posterior", "decoder", "image_critic", "critic")
    changed = [
        kinds(getattr(model, part)) != kinds(getattr(usual, part))
        for part in parts if getattr(model, part, None) is not None
    ]  # fmt: skip
    # The two-stage paper has no critic of images: those of some systems stay as they are.
    assert sum(changed) >= (2 if family == "sngan" else 1)
    terms = Game(model).round(points(IMAGE, count=8), 0)
    assert all(bool(value.isfinite()) for value in terms.values())


@pytest.mark.parametrize(("name", "settings"), OWN.items())
def test_systems_with_networks_of_their_own_refuse_a_family(name, settings):
    with pytest.raises(UserError, match=r"networks of its own|has no 'family'|unknown setting"):
        recipe(name, IMAGE, latent=4, family="sngan", width=1 / 64, **settings)


def test_vectors_have_one_family():
    with pytest.raises(UserError, match="family"):
        recipe("flexae", VECTOR, latent=4, family="sngan")
    with pytest.raises(UserError, match="momentum"):
        recipe("flexae", VECTOR, latent=4, momentum=0.5)
    with pytest.raises(UserError, match="did you mean sngan"):
        recipe("flexae", IMAGE, latent=4, family="sngen")


@pytest.mark.parametrize("family", networks.FAMILIES)
@pytest.mark.parametrize("share", [0.0, 0.25, 1.0])
def test_momentum_is_the_share_of_a_new_batch(family, share):
    parts = Parts(IMAGE, 4, width=1 / 64, family=family, momentum=share)
    for network, x in (
        (parts.encoder(), next(points(IMAGE))),
        (parts.decoder(), torch.randn(9, 4)),
    ):
        norms = [layer for layer in network.modules() if isinstance(layer, NORMS)]
        assert [layer.momentum for layer in norms] == [share] * len(norms)
        assert norms
        before = norms[0].running_mean.clone()
        network.train()(x)
        assert torch.equal(before, norms[0].running_mean) == (share == 0)


def test_width_scales_every_network():
    for family in networks.FAMILIES:
        whole, half = (Parts((1, 28, 28), 8, width=w, family=family) for w in (0.25, 0.125))
        for part in ("encoder", "decoder", "image_critic"):
            assert 2 < count(getattr(whole, part)()) / count(getattr(half, part)()) < 4.5, part
