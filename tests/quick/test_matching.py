"""AAE, WAE-GAN, FactorVAE, the implicit prior, ACAI: terms by hand, and where moves lead."""

from __future__ import annotations

import pytest
import torch
from moves import Copy, Known, bent, built, moved
from torch import nn
from torch.nn.functional import softplus

from latentfit.likelihoods import SquaredError
from latentfit.models import AAE, ACAI, WAEGAN
from latentfit.models.factorvae import permuted
from latentfit.posteriors import Code
from latentfit.priors import Normal
from latentfit.recipes import recipe

torch.manual_seed(0)
X, OTHER = torch.randn(16, 3).double(), torch.randn(16, 3).double() + 1


def adversarial(joint, **parts):
    """Codes of X lie around (3, 0), beside the draws, whose mean is 0."""
    held = {
        "encoder": Known([[1.0, 0, 0], [0, 1.0, 0.5]], [3.0, 0.0]),
        "decoder": Known([[1.0, 0.2], [0, 1.0], [0.3, 0]]),
        "critic": bent(2, 1),
        "likelihood": SquaredError(bounded=False),
        "prior": Normal(2),
        **parts,
    }
    return built(WAEGAN if joint else AAE, **held)


def test_adversarial_terms_by_hand():
    model = adversarial(joint=False)
    z, c = model.encoder(X), model.critic
    error = ((X - model.decoder(z)) ** 2).sum(1).mean()
    torch.testing.assert_close(model.fit(X), {"reconstruction": error})
    fooled = (1 + (-c(z)).exp()).log().mean()
    joint = adversarial(joint=True, critic=model.critic)
    torch.testing.assert_close(joint.fit(X), {"reconstruction": error, "fooled": fooled})
    torch.testing.assert_close(model.climb(X), {"fooled": fooled})
    torch.manual_seed(1)
    draw = torch.randn(16, 2)
    torch.manual_seed(1)
    found = model.judge(X)["logistic"]
    # Label 1 for draws, 0 for codes.
    expected = (1 + (-c(draw)).exp()).log().mean() + (1 + c(z).exp()).log().mean()
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize(("joint", "player"), [(False, "encoder"), (True, "autoencoder")])
def test_codes_walk_towards_draws(joint, player):
    critic = Known([[-1.0, 0.0]])  # high on draws, as it must come to be
    decoder = Known([[0.0, 0.0]] * 3)
    model = adversarial(joint, critic=critic, decoder=decoder)
    before, after = moved(model, player, lambda: model.encoder(X)[:, 0].mean(), X)
    assert after < before - 1e-6


@pytest.mark.parametrize("joint", [False, True])
def test_the_critic_learns_to_be_high_on_draws_and_low_on_codes(joint):
    model = adversarial(joint, rate=0.1)

    def apart():
        torch.manual_seed(9)
        return model.critic(torch.randn(64, 2)).mean() - model.critic(model.encoder(X)).mean()

    before, after = moved(model, "critic", apart, X, times=20)
    assert after > before + 0.1


def test_the_autoencoder_of_the_aae_does_not_look_at_the_critic():
    model = adversarial(joint=False, critic=Known([[1e6, 0.0]]))
    model.critic.forward = None  # would raise
    before, after = moved(model, "autoencoder", lambda: model.fit(X)["reconstruction"], X, times=5)
    assert after < before


# FactorVAE


def factor(**settings):
    model = recipe("factor-vae", (3,), latent=2, width=1 / 8, likelihood="fixed", **settings)
    model.posterior = Copy(2)
    return model


def test_factor_vae_terms_by_hand():
    model = factor()
    model.divergences = {"drawn": lambda code, z, prior: z.sum() + prior.latent}
    logits = model.discriminator(X[:, :2])
    found = model.fit(X)
    torch.testing.assert_close(found["correlation"], (logits[:, 0] - logits[:, 1]).mean())
    log_two_pi = torch.log(torch.tensor(2 * torch.pi))
    error = ((X - model.decoder(X[:, :2])) ** 2).sum(1) / 2 + 1.5 * log_two_pi
    torch.testing.assert_close(found["reconstruction"], error.mean())
    torch.testing.assert_close(found["drawn"], X[:, :2].sum() + 2)
    torch.manual_seed(3)
    product = permuted(OTHER[:, :2])
    torch.manual_seed(3)
    entropy = model.judge(X, OTHER)["entropy"]
    joint = -logits.log_softmax(1)[:, 0].mean()
    mixed = -model.discriminator(product).log_softmax(1)[:, 1].mean()
    torch.testing.assert_close(entropy, (joint + mixed) / 2)


def test_the_discriminator_learns_which_codes_are_joint():
    model = factor(discriminator_rate=1e-2)
    x = torch.randn(64, 1).expand(64, 3) + 0.1 * torch.randn(64, 3)
    other = torch.randn(64, 1).expand(64, 3) + 0.1 * torch.randn(64, 3)

    def sure():
        logits = model.discriminator(x[:, :2])
        return (logits[:, 0] - logits[:, 1]).mean()

    before, after = moved(model, "discriminator", sure, x, other, times=60)
    assert after > before + 0.5


# VAE with an implicit optimal prior


def test_the_ratio_learns_to_be_high_on_codes_and_the_encoder_goes_where_it_is():
    model = recipe("vae-iop", (3,), latent=2, width=1 / 8, warmup=0, dropout=0.0, ratio_rate=1e-2)
    codes = model.posterior(X).mean.detach()

    def apart():
        return model.ratio(codes + 3).mean() - model.ratio(torch.randn(64, 2)).mean()

    class Far(nn.Module):
        def forward(self, x):
            return Code(codes + 3)

    own, model.posterior = model.posterior, Far()
    before, after = moved(model, "ratio", apart, X, times=40)
    assert after > before + 0.5
    model.posterior = own
    torch.manual_seed(2)
    found = model.fit(X)["ratio"]
    torch.manual_seed(2)
    z = own(X).sample()
    torch.testing.assert_close(found, -model.ratio(z).mean())


def test_the_ratios_loss_by_hand():
    model = recipe("vae-iop", (3,), latent=2, width=1 / 8, dropout=0.0)
    torch.manual_seed(2)
    z, draw = model.posterior(X).sample(), torch.randn(16, 2)
    torch.manual_seed(2)
    found = model.judge(X)["logistic"]
    logits = model.ratio.logits
    torch.testing.assert_close(found, softplus(-logits(z)).mean() + softplus(logits(draw)).mean())


def test_the_ratio_drops_units_while_it_learns_and_not_where_it_is_used():
    model = recipe("vae-iop", (3,), latent=2, width=1, dropout=0.5)
    z = torch.randn(16, 2)
    assert not torch.equal(model.ratio.logits(z), model.ratio.logits(z))
    assert torch.equal(model.ratio(z), model.ratio(z))


# ACAI


def acai(**parts):
    held = {
        "encoder": Known([[1.0, 0, 0], [0, 1.0, 0.5]]),
        "decoder": Known([[1.0, 0.2], [0, 1.0], [0.3, 0]]),
        "critic": bent(3, 2),
        "likelihood": SquaredError(bounded=False),
        "prior": Normal(2),
        **parts,
    }
    return built(ACAI, **held)


@pytest.mark.parametrize("vector", [False, True])
def test_acai_terms_by_hand(vector):
    model = acai(vector=vector, kernel=1.0, noisy=0.1, drawn=0.005)
    z, width = model.encoder(X), 2 if vector else 1

    def d(x):
        raw = model.critic(x)
        return raw if vector else raw.mean(1, keepdim=True)

    torch.manual_seed(1)
    u = torch.rand(16, width)
    h, b = torch.randn(16, 2), torch.rand(16, width) * (1.0 if vector else 0.5)
    a = torch.minimum(u, 1 - u)
    mixed = model.decoder(a * z + (1 - a) * z.flip(0))
    noisy, drawn = model.decoder(b * z + (1 - b) * h), model.decoder(h)
    near = 0.2 * X + 0.8 * model.decoder(z)
    torch.manual_seed(1)
    expected = {
        "mixed": ((d(mixed) - a) ** 2).mean(),
        "near": (d(near) ** 2).mean(),
        "noisy": ((d(noisy) - b) ** 2).mean(),
        "drawn": ((d(drawn) - 0.5) ** 2).mean(),
    }
    torch.testing.assert_close(model.judge(X), expected)
    torch.manual_seed(1)
    found = model.embed(X)
    torch.testing.assert_close(found["reconstruction"], ((X - model.decoder(z)) ** 2).sum(1).mean())
    for name, image in (("mixed", mixed), ("noisy", noisy), ("drawn", drawn)):
        torch.testing.assert_close(found[name], (d(image) ** 2).mean())
    assert found["kernel"] >= 0


def test_kernels_pull_codes_to_the_normal_law():
    model = acai(kernel=1e4, weight=0.0, rate=1e-2)

    def far():
        return (model.encoder(X).mean(0) ** 2).sum()

    model.encoder.layer.bias.data = torch.tensor([3.0, 0.0])
    before, after = moved(model, "autoencoder", far, X, times=3)
    assert after < before


def test_critics_see_each_sample_alone():
    for name in ("acai", "mi-ae", "lr-ae", "midr-ae", "flexae-sr", "mapae", "alae", "gan"):
        model = recipe(name, (1, 8, 8), latent=4, width=1 / 16)
        critic = getattr(model, "image_critic", None) or (
            model.encoder if name == "alae" else model.critic
        )
        assert not [m for m in critic.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)]
        x = torch.rand(6, 1, 8, 8)
        torch.testing.assert_close(critic(x)[:2], critic(x[:2]))
