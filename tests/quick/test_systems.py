"""Objectives of the systems against golden numbers and independent formulas."""

from __future__ import annotations

import math

import pytest
import torch
from moves import A, B, Copy
from torch import nn

from latentfit.divergences import decompose, gaussian_mixture, mmd
from latentfit.divergences.capacity import Capacity
from latentfit.likelihoods import OptimalGaussian, softclip
from latentfit.models import AutoEncoder, FactorVAE
from latentfit.models.factorvae import permuted
from latentfit.penalties import decoder_slope
from latentfit.posteriors import Code, DiagonalGaussian
from latentfit.priors import Normal
from latentfit.recipes import recipe
from latentfit.training.average import Average

SCALE = (0.5 * (-1 + 0.1 * A)).exp()


@pytest.mark.parametrize(
    ("stratified", "golden"),
    [
        (False, (4.2124915262, 13.4803817312, -18.0742474675)),
        (True, (-0.4071913476, -0.3438676899, 0.3696848273)),
    ],
)
def test_total_correlation_golden(stratified, golden):
    found = [float(v) for v in decompose(A, B / 2, SCALE, 100, stratified=stratified)]
    assert found == pytest.approx(golden, rel=1e-9)


def test_total_correlation_does_not_repeat_the_public_weights():
    # Public code puts the special weights into columns 0 and 1.
    found = [float(v) for v in decompose(A, B / 2, SCALE, 100)]
    public = (-0.3881435653, -0.4100979465, 0.4168673016)
    assert all(abs(a - b) > 0.01 for a, b in zip(found, public, strict=True))


def test_parts_of_the_divergence_add_up():
    information, correlation, dimensions = decompose(A, B / 2, SCALE, 100)
    law, prior = torch.distributions.Normal(B / 2, SCALE), torch.distributions.Normal(0.0, 1.0)
    whole = (law.log_prob(A) - prior.log_prob(A)).sum(1).mean()
    torch.testing.assert_close(information + correlation + dimensions, whole)


def test_optimal_gaussian_golden():
    x, raw = 0.5 + 0.5 * A, 0.5 + 0.4 * B
    likelihood = OptimalGaussian(bounded=False, low=-40.0)
    assert float(likelihood(x, raw).mean()) == pytest.approx(2.4289699272, rel=1e-6)
    clipped = softclip(torch.tensor([-8.0, 0.0]).double(), -6.0)
    assert clipped.tolist() == pytest.approx([-5.8730719890, 0.0024756851], rel=1e-7)


def test_optimal_gaussian_is_logarithmic_in_the_error():
    # Per sample D / 2 log MSE + const: ten times the error adds D log 10.
    likelihood = OptimalGaussian(bounded=False, low=-40.0)
    near, far = (float(likelihood(e * A, torch.zeros_like(A)).mean()) for e in (0.1, 1.0))
    assert far - near == pytest.approx(4 * math.log(10), rel=1e-6)


def test_the_running_deviation_of_an_optimal_gaussian_is_a_slow_mean():
    likelihood, mean = OptimalGaussian(bounded=False, low=-40.0), 0.0
    mean = float(likelihood.running)
    for size in (1.0, 3.0, 0.2):
        likelihood(size * A, B)
        mean += 0.01 * (0.5 * math.log(float((size * A - B).square().mean())) - mean)
        assert float(likelihood.running) == pytest.approx(mean, rel=1e-6)


def test_optimal_gaussian_evaluates_with_the_running_deviation():
    likelihood = OptimalGaussian(bounded=False).eval()
    one, two = likelihood(A, B)[:2], likelihood(A[:2], B[:2])
    torch.testing.assert_close(one, two)  # not with the test batch's own


def test_capacity_grows_and_stops():
    code = Code(A.float(), SCALE.float())
    capacity = Capacity(lambda code, z, prior: (code.mean - z - prior).square().mean(), 8.0, over=4)
    targets = []
    for _ in range(6):
        targets.append(float(capacity.target))
        capacity.grow()
    assert targets == [0.0, 2.0, 4.0, 6.0, 8.0, 8.0]
    expected = abs(float((A - B - 2).square().mean()) - 8.0)
    assert float(capacity(code, B, 2.0)) == pytest.approx(expected, rel=1e-6)


def test_capacity_is_saved_with_the_model():
    model = recipe("beta-vae-capacity", (12,), latent=2, width=1 / 64, capacity=6.0, over=3)
    model.after()
    assert any(float(v) == 2.0 for n, v in model.state_dict().items() if n.endswith("target"))


def test_permuted_codes_keep_every_dimension():
    torch.manual_seed(0)
    shuffled = permuted(A)
    assert torch.equal(shuffled.sort(0).values, A.sort(0).values)
    assert not torch.equal(shuffled, A)


def test_factor_vae_estimates_a_correlation():
    # For the best discriminator d_0 - d_1 is the log ratio; its mean is the total correlation.
    model = recipe("factor-vae", (6,), latent=2, width=1 / 8, discriminator_rate=3e-3)
    assert isinstance(model, FactorVAE)
    correlation = 0.9
    generator = torch.Generator().manual_seed(0)
    model.posterior = Copy()
    player = next(
        p for turn in model.turns() for n, p in turn.players.items() if n != "autoencoder"
    )
    optimizer = player.optimizer(model.discriminator.parameters())
    mix = torch.tensor([[1.0, correlation], [0.0, math.sqrt(1 - correlation**2)]])
    torch.manual_seed(0)
    for _ in range(800):
        z = torch.randn(512, 2, generator=generator) @ mix
        other = torch.randn(512, 2, generator=generator) @ mix
        loss = player.terms(z, other)["entropy"]
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    z = torch.randn(4000, 2, generator=generator) @ mix
    with torch.no_grad():
        logits = model.discriminator(z)
    found = float((logits[:, 0] - logits[:, 1]).mean())
    assert found == pytest.approx(-0.5 * math.log(1 - correlation**2), abs=0.2)


def test_decoder_slope_is_the_frobenius_norm():
    torch.manual_seed(0)
    decoder = nn.Linear(4, 9).double()
    z = torch.randn(4000, 4).double()
    expected = 0.01 * z.var(0).mean().item() * decoder.weight.square().sum().item()
    assert decoder_slope(z, decoder).item() == pytest.approx(expected, rel=0.05)


def test_rae_gp_presses_the_slope_of_images_not_of_what_the_sigmoid_gets():
    model = recipe("rae-gp", (1, 8, 8), latent=2, width=1 / 32)
    term, decoder = model.penalties["decoder_slope"], nn.Linear(2, 64)
    nn.init.zeros_(decoder.weight)
    with torch.no_grad():
        decoder.weight[0, 0] = 1.0
        decoder.bias.fill_(50.0)  # saturated: the image does not move
        assert term(torch.randn(100, 2), decoder).item() < 1e-6
        decoder.bias.zero_()
        assert term(torch.randn(100, 2), decoder).item() > 1e-4


def test_spectral_norm_holds_every_layer_of_rae_sn():
    model = recipe("rae-sn", (1, 8, 8), latent=3, width=1 / 16).train()
    assert isinstance(model, AutoEncoder)
    x = torch.rand(4, 1, 8, 8)
    for _ in range(60):
        model.decoder(model.posterior(x).mean)
    for module in (model.posterior, model.decoder):
        layers = [m for m in module.modules() if isinstance(m, nn.Linear)]
        assert layers
        for layer in layers:
            largest = torch.linalg.matrix_norm(layer.weight.detach(), 2)
            assert float(largest) == pytest.approx(1.0, abs=0.01)


def test_averages_follow_their_formula_and_leave_unit_vectors_at_length_one():
    model = recipe("pioneer", (6,), latent=3, width=1 / 16).train()
    average, names = Average(model, 0.9), dict(model.named_parameters())
    name = "decoder.layers.1.weight"
    expected = names[name].detach().clone()
    for step in range(100, 130):
        with torch.no_grad():
            for part in names.values():
                part.add_(0.3 * torch.randn_like(part))
        model.encode(torch.rand(4, 6))  # a power iteration of every layer
        average.turn_to(step)
        average.update()
        expected = 0.9 * expected + 0.1 * names[name].detach()
    torch.testing.assert_close(average.state_dict()[name], expected)
    units = [v for name, v in average.state_dict().items() if name.endswith(("_u", "_v"))]
    assert len(units) == 8
    assert [float(v.norm()) for v in units] == pytest.approx([1.0] * 8)


class Linear(nn.Module):
    def __init__(self, weight):
        super().__init__()
        self.register_buffer("weight", weight)

    def forward(self, z):
        return z @ self.weight.T


def test_bounds_of_a_linear_gaussian_model():
    # x = W z + 0.5 e with the exact posterior: every importance weight is log p(x).
    torch.manual_seed(0)
    weight = torch.randn(3, 2).double()
    variance = 0.25
    precision = torch.eye(2).double() + weight.T @ weight / variance
    values, vectors = torch.linalg.eigh(precision)  # rotate z, so that the posterior is diagonal
    weight = weight @ vectors

    class Posterior(DiagonalGaussian):
        def __init__(self):
            nn.Module.__init__(self)

        def forward(self, x):
            mean = x @ weight / variance / values
            return Code(mean, values.rsqrt().expand_as(mean))

    model = recipe("vae-fixed-variance", (3,), latent=2, width=1 / 64, deviation=0.5).double()
    assert isinstance(model, AutoEncoder)
    model.posterior, model.decoder = Posterior(), Linear(weight)
    assert isinstance(model.prior, Normal)
    x = torch.randn(5, 3).double()
    law = torch.distributions.MultivariateNormal(
        torch.zeros(3).double(), weight @ weight.T + variance * torch.eye(3).double()
    )
    found = model.log_weights(x, 4)
    torch.testing.assert_close(found, law.log_prob(x).expand(4, 5), rtol=1e-6, atol=1e-6)


def test_gaussian_mixture_kernel_distance_by_hand():
    kernel = gaussian_mixture(deviations=(1.0, 2.0))
    x, y = torch.tensor([[0.0], [1.0]]), torch.tensor([[3.0], [3.0]])
    k = lambda d: math.exp(-(d**2) / 2) + math.exp(-(d**2) / 8)  # noqa: E731
    expected = k(1) + k(0) - (k(3) + k(2))
    assert mmd(x, y, kernel).item() == pytest.approx(expected, rel=1e-6)
