"""Networks as lists of steps: what the page computes is what PyTorch computes."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
import torch
from torch import nn

import latentfit as lf
from latentfit.checks import UserError
from latentfit.exploring.store import Store
from latentfit.exploring.trace import runs_in_page, traced
from latentfit.networks import evaluating
from latentfit.recipes import RECIPES

TEMPLATES = Path(lf.__file__).parent / "exploring" / "templates"
RUNTIME = "\n".join((TEMPLATES / name).read_text() for name in ("kernels.js", "program.js"))
RUN = """
const [text, told, programs, inputs, noise, done] = arguments;
unpacked(text, told).then((array) => {
  const found = programs.map((program, n) => {
    const given = noise[n].slice();
    const draw = (law, out) => out.set(given.splice(0, out.length));
    return Array.from(new Program(program, array).run(inputs[n], draw));
  });
  done({ found });
}).catch((error) => done({ error: String(error) }));
"""


def played(browser, programs, inputs, noise=None):
    """What the page's runtime makes of inputs, a list of tensors for each program."""
    store = Store()
    told = [json.loads(json.dumps(program.told(store))) for program in programs]
    given = [[x.flatten().tolist() for x in each] for each in inputs]
    browser.get("about:blank")
    browser.set_script_timeout(60)
    answer = browser.execute_async_script(
        RUNTIME + RUN, store.text(), store.told(), told, given, noise or [[]] * len(programs)
    )
    assert "error" not in answer, answer
    return [torch.tensor(found) for found in answer["found"]]


def apart(found, expected):
    """Largest difference, as a share of the largest entry."""
    return float((found - expected.flatten()).abs().max() / expected.abs().max())


def settled(model):
    """The model with statistics and codes of its own, as after a training."""
    for part in model.modules():
        if isinstance(part, nn.BatchNorm1d | nn.BatchNorm2d):
            part.running_mean.normal_()
            part.running_var.uniform_(0.5, 2)
    return model.eval()


def agree(browser, models, names):
    codes = [torch.randn(1, model.latent) for model in models]
    with torch.no_grad():
        programs = [
            traced("the decoder", lambda z, m=m: m.decode(z), torch.zeros(1, m.latent))
            for m in models
        ]
        expected = [model.decode(z) for model, z in zip(models, codes, strict=True)]
    found = played(browser, programs, [[z] for z in codes])
    for name, got, right in zip(names, found, expected, strict=True):
        assert apart(got, right) < 1e-5, name


CASES = [
    ("wae-mmd", (1, 10, 7), {}),
    ("wae-mmd", (3, 9, 12), {"family": "dai-wipf"}),
    ("wae-mmd", (1, 8, 8), {"family": "sngan"}),
    ("pioneer", (1, 8, 8), {}),
    ("vq-vae", (3, 12, 8), {}),
    ("maskaae", (2, 37), {}),
    ("aae", (6,), {}),
]


def test_decoders_of_images_signals_and_vectors_are_those_of_pytorch(browser):
    models = [settled(lf.recipe(name, shape, width=1 / 32, **more)) for name, shape, more in CASES]
    agree(browser, models, CASES)


@pytest.mark.claim
def test_decoders_of_all_recipes_are_those_of_pytorch(browser):
    models, names = [], []
    for name, shape in ((n, s) for n in RECIPES for s in ((3, 10, 13), (2, 50), (6,))):
        try:
            models.append(settled(lf.recipe(name, shape, width=1 / 32)))
        except UserError:
            continue  # not for such data
        names.append((name, shape))
    assert len({name for name, _ in names}) == len(RECIPES)
    agree(browser, models, names)


class Shaped(nn.Sequential):
    """Layers on 4 channels of 4 x 4."""

    def __init__(self, *layers):
        super().__init__(nn.Linear(6, 64), nn.Unflatten(1, (4, 4, 4)), *layers)


LAYERS = {
    "normed": lambda: nn.Sequential(nn.LayerNorm(6), nn.GELU(), nn.GroupNorm(2, 6), nn.Softmax(1)),
    "bent": lambda: nn.Sequential(nn.SiLU(), nn.Mish(), nn.ELU(), nn.Softplus(), nn.Hardtanh(0, 1)),
    "convolved": lambda: Shaped(
        nn.Conv2d(4, 6, 3, stride=2, padding=1, dilation=2, groups=2), nn.LeakyReLU(0.3)
    ),
    "up": lambda: Shaped(
        nn.ConvTranspose2d(4, 6, 3, stride=2, padding=2, output_padding=1, groups=2, dilation=2),
        nn.PReLU(),
    ),
    "larger": lambda: Shaped(
        nn.Upsample(scale_factor=2, mode="bilinear"), nn.PixelShuffle(2), nn.Upsample(None, 3)
    ),
    "padded": lambda: Shaped(
        nn.ReflectionPad2d(1), nn.ReplicationPad2d(1), nn.ConstantPad2d((1, 0, 2, 0), 0.7)
    ),
    "folded": lambda: Shaped(nn.Flatten(2), nn.Flatten(1), nn.Unflatten(1, (4, 16)),
                             nn.Fold((5, 5), (2, 2))),
    "attending": lambda: nn.Sequential(
        nn.Linear(6, 32), nn.Unflatten(1, (4, 8)),
        nn.TransformerEncoderLayer(8, 2, 16, batch_first=True),
    ),
}  # fmt: skip


def test_decoders_of_ones_own_layers_are_those_of_pytorch(browser):
    networks = {name: make().eval() for name, make in LAYERS.items()}
    codes = [torch.randn(1, 6) for _ in networks]
    programs = [traced(name, n, torch.zeros(1, 6)) for name, n in networks.items()]
    found = played(browser, programs, [[z] for z in codes])
    for (name, network), z, got in zip(networks.items(), codes, found, strict=True):
        with torch.no_grad():
            assert apart(got, network(z)) < 1e-5, name


def test_priors_and_rows_are_made_of_the_noise_as_in_pytorch(browser, monkeypatch):
    frame = pd.DataFrame(
        {"n": [1.5, None, 3.0, 4.0] * 30, "c": list("abcd") * 30, "b": list("xy") * 60}
    )
    table = lf.data.load(frame)
    rows = lf.recipe("sigma-vae", table, latent=3, width=1 / 16).eval()
    rows.likelihood.residual.uniform_(0.5, 1)
    flexae, age = (
        lf.recipe(name, (6,), latent=3, width=1 / 16).eval() for name in ("flexae", "age")
    )
    mean = rows.decode(torch.randn(1, 3)).detach()
    functions = [lambda: flexae.prior.sample(1), lambda: age.prior.sample(1),
                 lambda x: rows.likelihood.settle(x)]  # fmt: skip
    inputs, noise, expected = [[], [], [mean]], [], []
    programs = [traced("it", f, *x, noise=True) for f, x in zip(functions, inputs, strict=True)]
    for function, given in zip(functions, inputs, strict=True):
        drawn = []

        def kept(own, drawn=drawn):
            def draw(*args, **named):
                made = own(*args, **named)
                drawn.extend(made.flatten().tolist())
                return made

            return draw

        with monkeypatch.context() as patched, torch.no_grad():
            for name in ("randn", "randn_like", "rand_like"):
                patched.setattr(torch, name, kept(getattr(torch, name)))
            expected.append(function(*given))
        noise.append(drawn)
    for got, right in zip(played(browser, programs, inputs, noise), expected, strict=True):
        assert apart(got, right) < 1e-5


def test_priors_that_choose_do_not_run_in_a_page():
    mixture = lf.recipe("vampprior", (6,), latent=2, width=1 / 32).eval()
    assert not runs_in_page(lambda: mixture.prior.sample(1))
    mapped = lf.recipe("flexae", (6,), latent=2, width=1 / 32)
    assert runs_in_page(lambda: mapped.prior.sample(1))


class Running(nn.Module):
    def forward(self, z):
        return z.cumsum(1)


class Choosing(nn.Module):
    def forward(self, z):
        return z if z.sum() > 0 else -z


@pytest.mark.parametrize(
    ("network", "said"),
    [
        (Running(), "aten.cumsum.default"),
        (
            nn.Sequential(nn.Linear(6, 6), nn.BatchNorm1d(6, track_running_stats=False)),
            "more than 1 value",
        ),
        (Shaped(nn.InstanceNorm2d(4)), "statistics of the training"),
        (Choosing(), "takes the same way for every code"),
        (nn.Dropout(), "bernoulli|native_dropout|rand"),
    ],
)
def test_what_a_page_cannot_run_is_named(network, said):
    training = isinstance(network, nn.Dropout)
    network.train(training)
    with pytest.raises(UserError, match=said):
        traced("the decoder", network, torch.zeros(1, 6))


def test_a_program_keeps_no_step_in_vain():
    network = nn.Sequential(nn.Linear(6, 5), nn.BatchNorm1d(5), nn.ReLU())
    with evaluating(network):
        program = traced("it", network, torch.zeros(1, 6))
    told = program.told(Store())
    assert [s["op"] for s in told["steps"] if s["op"] != "take"] == [
        "matmul",
        "map",
        "map",
        "map",
        "map",
    ]
    used = {n for step in told["steps"] for n in step["from"] if isinstance(n, int)}
    assert {int(n) for n in told["constants"]} <= used
