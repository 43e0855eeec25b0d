"""Parts of one's own: the examples of the page run, and what does not fit is said."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

import latentfit as lf
from contract import IMAGE, toy
from latentfit.checks import UserError

PAGE = Path(__file__).parents[1] / "docs" / "own-parts.md"
QUIET = {"progress": False, "device": "cpu", "validate": False}


@pytest.mark.filterwarnings("ignore")
def test_the_examples_of_the_page_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(), flags=re.DOTALL)
    assert len(blocks) > 12
    held: dict[str, object] = {}
    for number, block in enumerate(blocks):
        exec(compile(block, f"own-parts.md, block {number}", "exec"), held)
    for name in ("least_squares", "shuffled", "waves", "gap"):
        assert name in held


def body(latent: int = 3, wide: int | None = None, shape: tuple[int, ...] = (6,)) -> lf.Body:
    return lf.Body(
        shape=shape,
        latent=latent,
        encoder=nn.Linear(6, wide or latent),
        decoder=nn.Linear(latent, 6),
        likelihood=lf.likelihoods.SquaredError(bounded=False),
    )


def flexae(rate: float = 1e-4, bend: type[nn.Module] = nn.ReLU, **more: float) -> lf.Model:
    critic = nn.Sequential(nn.Linear(3, 8), bend(), nn.Linear(8, 1))
    prior = lf.priors.Pushforward(nn.Linear(2, 3), 2)
    model = lf.models.FlexAE(body(), prior=prior, critic=critic, rate=rate, **more)
    model.batch = 16
    return model


@pytest.mark.parametrize(
    ("build", "says"),
    [
        (lambda: lf.models.FlexAE(body(3, 5), prior=lf.priors.Normal(3), critic=nn.Linear(3, 1)),
         r"the encoder maps \(2, 6\) to \(2, 5\) where \(2, 3\) is needed"),
        (lambda: lf.recipe("flexae", (6,), latent=3, encoder=nn.Linear(6, 5)),
         r"the encoder maps \(2, 6\) to \(2, 5\)"),
        (lambda: lf.recipe("beta-vae", (6,), latent=3, encoder=nn.Linear(6, 3)),
         r"to \(2, 3\) where \(2, 6\) is needed"),
        (lambda: lf.recipe("flexae", (6,), latent=3, encoder=nn.Linear(7, 3)),
         r"the encoder does not take inputs of shape \(2, 6\)"),
        (lambda: lf.recipe("flexae", IMAGE, latent=3, decoder=nn.Linear(3, 64)),
         r"the decoder maps \(2, 3\) to \(2, 64\)"),
        (lambda: lf.recipe("flexae", (6,), latent=3, image_critic=nn.Linear(6, 1)),
         "flexae takes no 'image_critic'"),
        (lambda: lf.recipe("gan", (6,), latent=3, encoder=nn.Linear(6, 3)),
         "gan takes no 'encoder'"),
        (lambda: lf.recipe("flexae", IMAGE, latent=3, decoder=nn.Sequential(
            nn.Linear(3, 64), nn.Unflatten(1, IMAGE), nn.Sigmoid())), "give link='identity'"),
        (lambda: lf.recipe("flexae", (6,), latent=3, link="identity"), "vectors have no link"),
        (lambda: lf.recipe("flexae", "digits"), "'data' is a str"),
        (lambda: lf.train(flexae(), toy((6,)), rounds=1, sed=1), "did you mean seed"),
        (lambda: lf.train(flexae(), toy((5,)), rounds=1), r"takes samples of shape \(6,\)"),
        (lambda: lf.evaluate(flexae(), toy((5,))), r"takes samples of shape \(6,\)"),
        (lambda: lf.refit(flexae(), toy((5,)), "gmm", rounds=1), r"takes samples of shape \(6,\)"),
        (lambda: flexae().encode(torch.zeros(2, 5)), r"samples have shape \(5,\)"),
        (lambda: flexae().encode([[1.0, 2.0]]), r"samples have shape \(2,\)"),
        (lambda: flexae().sample(0), "'n' must be at least 1"),
        (lambda: lf.Body(shape=(6,), latent=0, decoder=nn.Linear(3, 6),
                         likelihood=lf.likelihoods.SquaredError(bounded=False)), "'latent'"),
        (lambda: lf.data.load(3.5), "data are given as a float"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_said(build, says):
    with pytest.raises(UserError, match=says):
        build()


def test_a_prior_of_another_size_is_refused():
    model = flexae()
    model.prior = lf.priors.Normal(4)
    with pytest.raises(UserError, match=r"the prior draws codes \(2, 4\) where \(2, 3\)"):
        lf.train(model, toy((6,)), rounds=1, **QUIET)


def test_a_folder_is_refused_to_another_model_built_from_parts(tmp_path):
    data = toy((6,))
    lf.train(flexae(), data, rounds=2, out=tmp_path, **QUIET)
    lf.train(flexae(), data, rounds=3, out=tmp_path, **QUIET)
    for other, says in (
        (flexae(rate=0.5), r"players\.autoencoder\.optimizer\.rate was 0\.0002, is now 1\.0"),
        (flexae(penalty=1000.0), r"players\.critic\.weights\.slope was 10\.0, is now 1000\.0"),
        (flexae(bend=nn.Tanh), r"parts\.critic\.1\.kind was 'ReLU', is now 'Tanh'"),
    ):
        with pytest.raises(UserError, match=says):
            lf.train(other, data, rounds=4, out=tmp_path, **QUIET)


def test_a_part_that_was_exchanged_is_noticed(tmp_path):
    data = toy((6,))
    model = lf.recipe("flexae", data, latent=3, width=1 / 8, batch=16)
    assert model.as_built()
    model.encoder = nn.Linear(6, 3)
    assert not model.as_built()
    lf.train(model, data, rounds=2, out=tmp_path, **QUIET)
    with pytest.raises(UserError, match="built from parts; pass the built model"):
        lf.load(tmp_path)
    again = lf.recipe("flexae", data, latent=3, width=1 / 8, batch=16)
    with pytest.raises(
        UserError, match=r"the model that was passed is not the one of .* and \d+ more"
    ):
        lf.load(tmp_path, model=again)
    again.encoder = nn.Linear(6, 3)
    assert torch.equal(lf.load(tmp_path, model=again).sample(2, seed=1), model.sample(2, seed=1))


@pytest.mark.parametrize("name", ["flexae-sr", "mapae", "vae-fixed-variance", "ae", "age", "aae"])
def test_frozen_networks_stay_as_they_are(name):
    data = toy(IMAGE)
    outputs = 8 if name.startswith("vae") else 4
    frozen = nn.Sequential(nn.Flatten(), nn.Linear(64, outputs), nn.BatchNorm1d(outputs))
    frozen.requires_grad_(False)
    before = {key: value.clone() for key, value in frozen.state_dict().items()}
    model = lf.recipe(name, data, latent=4, width=1 / 32, batch=16, encoder=frozen)
    decoder = {key: value.clone() for key, value in model.decoder.state_dict().items()}
    lf.train(model, data, rounds=4, **QUIET)
    assert all(torch.equal(value, before[key]) for key, value in frozen.state_dict().items())
    assert not all(torch.equal(v, decoder[k]) for k, v in model.decoder.state_dict().items())
    if name == "mapae":  # the norm of the codes learns theirs all the same
        assert bool((model.encoder[1].running_mean != 0).any())


def test_a_game_whose_networks_are_all_frozen_is_refused():
    model = flexae().requires_grad_(False)
    with pytest.raises(UserError, match="every network is frozen"):
        lf.Game(model)


def test_arrays_are_in_the_units_of_the_data_and_tensors_in_those_of_the_network():
    generator = torch.Generator().manual_seed(0)
    raw = (200 + 50 * torch.randn(300, 6, generator=generator)).numpy()
    data = lf.data.load(raw)
    model = lf.recipe("ae", data, latent=6, width=1 / 2, batch=32)
    lf.train(model, data, rounds=200, **QUIET)
    seen = data.schema.apply(raw[:9])
    codes = model.encode(raw[:9])
    torch.testing.assert_close(torch.from_numpy(codes), model.encode(seen).detach())
    rebuilt = data.schema.restore(model.reconstruct(seen))
    assert abs(model.reconstruct(raw[:9]) - rebuilt).max() < 1e-3
    drawn = model.sample(500, seed=3, as_array=True)
    assert abs(drawn.mean() - 200) < 20
    np.testing.assert_allclose(drawn, data.schema.restore(model.sample(500, seed=3)))
    pixels = torch.randint(0, 256, (5, 8, 8), dtype=torch.uint8).numpy()
    picture = lf.recipe("wae-mmd", IMAGE, latent=3, width=1 / 32).eval()
    expected = picture.encode(torch.from_numpy(pixels)[:, None].float() / 255).detach()
    torch.testing.assert_close(torch.from_numpy(picture.encode(pixels)), expected)


def test_a_model_as_a_prior_draws_in_the_units_of_the_codes():
    codes = (7 + 3 * torch.randn(400, 2, generator=torch.Generator().manual_seed(0))).numpy()
    data = lf.data.load(codes)
    second = lf.recipe("ae", data, latent=2, width=1 / 4, batch=32)
    lf.train(second, data, rounds=300, **QUIET)
    model = lf.recipe("ae", (6,), latent=2, width=1 / 8)
    model.prior = second
    torch.manual_seed(0)
    drawn = model.prior.sample(2_000)
    assert (drawn.mean(0) - 7).abs().max() < 0.7
    assert model.sample(3).shape == (3, 6)
