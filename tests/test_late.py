"""Priors that are fitted on the codes of a trained encoder."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from latentfit.checks import UserError
from latentfit.data.synthetic import gaussian
from latentfit.expost import PRIORS, DensityPrior, refit, with_prior
from latentfit.posteriors import Code
from latentfit.recipes import recipe
from latentfit.storage import RunFolder
from latentfit.training import Settings, encode_all, train


@pytest.mark.parametrize("name", PRIORS)
def test_late_priors_follow_the_codes(name):
    data = gaussian(n=2, d=8, count=1_200)
    model = recipe("ae", data, latent=2, width=1 / 4, batch=32)
    train(model, data, Settings(rounds=200, progress=False, device="cpu"))
    codes = model.encode(data.train.first(900)).detach()
    trained = {"flow": 2_000, "autoregressive": 2_000, "vamp": 2_000, "two-stage": 400,
               "matching": 400}  # fmt: skip
    refit(model, data, name, rounds=trained.get(name, 1), progress=False)
    torch.manual_seed(0)
    drawn = model.prior.sample(900).detach()
    apart = (drawn.mean(0) - codes.mean(0)).abs() / codes.std(0)
    assert float(apart.max()) < 0.35
    assert float((drawn.std(0) / codes.std(0)).log().abs().max()) < 0.35


@pytest.mark.parametrize("name", ["vamp", "autoregressive", "flow", "matching"])
def test_trained_priors_know_dimensions_that_collapsed(name):
    """There the means of a VAE's posteriors hardly move, but its draws have deviation 1."""
    data = gaussian(n=2, d=8, count=1_200)
    model = recipe("vae-learned-variance", data, latent=2, width=1 / 4, batch=32)
    code = Code(torch.randn(900, 2) * torch.tensor([1.0, 1e-3]), torch.ones(900, 2))
    with_prior(model, name)
    assert isinstance(model.prior, DensityPrior)
    model.prior.begin(code.sample())
    assert model.prior.model.scale[1].item() == pytest.approx(1, abs=0.1)
    refit(model, data, name, rounds=40, progress=False)
    codes = encode_all(model, data.train).sample()
    torch.testing.assert_close(model.prior.model.scale, codes.std(0), rtol=0.1, atol=0)


@pytest.mark.parametrize("name", ["flow", "autoregressive", "two-stage"])
def test_the_width_of_a_late_prior_is_its_own(name):
    model = recipe("ae", gaussian(n=2, d=8, count=300), latent=2, width=1 / 8)

    def weights(**settings):
        with_prior(model, name, **settings)
        return sum(weight.numel() for weight in model.prior.parameters())

    assert weights() == weights(width=None) == weights(width=1 / 8) < weights(width=1)
    with pytest.raises(UserError, match="width"):
        with_prior(model, "gmm", width=1)


def test_settings_of_a_late_prior_are_kept_as_json_takes_them():
    """A number of another library is written to `run.json` as Python's own."""
    model = recipe("ae", gaussian(n=2, d=8, count=300), latent=2, width=1 / 8)
    with_prior(model, "vamp", components=np.int64(5), batch=np.int64(16))
    assert model.refitted is not None
    assert json.loads(json.dumps(model.refitted)) == ["vamp", {"components": 5, "batch": 16}]
    assert isinstance(model.prior, DensityPrior)
    assert model.prior.model.batch == 16


def test_a_late_prior_follows_its_settings_and_its_seed(tmp_path):
    data = gaussian(n=2, d=8, count=1_200)

    def means(seed=0, **settings):
        model = recipe("ae", data, latent=2, width=1 / 8, batch=32, seed=1)
        refit(model, data, "vamp", rounds=8, seed=seed, progress=False,
              folder=RunFolder(tmp_path), **settings)  # fmt: skip
        assert isinstance(model.prior, DensityPrior)
        return model.prior.model.get_parameter("mean").detach()

    first = means(components=5)
    torch.rand(7)  # the global stream must not matter
    torch.testing.assert_close(means(components=5), first, rtol=0, atol=0)
    assert not torch.equal(means(components=5, rate=0.5), first)
    assert not torch.equal(means(components=5, seed=1), first)
    assert len(means(components=6)) == 6
    other = {"data": {"name": "photos"}}  # a run of the person's own that is called so
    (tmp_path / "prior" / "run.json").write_text(json.dumps({"identity": other}))
    with pytest.raises(UserError, match="holds another run"):
        means(components=5)
    assert (tmp_path / "prior" / "run.json").exists()
    with pytest.raises(UserError, match="components"):
        means(components=0)
