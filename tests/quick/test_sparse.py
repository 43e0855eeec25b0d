"""Auto-encoders that leave dimensions unused: values, and what is read off them."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.distributions import Normal as Law
from torch.distributions import kl_divergence

from latentfit.checks import UserError
from latentfit.divergences import relevance_kl
from latentfit.game import Game
from latentfit.posteriors import Code
from latentfit.priors import Normal, Relevance
from latentfit.recipes import recipe
from latentfit.sizing.published import last_before, relevance, sharpest_drop


def test_the_relevance_kl_is_that_of_two_gaussians():
    torch.manual_seed(0)
    mean, scale, variance = torch.randn(5, 3), torch.rand(5, 3) + 0.1, torch.tensor([4.0, 0.25, 1])
    prior = Relevance(3).eval()
    prior.variance.copy_(variance)
    found = relevance_kl(Code(mean, scale), mean, prior)
    exact = kl_divergence(Law(mean, scale), Law(0.0, variance.sqrt())).sum(1).mean()
    torch.testing.assert_close(found, exact)
    exact = Law(0.0, variance.sqrt()).log_prob(mean).sum(1)
    torch.testing.assert_close(prior.log_density(mean), exact)


def test_the_prior_takes_the_draws_after_they_were_judged_and_only_while_training():
    code = Code(torch.zeros(4, 2), torch.ones(4, 2))
    z = torch.tensor([[2.0, 0.0]]).expand(4, 2)
    prior = Relevance(2, memory=8)
    assert float(relevance_kl(code, z, prior)) == 0.0  # against the variances before
    assert prior.variance.tolist() == [2.5, 0.5]  # half of its memory is of these four
    relevance_kl(code, z, prior.eval())
    assert prior.variance.tolist() == [2.5, 0.5]


def test_a_batch_beyond_the_memory_replaces_it():
    prior = Relevance(1, memory=2)
    prior.take(torch.tensor([[3.0], [1.0], [2.0], [2.0]]))
    assert prior.variance.tolist() == [4.5]


def test_the_prior_samples_its_own_deviations():
    prior = Relevance(2)
    prior.variance.copy_(torch.tensor([9.0, 0.0]))
    torch.manual_seed(0)
    drawn = prior.sample(20_000)
    assert float(drawn[:, 0].std()) == pytest.approx(3.0, rel=0.02)
    assert float(drawn[:, 1].std()) < 1e-5


def test_the_relevance_kl_needs_its_own_prior_and_gaussians():
    mean = torch.zeros(2, 3)
    with pytest.raises(UserError, match="Relevance prior, got Normal"):
        relevance_kl(Code(mean, mean + 1), mean, Normal(3))
    with pytest.raises(UserError, match="got points"):
        relevance_kl(Code(mean), mean, Relevance(3))


def linear(name: str, d: int, m: int, **settings):
    """A system whose encoder and decoder are single linear layers."""
    outputs = 2 * m if name == "ard-vae" else m
    return recipe(name, (d,), latent=m, encoder=nn.Linear(d, outputs), decoder=nn.Linear(m, d),
                  **settings)  # fmt: skip


def played(model, x: torch.Tensor, rounds: int):
    """The model after some rounds on batches of 100."""
    torch.manual_seed(0)
    game = Game(model)
    for step in range(rounds):
        game.round(iter([x[torch.randint(len(x), (100,))]]), step)
    return model.eval()


def test_ard_keeps_the_components_that_stand_out_of_its_noise():
    # A linear VAE of squared error r and weight w is probabilistic PCA of noise w / 2: components
    # with more variance than that stay, with a share 1 - (w / 2) / variance of it [Tipping &
    # Bishop]. Of these five three are above 1 / 2.
    torch.manual_seed(0)
    x = torch.randn(4000, 5) * torch.tensor([4.0, 2.5, 1.5, 0.3, 0.2]).sqrt()
    model = played(linear("ard-vae", 5, 5, weight=1.0, rate=3e-3, memory=1000), x, 3000)
    found = relevance(model, x).sort(descending=True).values
    # Relevance is the slope's square times the codes' second moment: what is decoded of it.
    assert found[:3].tolist() == pytest.approx([3.5, 2.0, 1.0], rel=0.15)
    assert float(found[3]) < 0.02


def test_linear_layers_and_decay_leave_the_rank_of_the_data():
    torch.manual_seed(0)
    x = torch.randn(2000, 3) @ torch.randn(3, 12)
    model = played(linear("irmae-wd", 12, 8), x, 1500)
    with torch.no_grad():
        codes = model.encode(x)
    assert sharpest_drop(torch.linalg.svdvals(codes.double().T.cov())) == 3
    layers = [part for part in model.posterior.modules() if isinstance(part, nn.Linear)]
    assert [part.bias is None for part in layers] == [False, True, True, True, True]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([9.0, 4.0, 0.1, 0.05, 1e-6], 2),
        ([5.0, 4.0, 0.0, 0.0], 2),
        ([2.0], 1),
    ],
)
def test_the_sharpest_drop(values, expected):
    assert sharpest_drop(torch.tensor(values)) == expected


@pytest.mark.parametrize("last", [1, 5, 6, 11, 40, 64])
@pytest.mark.parametrize("start", [1, 6, 40])
def test_doubling_and_halving_find_the_last_size(last, start):
    asked = []

    def exceeds(m: int) -> bool:
        asked.append(m)
        return m > last

    assert last_before(exceeds, start=start, most=64) == last
    assert max(asked) <= 64
    assert len(set(asked)) <= 13


def test_every_size_may_exceed():
    assert last_before(lambda m: True, start=6, most=64) == 1
