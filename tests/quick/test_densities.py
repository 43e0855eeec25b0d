"""Densities that networks shape: the VampPrior's mixture, flows and what they are made of."""

from __future__ import annotations

import math

import pytest
import torch
from moves import A, B
from torch import nn

from latentfit.models import AutoEncoder
from latentfit.networks import MADE
from latentfit.posteriors import (
    AutoregressiveStep,
    Code,
    DiagonalGaussian,
    Flow,
    FlowCode,
    PlanarStep,
)
from latentfit.priors import Vamp
from latentfit.recipes import recipe


class Fixed(nn.Module):
    """A posterior network whose output is its input: means and raw scales."""

    def forward(self, x):
        return x


def golden_vamp():
    # Pseudo-inputs are (mean, raw); raw is the softplus inverse of exp(-1/2), so that logvar is -1.
    scale = math.exp(-0.5)
    raw = torch.full((3, 4), math.log(math.expm1(scale - 1e-6))).double()
    prior = Vamp(DiagonalGaussian(Fixed()), (8,), 3, bounded=False).double()
    prior.raw.data = torch.cat([B[:3], raw], 1)
    return prior


def test_vampprior_golden():
    assert float(golden_vamp().log_density(A[:1]).detach()) == pytest.approx(
        -5.7813364512, rel=1e-8
    )


def test_vampprior_draws_all_components_more_often_than_there_are():
    prior = golden_vamp()
    prior.raw.data[:, :4] = torch.tensor([[-9.0], [0.0], [9.0]]).double()
    torch.manual_seed(0)
    drawn = prior.sample(300).mean(1)
    counts = [int(((drawn - centre).abs() < 3).sum()) for centre in (-9, 0, 9)]
    assert min(counts) > 70


@pytest.mark.parametrize("shape", [(1, 8, 8), (12,)])
def test_vampprior_learns_its_inputs_and_leaves_the_statistics(shape):
    model = recipe("vampprior", shape, latent=3, width=1 / 32, components=5, warmup=0)
    assert isinstance(model, AutoEncoder)
    assert isinstance(model.prior, Vamp)
    model.train()
    buffers = {name: value.clone() for name, value in model.posterior.named_buffers()}
    z = torch.randn(7, 3)
    trained = model.prior.log_density(z)
    torch.testing.assert_close(trained, model.eval().prior.log_density(z))  # what is sampled
    trained.mean().backward()
    gradient = model.prior.raw.grad
    assert gradient is not None
    assert float((gradient != 0).double().mean()) > 0.5  # no dead start
    for name, value in model.posterior.named_buffers():
        assert torch.equal(buffers[name], value), name
    if len(shape) == 3:
        inputs = model.prior.inputs().detach()
        assert 0.3 < inputs.mean().item() < 0.7
        assert 0 <= float(inputs.min()) <= float(inputs.max()) <= 1


@pytest.mark.parametrize("kind", [AutoregressiveStep, PlanarStep])
def test_log_determinants_of_flows_are_those_of_their_jacobians(kind):
    torch.manual_seed(0)
    step = kind(4).double()
    for parameter in step.parameters():  # away from the start, which is near the identity
        parameter.data = 0.4 * torch.randn_like(parameter)
    z = torch.randn(5, 4).double()
    _, found = step(z)
    for row, value in zip(z, found, strict=True):
        jacobian = torch.func.jacrev(lambda r: step(r[None])[0][0])(row)
        expected = torch.linalg.slogdet(jacobian).logabsdet
        torch.testing.assert_close(value, expected, rtol=1e-8, atol=1e-10)


def test_a_planar_step_by_hand():
    step, z = PlanarStep(4), A[:5]
    step.b.data.fill_(0.7)
    w, u = step.w.detach(), step.u.detach()
    along = w @ u
    u = u + (torch.log1p(along.exp()) - 1 - along) * w / (w @ w)  # so that it can be inverted
    expected = z + torch.tanh(z @ w + 0.7)[:, None] * u
    torch.testing.assert_close(step(z)[0], expected)
    wide = PlanarStep(10_000)  # starts with w z of unit size, and u small
    assert 0.97 < float(wide.w.detach().norm()) < 1.03
    assert 0.97 < float(wide.u.detach().norm()) < 1.03


def test_made_sees_only_the_dimensions_before():
    torch.manual_seed(0)
    made = MADE(5, hidden=(64, 64))
    for parameter in made.parameters():
        parameter.data = torch.randn_like(parameter)
    for output in range(2):
        jacobian = torch.func.jacrev(lambda r, o=output: made(r[None])[o][0])(torch.randn(5))
        assert torch.equal(jacobian.triu(), torch.zeros(5, 5))
        assert (jacobian.tril(-1) != 0).sum() == 10


def test_a_flow_starts_near_the_identity_and_knows_its_draw_only():
    code = Flow(DiagonalGaussian(Fixed()), AutoregressiveStep(4))(torch.randn(3, 8))
    z = code.sample()
    assert code.log_density(z).shape == (3,)
    # A code that diverged says so in its term, where the loop finds it with the player's name.
    assert DiagonalGaussian(Fixed())(torch.randn(3, 8)).log_density(z * math.nan).isnan().all()
    with pytest.raises(ValueError, match="last draw"):
        code.log_density(z.clone())
    joined = Code.join([code, code])
    assert len(joined) == 6
    assert joined[torch.tensor([1])].sample().shape == (1, 4)
    # Without weights in the last layer a step only shrinks towards 0 by sigmoid(1.5) and reverses.
    gate = torch.sigmoid(torch.tensor(1.5))
    torch.testing.assert_close(code.centre(), gate * code.mean.flip(1))


def test_codes_of_a_flow_go_through_it_where_it_lies():
    """Codes that were brought to another device are brought back to the flow's."""

    class Arrived(Exception):
        pass

    class Step(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.shift = torch.nn.Parameter(torch.zeros(2, device="meta"))

        def forward(self, z):
            raise Arrived(z.device.type)

    code = FlowCode(torch.zeros(3, 2), torch.ones(3, 2), (Step(),))
    for push in (code.centre, code.sample):
        with pytest.raises(Arrived, match="meta"):
            push()
