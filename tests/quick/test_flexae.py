"""FlexAE and FlexAE-SR: each player's terms by hand, and where its moves lead (Eq. 5-9)."""

from __future__ import annotations

import pytest
import torch
from moves import Known, bent, built, moved, slope_by_hand
from torch import nn

from latentfit.likelihoods import SquaredError
from latentfit.models import FlexAE
from latentfit.priors import Pushforward

torch.manual_seed(0)
X, OTHER = torch.randn(16, 3).double(), torch.randn(16, 3).double() + 1


def flexae(**parts):
    """Codes of X lie around (3, 0); draws of the prior around (0, 0)."""
    held = {
        "encoder": Known([[1.0, 0, 0], [0, 1.0, 0.5]], [3.0, 0.0]),
        "decoder": Known([[1.0, 0.2], [0, 1.0], [0.3, 0]]),
        "prior": Pushforward(Known([[0.5, 0.1], [0, 0.7]]), 2),
        "critic": bent(2, 1),
        "image_critic": bent(3, 1, seed=1),
        "likelihood": SquaredError(bounded=False),
        **parts,
    }
    return built(FlexAE, **held)


FAST = {"rate": 1e-2}


def test_terms_by_hand():
    model = flexae()
    z = model.encoder(X)
    torch.testing.assert_close(
        model.fit(X)["reconstruction"], ((X - model.decoder(z)) ** 2).sum(1).mean()
    )
    torch.manual_seed(1)
    v = model.prior.network(torch.randn(16, 2))
    t = torch.rand(16, 1)
    torch.manual_seed(1)
    found = model.judge_latents(X, **model.shown(X))
    torch.testing.assert_close(found["gap"], model.critic(v).mean() - model.critic(z).mean())
    torch.testing.assert_close(found["slope"], slope_by_hand(model.critic, v, z, t))
    torch.manual_seed(1)
    torch.testing.assert_close(model.climb(X)["fooled"], -model.critic(v).mean())
    torch.testing.assert_close(model.descend(X)["fooled"], model.critic(z).mean())


def test_blends_are_of_two_batches_that_are_encoded_apart():
    encoder = nn.Sequential(Known([[1.0, 0, 0], [0, 1.0, 0.5]]), nn.BatchNorm1d(2))
    model = flexae(encoder=encoder)
    z, far = encoder(X), encoder(OTHER)  # each with the statistics of its own batch
    torch.manual_seed(2)
    g = torch.rand(16, 1)
    expected = model.decoder(g * z + (1 - g) * far)
    torch.manual_seed(2)
    torch.testing.assert_close(model.blend(X, OTHER), expected)
    torch.manual_seed(2)
    torch.testing.assert_close(
        model.smooth(X, OTHER)["fooled"], -model.image_critic(expected).mean()
    )
    t = torch.rand(16, 1)
    torch.manual_seed(2)
    found = model.judge_images(X, model.shown(X, OTHER)["blend"])
    judged = model.image_critic
    torch.testing.assert_close(found["gap"], judged(expected).mean() - judged(X).mean())
    torch.testing.assert_close(found["slope"], slope_by_hand(judged, expected, X, t))


def along(model):
    """Means of codes and of draws along the first axis, where they are apart."""
    torch.manual_seed(9)
    return model.encoder(X)[:, 0].mean(), model.prior.sample(500)[:, 0].mean()


RIGHT = [[1.0, 0.0]]  # what the critic must come to: high on codes


def test_the_encoder_walks_from_the_codes_towards_the_draws():
    model = flexae(critic=Known(RIGHT))
    before, after = moved(model, "encoder", lambda: along(model)[0], X)
    assert after < before - 1e-6


def test_the_generator_walks_from_the_draws_towards_the_codes():
    model = flexae(critic=Known(RIGHT))
    before, after = moved(model, "generator", lambda: along(model)[1], X)
    assert after > before + 1e-5


def test_the_latent_critic_learns_to_be_high_on_codes_and_low_on_draws():
    model = flexae(**FAST)

    def apart():
        torch.manual_seed(9)
        return model.critic(model.encoder(X)).mean() - model.critic(model.prior.sample(64)).mean()

    before, after = moved(model, "critic", apart, X, times=50)
    assert after > before


def test_the_image_critic_learns_to_be_high_on_data_and_low_on_blends():
    model = flexae(**FAST)

    def apart():
        torch.manual_seed(9)
        judged = model.image_critic
        return judged(X).mean() - judged(model.blend(X, OTHER)).mean()

    before, after = moved(model, "image_critic", apart, X, OTHER, times=50)
    assert after > before


@pytest.mark.parametrize("network", ["encoder", "decoder"])
def test_the_smoother_moves_blends_to_where_the_image_critic_sees_data(network):
    model = flexae(image_critic=Known([[1.0, 0.0, 0.0]]))
    still = {"encoder": "decoder", "decoder": "encoder"}[network]
    for part in getattr(model, still).parameters():
        part.requires_grad_(False)

    def height():
        torch.manual_seed(9)
        return model.blend(X, OTHER)[:, 0].mean()

    before, after = moved(model, "smoother", height, X, OTHER)
    assert after > before + 1e-6


def test_the_autoencoder_lowers_the_squared_error():
    model = flexae()
    before, after = moved(model, "autoencoder", lambda: model.fit(X)["reconstruction"], X, times=5)
    assert after < before


def test_without_an_image_critic_there_are_no_blends():
    model = flexae(image_critic=None)
    names = [name for turn in model.turns() for name in turn.players]
    assert names == ["autoencoder", "critic", "generator", "encoder"]
    with pytest.raises(TypeError, match="no player that looks at images"):
        model.smooth(X, OTHER)


def test_samples_are_decoded_draws_of_the_generator():
    model = flexae().eval()
    torch.manual_seed(4)
    expected = model.decoder(model.prior.network(torch.randn(7, 2)))
    torch.manual_seed(4)
    torch.testing.assert_close(model.sample(7), expected.detach())
