"""Values against closed forms and the golden numbers of independent code."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from latentfit import metrics
from latentfit.adversarial import hinge_critic, logistic_climb, logistic_critic
from latentfit.checks import UserError
from latentfit.divergences import gaussian_kl, inverse_multiquadratic, mmd
from latentfit.likelihoods import Bernoulli, Gaussian, SquaredError
from latentfit.networks import Decoder, Encoder, Mask, SkipMLP, dai_wipf
from latentfit.optimizers import rmsprop
from latentfit.penalties import (
    code_norm,
    kernel_norm,
    masked_covariance,
    masked_variance,
    slope,
    squared_slope,
    undecided,
)
from latentfit.priors import GaussianMixture, Normal
from latentfit.recipes import recipe
from latentfit.schedules import at_most, doubling, drops

I6, J4 = torch.arange(6.0)[:, None].double(), torch.arange(4.0).double()
I40 = torch.arange(40.0)[:, None].double()
A, B = torch.sin(1 + I6 + 2 * J4), torch.cos(2 + 3 * I6 + J4)
A2 = torch.sin(1 + I40 + 2 * J4) + 0.3 * torch.sin(0.37 * I40**2 * (1 + J4))
B2 = 0.8 * torch.cos(2 + 3 * I40 + J4) + 0.2 * torch.cos(0.21 * I40**2 * (2 + J4)) + 0.1


def close(value, golden, rel=1e-8):
    value = value.item() if isinstance(value, torch.Tensor) else value
    assert value == pytest.approx(golden, rel=rel)


def test_golden_inputs():
    close(A[0, 0], 0.84147098, 1e-7)
    close(B2[39, 3], -0.506445, 1e-6)


def test_gaussian_kl():
    close(gaussian_kl(A, (0.5 * B).exp()).mean(), 1.4392771016)
    own, standard = torch.distributions.Normal(A, (0.5 * B).exp()), torch.distributions.Normal(0, 1)
    expected = torch.distributions.kl_divergence(own, standard).sum(1)
    torch.testing.assert_close(gaussian_kl(A, (0.5 * B).exp()), expected)


def test_mmd_of_wae():
    close(mmd(A, B, inverse_multiquadratic()), 0.1913810664)
    close(mmd(A, B, inverse_multiquadratic(scales=(1.0,))), -0.0191193946, 1e-7)


def test_mmd_is_unbiased_under_the_prior():
    torch.manual_seed(0)
    prior, kernel = Normal(4), inverse_multiquadratic()
    values = torch.stack([mmd(prior.sample(32), prior.sample(32), kernel) for _ in range(300)])
    assert abs(float(values.mean())) < 4 * float(values.std()) / 300**0.5


def test_adversarial_losses():
    real, fake = torch.tensor([0.5, 2.0]), torch.tensor([-0.5, 1.0])
    bce = nn.functional.binary_cross_entropy_with_logits
    expected = bce(real, torch.ones(2)) + bce(fake, torch.zeros(2))
    torch.testing.assert_close(logistic_critic(real, fake), expected)
    torch.testing.assert_close(logistic_climb(fake), bce(fake, torch.ones(2)))
    close(hinge_critic(real, fake), 0.25 + 1.25)


def test_likelihoods():
    x, raw = 0.5 + 0.5 * A, 0.5 + 0.4 * B
    gaussian = Gaussian(bounded=False, deviation=0.7).double()
    close(gaussian(x, raw).mean(), 3.0540688208, 1e-6)
    density = torch.distributions.Normal(raw, 0.7).log_prob(x).sum(1)
    torch.testing.assert_close(gaussian(x, raw), -density, rtol=1e-6, atol=1e-6)
    close(Bernoulli()(x, torch.logit(0.5 + 0.49 * B)).mean(), 4.5594501656)
    close(SquaredError(bounded=False)(x, raw).mean(), 4 * 0.1972285436, 1e-8)
    assert SquaredError(bounded=True).mean(torch.zeros(1)) == 0.5


def test_a_cross_entropy_stays_finite_on_extreme_logits():
    loss = Bernoulli()(torch.tensor([[0.0, 1.0]]), torch.tensor([[200.0, -200.0]]))
    assert loss.item() == 400.0


def test_slope_of_a_linear_critic_is_known():
    critic = nn.Linear(9, 1)
    nn.init.constant_(critic.weight, 0.5)
    close(slope(critic, torch.randn(5, 9), torch.randn(5, 9)), 0.25, 1e-6)


@pytest.mark.parametrize(
    ("bend", "smooth"),
    [(nn.ReLU(), False), (nn.LeakyReLU(0.2), False), (nn.LeakyReLU(0.0), False),
     (nn.Tanh(), True), (nn.Softplus(), True)],
    ids=str,
)  # fmt: skip
def test_slope_has_the_gradient_of_double_backward(bend, smooth):
    critic = nn.Sequential(nn.Linear(3, 8), bend, nn.Linear(8, 8), bend, nn.Linear(8, 1))
    a, b = torch.randn(4, 3), torch.randn(4, 3)
    torch.manual_seed(1)
    slope(critic, a, b).backward()
    found = {n: p.grad.clone() for n, p in critic.named_parameters() if p.grad is not None}
    critic.zero_grad()
    torch.manual_seed(1)
    t = torch.rand(4, 1)
    r = (t * a + (1 - t) * b).requires_grad_()
    (g,) = torch.autograd.grad(critic(r).sum(), r, create_graph=True)
    (g.norm(dim=1) - 1).square().mean().backward()
    for name, p in critic.named_parameters():
        whole = torch.zeros_like(p) if p.grad is None else p.grad
        torch.testing.assert_close(found.get(name, torch.zeros_like(p)), whole)
        # Piecewise linear critics have slopes that no shift changes, and nobody computes those.
        assert (name in found) is (name.endswith("weight") or (smooth and name != "4.bias"))


@pytest.mark.parametrize("kind", [torch.float32, torch.bfloat16])
def test_slopes_are_taken_in_single_precision(kind):
    critic = nn.Linear(4, 1).float()
    nn.init.constant_(critic.weight, 1.001)  # 1 in bfloat16
    a, b = torch.zeros(3, 4, dtype=kind), torch.ones(3, 4, dtype=kind)
    with torch.autocast("cpu", torch.bfloat16):
        assert slope(critic, a, b).item() == pytest.approx(1.002**2, rel=1e-5)
        assert squared_slope(critic, a).item() == pytest.approx(4 * 1.001**2, rel=1e-5)


def test_penalties():
    close(code_norm(A), float(A.square().sum(1).mean()))
    mask = torch.tensor([0.0, 0.0, 1.0, 1.0]).double()
    varied = (A - A.mean(0)).square().mean(0)
    expected = (varied * torch.exp(-10 * mask**2)).mean()
    torch.testing.assert_close(masked_variance(A, mask), expected)
    far_apart = torch.tensor([[1.0, 1], [1, -1], [-1, 1], [-1, -1]]).double()
    shut = torch.tensor([0.0, 1.0]).double()
    torch.testing.assert_close(
        masked_covariance(far_apart, shut), masked_variance(far_apart, shut), rtol=1e-4, atol=1e-4
    )
    torch.manual_seed(0)
    batches = torch.randn(200, 64, 32).double()  # independent codes cost what their variance does
    all_shut = torch.zeros(32).double()
    costs = torch.stack([masked_covariance(batch, all_shut) for batch in batches])
    assert float(costs.mean()) == pytest.approx(1 - 1 / 64, abs=0.01)
    close(undecided(torch.tensor([0.0, 0.5, 1.0])), 0.25)


def test_kernel_penalty_counts_the_published_layers():
    decoder = Decoder((1, 8, 8), 4, width=1 / 16)
    dense = [m for m in decoder.modules() if isinstance(m, nn.Linear)][1]
    ups = [m for m in decoder.modules() if isinstance(m, nn.ConvTranspose2d)]
    expected = sum(layer.weight.square().sum() for layer in (dense, *ups))
    torch.testing.assert_close(kernel_norm(decoder), expected)
    mine = nn.Sequential(nn.Unflatten(1, (2, 2)), nn.Conv1d(2, 3, 1), nn.Flatten())
    torch.testing.assert_close(kernel_norm(mine), mine[1].weight.square().sum())
    with pytest.raises(UserError, match="no kernels to penalise"):
        kernel_norm(nn.Linear(2, 3))


def test_mask_and_its_projection():
    mask = Mask(4)
    mask.alpha.data = torch.tensor([-1.0, 0.0, 0.2, 3.0])
    mask.project()
    torch.testing.assert_close(mask(), 1 - torch.exp(-torch.tensor([0.0, 0.0, 0.2, 3.0])))
    assert mask.active() == 2


def test_rmsprop_is_tensorflows():
    p = nn.Parameter(torch.tensor([1.0]))
    optimizer = rmsprop(0.1)([p])
    value, slot = 1.0, 1.0
    for gradient in (0.5, -0.2, 1e-7):
        p.grad = torch.tensor([gradient])
        optimizer.step()
        slot = 0.9 * slot + 0.1 * gradient**2
        value -= 0.1 * gradient / math.sqrt(slot + 1e-10)
    close(p, value, 1e-4)


def parameters(make):
    with torch.device("meta"):  # no memory, no time
        return sum(p.numel() for p in make().parameters())


@pytest.mark.parametrize(
    ("shape", "encoder", "decoder"),
    [
        ((1, 28, 28), 6_689_344, 6_642_241),
        ((3, 32, 32), 8_657_472, 8_616_131),
        ((3, 64, 64), 33_823_296, 33_855_683),
    ],
)
def test_dai_wipf_parameter_counts(shape, encoder, decoder):
    # The published networks have a bias before each batch norm; these do not.
    features = 128 * (shape[1] // 4) ** 2
    family = dai_wipf()
    assert parameters(lambda: Encoder(shape, 128, family=family)) + 128 + 1024 == encoder
    assert parameters(lambda: Decoder(shape, 64, family=family)) + 1024 + features + 64 == decoder


def test_flexae_parameter_counts():
    assert parameters(lambda: Encoder((1, 28, 28), 32)) + 128 + 1024 == 6_590_944
    assert parameters(lambda: Decoder((1, 28, 28), 32)) + 1024 + 6272 + 128 + 64 == 6_871_553


def test_second_stage_parameter_counts():
    assert parameters(lambda: SkipMLP(64, 128)) == 2_305_152
    assert parameters(lambda: SkipMLP(64, 64)) == 2_235_456


@pytest.mark.parametrize("shape", [(1, 8, 8), (1, 28, 20), (3, 27, 33), (1, 5, 64), (3, 3, 3)])
def test_any_image_size(shape):
    x = torch.rand(2, *shape)
    assert Decoder(shape, 3, width=0.05)(Encoder(shape, 3, width=0.05)(x)).shape == x.shape


def test_the_game_that_recovers_waits_longer_on_images_and_for_many_dimensions():
    def facts(shape, latent, **settings):
        model = recipe("maskaae", shape, latent=latent, width=0.02, loss="squared", **settings)
        p = model.pruning
        return p.omega, p.warmup, p.decide, p.rounds, pytest.approx(1e3 * p.mask_rate)

    assert facts((16,), 64) == (30.0, 2000, 6500, 9000, 3.0)
    assert facts((1, 8, 8), 16) == facts((1, 8, 8), 32) == (3.0, 4500, 8500, 11000, 3.0)
    assert facts((1, 16, 16), 128) == (3.0, 4500, 12500, 15000, 1.5)
    assert facts((1, 8, 8), 16, pace=0.5) == (3.0, 2250, 4250, 5500, 6.0)


def test_schedules():
    assert doubling(1.0, every=10, after=5)(14) == 1.0
    assert drops(10, factor=0.5)(10) == 0.5
    assert [at_most(3.0, doubling(1.0, every=1))(step) for step in (0, 1, 2, 2_000)] == [1, 2, 3, 3]


def test_mixture_recovers_two_clusters():
    torch.manual_seed(0)
    codes = torch.cat([torch.randn(500, 2) * 0.1 + 5, torch.randn(500, 2) * 0.1 - 5])
    prior = GaussianMixture(2, components=2)
    with pytest.raises(UserError, match="not fitted"):
        prior.sample(1)
    prior.fit(codes)
    assert sorted(prior.means[:, 0].round().tolist()) == [-5, 5]
    drawn = prior.sample(2000)
    assert abs(float(drawn.mean())) < 0.5
    assert float((drawn.abs() - 5).std()) == pytest.approx(0.1, rel=0.1)


def test_extractors():
    chosen = metrics.extractor("auto", (1, 8, 8), "digits")
    assert (chosen.name, chosen(torch.rand(3, 1, 8, 8)).shape) == ("lenet", (3, 128))
    assert chosen.hash == metrics.lenet("digits").hash != metrics.lenet("mnist").hash
    assert metrics.extractor("auto", (1, 8, 8), "mine").name == "pixels"
    with pytest.raises(UserError, match="no classifier"):
        metrics.extractor("lenet", (1, 8, 8), "mine")
