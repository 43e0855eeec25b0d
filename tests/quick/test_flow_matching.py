"""Flow matching: a Gaussian's velocity is known, and so are its draws and its density."""

from __future__ import annotations

import itertools

import pytest
import torch
from torch import Tensor, nn

from latentfit.checks import UserError
from latentfit.expost import CodeMatching, DensityPrior, second_stage
from latentfit.expost.matching import _directions, follow, follow_back, nearest_noise
from latentfit.game import Game
from latentfit.models import TokenPrior
from latentfit.networks import Velocity
from latentfit.recipes import recipe
from latentfit.training.average import Average


@pytest.fixture(autouse=True)
def single():
    """Priors as people make them."""
    torch.set_default_dtype(torch.float32)


class Field(nn.Module):
    """A velocity by a function, in a prior's place for its network."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, u: Tensor, t: Tensor, label: Tensor | None = None) -> Tensor:
        return self.function(u, t)


def with_field(prior: CodeMatching, field) -> CodeMatching:
    prior.velocity = field if isinstance(field, nn.Module) else Field(field)
    return prior


class GaussianField(nn.Module):
    """E[u - e | u_t] where codes are N(0, S): S has the eigenvalues s^2 along turned axes."""

    def __init__(self, s: Tensor, turn: Tensor):
        super().__init__()
        self.s, self.turn = s, turn

    def forward(self, u: Tensor, t: Tensor, label: Tensor | None = None) -> Tensor:
        t = t[:, None]
        slope = (t * self.s**2 - (1 - t)) / ((t * self.s) ** 2 + (1 - t) ** 2)
        return (slope * (u @ self.turn)) @ self.turn.T


def gaussian(m: int) -> tuple[GaussianField, torch.distributions.MultivariateNormal]:
    torch.manual_seed(0)
    turn, s = torch.linalg.qr(torch.randn(m, m))[0], torch.linspace(0.4, 1.6, m)
    covariance = turn @ (s**2).diag() @ turn.T
    return GaussianField(s, turn), torch.distributions.MultivariateNormal(
        torch.zeros(m), (covariance + covariance.T) / 2
    )


@pytest.mark.parametrize("m", [3, 24])
def test_the_velocity_of_a_gaussian_carries_noise_to_it(m):
    field, _ = gaussian(m)
    noise = torch.randn(500, m)
    wanted = (field.s * (noise @ field.turn)) @ field.turn.T
    errors = [float((follow(field, noise, k) - wanted).square().mean().sqrt()) for k in (3, 6, 12)]
    assert errors[0] < 0.01
    assert errors[1] < errors[0] / 3.5  # the rule is of order two
    assert errors[2] < errors[1] / 3.5
    back, _ = follow_back(field, wanted, 20, torch.eye(m))
    assert float((back - noise).abs().max()) < 0.01


@pytest.mark.parametrize(("m", "beside", "mean"), [(3, 0.05, 0.02), (16, 0.1, 0.05), (24, 9, 0.5)])
def test_the_density_of_a_gaussian_is_its_own(m, beside, mean):
    """Beyond 16 dimensions each is off by what random directions miss; their mean is not."""
    field, law = gaussian(m)
    prior = with_field(CodeMatching(m, units=8), field)
    prior.begin(torch.randn(1_000, m) * 3 + 1)
    u = law.sample((400,))
    found = prior.log_density(prior.shift + prior.scale * u)
    wanted = law.log_prob(u) - prior.scale.log().sum()
    torch.testing.assert_close(found, wanted, rtol=0, atol=beside)
    assert abs(float((found - wanted).mean())) < mean


def test_directions_add_up_to_the_trace():
    assert torch.equal(_directions(torch.zeros(2, 16)), torch.eye(16))
    both = _directions(torch.zeros(2, 4_000))
    assert both.shape == (16, 2, 4_000)
    torch.testing.assert_close((both * both).sum(0), torch.ones(2, 4_000))
    assert not torch.equal(both[:, 0], both[:, 1])
    d = both[:, 0]
    matrix = torch.randn(4_000, 4_000, generator=torch.Generator().manual_seed(1)) / 4_000
    matrix.diagonal().fill_(0.5)
    assert float(((d @ matrix) * d).sum()) == pytest.approx(2_000, abs=3)
    assert torch.equal(both, _directions(torch.zeros(2, 4_000)))


def test_a_velocity_starts_at_rest_and_hears_the_time():
    torch.manual_seed(0)
    net = Velocity(5, units=16, blocks=2)
    u, t = torch.randn(4, 5), torch.rand(4)
    assert not net(u, t).any()
    for p in net.parameters():
        nn.init.normal_(p, std=0.3)
    assert not torch.allclose(net(u, t), net(u, 1 - t))
    one, other = net(u[:1], t[:1]), net(u, t)[:1]
    torch.testing.assert_close(one, other)  # samples do not see each other


def test_the_loss_is_that_of_the_straight_path():
    prior = CodeMatching(2, units=8)
    z = torch.tensor([[3.0, -1.0], [5.0, 2.0]])
    prior.begin(z)
    torch.manual_seed(0)
    found = float(prior.fit(z)["velocity"].detach())
    torch.manual_seed(0)
    e = torch.randn(2, 2)
    u = (z - z.mean(0)) / z.std(0)
    assert found == pytest.approx(float((u - e).square().mean()), rel=1e-6)  # it is at rest
    heard = []
    with_field(prior, lambda u, t: heard.append((u, t)) or u)
    torch.manual_seed(0)
    prior.fit(z)
    torch.manual_seed(0)
    e, t = torch.randn(2, 2), torch.rand(2)
    torch.testing.assert_close(heard[0][0], (1 - t[:, None]) * e + t[:, None] * u)
    assert torch.equal(heard[0][1], t)


def test_steps_are_as_many_as_draws_show():
    prior = CodeMatching(2, units=8)
    assert prior.steps() == 3  # at rest

    def winds(turns: float):
        return lambda u, t: turns * torch.stack([-u[:, 1], u[:, 0]], 1)

    assert with_field(prior, winds(2.0)).steps() == 5
    assert with_field(prior, winds(9.0)).steps() == 10


def test_it_learns_a_gaussian_whose_answer_is_known():
    torch.manual_seed(0)
    root = torch.tensor([[2.0, 0.0, 0.0], [1.5, 0.5, 0.0], [-1.0, 0.3, 0.4]])
    law = torch.distributions.MultivariateNormal(torch.tensor([4.0, 0.0, -2.0]), root @ root.T)
    codes = law.sample((20_000,))
    prior = CodeMatching(3, units=64, blocks=2)
    prior.begin(codes)
    game = Game(prior)
    average = Average(prior, 0.99)
    for step in range(1_200):
        average.turn_to(step)
        game.round(iter([codes[torch.randint(len(codes), (512,))]]), step)
        average.update()
    with average.applied(), torch.no_grad():
        drawn, z = prior.draw(20_000), law.sample((2_000,))
        gap = law.log_prob(z) - prior.log_density(z)
    torch.testing.assert_close(drawn.mean(0), law.mean, rtol=0, atol=0.1)
    torch.testing.assert_close(torch.cov(drawn.T), root @ root.T, rtol=0.08, atol=0.1)
    assert abs(float(gap.mean())) < 0.06


def test_coupled_noise_is_the_same_noise_nearer_to_its_codes():
    e, u = torch.randn(5, 2), torch.randn(5, 2) + 1
    costs = [float((e[list(p)] - u).square().sum()) for p in itertools.permutations(range(5))]
    found = nearest_noise(e, u)
    assert float((found - u).square().sum()) == pytest.approx(min(costs), rel=1e-5)
    torch.testing.assert_close(found.sort(0).values, e.sort(0).values)
    label = torch.tensor([0, 1, 0, 1, 1])
    apart = nearest_noise(e, u, label)
    for kind in (0, 1):  # as if the other class were not there
        of = label == kind
        torch.testing.assert_close(apart[of], nearest_noise(e[of], u[of]))


def test_a_velocity_at_rest_errs_less_where_noise_is_coupled():
    codes = torch.randn(512, 2)
    loss = {}
    for coupling in ("independent", "batch"):
        torch.manual_seed(0)
        prior = CodeMatching(2, units=8, coupling=coupling)
        prior.begin(codes)
        loss[coupling] = float(prior.fit(codes)["velocity"].detach())
    assert loss["independent"] == pytest.approx(2, abs=0.2)  # of two standard normals
    assert loss["batch"] < 0.1
    with pytest.raises(UserError, match="unknown coupling 'Batch'"):
        CodeMatching(2, coupling="Batch")  # pyright: ignore


def test_rounds_are_bounded_by_passes_over_the_codes():
    prior = DensityPrior(CodeMatching(2, units=8))
    assert (prior.longer, prior.passes, prior.model.batch) == (0.25, 200, 512)
    assert prior.rounds(20_000, 54_000) == 5_000
    assert prior.rounds(20_000, 256) == 100  # 200 passes of half a batch
    assert prior.rounds(1, 10) == 1
    later = second_stage(2, 1 / 64)
    later.model.batch = 128
    assert later.rounds(100, 54_000) == 200
    assert later.rounds(20_000, 256) == 1_600  # the paper's 800 epochs
    tokens = recipe("vq-vae", (1, 8, 8), latent=4, width=1 / 32, layers=1).prior
    assert isinstance(tokens, TokenPrior)
    assert tokens.rounds(130_000, 54_000) == 32_500
    assert tokens.rounds(130_000, 1_280) == 2_000  # 200 passes


@pytest.mark.parametrize("name", ["ae-matching", "rae-matching"])
def test_recipes_have_it_for_a_prior(name):
    model = recipe(name, (1, 8, 8), latent=3, width=1 / 32)
    assert isinstance(model.prior, DensityPrior)
    velocity = model.prior.model.velocity
    assert isinstance(model.prior.model, CodeMatching)
    assert (velocity.enter.out_features, len(velocity.blocks)) == (256, 3)
