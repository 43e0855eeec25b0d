"""Models in the form of a graph draw and compute what they did before; all recipes, as a claim."""

from __future__ import annotations

import copy
import io

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils.parametrize import is_parametrized

import latentfit as lf
from contract import CASES, IDS, IMAGE, VECTOR, small, toy
from latentfit.exporting.export import FORMS, TOLERANCE, made
from latentfit.exporting.forms import formed, prior_formed
from latentfit.exporting.noise import Noise, Takings
from latentfit.exporting.pieces import Encoding, Sampling, shares
from latentfit.exporting.units import units_of
from latentfit.expost import PRIORS, CodeMatching, DensityPrior
from latentfit.models.base import Stage
from latentfit.networks.made import MaskedLinear
from latentfit.networks.taps import OneChannel, OneChannelUp
from latentfit.priors import ByClass, GaussianMixture, KernelDensity
from latentfit.schema import Numbers

SPREAD = torch.tensor([2.0, 1.0, 0.3])
CODES = torch.randn(300, 3, generator=torch.Generator().manual_seed(0)) * SPREAD


def uneven(module):
    """Parameters that differ, so that a draw depends on each."""
    for parameter in module.parameters():
        nn.init.normal_(parameter, std=0.3)
    return module


def fitted(name):
    small = {"matching": {"units": 8}, "kde": {"count": 100}, "vamp": {"components": 20}}
    prior = PRIORS[name].build(3, 1 / 64, **small.get(name, {}))
    if hasattr(prior, "fit"):
        prior.fit(CODES)
    else:
        uneven(prior)
        prior.begin(CODES)
    return prior.eval()


def own(recipe):
    return uneven(small(recipe, VECTOR)).eval().prior


def scaled(model):
    """In units of its own."""
    units = torch.tensor([4.0, 5.0, 6.0], dtype=torch.float64)
    model.schema = Numbers((3,), (3,), units, units / 2)
    return model


DRAWING = {
    **{name: (lambda name=name: fitted(name)) for name in PRIORS},
    **{name: (lambda name=name: own(name)) for name in
       ("flexae", "maskaae", "vampprior", "vae-iop", "age", "gan", "ard-vae", "wae-mmd")},
    "wae-gan on a ring": lambda: small("wae-gan", VECTOR, modes=5).prior,
    "vq-vae": lambda: uneven(small("vq-vae", IMAGE)).eval().prior,
    "a stage": lambda: Stage(scaled(uneven(small("wae-mmd", (3,))).eval())),
}  # fmt: skip


def handed(prior, n, seed=0):
    """What a prior draws of given noise, each law from a stream of its own."""
    streams = {law: torch.Generator().manual_seed(seed) for law in ("normal", "uniform")}
    draws = {"normal": torch.randn, "uniform": torch.rand}
    with torch.no_grad(), Noise(lambda law, shape: draws[law](*shape, generator=streams[law])):
        return prior.sample(n)


@pytest.mark.parametrize("name", DRAWING)
def test_a_prior_in_the_form_of_a_graph_draws_the_same_of_the_same_noise(name):
    prior = DRAWING[name]()
    form = prior_formed(copy.deepcopy(prior))
    found, expected = handed(form, 40), handed(prior, 40)
    assert expected.std() > 0.1
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)
    takings = Takings(form.sample)
    noise = [torch.rand(4, size) for size in takings.sizes.values()]
    with torch.no_grad(), takings.giving(noise):
        first = form.sample(4)
    with torch.no_grad(), takings.giving([part[1:] for part in noise]):
        torch.testing.assert_close(form.sample(3), first[1:], rtol=1e-4, atol=1e-5)  # each its own


def test_what_a_prior_takes_is_what_it_needs():
    sizes = {name: Takings(prior_formed(DRAWING[name]()).sample).sizes for name in DRAWING}
    assert sizes["gaussian"] == {"normal": 3}
    assert sizes["gmm"] == sizes["kde"] == sizes["vamp"] == {"normal": 3, "uniform": 1}
    assert sizes["autoregressive"] == {"normal": 3, "uniform": 3}
    assert sizes["flow"] == sizes["matching"] == {"normal": 3}
    assert sizes["two-stage"] == {"normal": 6}
    assert sizes["gan"] == {"uniform": 4}
    assert sizes["vae-iop"] == {"normal": 4000, "uniform": 1}
    assert set(sizes["vq-vae"]) == {"uniform"}


def test_noise_is_handed_over_in_the_order_of_the_draws():
    takings = Takings(
        lambda n: torch.cat([torch.randn(n, 2), torch.rand(n, 1), torch.randn(n, 1)], 1)
    )
    normal, uniform = torch.randn(5, 3), torch.rand(5, 1)
    with takings.giving([normal, uniform]):
        found = [torch.randn(5, 2), torch.rand(5, 1), torch.randn(5)]
    for held, expected in zip(found, [normal[:, :2], uniform, normal[:, 2]], strict=True):
        assert torch.equal(held, expected)


def test_choices_are_made_by_their_weights():
    weights = torch.tensor([0.0, 1.0, 3.0, 0.0])
    even = (torch.arange(4_000) + 0.5) / 4_000
    with Noise(lambda law, shape: even.reshape(*shape)):
        picked = torch.multinomial(weights, 4_000, replacement=True).bincount(minlength=4)
        rows = torch.multinomial(weights.expand(4_000, 4), 1).flatten().bincount(minlength=4)
        whole = torch.randint(5, (4_000,)).bincount()
    assert picked.tolist() == rows.tolist() == [0, 1000, 3000, 0]
    assert whole.tolist() == [800] * 5
    ends = {0.0: 1, 1 - 2**-24: 2}
    for number, place in ends.items():
        with Noise(lambda law, shape, number=number: torch.full(shape, number)):
            assert int(torch.multinomial(weights, 1)) == place


def of_classes(name):
    """A prior of two classes, far from each other."""
    codes = torch.cat([torch.randn(60, 2) - 4, torch.randn(90, 2) + 4])
    labels = torch.tensor([0] * 60 + [1] * 90)
    if name == "matching":
        prior = DensityPrior(CodeMatching(2, units=8, classes=2, guidance=2.0))
        prior.begin(torch.cat([codes, labels[:, None]], 1))
        return uneven(prior).eval()
    kinds = {"gmm": lambda: GaussianMixture(2, components=2), "kde": lambda: KernelDensity(2)}
    prior = ByClass([kinds[name]() for _ in range(2)])
    prior.fit(codes, labels)
    return prior


@pytest.mark.parametrize("name", ["gmm", "kde", "matching"])
def test_a_sampler_of_classes_draws_of_the_one_that_it_is_told(name, monkeypatch):
    prior = of_classes(name)
    form = prior_formed(copy.deepcopy(prior))
    if name == "matching":  # as many steps for one class as for all
        monkeypatch.setattr(prior.model, "steps", form.model.steps)
    np.testing.assert_allclose(shares(prior), [0.4, 0.6])
    label = torch.arange(30) % 2
    normal, uniform = torch.randn(30, 2), torch.rand(30, 1)

    def take(places):
        held = {"normal": normal[places], "uniform": uniform[places]}
        return Noise(lambda law, shape: held[law].reshape(*shape))

    with torch.no_grad(), take(slice(None)):
        found = form.sample_of(30, label)
    for number in (0, 1):
        with torch.no_grad(), take(label == number):
            expected = prior.sample_of(15, number)
        torch.testing.assert_close(found[label == number], expected, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("name", ["gmm", pytest.param("matching", marks=pytest.mark.claim)])
def test_labels_are_an_input(name):
    model = lf.recipe("wae-mmd", VECTOR, latent=2, width=1 / 64).eval()
    model.prior, model.classes = of_classes(name), ("low", "high")
    held, told = made(Sampling, model, FORMS["torch"])
    *noise, label = told["inputs"]
    assert label["shape"] == ["batch"]
    assert (label["classes"], label["shares"]) == (["low", "high"], [0.4, 0.6])
    given = [torch.rand(3, port["shape"][1]) for port in noise]
    module = torch.export.load(io.BytesIO(held)).module()
    low, high = (module(*given, torch.full((3,), k)) for k in (0, 1))
    assert (low - high).abs().min(1).values.min() > 0


@pytest.mark.parametrize("name", ["rae-sn", "alae", "vae-flow"])
def test_layers_are_pytorchs_own_and_those_of_the_model_stay(name):
    model = uneven(small(name, IMAGE)).eval()
    z, x = torch.randn(5, 4), torch.rand(5, *IMAGE)
    before, kinds = (model.decode(z), model.encode(x)), [type(part) for part in model.modules()]
    form = formed(model)
    ours = (OneChannel, OneChannelUp, MaskedLinear)
    assert not [p for p in form.modules() if isinstance(p, ours) or is_parametrized(p)]
    torch.testing.assert_close((form.decode(z), form.encode(x)), before, rtol=1e-4, atol=1e-5)
    assert [type(part) for part in model.modules()] == kinds
    assert torch.equal(model.decode(z), before[0])


def test_codes_of_a_mask_are_masked():
    model = small("maskaae", IMAGE).eval()
    model.mask.alpha.data = torch.tensor([0.0, 5.0, 0.0, 1.0])
    x = torch.rand(6, *IMAGE)
    with torch.no_grad():
        codes = Encoding(formed(model), units_of(model.schema))(x)
    assert (codes == 0).tolist() == [[True, False, True, False]] * 6
    np.testing.assert_allclose(codes, model.encode(x.numpy()), rtol=1e-4, atol=1e-6)


@pytest.mark.claim
@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_every_recipe_is_exported_and_computes_the_same(case, tmp_path):
    name, shape = case
    model = small(name, shape).eval()
    if isinstance(model.prior, lf.priors.ExPost):
        model = lf.train(model, toy(shape), rounds=2, progress=False, device="cpu",
                         validate=False).model  # fmt: skip
    done = lf.export(model, to="onnx" if shape == IMAGE else "torch", out=tmp_path)
    expected = ["decoder", "sampler"] if name == "gan" else ["encoder", "decoder", "sampler"]
    assert [path.stem for path in done.files] == expected
    assert all(row["difference"] <= TOLERANCE for row in done.told["files"])
