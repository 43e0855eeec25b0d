"""Densities of codes and priors in closed form, against integrals, Jacobians and draws."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import nn

from latentfit.checks import UserError
from latentfit.expost import CodeFlow, CodeMixture, CodeSequence, DensityPrior
from latentfit.game import Game
from latentfit.networks import Mask
from latentfit.priors import (
    Cube,
    GaussianMixture,
    KernelDensity,
    Masked,
    Normal,
    Pushforward,
    Ring,
    Sphere,
)
from latentfit.seeds import seeded


@pytest.fixture(autouse=True)
def single():
    """Priors as people make them."""
    torch.set_default_dtype(torch.float32)


def test_flow_has_the_density_of_its_jacobian():
    torch.manual_seed(0)
    flow = CodeFlow(3, steps=2, hidden=(8,)).double()
    for parameter in flow.parameters():
        nn.init.normal_(parameter, std=0.5)
    u = torch.randn(1, 3).double()
    jacobian = torch.autograd.functional.jacobian(lambda v: flow.noise(v)[0], u).reshape(3, 3)
    torch.testing.assert_close(flow.noise(u)[1][0], jacobian.det().abs().log())


@pytest.mark.parametrize(
    "make",
    [
        lambda: CodeFlow(2, steps=2, hidden=(8,)),
        lambda: CodeMixture(2, components=4),
        lambda: CodeSequence(2, components=3, hidden=(8,)),
    ],
    ids=["flow", "mixture", "sequence"],
)
def test_densities_of_codes_integrate_to_one_and_draw_what_they_say(make):
    density = make()
    with seeded(3, "test"):
        for parameter in density.parameters():
            nn.init.normal_(parameter, std=0.4)
        density.begin(torch.randn(50, 2) * torch.tensor([2.0, 0.5]) + 1)
        drawn = density.draw(4_000)
    line = torch.linspace(-8, 8, 400)
    u = torch.cartesian_prod(line, line)
    z = density.shift + density.scale * u
    cell = (line[1] - line[0]).square() * density.scale.prod()
    with torch.no_grad():
        mass = density.log_density(z).exp() * cell
    assert mass.sum().item() == pytest.approx(1, abs=2e-3)
    mean = mass @ z
    deviation = (mass @ (z - mean).square()).sqrt()
    assert ((drawn.mean(0) - mean).abs() < 0.1 * deviation).all()
    torch.testing.assert_close(drawn.std(0), deviation, rtol=0.1, atol=0)


def test_each_dimension_of_a_sequence_sees_only_those_before_it():
    density = CodeSequence(4, components=2, hidden=(64, 64))  # enough that no path is dead
    for parameter in density.parameters():
        nn.init.normal_(parameter, std=0.4)
    jacobian = torch.autograd.functional.jacobian(
        lambda u: density._components(u)[1].sum((0, 2)), torch.randn(1, 4)
    )
    assert not jacobian[:, 0].triu().any()
    assert jacobian[:, 0].tril(-1).count_nonzero() == 6


def test_kernel_density_has_scotts_width():
    codes = torch.randn(500, 3, generator=torch.Generator().manual_seed(0)) * torch.tensor(
        [1.0, 2.0, 4.0]
    )
    prior = KernelDensity(3, count=400)
    prior.fit(codes, seed=1)
    kept = prior.codes
    torch.testing.assert_close(prior.width, 400 ** (-1 / 7) * kept.std(0))
    assert {tuple(row) for row in kept.tolist()} <= {tuple(row) for row in codes.tolist()}
    for seed in (1, 2):
        again = KernelDensity(3, count=400)
        again.fit(codes, seed=seed)
        assert torch.equal(again.codes, kept) == (seed == 1)


def test_kernel_density_draws_around_what_it_kept():
    codes = torch.tensor([[0.0, 10.0], [4.0, 30.0]]).repeat(50, 1)
    prior = KernelDensity(2, count=100)
    with pytest.raises(UserError, match="not fitted"):
        prior.sample(1)
    prior.fit(codes, seed=0)
    assert int(prior.held) == 100
    torch.manual_seed(0)
    drawn = prior.sample(20_000)
    width = 100 ** (-1 / 6) * codes.std(0)
    expected = (codes.var(0) * 99 / 100 + width**2).sqrt()
    torch.testing.assert_close(drawn.mean(0), codes.mean(0), rtol=0.02, atol=0.1)
    torch.testing.assert_close(drawn.std(0), expected, rtol=0.03, atol=0)
    few = KernelDensity(2, count=10_000)
    few.fit(codes, seed=0)
    assert int(few.held) == 100
    assert float(few.sample(500).abs().max()) < 100  # none of the empty places


@pytest.mark.parametrize(
    "make",
    [
        lambda: CodeFlow(3, steps=2, hidden=(8,)),
        lambda: CodeMixture(3, components=4),
        lambda: CodeSequence(3, hidden=(8,)),
    ],
    ids=["flow", "mixture", "sequence"],
)
def test_codes_are_standardised_by_those_it_is_trained_on(make):
    density = make()
    codes = torch.randn(500, 3) * torch.tensor([2.0, 0.5, 0.0]) + torch.tensor([5.0, -1.0, 7.0])
    density.begin(codes)
    torch.testing.assert_close(density.shift, codes.mean(0))
    torch.testing.assert_close(density.scale[:2], codes.std(0)[:2])
    assert density.scale[2] == 1  # a closed dimension keeps deviation 1
    z = codes[:4]
    u = (z - density.shift) / density.scale
    expected = density.standard_density(u) - density.scale.log().sum()
    torch.testing.assert_close(density.log_density(z), expected)
    torch.testing.assert_close(density.fit(z)["surprise"], -expected.mean())
    prior = DensityPrior(density)
    torch.testing.assert_close(prior.log_density(z), expected)
    assert prior.longer == 0.25
    assert (len(CodeMixture(1).mean), CodeFlow(1).batch, CodeSequence(1).batch) == (500, 128, 128)
    torch.manual_seed(1)
    drawn = density.shift + density.scale * density.standard_draw(5)
    torch.manual_seed(1)
    torch.testing.assert_close(prior.sample(5), drawn)


@pytest.mark.parametrize(
    ("make", "rate"),
    [(lambda: CodeFlow(2), 1e-3), (lambda: CodeMixture(2), 1e-2), (lambda: CodeSequence(2), 1e-3)],
)
def test_densities_learn_by_adam(make, rate):
    density = make()
    (turn,) = density.turns()
    player = turn.players["prior"]
    (group,) = player.optimizer(player.parameters()).param_groups
    assert (group["lr"], group["betas"]) == (rate, (0.9, 0.999))
    assert (density.batch, density.average) == (128, 0.999)
    density.begin(torch.randn(600, 2))
    x = torch.randn(64, 2) * 0.5 + 1
    game = Game(density)
    torch.manual_seed(0)
    losses = [float(game.round(iter([x]), step)["prior/surprise"]) for step in range(20)]
    assert losses[-1] < losses[0]


def test_a_mixture_starts_at_codes_and_its_density_is_by_hand():
    codes = torch.randn(50, 3)
    mixture = CodeMixture(3, components=4)
    mixture.begin(codes)
    u = (codes - mixture.shift) / mixture.scale
    assert all(bool(((u - row).abs().sum(1) < 1e-5).any()) for row in mixture.mean.detach())
    mixture.logits.data = torch.tensor([0.0, 1.0, 2.0, 3.0])
    mixture.raw.data = 0.3 * torch.randn(4, 3)
    scale = (3 * (mixture.raw / 3).tanh()).exp()
    law = torch.distributions.Normal(mixture.mean, scale)
    parts = law.log_prob(u[:5, None]).sum(2) + mixture.logits.log_softmax(0)
    torch.testing.assert_close(mixture.standard_density(u[:5]), parts.logsumexp(1))


def test_a_flow_turns_back_what_it_turned():
    torch.manual_seed(0)
    flow = CodeFlow(4, steps=3, hidden=(16,)).double()
    for parameter in flow.parameters():
        nn.init.normal_(parameter, std=0.3)
    u = torch.randn(9, 4).double()
    noise, stretch = flow.noise(u)
    torch.testing.assert_close(flow.decode(noise), u)
    expected = torch.distributions.Normal(0.0, 1.0).log_prob(noise).sum(1) + stretch
    torch.testing.assert_close(flow.standard_density(u), expected)


# Priors that stand still


def moments(prior, n=40_000):
    torch.manual_seed(0)
    with torch.no_grad():
        drawn = prior.sample(n)
    return drawn, drawn.mean(0), drawn.std(0)


def test_normal_has_its_deviation_and_its_density():
    prior = Normal(3, deviation=2.0)
    _, mean, deviation = moments(prior)
    torch.testing.assert_close(mean, torch.zeros(3), rtol=0, atol=0.05)
    torch.testing.assert_close(deviation, torch.full((3,), 2.0), rtol=0.02, atol=0)
    z = torch.tensor([[1.0, 2.0, 3.0]])
    expected = -14 / 8 - 3 * math.log(2) - 1.5 * math.log(2 * math.pi)
    assert float(prior.log_density(z)) == pytest.approx(expected, rel=1e-6)
    # A code that diverged says so in its term, where the loop finds it with the player's name.
    assert prior.log_density(z * math.nan).isnan().all()


def test_masked_draws_are_scaled_and_noisy():
    mask = Mask(2)
    mask.alpha.data = torch.tensor([0.0, math.log(2.0)])  # mu = 0 and 1/2
    _, mean, deviation = moments(Masked(mask, 2, noise=0.1))
    torch.testing.assert_close(mean, torch.zeros(2), rtol=0, atol=0.01)
    expected = torch.tensor([0.1, math.sqrt(0.25 + 0.01)])
    torch.testing.assert_close(deviation, expected, rtol=0.02, atol=0)
    assert not Masked(mask, 2).sample(100)[:, 0].any()


def test_pushforward_cube_and_sphere():
    network = nn.Linear(3, 2)
    torch.manual_seed(0)
    expected = network(torch.randn(7, 3))
    torch.manual_seed(0)
    torch.testing.assert_close(Pushforward(network, 3).sample(7), expected)
    drawn, mean, deviation = moments(Cube(2))
    assert float(drawn.abs().max()) <= 1
    torch.testing.assert_close(deviation, torch.full((2,), 1 / math.sqrt(3)), rtol=0.02, atol=0)
    drawn, mean, deviation = moments(Sphere(3))
    torch.testing.assert_close(drawn.norm(dim=1), torch.ones(len(drawn)))
    torch.testing.assert_close(deviation, torch.full((3,), 1 / math.sqrt(3)), rtol=0.02, atol=0)
    torch.testing.assert_close(mean, torch.zeros(3), rtol=0, atol=0.02)


def test_a_ring_has_its_modes_and_unit_variance():
    prior = Ring(3, modes=4, ratio=0.01)
    drawn, mean, deviation = moments(prior)
    torch.testing.assert_close(mean, torch.zeros(3), rtol=0, atol=0.03)
    torch.testing.assert_close(deviation, torch.ones(3), rtol=0.02, atol=0)
    angle = torch.atan2(drawn[:, 1], drawn[:, 0])
    turned = (angle / (math.pi / 2)).round() % 4
    assert all(0.24 < float((turned == k).float().mean()) < 0.26 for k in range(4))
    radius = drawn[:, :2].norm(dim=1)
    torch.testing.assert_close(radius.mean(), torch.tensor(math.sqrt(2.0)), rtol=0.01, atol=0)
    with pytest.raises(UserError, match="'latent' must be at least 2, got 1; a ring needs a plane"):
        Ring(1)
    with pytest.raises(UserError, match="'modes' must be at least 3, got 2"):
        Ring(2, modes=2)
    assert Ring(2, modes=3).sample(1).shape == (1, 2)
    assert (Ring(2).modes, Ring(2).ratio) == (8, 0.125)


def test_a_mixture_keeps_full_covariances():
    generator = np.random.default_rng(0)
    root = np.array([[2.0, 0.0], [1.5, 0.3]])
    codes = torch.from_numpy((generator.normal(size=(5_000, 2)) @ root.T + [4, -2]).astype("f4"))
    prior = GaussianMixture(2, components=1)
    prior.fit(codes, seed=1)
    _, mean, _ = moments(prior)
    torch.testing.assert_close(mean, torch.tensor([4.0, -2.0]), rtol=0, atol=0.1)
    drawn, _, _ = moments(prior)
    expected = torch.from_numpy((root @ root.T).astype("f4"))
    torch.testing.assert_close(torch.cov(drawn.T), expected, rtol=0.05, atol=0.05)
    law = torch.distributions.MultivariateNormal(prior.means[0], scale_tril=prior.factors[0])
    torch.testing.assert_close(prior.log_density(codes[:9]), law.log_prob(codes[:9]))
    some = torch.randn(200, 2)
    fits = []
    for given in ({}, {"seed": 0}, {"seed": 1}):
        several = GaussianMixture(2, components=6)
        several.fit(some, **given)
        fits.append(several.means)
    parts = [
        share.log() + torch.distributions.MultivariateNormal(mean, scale_tril=factor).log_prob(some)
        for share, mean, factor in zip(several.weights, several.means, several.factors, strict=True)
    ]
    torch.testing.assert_close(several.log_density(some), torch.stack(parts).logsumexp(0))
    assert torch.equal(fits[0], fits[1])
    assert not torch.equal(fits[0], fits[2])
    with pytest.raises(UserError, match="at least as many codes"):
        GaussianMixture(2, components=10).fit(codes[:5])
