"""The mapped prior: each player's terms by hand, and where its moves lead (Eq. 9-13)."""

from __future__ import annotations

import pytest
import torch
from moves import Known, bent, built, moved
from torch.nn.functional import relu

from latentfit.likelihoods import SquaredError
from latentfit.models import MappedPrior
from latentfit.priors import Pushforward

torch.manual_seed(0)
X = torch.randn(16, 3).double()


def mapae(**parts):
    held = {
        "encoder": Known([[1.0, 0, 0], [0, 1.0, 0.5]], [3.0, 0.0]),
        "decoder": Known([[1.0, 0.2], [0, 1.0], [0.3, 0]]),
        "prior": Pushforward(Known([[0.5, 0.1], [0, 0.7]], [-2.0, 0.0]), 2),
        "critic": bent(2, 1),
        "image_critic": bent(3, 1, seed=1),
        "likelihood": SquaredError(bounded=False),
        **parts,
    }
    return built(MappedPrior, **held)


def codes(model):
    """E(x), normalised over the batch without parameters (Eq. 11)."""
    raw = model.encoder[0](X)
    return (raw - raw.mean(0)) / (raw.var(0, correction=0) + 1e-5).sqrt()


def test_codes_are_batch_normalised_unless_switched_off():
    model = mapae()
    torch.testing.assert_close(model.encode(X), codes(model))
    plain = mapae(normalise=False)
    torch.testing.assert_close(plain.encode(X), plain.encoder[0](X))


def test_terms_by_hand():
    model = mapae(lam=0.1, gamma=0.2)
    z, d = codes(model), model.image_critic
    rebuilt = model.decoder(z)
    torch.manual_seed(1)
    mu = 0.5 * torch.rand(16, 1)
    partner = z[[15, *range(15)]]
    mixed = model.decoder(mu * z + (1 - mu) * partner)
    torch.manual_seed(1)
    found = model.guess(X)
    torch.testing.assert_close(found["data"], (d(X) ** 2).mean())
    near = 0.2 * X + 0.8 * rebuilt
    torch.testing.assert_close(found["near"], ((d(near) - 0.1) ** 2).mean())
    torch.testing.assert_close(found["mixed"], ((d(mixed) - mu - 0.1) ** 2).mean())
    torch.manual_seed(1)
    found = model.embed(X)
    torch.testing.assert_close(found["reconstruction"], ((X - rebuilt) ** 2).sum(1).mean())
    torch.testing.assert_close(found["interpolation"], (d(mixed) ** 2).mean())
    torch.testing.assert_close(found["realism"], (d(rebuilt) ** 2).mean())
    torch.manual_seed(1)
    draw, c = model.prior.network(torch.randn(16, 2)), model.critic
    torch.manual_seed(1)
    hinge = relu(1 - c(z)).mean() + relu(1 + c(draw)).mean()
    torch.testing.assert_close(model.judge(X)["hinge"], hinge)
    torch.manual_seed(1)
    torch.testing.assert_close(model.map(X)["fooled"], -c(draw).mean())


def test_mixtures_lie_nearer_to_the_partner():
    model = mapae()
    torch.manual_seed(3)
    _, mu = model.blend(torch.zeros(4000, 2))
    assert 0 <= float(mu.min()) < 0.01
    assert 0.49 < float(mu.max()) <= 0.5


def test_the_mapping_walks_towards_the_codes():
    model = mapae(critic=Known([[1.0, 0.0]]))  # high on codes, which lie to the right of the draws

    def place():
        torch.manual_seed(9)
        return model.prior.sample(100)[:, 0].mean()

    before, after = moved(model, "mapping", place, X)
    assert after > before + 1e-5


def test_the_critic_learns_to_be_high_on_codes_and_low_on_draws():
    model = mapae()

    def apart():
        torch.manual_seed(9)
        return model.critic(model.encode(X)).mean() - model.critic(model.prior.sample(64)).mean()

    before, after = moved(model, "critic", apart, X, times=50)
    assert after > before


def test_the_image_critic_learns_what_data_and_mixtures_are():
    model = mapae()

    def wrong():
        torch.manual_seed(9)
        return torch.stack(list(model.guess(X).values())).sum()

    before, after = moved(model, "image_critic", wrong, X, times=50)
    assert after < before


@pytest.mark.parametrize("part", ["interpolation", "realism", "reconstruction"])
def test_the_autoencoder_lowers_its_terms(part):
    other = {"interpolation": 0.0, "realism": 0.0}
    model = mapae(**(other if part == "reconstruction" else other | {part: 1e4}))

    def cost():
        torch.manual_seed(9)
        return model.embed(X)[part]

    before, after = moved(model, "autoencoder", cost, X, times=5)
    assert after < before


def test_the_embedding_stands_still_while_the_prior_is_mapped():
    from latentfit.game import Game

    model = mapae(embedding=3)
    game = Game(model)
    before = [p.detach().clone() for p in model.encoder.parameters()]
    for step in (3, 4):
        assert set(game.round(iter([X]), step)) == {"critic/hinge", "mapping/fooled"}
    assert all(torch.equal(a, b) for a, b in zip(before, model.encoder.parameters(), strict=True))
    drawn = [p.detach().clone() for p in model.prior.parameters()]
    assert "mapping/fooled" not in game.round(iter([X]), 2)
    assert all(torch.equal(a, b) for a, b in zip(drawn, model.prior.parameters(), strict=True))


def test_samples_are_decoded_mapped_noise():
    model = mapae().eval()
    torch.manual_seed(4)
    expected = model.decoder(model.prior.network(torch.randn(7, 2)))
    torch.manual_seed(4)
    torch.testing.assert_close(model.sample(7), expected.detach())
