"""MaskAAE, LMGAE and their maskless form: terms by hand, and where moves lead (Eq. 10)."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from moves import Known, bent, built, moved, slope_by_hand
from torch import nn

from latentfit.checks import UserError
from latentfit.likelihoods import SquaredError
from latentfit.models import MaskAAE
from latentfit.models.pruning import pruning
from latentfit.networks import Mask
from latentfit.optimizers import rmsprop
from latentfit.penalties import masked_covariance, masked_variance
from latentfit.recipes import recipe

torch.manual_seed(0)
X = torch.randn(16, 3).double()
ALPHA = torch.tensor([0.5, 2.0]).double()
MU = 1 - torch.exp(-ALPHA)


def maskaae(alpha=ALPHA, game="authors", **parts):
    """Codes of X lie around (3, 0), beside the draws, whose mean is 0."""
    mask = Mask(2)
    mask.alpha.data = alpha.clone()
    held = {
        "encoder": Known([[1.0, 0, 0], [0, 1.0, 0.5]], [3.0, 0.0]),
        "decoder": Known([[1.0, 0.2], [0, 1.0], [0.3, 0]]),
        "critic": bent(2, 1),
        "likelihood": SquaredError(bounded=False),
        "mask": mask,
        "pruning": pruning(game, 2),
        **parts,
    }
    return built(MaskAAE, **held)


def without(**parts):
    return maskaae(mask=None, pruning=None, **parts)


@pytest.mark.parametrize(
    ("game", "mismatch"),
    [("authors", lambda gap: (1 + gap) ** 2), ("paper", lambda gap: gap**2)],
)
def test_terms_by_hand(game, mismatch):
    model = maskaae(game=game)
    e = model.encoder(X)
    u = MU * e
    error = ((X - model.decoder(u)) ** 2).sum(1).mean()
    found = model.fit(X)
    torch.testing.assert_close(found["reconstruction"], error)
    silence = ((e - e.mean(0)) ** 2 * torch.exp(-10 * MU**2)).mean()
    torch.testing.assert_close(found["variance"], silence)
    torch.manual_seed(1)
    v = MU * torch.randn(16, 2)
    torch.randn(16, 2)  # the noise of draws, of deviation 0 here
    t = torch.rand(16, 1)
    h = model.critic
    torch.manual_seed(1)
    found = model.judge(X)
    torch.testing.assert_close(found["gap"], h(u).mean() - h(v).mean())  # low on codes
    torch.testing.assert_close(found["slope"], slope_by_hand(h, u, v, t))
    torch.testing.assert_close(model.climb(X)["fooled"], -h(u).mean())
    torch.manual_seed(1)
    found = model.prune(X)
    omega = h(v).mean() - h(u).mean()
    torch.testing.assert_close(found["reconstruction"], error)
    torch.testing.assert_close(found["mismatch"], mismatch(omega))
    torch.testing.assert_close(found["undecided"], (MU * (1 - MU)).abs().sum())


def test_the_noise_of_the_recovering_game_is_on_codes_and_draws():
    model = maskaae(game="recovering")
    u = MU * model.encoder(X)
    torch.manual_seed(1)
    noisy = u + 0.1 * torch.randn(16, 2)
    v = MU * torch.randn(16, 2) + 0.1 * torch.randn(16, 2)
    torch.manual_seed(1)
    gap = model.critic(noisy).mean() - model.critic(v).mean()
    torch.testing.assert_close(model.judge(X)["gap"], gap)
    torch.manual_seed(1)
    error = ((X - model.decoder(noisy)) ** 2).sum(1).mean()
    torch.manual_seed(1)
    torch.testing.assert_close(model.fit(X)["reconstruction"], error)
    torch.testing.assert_close(model.encode(X), u)  # codes are given without
    torch.manual_seed(1)
    torch.testing.assert_close(model.climb(X)["fooled"], -model.critic(noisy).mean())


def test_without_a_mask_it_is_the_wae_of_the_papers():
    model = without()
    z = model.encoder(X)
    assert set(model.fit(X)) == {"reconstruction"}
    torch.testing.assert_close(
        model.fit(X)["reconstruction"], ((X - model.decoder(z)) ** 2).sum(1).mean()
    )
    torch.manual_seed(1)
    draw = torch.randn(16, 2)
    torch.manual_seed(1)
    gap = model.critic(z).mean() - model.critic(draw).mean()
    torch.testing.assert_close(model.judge(X)["gap"], gap)
    assert [name for turn in model.turns() for name in turn.players] == [
        "autoencoder", "critic", "encoder",
    ]  # fmt: skip
    with pytest.raises(TypeError, match="without a mask"):
        model.prune(X)


@pytest.mark.parametrize("build", [maskaae, without])
def test_the_encoder_climbs_towards_the_draws(build):
    model = build(critic=Known([[-1.0, 0.0]]))
    before, after = moved(model, "encoder", lambda: model.encode(X)[:, 0].mean(), X)
    assert after < before - 1e-6


@pytest.mark.parametrize("build", [maskaae, without])
def test_the_critic_learns_to_be_low_on_codes_and_high_on_draws(build):
    model = build()

    def apart():
        torch.manual_seed(9)
        draws = model.prior.sample(64)
        return model.critic(draws).mean() - model.critic(model.encode(X)).mean()

    before, after = moved(model, "critic", apart, X, times=50)
    assert after > before


def test_the_autoencoder_reconstructs_and_falls_silent_where_the_mask_is_shut():
    model = maskaae(torch.tensor([0.0, 3.0]).double())

    def spread(j):
        return lambda: model.encoder(X)[:, j].var()

    before, after = moved(model, "autoencoder", spread(0), X, times=20)
    assert after < before
    model = maskaae(torch.tensor([3.0, 3.0]).double())
    before, after = moved(model, "autoencoder", lambda: model.fit(X)["reconstruction"], X, times=20)
    assert after < before


def test_the_mask_opens_what_reconstruction_needs():
    # D undoes E where the mask is open, so that a half-open dimension costs.
    model = maskaae(encoder=Known([[1.0, 0, 0], [0, 1.0, 0]]), critic=Known([[0.0, 0.0]]),
                    decoder=Known([[1.0, 0], [0, 1.0], [0, 0]]))  # fmt: skip
    before, after = moved(model, "mask", lambda: model.mask.alpha.min(), X)
    assert after > before


@pytest.mark.parametrize("game", ["authors", "paper"])
def test_the_mask_shuts_what_keeps_codes_from_the_draws(game):
    # Nothing is reconstructed; codes are far along the first axis, where H is low.
    model = maskaae(game=game, decoder=Known([[0.0, 0], [0, 0], [0, 0]]),
                    critic=Known([[-1.0, 0.0]]))  # fmt: skip
    before, after = moved(model, "mask", lambda: model.mask.alpha[0], X)
    assert after < before


def test_the_mask_decides_in_the_end():
    model = maskaae(torch.tensor([0.3, 1.5]).double(), critic=Known([[0.0, 0.0]]),
                    decoder=Known([[0.0, 0], [0, 0], [0, 0]]))  # fmt: skip
    start = model.mask.alpha.detach().clone()
    moved(model, "mask", lambda: model.mask.alpha[0], X, step=10**6)
    assert model.mask.alpha[0] < start[0]  # mu = 0.26 goes to 0
    assert model.mask.alpha[1] > start[1]  # mu = 0.78 goes to 1


def test_the_mask_never_falls_below_zero():
    model = maskaae(torch.tensor([1e-6, 2.0]).double(), critic=Known([[0.0, 0.0]]),
                    decoder=Known([[0.0, 0], [0, 0], [0, 0]]))  # fmt: skip
    moved(model, "mask", lambda: model.mask.alpha[0], X, times=3, step=10**6)
    assert model.mask.alpha[0] == 0


def test_rmsprop_soon_undoes_a_fall_of_the_loss():
    """Why the authors' fall of two losses is not one of two rates: steps recover in some rounds."""
    p = nn.Parameter(torch.zeros(1))
    optimizer, steps = rmsprop(0.1)([p]), []
    for number in range(200):
        before = p.item()
        p.grad = torch.tensor([3.0 if number < 100 else 3.0 / 5])
        optimizer.step()
        steps.append(before - p.item())
    assert steps[100] < 0.25 * steps[99]
    assert steps[199] == pytest.approx(steps[99], rel=1e-3)


@pytest.mark.parametrize(
    ("name", "silence"), [("maskaae", masked_variance), ("lmgae", masked_covariance)]
)
def test_recipes_have_the_penalty_of_their_paper(name, silence):
    model = recipe(name, (12,), latent=4, width=1 / 16)
    x = torch.rand(8, 12)
    expected = silence(model.encoder(x), model.mask())
    torch.testing.assert_close(model.fit(x)["variance"], expected)


def test_samples_are_decoded_masked_draws():
    model = maskaae().eval()
    torch.manual_seed(4)
    expected = model.decoder(MU * torch.randn(7, 2))
    torch.manual_seed(4)
    torch.testing.assert_close(model.sample(7), expected.detach())


def test_games_by_their_numbers():
    # form, omega, V, rate, start, warm-up, T, drop, noise, decide, hurry, rounds
    authors, paper = pruning("authors", 32), pruning("paper", 32)
    assert authors.form == "one"
    assert paper == replace(authors, form="square")
    assert (authors.omega, authors.variance, authors.mask_rate) == (1.0, 100.0, 5e-4)
    assert (authors.start, authors.warmup, authors.period, authors.drop) == (
        (0.0, 5.0),
        0,
        3600,
        0.2,
    )
    assert (authors.noise, authors.decide, authors.rounds) == (0.0, None, 216_000)
    assert [pruning("authors", m).period for m in (8, 20, 21, 110)] == [75, 75, 2362, 10_000]
    ours = pruning("recovering", 32)
    assert (ours.form, ours.omega, ours.variance, ours.mask_rate) == ("one", 30.0, 32.0, 3e-3)
    assert (ours.start, ours.warmup, ours.period, ours.drop) == ((1.5, 4.5), 2000, 600, 1.0)
    assert (ours.noise, ours.decide, ours.hurry, ours.rounds) == (0.1, 6500, 150, 9000)
    with pytest.raises(UserError, match="unknown game"):
        pruning("published", 8)


def test_the_pace_stretches_the_clock_and_slows_the_mask():
    slow = pruning("recovering", 8).paced(2.0)
    assert (slow.mask_rate, slow.warmup, slow.period, slow.decide) == (1.5e-3, 4000, 1200, 13_000)
    assert (slow.hurry, slow.rounds, slow.omega) == (300, 18_000, 30.0)
    assert pruning("authors", 8).paced(0.5).decide is None


def test_every_game_has_decided_when_it_ends():
    for game in ("recovering", "authors", "paper"):
        for m in (4, 16, 48, 110):
            for image in (False, True):
                chosen = pruning(game, m, image=image)
                assert chosen.press(m)(chosen.rounds) == 2048
                assert chosen.press(m)(0) == 2 / m


@pytest.mark.parametrize(
    ("settings", "found"),
    [
        ({"omega": 3.0}, lambda p: p.omega == 3.0),
        ({"form": "square"}, lambda p: p.form == "square"),
        ({"variance": 7.0}, lambda p: p.variance == 7.0),
        ({"mask_rate": 1e-2}, lambda p: p.mask_rate == 1e-2),
        ({"warmup": 5, "period": 6}, lambda p: (p.warmup, p.period) == (5, 6)),
        ({"drop": 0.5}, lambda p: p.drop == 0.5),
        ({"noise": 0.0}, lambda p: p.noise == 0.0),
        ({"mask_low": 1.0, "mask_high": 1.1}, lambda p: p.start == (1.0, 1.1)),
    ],
)  # fmt: skip
def test_a_setting_takes_the_place_of_the_games(settings, found):
    model = recipe("maskaae", (12,), latent=4, width=1 / 16, **settings)
    assert found(model.pruning)
    low, high = model.pruning.start
    alpha = model.mask.alpha.detach()
    assert low <= float(alpha.min()) <= float(alpha.max()) <= high
