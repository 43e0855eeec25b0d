"""Systems without a latent divergence, against formulas."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
import torch
from moves import A, B, X, kl
from torch import nn
from torch.nn import functional

from latentfit.checks import UserError
from latentfit.game import Game
from latentfit.metrics import kl_profile
from latentfit.models import (
    AGE,
    GAN,
    ImplicitPrior,
)
from latentfit.models.age import batch_kl
from latentfit.networks.layers import equalised
from latentfit.optimizers import adam
from latentfit.players import Player, Turn
from latentfit.priors import Ratio, Tilted
from latentfit.recipes import recipe


def small(name, **settings):
    return recipe(name, (12,), latent=4, width=1 / 16, batch=16, **settings)


# GAN


@pytest.mark.parametrize(
    ("form", "critic", "generator"),
    [
        ("ns", lambda r, f: (1 + (-r).exp()).log().mean() + (1 + f.exp()).log().mean(),
         lambda f: (1 + (-f).exp()).log().mean()),
        ("mm", lambda r, f: (1 + (-r).exp()).log().mean() + (1 + f.exp()).log().mean(),
         lambda f: -(1 + f.exp()).log().mean()),
        ("ls", lambda r, f: ((r - 1) ** 2).mean() / 2 + (f**2).mean() / 2,
         lambda f: ((f - 1) ** 2).mean() / 2),
        ("wgan-gp", lambda r, f: f.mean() - r.mean(), lambda f: -f.mean()),
    ],
)  # fmt: skip
def test_gan_losses_are_those_of_the_table(form, critic, generator):
    model = small("gan", form=form)
    assert isinstance(model, GAN)
    torch.manual_seed(1)
    made = model.decode(model.prior.sample(16))
    real, fake = model.critic(X), model.critic(made)
    torch.manual_seed(1)
    terms = model.judge(X)
    first = next(iter(terms.values()))
    torch.testing.assert_close(first, critic(real, fake))
    torch.manual_seed(1)
    torch.testing.assert_close(model.climb(X)["fooled"], generator(fake))


# AGE and Pioneer


def test_batch_divergences_golden():
    codes = functional.normalize(A, dim=1)
    assert float(batch_kl(codes, "age")) == pytest.approx(0.9222666001, rel=1e-9)
    assert float(batch_kl(codes, "gaussian")) == pytest.approx(0.3203683807, rel=1e-9)
    match = (2 - codes * functional.normalize(B, dim=1)).mean()
    assert float(match) == pytest.approx(2.0041367322, rel=1e-9)


def test_spherical_games_keep_codes_on_the_sphere_and_cap_the_reward():
    model = small("age")
    assert isinstance(model, AGE)
    torch.testing.assert_close(model.encode(X).norm(dim=1), torch.ones(16))
    model.top = -100.0  # below any divergence, so that the cap is what remains
    assert model.spread_out(X)["made"].item() == 100.0
    with pytest.raises(UserError, match="unknown spread 'wide'"):
        recipe("age", (12,), spread="wide")


def test_growing_networks_fade_phases_in_and_go_on_after_a_checkpoint():
    model = recipe("pioneer", (1, 12, 12), latent=4, width=1 / 64, batch=8, phase=4)
    growth = model.growth
    assert (growth.side, growth.last) == (16, 2)
    x = torch.rand(8, 1, 12, 12)
    game, phases = Game(model), []
    for step in range(9):
        terms = game.round(iter([x] * 3), step)
        phases.append((growth.phase, float(growth.alpha)))
        assert all(bool(value.isfinite()) for value in terms.values())
    assert phases == [(0, 1), (0, 1), (0, 1), (0, 1), (1, 0), (1, 0.5), (1, 1), (1, 1), (2, 0)]
    assert [growth.fading(step) for step in (1, 4, 5, 6, 8)] == [False, True, True, False, True]
    again = recipe("pioneer", (1, 12, 12), latent=4, width=1 / 64, batch=8, phase=4)
    again.load_state_dict(model.state_dict())
    assert again.growth.phase == 2
    with torch.no_grad():
        torch.testing.assert_close(again.eval().reconstruct(x), model.eval().reconstruct(x))


def test_a_new_phase_starts_as_what_was_there():
    model = recipe("pioneer", (1, 8, 8), latent=4, width=1 / 64, batch=8, phase=4)
    x, z = torch.rand(3, 1, 8, 8), model.prior.sample(3)
    with torch.no_grad():
        model.growth.turn_to(3)
        before = model.decode(z), model.growth.coarse(x)
        model.growth.turn_to(4)
        assert (model.growth.phase, float(model.growth.alpha)) == (1, 0.0)
        torch.testing.assert_close(model.decode(z), before[0])
        torch.testing.assert_close(model.growth.coarse(x), before[1])


# ALAE


@pytest.mark.parametrize(("inputs", "speed"), [(8, 1.0), (512, 0.1)])
def test_equalised_layers_move_at_a_speed_relative_to_their_size(inputs, speed):
    torch.manual_seed(0)
    layer, scale = equalised(nn.Linear(inputs, 64), speed=speed), (2 / inputs) ** 0.5
    before = layer.weight.detach().clone()
    assert float(before.std()) == pytest.approx(scale, rel=0.1)
    optimizer = torch.optim.Adam(layer.parameters(), lr=0.01)  # its first step is lr everywhere
    layer(torch.ones(1, inputs)).sum().backward()
    optimizer.step()
    torch.testing.assert_close(
        (before - layer.weight) / scale, torch.full_like(before, 0.01 * speed)
    )
    torch.testing.assert_close(layer.bias, torch.full((64,), -0.01 * speed))


def test_reciprocity_trains_the_generator_through_the_encoder_but_not_the_target():
    model = small("alae")
    torch.manual_seed(0)
    loss = model.agree(X)["codes"]
    torch.manual_seed(0)
    w = model.prior.sample(16)
    torch.testing.assert_close(loss, (model.encode(model.decode(w)) - w).square().mean())
    loss.backward()
    assert all(p.grad is not None for p in model.prior.parameters())
    free = small("alae")
    free.load_state_dict(model.state_dict())
    torch.manual_seed(0)
    w = free.prior.sample(16)
    (free.encode(free.decode(w)) - w).square().mean().backward()
    mine, other = (next(m.prior.parameters()).grad for m in (model, free))
    assert not torch.allclose(mine, other)  # the target holds still in ours


def test_slope_of_alae_reaches_through_both_halves():
    model = small("alae")
    x = X.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(model.critic(model.encoder(x)).sum(), x)
    torch.testing.assert_close(model.judge(X)["slope"], gradient.square().sum(1).mean())


# IntroVAE and Soft-IntroVAE


# VAE with an implicit optimal prior


def test_tilted_prior_follows_the_ratio():
    # e^{a z} N(z; 0, 1) is N(a, 1) up to a factor.
    head = nn.Linear(1, 1, bias=False)
    nn.init.constant_(head.weight, 0.7)
    ratio = Ratio(nn.Identity(), head)
    prior = Tilted(ratio, 1, proposals=400)
    assert Tilted(ratio, 1, proposals=1).sample(3).shape == (3, 1)
    with pytest.raises(UserError, match="'proposals' must be at least 1"):
        Tilted(ratio, 1, proposals=0)
    torch.manual_seed(0)
    with torch.no_grad():
        drawn = prior.sample(20_000)
    assert float(drawn.mean()) == pytest.approx(0.7, abs=0.03)
    assert float(drawn.std()) == pytest.approx(1.0, abs=0.03)


def test_ratio_learns_the_log_ratio_and_corrects_the_divergence():
    model = small("vae-iop", warmup=0, dropout=0.0)
    assert isinstance(model, ImplicitPrior)
    ratio = model.ratio
    optimizer = torch.optim.Adam(ratio.parameters(), 3e-3)
    torch.manual_seed(0)
    for _ in range(1500):
        codes, noise = torch.randn(256, 4) + 0.5, torch.randn(256, 4)
        loss = functional.softplus(-ratio.logits(codes)) + functional.softplus(ratio.logits(noise))
        optimizer.zero_grad()
        loss.mean().backward()
        optimizer.step()
    z = torch.randn(500, 4)
    true = (0.5 * z - 0.125).sum(1)  # log N(z; 1/2, 1) - log N(z; 0, 1)
    assert (ratio(z) - true).abs().mean().item() < 0.25
    torch.manual_seed(4)
    terms = model.fit(X)
    torch.manual_seed(4)
    z = model.posterior(X).sample()
    torch.testing.assert_close(terms["ratio"], -ratio(z).mean())
    torch.testing.assert_close(terms["divergence"], kl(model, X).mean())


def test_divergence_profile_adds_up_to_the_divergence():
    mean, scale = A, (0.5 * B).exp()
    whole = 0.5 * (mean**2 + scale**2 - 1 - 2 * scale.log()).sum(1).mean()
    torch.testing.assert_close(kl_profile(mean, scale).sum(), whole)
    assert float(whole) == pytest.approx(1.4392771016, rel=1e-9)


def test_a_weight_of_no_term_is_an_error():
    model = small("wae-gan")
    (first, *rest) = model.turns()
    player = replace(first.players["autoencoder"], weights={"fooling": 2.0})
    model.turns = lambda: iter([Turn(autoencoder=player), *rest])
    says = "player 'autoencoder' has no term 'fooling' to weigh, only reconstruction, fooled."
    with pytest.raises(UserError, match=re.escape(says)):
        Game(model).move("autoencoder", [X], 0)


def player(owns, **more):
    """A player that lowers the first weight of what it owns."""
    terms = lambda x: {"size": owns.weight.square().sum()}  # noqa: E731
    return Player(terms=terms, owns=(owns,), optimizer=adam(0.1), **more)


class Drawn(nn.Module):
    """A game of the turns that are given."""

    def __init__(self, *turns):
        super().__init__()
        self.held, self.parts = turns, nn.ModuleList()
        for turn in turns:
            self.parts.extend(part for p in turn.players.values() for part in p.owns)

    def turns(self):
        return iter(self.held)


def test_games_that_make_no_sense_are_errors():
    one, two = nn.Linear(2, 2), nn.Linear(2, 2)
    first = Turn(a=player(one))
    for turns, says in (
        ((), "begins with a turn that takes a batch"),
        ((Turn(fresh=False, a=player(one)),), "begins with a turn that takes a batch"),
        ((Turn(),), "begins with a turn that takes a batch"),
        ((Turn(repeats=0, a=player(one)),), "is played once at least"),
        ((first, Turn()), "has one player at least"),
        ((first, Turn(fresh=False, b=player(two, batches=2))), "wants 2, the turn before took 1"),
        ((first, Turn(a=player(two))), "two players are called 'a'"),
        ((first, Turn(b=player(nn.Identity()))), "player 'b' owns no parameters"),
    ):
        with pytest.raises(UserError, match=says):
            Game(Drawn(*turns))
    one.requires_grad_(False)
    game = Game(Drawn(first, Turn(b=player(two))))
    before = [part.weight.clone() for part in (one, two)]
    assert game.frozen == ("a",)
    assert list(game.round(iter([X, X]), 0)) == ["b/size"]
    assert [torch.equal(part.weight, w) for part, w in zip((one, two), before, strict=True)] == [
        True,
        False,
    ]


def test_a_loss_that_reaches_nothing_is_an_error():
    lone = nn.Linear(2, 2)
    for terms in ({}, {"size": torch.ones(())}):
        still = Player(terms=lambda x, t=terms: t, owns=(lone,), optimizer=adam(0.1))
        with pytest.raises(UserError, match="terms of player 'a' do not depend on what it owns"):
            Game(Drawn(Turn(a=still))).round(iter([X]), 0)
