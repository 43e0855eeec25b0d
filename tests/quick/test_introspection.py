"""AGE, Pioneer, IntroVAE, Soft-IntroVAE, ALAE, GAN: who raises what, and who lowers it."""

from __future__ import annotations

import math

import pytest
import torch
from moves import X, kl, moved
from torch.nn import functional

from latentfit.checks import UserError
from latentfit.game import Game
from latentfit.models.age import batch_kl
from latentfit.models.margin import Margin
from latentfit.recipes import recipe


def small(name, **settings):
    return recipe(name, (12,), latent=4, width=1 / 4, batch=16, **settings)


def drawn(model):
    """The same samples of the model at every call."""
    torch.manual_seed(9)
    return model.decode(model.prior.sample(64))


# IntroVAE, in its game and not in its warm-up


def introvae(**settings):
    return small("introvae", warmup=5, **{"margin": 1e3, "rate": 1e-3, **settings})


IN_THE_GAME = {"step": 5}


def test_introvae_terms_by_hand():
    model = introvae(margin=5.0)
    torch.manual_seed(2)
    z = model.posterior(X).sample()
    raw, prior = model.decoder(z), torch.randn(16, 4)
    made = model.decoder(prior)
    error = ((X - raw) ** 2).sum(1).mean()
    torch.manual_seed(2)
    found = model.judge(X)
    expected = {
        "reconstruction": error,
        "divergence": kl(model, X).mean(),
        "rebuilt": (5 - kl(model, raw).mean()).clamp(min=0),
        "made": (5 - kl(model, made).mean()).clamp(min=0),
    }
    torch.testing.assert_close(found, expected)
    torch.manual_seed(2)
    found = model.climb(X)
    expected = {
        "reconstruction": error,
        "rebuilt": kl(model, raw).mean(),
        "made": kl(model, made).mean(),
    }
    torch.testing.assert_close(found, expected)


def test_the_encoder_raises_the_divergence_of_samples_up_to_the_margin():
    model = introvae(reconstruction=0.0, negative=50.0)
    before, after = moved(
        model, "encoder", lambda: kl(model, drawn(model)).mean(), X, times=5, **IN_THE_GAME
    )
    assert after > before
    beyond = introvae(reconstruction=0.0, negative=50.0, margin=0.0)
    before, after = moved(
        beyond, "encoder", lambda: kl(beyond, X).mean(), X, times=5, **IN_THE_GAME
    )
    assert after < before  # nothing is left but the divergence of data, which it lowers


def test_the_decoder_lowers_the_divergence_of_its_samples():
    model = introvae(reconstruction=0.0)
    before, after = moved(
        model, "decoder", lambda: kl(model, drawn(model)).mean(), X, times=5, **IN_THE_GAME
    )
    assert after < before


@pytest.mark.parametrize("player", ["encoder", "decoder"])
def test_both_reconstruct(player):
    model = introvae(reconstruction=100.0, negative=0.0, margin=0.0)

    def error():
        torch.manual_seed(9)
        return ((X - model.decoder(model.posterior(X).sample())) ** 2).sum(1).mean()

    before, after = moved(model, player, error, X, times=10)
    assert after < before


def test_the_margin_is_found_at_the_end_of_the_warmup():
    model = small("introvae", warmup=3, factor=2.0)
    game, seen = Game(model), []
    for step in range(6):
        torch.manual_seed(step)
        seen.append(float(game.round(iter([X]), step)["encoder/divergence"]))
    mean = sum(seen[:3]) / 3
    assert float(model.margin()) == pytest.approx(2 * mean)
    again = small("introvae", warmup=3, factor=2.0)
    again.load_state_dict(model.state_dict())
    assert float(again.margin()) == float(model.margin())


def test_a_margin_needs_a_warmup_or_a_number():
    with pytest.raises(UserError, match="warm-up"):
        small("introvae", warmup=0)
    assert float(small("introvae", warmup=0, margin=7.0).margin()) == 7.0


def test_the_mean_of_a_margin_is_plain_for_a_hundred_rounds_then_exponential():
    margin, mean = Margin(warmup=250), 0.0
    for number in range(300):
        value = math.cos(number) + 0.1 * number
        margin.note(torch.tensor(value))
        margin.grow_older()
        if number < 250:
            mean += (value - mean) / min(number + 1, 100)
        assert float(margin()) == pytest.approx(1.5 * mean, rel=1e-9), number


# Soft-IntroVAE


def test_soft_introvae_terms_by_hand():
    model = small("soft-introvae", negative=2.0)
    torch.manual_seed(2)
    z = model.posterior(X).sample()
    raw = model.decoder(z)
    made = model.decoder(torch.randn(16, 4))

    def bound(u):
        code = model.posterior(u)
        again = model.decoder(code.mean + code.scale * torch.randn(16, 4))
        return torch.exp(-2 / 12 * (((u - again) ** 2).sum(1) + 2.0 * kl(model, u))).mean()

    rebuilt = bound(raw.detach())
    expected = {
        "reconstruction": ((X - raw) ** 2).sum(1).mean(),
        "divergence": kl(model, X).mean(),
        "rebuilt": rebuilt,
        "made": bound(made.detach()),
    }
    torch.manual_seed(2)
    torch.testing.assert_close(model.judge(X), expected)
    torch.manual_seed(2)
    found = model.climb(X)
    torch.testing.assert_close(found["rebuilt"], kl(model, raw).mean())
    torch.testing.assert_close(found["made"], kl(model, made).mean())
    torch.testing.assert_close(found["reconstruction"], expected["reconstruction"])


def test_the_soft_encoder_lowers_the_bound_of_samples_and_the_decoder_their_divergence():
    model = small("soft-introvae", rate=1e-3, reconstruction=0.0, beta=0.0, negative=1.0)
    before, after = moved(model, "encoder", lambda: kl(model, drawn(model)).mean(), X, times=5)
    assert after > before
    model = small("soft-introvae", rate=1e-3, reconstruction=0.0)
    before, after = moved(model, "decoder", lambda: kl(model, drawn(model)).mean(), X, times=5)
    assert after < before


def test_what_is_rebuilt_again_is_compared_with_what_stands_still():
    model = small("soft-introvae")
    torch.manual_seed(5)
    model.posterior(X).sample()
    made = model.decode(torch.randn(16, 4)).detach()
    torch.randn(16, 4)  # for what is made of the reconstructions
    code = model.posterior(made)
    again = model.decoder((code.mean + code.scale * torch.randn(16, 4)).detach())
    expected = ((made - again) ** 2).sum(1).mean()
    torch.manual_seed(5)
    found = model.climb(X)["made_again"]
    torch.testing.assert_close(found, expected)
    found.backward()
    assert all(p.grad is None or not p.grad.any() for p in model.posterior.parameters())
    assert all(bool(p.grad.any()) for p in model.decoder.parameters() if p.dim() > 1)


# AGE and Pioneer


@pytest.mark.parametrize(("name", "form"), [("age", "age"), ("pioneer", "gaussian")])
def test_terms_on_the_sphere_by_hand(name, form):
    model = small(name).eval()
    torch.manual_seed(2)
    noise = functional.normalize(torch.randn(16, 4), dim=1)
    z = functional.normalize(model.encoder(X), dim=1)
    back = functional.normalize(model.encoder(model.decoder(noise)), dim=1)
    torch.manual_seed(2)
    found = model.spread_out(X)
    expected = {
        "data": batch_kl(z, form),
        "made": -batch_kl(back, form).clamp(max=10),
        "pixels": (model.decoder(z) - X).abs().mean(),
    }
    torch.testing.assert_close(found, expected)
    torch.manual_seed(2)
    found = model.gather(X)
    torch.testing.assert_close(found["made"], batch_kl(back, form))
    torch.testing.assert_close(found["codes"], (2 - noise * back).mean())


def spread(model):
    torch.manual_seed(9)
    return batch_kl(model.encode(model.decode(model.prior.sample(64))), model.spread)


def test_the_encoder_gathers_codes_of_samples_and_the_generator_spreads_them():
    model = small("age", pixels=0.0, rate=1e-3)
    before, after = moved(model, "encoder", lambda: spread(model), X, times=5)
    assert after > before
    model = small("age", codes=0.0, rate=1e-3)
    before, after = moved(model, "generator", lambda: spread(model), X, times=5)
    assert after < before


def test_the_generator_puts_codes_back_where_they_came_from():
    model = small("age", rate=1e-3)

    def apart():
        torch.manual_seed(9)
        z = model.prior.sample(64)
        return (model.encode(model.decode(z)) * z).sum(1).mean()

    before, after = moved(model, "generator", apart, X, times=20)
    assert after > before


def test_the_encoder_is_judged_and_judges_by_the_decoder_that_samples():
    model = recipe("age", (1, 8, 8), latent=4, width=1 / 16)
    x = torch.rand(8, 1, 8, 8)
    torch.manual_seed(3)
    found = model.spread_out(x)
    model.decoder.eval()
    torch.manual_seed(3)
    z = model.prior.sample(8)
    expected = -batch_kl(model.encode(model.decode(z)), "age").clamp(max=10)
    torch.testing.assert_close(found["made"], expected)
    model.decoder.train()
    statistics = [b.clone() for b in model.decoder.buffers()]
    model.spread_out(x)
    assert all(torch.equal(a, b) for a, b in zip(statistics, model.decoder.buffers(), strict=True))


# ALAE and GAN


def test_alae_terms_by_hand():
    model = small("alae")
    torch.manual_seed(2)
    w = model.prior.network(torch.randn(16, 32))
    fake = model.critic(model.encoder(model.decoder(w)))
    real = model.critic(model.encoder(X))
    torch.manual_seed(2)
    found = model.judge(X)["logistic"]
    torch.testing.assert_close(
        found, functional.softplus(fake).mean() + functional.softplus(-real).mean()
    )
    torch.manual_seed(2)
    torch.testing.assert_close(model.climb(X)["fooled"], functional.softplus(-fake).mean())


@pytest.mark.parametrize(("name", "rate"), [("alae", 2e-3), ("gan", 1e-3)])
def test_critics_and_generators_pull_apart(name, rate):
    model = small(name, rate=rate)
    score = model.score if name == "alae" else model.critic

    def apart():
        return score(X).mean() - score(drawn(model)).mean()

    before, after = moved(model, "critic", apart, X, times=100)
    assert after > before
    before, after = moved(model, "generator", lambda: score(drawn(model)).mean(), X, times=20)
    assert after > before


def test_reciprocity_finds_the_codes_again():
    model = small("alae")

    def error():
        torch.manual_seed(9)
        w = model.prior.sample(64)
        return (model.encoder(model.decode(w)) - w).square().mean()

    before, after = moved(model, "reciprocity", error, X, times=10)
    assert after < before
