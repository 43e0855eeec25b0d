"""What tells one run from another, and what is the same run."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

import latentfit as lf
from contract import IMAGE, toy
from latentfit.checks import UserError
from latentfit.divergences import kl, sampled_kl
from latentfit.models.learner import describe
from latentfit.schedules import drops, ramp

QUIET = {"progress": False, "device": "cpu", "validate": False}
VECTORS = (6,)


def vae(*, weight=1.0, rate=1.0, **more):
    posterior = lf.posteriors.DiagonalGaussian(nn.Linear(6, 6))
    body = lf.Body(shape=VECTORS, latent=3, encoder=posterior, decoder=nn.Linear(3, 6),
                   likelihood=lf.likelihoods.Gaussian(bounded=False))  # fmt: skip
    held = {"prior": lf.priors.Normal(3), "divergences": {"divergence": kl},
            "weights": {"divergence": weight}, "rate": rate, **more}  # fmt: skip
    model = lf.models.AutoEncoder(body, optimizer=lf.optimizers.adam(1e-3), **held)
    model.batch = 16
    return model


def size(z, decoder):
    return z.square().sum(1).mean()


@pytest.mark.parametrize(
    "other",
    [
        lambda: vae(divergences={"divergence": sampled_kl}),
        lambda: vae(divergences={}, weights={}),
        lambda: vae(penalties={"size": size}),
        lambda: vae(prior=lf.priors.Normal(3, deviation=5.0)),
        lambda: vae(weight=ramp(200)),
        lambda: vae(rate=drops(9_000, factor=0.5)),
        lambda: vae(after=print),
    ],
)
def test_another_objective_is_another_run(other, tmp_path):
    data = toy(VECTORS)
    lf.train(vae(), data, rounds=2, out=tmp_path, **QUIET)
    lf.train(vae(), data, rounds=3, out=tmp_path, **QUIET)
    with pytest.raises(UserError, match="holds another run") as raised:
        lf.train(other(), data, rounds=4, out=tmp_path, **QUIET)
    assert len(str(raised.value)) < 900


def test_schedules_with_other_turning_points_are_told_apart(tmp_path):
    data = toy(VECTORS)
    lf.train(vae(weight=ramp(200)), data, rounds=2, out=tmp_path, **QUIET)
    with pytest.raises(UserError, match=r"weights\.divergence"):
        lf.train(vae(weight=ramp(900)), data, rounds=3, out=tmp_path, **QUIET)


def frozen(seed):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(6, 3), nn.BatchNorm1d(3)).requires_grad_(False)


def test_frozen_networks_are_told_by_what_they_hold(tmp_path):
    data = toy(VECTORS)

    def built(encoder):
        return lf.recipe("flexae", data, latent=3, width=1 / 8, batch=16, encoder=encoder)

    lf.train(built(frozen(1)), data, rounds=2, out=tmp_path, **QUIET)
    lf.train(built(frozen(1)), data, rounds=3, out=tmp_path, **QUIET)
    for other in (frozen(2), frozen(1).requires_grad_(True)):
        before = other[0].weight.clone()
        with pytest.raises(UserError, match="frozen") as raised:
            lf.train(built(other), data, rounds=4, out=tmp_path, **QUIET)
        assert len(str(raised.value)) < 500
        assert torch.equal(other[0].weight, before)
    plain = lf.recipe("flexae", data, latent=3, width=1 / 8, batch=16)
    with pytest.raises(UserError, match=r"structure was parts of its own, is now none") as raised:
        lf.train(plain, data, rounds=4, out=tmp_path, **QUIET)
    assert len(str(raised.value)) < 500


def test_a_prior_that_took_the_place_of_the_recipes_is_part_of_the_run(tmp_path):
    data = toy(VECTORS)
    settings = {"latent": 3, "width": 1 / 8, "batch": 16}
    model = lf.refit(lf.recipe("ae", data, **settings), data, "gmm", rounds=1, components=3)
    lf.train(model, data, rounds=2, out=tmp_path, **QUIET)
    with pytest.raises(UserError, match=r"prior was \['gmm', \{'components': 3\}\]"):
        lf.train(lf.recipe("ae", data, **settings), data, rounds=3, out=tmp_path, **QUIET)
    assert lf.load(tmp_path).refitted == ("gmm", {"components": 3})


def test_growing_networks_are_still_those_of_their_recipe(tmp_path):
    data = toy(IMAGE)
    model = lf.recipe("pioneer", data, latent=3, width=1 / 64, batch=16, phase=2)
    lf.train(model, data, rounds=6, out=tmp_path, **QUIET)
    assert model.as_built()
    again = lf.load(tmp_path)
    assert torch.equal(again.sample(2, seed=0), model.sample(2, seed=0))


def test_units_are_those_of_the_data_however_a_model_was_built(tmp_path):
    raw = (200 + 5 * torch.randn(300, 6, generator=torch.Generator().manual_seed(0))).numpy()
    data = lf.data.load(raw)
    for model in (vae(), lf.recipe("wae-mmd", VECTORS, latent=3, width=1 / 8, batch=32)):
        lf.train(model, data, rounds=2, **QUIET)
        assert abs(model.sample(200, seed=0, as_array=True).mean() - 200) < 30


def test_numbers_of_numpy_are_numbers_and_others_are_refused(tmp_path):
    data = toy(VECTORS)
    one = np.int64(3)
    model = lf.recipe("flexae", data, latent=one, width=1 / 8, batch=np.int64(16), seed=one)
    lf.train(model, data, rounds=one, seed=one, out=tmp_path, **QUIET)
    for call, says in (
        (lambda: lf.recipe("flexae", VECTORS, latent=3.0), "'latent' must be a whole number"),
        (lambda: lf.train(vae(), data, rounds=2.5), "'rounds' must be a whole number"),
        (lambda: lf.train(vae(), data, rounds=2, notes={"mood": "x"}), "unknown note 'mood'"),
        (lambda: lf.recipe("flexae", VECTORS, encoder=len), "'encoder' must be a network"),
        (lambda: lf.recipe("beta-vae", VECTORS, decoder="fixed"), "the setting 'likelihood'"),
        (lambda: vae().encode(torch.zeros(2, 6, dtype=torch.uint8)), "a tensor of torch.uint8"),
        (lambda: lf.recipe("rae-sn", VECTORS, latent=3, encoder=frozen(0)), "change a frozen"),
    ):
        with pytest.raises(UserError, match=says):
            call()
    for name, value in (("batch", 0), ("batch", -3), ("average", 2.0)):
        wrong = vae()
        setattr(wrong, name, value)
        with pytest.raises(UserError, match=f"'{name}' must be"):
            lf.train(wrong, data, rounds=2, **QUIET)


def test_a_checkpoint_of_another_model_is_named(tmp_path):
    data = toy(VECTORS)
    lf.train(vae(), data, rounds=2, out=tmp_path, **QUIET)
    state = torch.load(tmp_path / "checkpoints" / "last.pt", weights_only=True)
    state["model"] = {}
    torch.save(state, tmp_path / "checkpoints" / "last.pt")
    with pytest.raises(UserError, match="is not of this model"):
        lf.train(vae(), data, rounds=3, out=tmp_path, **QUIET)


def test_a_model_may_hold_another_that_is_no_prior():
    teacher, student = vae(), vae()
    student.teacher = teacher
    assert student.teacher is teacher
    student.prior = vae()
    assert isinstance(student.prior, lf.models.Stage)


def test_one_own_half_leaves_the_other_as_the_recipe_has_it():
    usual = lf.recipe("maskaae", IMAGE, latent=4, width=1 / 64)
    mine = nn.Sequential(nn.Flatten(), nn.Linear(64, 4))
    model = lf.recipe("maskaae", IMAGE, latent=4, width=1 / 64, encoder=mine)
    assert model.encoder is mine
    assert str(model.decoder) == str(usual.decoder)
    exchanged = lf.recipe("mapae", IMAGE, latent=4, width=1 / 64)
    exchanged.encoder = mine
    exchanged.train()


def test_functions_are_told_by_what_they_keep():
    def make(rate):
        def again(n):
            return again(n - 1) if n else rate

        return again

    def told(**more):
        return describe(vae(penalties={"size": make(0.1)}, **more))["parts"]["model"]["penalties"]

    name = "test_identity.test_functions_are_told_by_what_they_keep.<locals>.make.<locals>.again"
    assert told()["size"]["function"] == name
    assert told()["size"]["rate"] == 0.1
    assert describe(vae()) == describe(vae())
    optimizer = describe(vae())["players"]["autoencoder"]["optimizer"]
    assert (optimizer["rate"], optimizer["beta1"]) == (1e-3, 0.9)


def test_only_the_model_that_was_trained_is_filled(tmp_path):
    data = toy(VECTORS)

    def built(bend):
        parts = nn.Sequential(nn.Linear(6, 8), bend(), nn.Linear(8, 3))
        return lf.recipe("flexae", data, latent=3, width=1 / 8, batch=16, encoder=parts)

    lf.train(built(nn.ReLU), data, rounds=2, out=tmp_path, **QUIET)
    lf.load(tmp_path, model=built(nn.ReLU))
    with pytest.raises(UserError, match=r"encoder\.1\.kind was 'ReLU', is now 'Tanh'"):
        lf.load(tmp_path, model=built(nn.Tanh))


class Bounded(nn.Module):
    def __init__(self, bend):
        super().__init__()
        self.inner, self.bend = nn.Linear(4, 64), bend

    def forward(self, z):
        return self.bend(self.inner(z)).reshape(-1, *IMAGE)


def test_links_are_seen_wherever_they_are():
    for bend in (torch.sigmoid, torch.tanh):
        with pytest.raises(UserError, match="would get a second one"):
            lf.recipe("wae-mmd", IMAGE, latent=4, decoder=Bounded(bend))
    lf.recipe("wae-mmd", IMAGE, latent=4, decoder=Bounded(torch.sigmoid), link="identity")
    lf.recipe("wae-mmd", IMAGE, latent=4, decoder=Bounded(torch.relu))


def test_what_a_loop_of_ones_own_has_trained_is_kept(tmp_path):
    data = toy(VECTORS)
    model = lf.recipe("wae-mmd", data, latent=3, width=1 / 8).eval()
    lf.save(model, data, tmp_path, rounds=7)
    again = lf.load(tmp_path, device="cpu")
    assert torch.equal(again.sample(3, seed=0), model.sample(3, seed=0))
    with pytest.raises(UserError, match="holds another run"):
        lf.save(lf.recipe("ae", data, latent=3, width=1 / 8), data, tmp_path)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: lf.train(vae(), np.zeros((30, 6)), rounds=1), "the data are a ndarray"),
        (lambda: lf.evaluate(vae(), "digits"), "the data are a str"),
        (lambda: lf.train(nn.Linear(2, 2), toy(VECTORS), rounds=1), "the model is a Linear"),
        (lambda: lf.train(vae().double(), toy(VECTORS), rounds=1, **QUIET), "is of torch.float64"),
        (lambda: lf.recipe("ae", VECTORS, latent=3, encoder=nn.LSTM(6, 3)), "gives a tuple"),
        (lambda: lf.recipe("ae", VECTORS, latent=3, encoder=nn.LazyLinear(3)), "has lazy layers"),
        (lambda: vae().sample(2.5), "'n' must be a whole number"),
        (lambda: lf.train(vae(divergences={"each": lambda code, z, prior: z.sum(1)}),
                          toy(VECTORS), rounds=1, **QUIET), r"term 'each' .* has shape \(16,\)"),
    ],
)  # fmt: skip
def test_what_is_handed_over_is_looked_at(call, says):
    with pytest.raises(UserError, match=says):
        call()
